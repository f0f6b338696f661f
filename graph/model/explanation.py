"""Explanations: the evidence by which members belong together, for a person to read."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from graph.model.identity import Decision, Purpose
from graph.model.ids import IdentityId


class StepKind(StrEnum):
    """What kind of evidence connects the two ends of a step."""

    STATES = "states"
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
class FieldComparison:
    """How one field of two records compares, and what that weighs; weights in bits (log2 of a likelihood ratio)."""

    field: str
    level: str
    """How far it agrees, for example ``exact`` or ``differs``."""
    against_stranger: float
    """How much likelier this is of one person than of two strangers."""
    against_home: float
    """How much likelier this is of one person than of two people of one home."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchDetail:
    """Scored evidence that two records are one person, with everything that its weight is the sum of; weights in bits."""

    left: str
    right: str
    match_weight: float
    """Of the pair by itself."""
    linked: bool = True
    """Whether the two belong together, all that their fellows state considered."""
    model: str | None = None
    comparisons: tuple[FieldComparison, ...] = ()
    prior_stranger: float | None = None
    prior_home: float | None = None


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
    match: MatchDetail | None = None
    """For scored evidence: what its weight is made of."""


class ObstacleKind(StrEnum):
    """What keeps two members apart."""

    ASSERTED_DIFFERENT = "asserted_different"
    """A steward said so, and nobody the contrary since."""
    WEAK_MATCH = "weak_match"
    """Two of their records were scored, and found to be of two people."""
    HELD_BACK = "held_back"
    """The policy left out what would join them."""
    NOT_COMPARED = "not_compared"
    """They have nothing in common that the policy compares."""
    OTHER_INDIVIDUAL = "other_individual"
    """They are of two individuals, whom no other identity joins."""
    NOT_A_MEMBER = "not_a_member"
    """One of them is in no identity of the purpose."""
    OUTWEIGHED = "outweighed"
    """Evidence joins them, and what else is known of the two weighs more against it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """One thing that is missing between two members, or speaks against their being one."""

    kind: ObstacleKind
    detail: str
    members: tuple[str, ...]
    weight: float | None = None
    """Bits that are there, where they are counted."""
    needed: float | None = None
    """Bits that the policy needs."""
    match: MatchDetail | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """What a policy left out and why."""

    id: str
    purpose: Purpose
    reason: str
    """``generic``, ``blocked``, ``shared``, ``over_limit``, ``contradicted``, ``asserted_different``, ``in_doubt`` or
    ``predicted``."""
    detail: str
    members: tuple[str, ...]
    """Identifier keys and record ids, sorted."""
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why two members are, or are not, in one identity.

    ``steps`` lead from ``member_a`` to ``member_b`` without a gap; with ``support`` they yield the membership by themselves. They
    are empty where the members are apart; then ``between`` is the evidence that connects the two nevertheless, if any does, and
    ``obstacles`` say what is missing or against it.
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
    as_of: datetime | None = None
    """The moment it was asked as of; None is now."""
    support: tuple[EvidenceStep, ...] = ()
    """Further evidence among the members of the path, where the path alone would not outweigh what speaks against it."""
    between: tuple[EvidenceStep, ...] = ()
    obstacles: tuple[Obstacle, ...] = ()

    @property
    def weakest(self) -> EvidenceStep | None:
        """The step of least weight, of what joins the two or would."""
        return min(self.steps or self.between, key=lambda step: step.weight, default=None)

    @property
    def together(self) -> bool:
        """Whether both members are in one identity now."""
        return self.identity_a is not None and self.identity_a == self.identity_b


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityExplanation:
    """Why an identity is what it is: evidence that leads from its oldest member to every other."""

    purpose: Purpose
    policy_version: str
    identity_id: IdentityId
    as_of: datetime | None
    members: tuple[str, ...]
    """Sorted."""
    oldest: str | None
    """The member with the oldest evidence; None where the identity has no members."""
    steps: tuple[EvidenceStep, ...]
    """Each starts at the oldest member or at the end of an earlier step; nearest first."""
    unreached: tuple[str, ...]
    """Members that no evidence reaches now: it has changed since the last resolution."""
    decisions: tuple[Decision, ...]
    held_back: tuple[HeldBack, ...]
    summary: str
