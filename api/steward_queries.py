"""What stewards can ask: what waits for them, and what was asserted."""

from typing import Annotated

import strawberry

from api.context import Info
from api.types.enums import Purpose, ReviewReason, graph_purpose
from api.types.pages import After, Connection, First, connection, decode_time, page_size, time_place
from api.types.review import Assertion, ReviewItem, review_items
from graph.model.identity import Purpose as GraphPurpose
from graph.model.profile import Page
from graph.repositories.reviews import REVIEWABLE


@strawberry.type(description="What stewards can ask.")
class StewardQuery:
    """Questions of stewards."""

    @strawberry.field(description="Doubtful links that wait for a steward, the oldest first.")
    async def review_queue(
        self,
        info: Info,
        purpose: Annotated[
            list[Purpose] | None, strawberry.argument(description="Only of these identity graphs; null is all.")
        ] = None,
        reason: Annotated[
            list[ReviewReason] | None, strawberry.argument(description="Only those in doubt for these reasons; null is all.")
        ] = None,
        first: First = 20,
        after: After = None,
    ) -> Connection[ReviewItem]:
        """Two statements for a page: the items, and the scored evidence between their sides."""
        page = await info.context.reviews.queue(
            purposes=list(GraphPurpose) if purpose is None else [graph_purpose(each) for each in purpose],
            reasons=REVIEWABLE if reason is None else [str(each.value) for each in reason],
            first=page_size(first),
            after=decode_time(after),
        )
        since = {item.id: item.since for item in page.items}
        items = Page(items=tuple(await review_items(info, page.items)), total=page.total, more=page.more)
        return connection(
            items,
            build=lambda item: item,
            cursor=lambda item: time_place(since[item.review_id], item.review_id),
            after=after,
        )

    @strawberry.field(description="What stewards have asserted, the newest first; what was taken back is part of it.")
    async def assertions(self, info: Info, first: First = 20, after: After = None) -> Connection[Assertion]:
        """One statement for a page."""
        page = await info.context.reviews.assertions(first=page_size(first), after=decode_time(after))
        return connection(page, build=Assertion.of, cursor=lambda record: time_place(record.at, record.id), after=after)
