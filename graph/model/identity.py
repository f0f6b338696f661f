"""Identities: what a policy concludes from evidence, for one purpose."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from graph.model.ids import DecisionId, IdentityId


class Purpose(StrEnum):
    """Why an identity graph is kept."""

    INDIVIDUAL = "individual"
    """Marketing reach: leans to recall."""
    HOUSEHOLD = "household"
    """Loyalty precision: one home, once."""
    OPERATIONAL = "operational"
    """Auditable certainty: a wrong join is an incident."""


class DecisionKind(StrEnum):
    """What a decision did to an identity."""

    FORMED = "formed"
    JOINED = "joined"
    MERGED = "merged"
    SPLIT = "split"
    LEFT = "left"
    RETIRED = "retired"
    ASSERTED = "asserted"
    """A steward said that two members are the same, or are not; it changes memberships by further decisions, or none."""
    RETRACTED = "retracted"
    """A steward took an assertion back, or a piece of evidence out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Why a conclusion changed."""

    id: DecisionId
    kind: DecisionKind
    purpose: Purpose
    policy_version: str
    actor: str
    """``resolver`` or the steward who asserted."""
    at: datetime
    identity_id: IdentityId
    before: Mapping[str, tuple[str, ...]]
    """Identity id to its members before, restricted to what the decision touched."""
    after: Mapping[str, tuple[str, ...]]
    reason: str
    """One sentence for a person."""
