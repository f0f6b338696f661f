"""Explanations: the evidence by which members belong together, for a person to read."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from graph.model.identity import Decision, Purpose
from graph.model.ids import IdentityId


class StepKind(StrEnum):
    """What kind of evidence connects the two ends of a step."""

    CARRIES = "carries"
    """A record states the identifier."""
    SHARES = "shares"
    """Two records state the identifier ``via``, which itself belongs to somebody else."""
    SEEN_WITH = "seen_with"
    """Two identifiers were on one touchpoint."""
    RULE = "rule"
    """A rule of the policy joins two records by what they state."""
    MATCHES = "matches"
    """Scored evidence joins two records."""
    ASSERTED = "asserted"
    """A steward said so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceStep:
    """One piece of evidence on the path from one member to another."""

    start: str
    """Record id, identifier key, or individual id (households)."""
    end: str
    kind: StepKind
    rule: str
    """Name of the policy's rule or evidence kind, for example ``email`` or ``same_name_and_address``."""
    via: tuple[str, ...]
    """Identifier keys, agreeing fields or the assertion's id that carry the step."""
    weight: float
    first_seen: datetime | None
    sources: tuple[str, ...]
    """Sources of the records at the two ends; empty where neither end is a record."""
    summary: str
    """One sentence for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """What a policy left out and why."""

    id: str
    purpose: Purpose
    reason: str
    """``generic``, ``blocked``, ``shared``, ``over_limit``, ``contradicted``, ``asserted_different`` or ``in_doubt``."""
    detail: str
    members: tuple[str, ...]
    """Identifier keys and record ids, sorted."""
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why two members are, or are not, in one identity.

    ``steps`` lead from ``member_a`` to ``member_b`` without a gap and, by themselves, yield the membership. They are empty where
    the members are apart; then ``held_back`` says what was left out, if anything connects them at all.
    """

    purpose: Purpose
    policy_version: str
    member_a: str
    member_b: str
    """Where the caller named one member only: the member of its identity with the oldest evidence."""
    identity_a: IdentityId | None
    identity_b: IdentityId | None
    steps: tuple[EvidenceStep, ...]
    decisions: tuple[Decision, ...]
    """Those that put the members where they are, oldest first."""
    held_back: tuple[HeldBack, ...]
    summary: str

    @property
    def together(self) -> bool:
        """Whether both members are in one identity now."""
        return self.identity_a is not None and self.identity_a == self.identity_b
