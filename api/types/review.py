"""Doubtful links that wait for a steward, and what stewards have asserted."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import strawberry
from strawberry import relay

from api.context import Info
from api.types.enums import Purpose, ReviewReason
from api.types.match import Match
from api.types.profile import Profile, profile
from graph.model import stewardship as model
from graph.model.explanation import MatchDetail
from graph.repositories.assertions import UnknownAssertion
from graph.repositories.reviews import UnknownReview


@strawberry.type(description="A doubtful link that waits for a steward: two sides, and why it is in doubt.")
class ReviewItem(relay.Node):
    """One link. `explain` of its two sides tells all that is known between them."""

    review_id: relay.NodeID[str]
    purpose: Purpose = strawberry.field(description="The identity graph that is in doubt.")
    reason: ReviewReason = strawberry.field(description="Why, as a code.")
    detail: str = strawberry.field(description="Why, as a sentence.")
    left: str = strawberry.field(description="Key of the member on the one side.")
    right: str = strawberry.field(description="Key of the member on the other side.")
    members: list[str] = strawberry.field(description="Keys of both sides, and of what else the doubt is about.")
    since: datetime = strawberry.field(description="Since when it waits.")
    match: Match | None = strawberry.field(
        description="Scored evidence between the two sides, with the fields that speak most for and against; null where they "
        "were not scored."
    )
    _left_identity: strawberry.Private[str | None]
    _right_identity: strawberry.Private[str | None]

    @strawberry.field(name="reviewId", description="The item's own id, as `approveLink` and `rejectLink` take it.")
    def own_id(self) -> str:
        """The id without its type."""
        return self.review_id

    @strawberry.field(description="The identity of the one side; null where it is in none.")
    async def left_identity(self, info: Info) -> Profile | None:
        """Read for all items of a page at once."""
        return await _identity(info, self._left_identity)

    @strawberry.field(description="The identity of the other side; null where it is in none.")
    async def right_identity(self, info: Info) -> Profile | None:
        """Read for all items of a page at once."""
        return await _identity(info, self._right_identity)

    @classmethod
    def of(cls, item: model.ReviewItem, match: MatchDetail | None) -> "ReviewItem":
        """From the model."""
        return cls(
            review_id=item.id,
            purpose=Purpose(item.purpose),
            reason=ReviewReason(item.reason),
            detail=item.detail,
            left=item.left,
            right=item.right,
            members=list(item.members),
            since=item.since,
            match=Match.of(match) if match else None,
            _left_identity=item.left_identity,
            _right_identity=item.right_identity,
        )

    @classmethod
    async def resolve_nodes(  # type: ignore[override]
        cls,
        *,
        info: Info,
        node_ids: Iterable[str],
        required: bool = False,  # noqa: ARG003 - the interface's signature
    ) -> list["ReviewItem | None"]:
        """Items by id, one after the other; those that were settled are none."""
        found: list[model.ReviewItem | None] = []
        for item_id in node_ids:
            try:
                found.append(await info.context.reviews.waiting(item_id))
            except UnknownReview:
                found.append(None)
        items = await review_items(info, [item for item in found if item])
        by_id = {item.review_id: item for item in items}
        return [by_id[item.id] if item else None for item in found]


@strawberry.type(description="What a steward has said of two members.")
class Assertion(relay.Node):
    """An assertion, with its end where it was taken back."""

    assertion_id: relay.NodeID[str]
    same: bool = strawberry.field(description="Whether it says that both are one person; else that they are two.")
    left: str = strawberry.field(description="Key of the one member.")
    right: str = strawberry.field(description="Key of the other.")
    purpose: Purpose | None = strawberry.field(description="The identity graph that it counts for; null is every one of them.")
    by: str = strawberry.field(description="Who said so.")
    at: datetime = strawberry.field(description="When.")
    reason: str = strawberry.field(description="Why.")
    retracted_at: datetime | None = strawberry.field(description="When it was taken back; null while it is in force.")
    retracted_by: str | None = strawberry.field(description="Who took it back.")
    retracted_reason: str | None = strawberry.field(description="Why it was taken back.")

    @strawberry.field(name="assertionId", description="The assertion's own id, as `retract` takes it.")
    def own_id(self) -> str:
        """The id without its type."""
        return self.assertion_id

    @classmethod
    def of(cls, record: model.AssertionRecord) -> "Assertion":
        """From the model."""
        return cls(
            assertion_id=record.id,
            same=record.same,
            left=record.left,
            right=record.right,
            purpose=Purpose(record.purpose) if record.purpose else None,
            by=record.by,
            at=record.at,
            reason=record.reason,
            retracted_at=record.retracted_at,
            retracted_by=record.retracted_by,
            retracted_reason=record.retracted_reason,
        )

    @classmethod
    async def resolve_nodes(  # type: ignore[override]
        cls,
        *,
        info: Info,
        node_ids: Iterable[str],
        required: bool = False,  # noqa: ARG003 - the interface's signature
    ) -> list["Assertion | None"]:
        """Assertions by id, one after the other."""
        found: list[Assertion | None] = []
        for assertion_id in node_ids:
            try:
                found.append(Assertion.of(await info.context.reviews.assertion(assertion_id)))
            except UnknownAssertion:
                found.append(None)
        return found


async def review_items(info: Info, items: Sequence[model.ReviewItem]) -> list[ReviewItem]:
    """Items with the scored evidence between their sides, which is one statement for all of them."""
    between = await info.context.reviews.matches_between([(item.left, item.right) for item in items])
    return [ReviewItem.of(item, between.get((item.left, item.right))) for item in items]


async def _identity(info: Info, identity_id: str | None) -> Profile | None:
    if identity_id is None:
        return None
    state = await info.context.load(info.context.profiles.identities, identity_id, as_of=None)
    return profile(state, as_of=None) if state else None
