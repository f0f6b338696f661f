"""Policies as proposals: versions that were published, and what one would change before it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from graph.model.identity import Purpose
from graph.model.ids import IdentityId

BUILT_IN = 0
"""Number of the policy that comes with Kindred, in force until another is published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyVersion:
    """A policy as it was published: immutable, readable for ever."""

    purpose: Purpose
    number: int
    """Counts up from 1 within its purpose; ``BUILT_IN`` is the file that comes with Kindred."""
    version: str
    """``id@digest`` as decisions state it: equal for equal content."""
    document: str
    """The TOML text, as it was given."""
    sha256: str
    """Digest of the text, in hexadecimal."""
    by: str | None
    """Who published it; None for the one that is built in, as are ``at`` and ``reason``."""
    at: datetime | None
    reason: str | None
    based_on: int | None
    """Number of the version that was in force before, which whoever published it had seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeExample:
    """Identities that would become one."""

    survivor: IdentityId
    absorbed: tuple[IdentityId, ...]
    """Their ids would redirect to the survivor's."""
    members: int
    """Members of the one afterwards."""
    sample: tuple[str, ...]
    """Some members that would come to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitExample:
    """An identity whose members would go separate ways."""

    identity_id: IdentityId
    parts: tuple[tuple[str, ...], ...]
    """Some members of each part, the part that keeps the id first."""
    sizes: tuple[int, ...]
    """Members of each part, in the same order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentExample:
    """An identity in which consent would come to count differently for some of its records."""

    identity_id: IdentityId | None
    """None for an identity that would be new."""
    consent: str
    """What the consent is for, for example ``email``."""
    before: Mapping[str, tuple[str, ...]]
    """State in force now to some of the records for which it is; records of no identity yet count by what they state."""
    after: str
    """The strictest statement, which would count for all of them."""
    records: int
    """Records for which it would change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentEffect:
    """How consent would change as identities merge (the strictest statement wins) and split (it is restored)."""

    lost_records: int
    """Records whose consent, granted now, would be withheld by a contradicting statement of another record."""
    lost_identities: int
    """Identities that would hold such records: their consent states conflict."""
    restored_records: int
    """Records whose consent, withheld now by another record's statement, would count as granted again."""
    restored_identities: int
    conflicts: tuple[ConsentExample, ...]
    restored: tuple[ConsentExample, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeDiff:
    """What a proposal would change in the identities of one purpose."""

    purpose: Purpose
    policy_version: str
    """The policy by which they would be concluded: the proposed one, or the one in force."""
    identities_before: int
    identities_after: int
    decisions: Mapping[str, int]
    """Decisions that the next resolution would take, by kind."""
    pending: Mapping[str, int] | None
    """Decisions that it would take anyway, under the policies in force, by kind; None where that was not asked."""
    merges: int
    """Identities that would take in others."""
    redirected: int
    """Ids that would redirect to another identity's: identities that change id."""
    splits: int
    """Identities whose members would go separate ways."""
    created: int
    retired: int
    """Identities of which no evidence would be left."""
    members_moved: int
    """Members that would change from one identity to another."""
    members_entering: int
    members_leaving: int
    merge_examples: tuple[MergeExample, ...]
    """The largest first."""
    split_examples: tuple[SplitExample, ...]
    """The largest first."""
    consent: ConsentEffect | None
    """None for households, through which consent is not inherited."""

    @property
    def unchanged(self) -> bool:
        """Whether no decision would be taken."""
        return not self.decisions


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyDiff:
    """What publishing a policy and resolving would change, worked out on the live graph without changing it."""

    purpose: Purpose
    proposed: str
    """Version of the proposed policy."""
    in_force: str
    """Version of the policy in force."""
    based_on: int
    """Number of the policy in force: what publishing must name."""
    purposes: tuple[PurposeDiff, ...]
    households_affected: int
    """Households whose individuals would change, or the members of those."""
    household_examples: tuple[IdentityId, ...]
    digest: str
    """The same for the same changes, whenever they are worked out."""
    seconds: Mapping[str, float]
    """How long it took, by stage."""

    @property
    def unchanged(self) -> bool:
        """Whether nothing would change."""
        return all(each.unchanged for each in self.purposes)
