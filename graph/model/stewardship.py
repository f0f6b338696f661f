"""Stewardship: what a steward does, what it would change, and the links that wait for one."""

from dataclasses import dataclass
from datetime import datetime

from graph.model.identity import DecisionKind, Purpose
from graph.model.ids import IdentityId


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceLinkRef:
    """A piece of evidence by its two ends: a record and an identifier that it states, or two identifiers seen together."""

    start: str
    end: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityChange:
    """What happens to one identity."""

    purpose: Purpose
    kind: DecisionKind
    identity_id: IdentityId | None
    """None for an identity that comes to be: its id is made when the change is."""
    entering: tuple[str, ...]
    leaving: tuple[tuple[str, IdentityId], ...]
    """Members that leave an identity, with that identity."""
    merged: tuple[IdentityId, ...]
    """Identities that end and redirect to this one."""
    retired: tuple[IdentityId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What an action changes, shown before it is taken and the same when it is."""

    changes: tuple[IdentityChange, ...]
    households: tuple[IdentityId, ...]
    """Households whose members change, or whose members' members do."""
    pending: bool
    """Whether households and operational identities are settled by the next resolution only: the graph is too large to do it at
    once. Until then they keep to what individuals are."""
    digest: str
    """The same for the same effect: an action can be bound to the effect that was seen."""

    def of_kind(self, kind: DecisionKind) -> tuple[IdentityChange, ...]:
        """The changes of one kind."""
        return tuple(change for change in self.changes if change.kind is kind)

    @property
    def ended(self) -> tuple[IdentityId, ...]:
        """Ids that are no more, sorted."""
        return tuple(sorted({identity for change in self.changes for identity in (*change.merged, *change.retired)}))

    @property
    def topics(self) -> frozenset[str]:
        """Members and identities that it is about; of an identity that comes to be, its members stand for it."""
        about: set[str] = set(self.ended) | set(self.households)
        for change in self.changes:
            about.update(change.entering)
            about.update({change.identity_id} if change.identity_id else ())
            for member, identity in change.leaving:
                about |= {member, identity}
        return frozenset(about)

    @property
    def created(self) -> int:
        """Number of identities that come to be."""
        return sum(change.identity_id is None for change in self.changes)

    @property
    def members_moved(self) -> int:
        """Number of memberships that begin."""
        return sum(len(change.entering) for change in self.changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What a steward did, or would do."""

    assertion_id: str | None
    """The assertion made or retracted; None where evidence of a source was retracted, or nothing was done yet."""
    executed: bool
    effect: Effect


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewItem:
    """A doubtful link that waits for a steward: two sides, and why it is in doubt."""

    id: str
    purpose: Purpose
    reason: str
    detail: str
    left: str
    right: str
    left_identity: IdentityId | None
    right_identity: IdentityId | None
    members: tuple[str, ...]
    """The two sides and what else the doubt is about."""
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionRecord:
    """An assertion with its end, for those who audit."""

    id: str
    same: bool
    left: str
    right: str
    by: str
    at: datetime
    reason: str
    purpose: Purpose | None
    retracted_at: datetime | None
    retracted_by: str | None
    retracted_reason: str | None
