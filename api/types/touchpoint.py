"""Touchpoints and journeys."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import strawberry
from strawberry import relay
from strawberry.scalars import JSON

from api.context import Info
from api.types.enums import Channel, TouchpointType
from api.types.pages import Edge, encode, page_info, time_place
from api.types.parts import Identifier, Money, RejectedValue, json_value
from graph.model.profile import JourneySelection, JourneyTouchpoint
from graph.repositories.journeys import JourneySlice


@strawberry.type(description="A product that a touchpoint is about.")
class TouchpointProduct:
    """One line of a touchpoint."""

    product_id: str = strawberry.field(description="The product's id in the catalogue.")
    name: str | None = strawberry.field(description="Name of the product.")
    brand: str | None = strawberry.field(description="Brand of the product.")
    category: str | None = strawberry.field(description="Category of the product.")
    quantity: float | None = strawberry.field(description="How many.")
    price: Money | None = strawberry.field(description="Price of one.")


@strawberry.type(description="One interaction, immutable.")
class Touchpoint(relay.Node):
    """One interaction."""

    touchpoint_id: relay.NodeID[str]
    message_id: str = strawberry.field(description="Id of the event that it came with.")
    type: TouchpointType = strawberry.field(description="What kind of interaction it is.")
    event: str = strawberry.field(description="The event's name as the source gave it.")
    channel: Channel = strawberry.field(description="Where it happened.")
    at: datetime = strawberry.field(description="When it happened, by the source's clock.")
    recorded_at: datetime = strawberry.field(description="When Kindred accepted it.")
    source: str = strawberry.field(description="The source that sent it.")
    title: str | None = strawberry.field(description="Title of the page or screen, or a summary.")
    url: str | None = strawberry.field(description="Address of the page.")
    value: Money | None = strawberry.field(description="Revenue or total.")
    order_id: str | None = strawberry.field(description="The order it is about.")
    store_id: str | None = strawberry.field(description="The store it is about.")
    campaign: str | None = strawberry.field(description="The campaign that led to it.")
    identifiers: list[Identifier] = strawberry.field(description="Identifiers that it carried, at most 100.")
    products: list[TouchpointProduct] = strawberry.field(description="Products that it is about, at most 200.")
    rejected_values: list[RejectedValue] = strawberry.field(description="Values that could not be understood.")
    _properties: strawberry.Private[str | None]

    @strawberry.field(description="All properties as the source gave them.")
    def properties(self) -> JSON:
        """Parsed only where asked for."""
        return json_value(self._properties)

    @classmethod
    async def resolve_nodes(  # type: ignore[override]
        cls,
        *,
        info: Info,
        node_ids: Iterable[str],
        required: bool = False,  # noqa: ARG003 - the interface's signature
    ) -> list["Touchpoint | None"]:
        """Touchpoints by id, in one statement."""
        ids = list(node_ids)
        found = await info.context.journeys.touchpoints(ids)
        return [touchpoint(item) if (item := found[key]) else None for key in ids]


@strawberry.type(description="One page of a journey: an identity's touchpoints, newest first.")
class JourneyConnection:
    """A page of a journey; counting all of it costs a statement of its own, so it is done only where asked for."""

    edges: list[Edge[Touchpoint]] = strawberry.field(description="The page's touchpoints with their cursors.")
    page_info: relay.PageInfo = strawberry.field(description="Where the page begins and ends, and whether more follow.")
    _identity_id: strawberry.Private[str]
    _selection: strawberry.Private[JourneySelection]
    _as_of: strawberry.Private[datetime | None]

    @strawberry.field(description="How many touchpoints all pages have together.")
    async def total_count(self, info: Info) -> int:
        """Counted where asked for."""
        context = info.context
        return await context.load(context.journeys.counts, self._identity_id, selection=self._selection, as_of=self._as_of)


def journey_connection(
    page: JourneySlice, *, identity_id: str, selection: JourneySelection, as_of: datetime | None, after: str | None
) -> JourneyConnection:
    """A page of a journey as a connection."""
    edges = [Edge(node=touchpoint(item), cursor=encode(time_place(item.at, item.id))) for item in page.touchpoints]
    return JourneyConnection(
        edges=edges,
        page_info=page_info(edges, more=page.more, after=after),
        _identity_id=identity_id,
        _selection=selection,
        _as_of=as_of,
    )


def touchpoint(item: JourneyTouchpoint) -> Touchpoint:
    """From the model."""
    return Touchpoint(
        touchpoint_id=item.id,
        message_id=item.id,
        type=_member(TouchpointType, item.type),
        event=item.event,
        channel=_member(Channel, item.channel),
        at=item.at,
        recorded_at=item.recorded_at,
        source=item.source,
        title=item.title,
        url=item.url,
        value=Money.of_cents(item.value_cents, item.currency),
        order_id=item.order_id,
        store_id=item.store_id,
        campaign=item.campaign_id,
        identifiers=[Identifier.of(identifier) for identifier in item.identifiers],
        products=[
            TouchpointProduct(
                product_id=product.id,
                name=product.name,
                brand=product.brand,
                category=product.category,
                quantity=product.quantity,
                price=Money.of_cents(product.price_cents, item.currency),
            )
            for product in item.products
        ],
        rejected_values=[RejectedValue.of(text) for text in item.rejected_values],
        _properties=item.properties,
    )


def _member(kind: Any, value: str) -> Any:
    # A graph written by a newer Kindred may have values that this one does not know.
    return kind(value) if value in kind._value2member_map_ else kind("other")
