"""What a steward's action changes."""

from collections.abc import Sequence
from typing import TypeVar

import strawberry

from api.types.enums import Purpose
from api.types.pages import First, page_size
from graph.model import stewardship as model

T = TypeVar("T")


@strawberry.type(description="A member that leaves an identity.")
class Leaving:
    """One member, and where it was."""

    member: str = strawberry.field(description="Key of the member.")
    identity_id: str = strawberry.field(description="The identity that it leaves.")


@strawberry.type(description="What happens to one identity.")
class IdentityChange:
    """One change; long lists are cut to `first`, and counted."""

    purpose: Purpose = strawberry.field(description="The identity graph that changes.")
    kind: str = strawberry.field(description="What happens: `formed`, `joined`, `merged`, `split`, `left`, `retired`.")
    identity_id: str | None = strawberry.field(description="The identity; null for one that comes to be.")
    merged: list[str] = strawberry.field(description="Ids that end and lead to this identity from then on.")
    retired: list[str] = strawberry.field(description="Ids of which no evidence is left.")
    entering_count: int = strawberry.field(description="How many members enter.")
    leaving_count: int = strawberry.field(description="How many members leave an identity.")
    _change: strawberry.Private[model.IdentityChange]

    @strawberry.field(description="Keys of members that enter the identity.")
    def entering(self, first: First = 20) -> list[str]:
        """The first by name."""
        return list(_cut(self._change.entering, first))

    @strawberry.field(description="Members that leave an identity, with that identity.")
    def leaving(self, first: First = 20) -> list[Leaving]:
        """The first by name."""
        return [Leaving(member=member, identity_id=identity) for member, identity in _cut(self._change.leaving, first)]

    @classmethod
    def of(cls, change: model.IdentityChange) -> "IdentityChange":
        """From the model."""
        return cls(
            purpose=Purpose(change.purpose),
            kind=change.kind.value,
            identity_id=change.identity_id,
            merged=list(change.merged),
            retired=list(change.retired),
            entering_count=len(change.entering),
            leaving_count=len(change.leaving),
            _change=change,
        )


@strawberry.type(description="What an action changes: shown before it is taken, and the same when it is.")
class Effect:
    """All changes of an action, with their digest."""

    digest: str = strawberry.field(description="The same for the same effect: pass it as `expectedEffect`.")
    change_count: int = strawberry.field(description="How many identities change.")
    created_count: int = strawberry.field(description="How many identities come to be.")
    members_moved: int = strawberry.field(description="How many memberships begin.")
    ended: list[str] = strawberry.field(description="Ids that are no more: they lead to another identity, or nowhere.")
    households: list[str] = strawberry.field(description="Ids of households whose members change, or whose members' members do.")
    pending: bool = strawberry.field(
        description="Whether households follow with the next resolution only: too many individuals are around the change to "
        "settle them at once."
    )
    _changes: strawberry.Private[tuple[model.IdentityChange, ...]]

    @strawberry.field(description="What happens to each identity.")
    def changes(self, first: First = 20) -> list[IdentityChange]:
        """In the order in which they are applied."""
        return [IdentityChange.of(change) for change in _cut(self._changes, first)]

    @classmethod
    def of(cls, effect: model.Effect) -> "Effect":
        """From the model."""
        return cls(
            digest=effect.digest,
            change_count=len(effect.changes),
            created_count=effect.created,
            members_moved=effect.members_moved,
            ended=list(effect.ended),
            households=list(effect.households),
            pending=effect.pending,
            _changes=effect.changes,
        )


def _cut(items: Sequence[T], first: int) -> Sequence[T]:
    return items[: page_size(first)]
