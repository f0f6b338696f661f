"""Plans: what a resolution would change, decided before anything is written, and what is audited afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from graph.model.identity import Decision, Purpose
from graph.model.ids import DecisionId, IdentityId


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentIdentity:
    """An identity as it stands."""

    id: IdentityId
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Current:
    """Identities of one purpose as they stand."""

    identities: Mapping[IdentityId, CurrentIdentity]
    identity_of: Mapping[str, IdentityId]
    """Member to its current identity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A member enters an identity."""

    member: str
    identity_id: IdentityId


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """A member's current time in an identity ends."""

    member: str
    identity_id: IdentityId


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """A merged identity from now on points to the one that survived."""

    merged: IdentityId
    survivor: IdentityId


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One decision with everything it writes; applied whole or not at all."""

    decision: Decision
    created: bool
    """Whether the decision forms a new identity."""
    openings: tuple[Opening, ...]
    closings: tuple[Closing, ...]
    redirects: tuple[Redirect, ...]
    retired: tuple[IdentityId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipPlan:
    """Every change that one resolution makes to one purpose's identities. Empty where nothing changed."""

    purpose: Purpose
    at: datetime
    changes: tuple[Change, ...]

    @property
    def counts(self) -> Mapping[str, int]:
        """Number of decisions by kind, and of members that enter and leave."""
        counts: dict[str, int] = {}
        for change in self.changes:
            counts[change.decision.kind.value] = counts.get(change.decision.kind.value, 0) + 1
        counts["opened"] = sum(len(change.openings) for change in self.changes)
        counts["closed"] = sum(len(change.closings) for change in self.changes)
        return counts


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionIds:
    """Makes decision ids that repeat for the same run and position, so that a plan is reproducible."""

    run_id: str

    def nth(self, number: int) -> DecisionId:
        """The id of the run's decision with this number."""
        return DecisionId(f"dec_{self.run_id}_{number:07d}")
