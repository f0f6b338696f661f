"""Relay connections: pages with opaque cursors that stand for a place in the order, never for an offset."""

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar

import orjson
import strawberry
from strawberry import relay

from api.errors import InvalidArgument
from graph.model.profile import Page, TimeCursor

T = TypeVar("T")
S = TypeVar("S")

MAX_FIRST = 100

First = Annotated[int, strawberry.argument(description=f"How many items the page has at most, up to {MAX_FIRST}.")]
After = Annotated[str | None, strawberry.argument(description="Cursor of the item that the page starts after.")]


@strawberry.type(description="An item of a page with its place in the list.")
class Edge(Generic[T]):
    """One item of a page."""

    node: T = strawberry.field(description="The item.")
    cursor: str = strawberry.field(description="The item's place: pass it as `after` to go on from here.")


@strawberry.type(description="One page of a list.")
class Connection(Generic[T]):
    """A page whose list has a known length."""

    edges: list[Edge[T]] = strawberry.field(description="The page's items with their cursors.")
    page_info: relay.PageInfo = strawberry.field(description="Where the page begins and ends, and whether more follow.")
    total_count: int = strawberry.field(description="How many items all pages have together.")


def connection(page: Page[S], *, build: Callable[[S], T], cursor: Callable[[S], str], after: str | None) -> Connection[T]:
    """A repository's page as a connection; ``cursor`` gives an item's place as text."""
    edges = [Edge(node=build(item), cursor=encode(cursor(item))) for item in page.items]
    return Connection(edges=edges, page_info=page_info(edges, more=page.more, after=after), total_count=page.total)


def page_info(edges: Sequence[Edge[T]], *, more: bool, after: str | None) -> relay.PageInfo:
    """Relay's page information. Lists are walked forwards only: a page has a previous one where it started after a cursor."""
    return relay.PageInfo(
        has_next_page=more,
        has_previous_page=after is not None,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )


def page_size(first: int) -> int:
    """``first``, checked.

    Raises:
        InvalidArgument: it is not between 0 and ``MAX_FIRST``.
    """
    if not 0 <= first <= MAX_FIRST:
        raise InvalidArgument(f"first is {first}, it can be 0 to {MAX_FIRST}")
    return first


def encode(place: str) -> str:
    """A place as an opaque cursor."""
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def decode(cursor: str | None) -> str | None:
    """The place that a cursor stands for.

    Raises:
        InvalidArgument: the cursor is not one of ours.
    """
    if cursor is None:
        return None
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise InvalidArgument("the cursor is not one that this list has given") from None


def time_place(at: datetime, item_id: str) -> str:
    """The place of an item in a list that runs newest first."""
    return orjson.dumps([at.isoformat(), item_id]).decode()


def decode_time(cursor: str | None) -> TimeCursor | None:
    """The place that a cursor of a list that runs newest first stands for.

    Raises:
        InvalidArgument: the cursor is not one of such a list.
    """
    place = decode(cursor)
    if place is None:
        return None
    try:
        at, item_id = orjson.loads(place)
        at = datetime.fromisoformat(at)
        in_utc = at.astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        raise InvalidArgument("the cursor is not one that this list has given") from None
    if at.tzinfo is None or not isinstance(item_id, str):
        raise InvalidArgument("the cursor is not one that this list has given")
    return TimeCursor(at=in_utc, id=item_id)


def moment(value: datetime | None, *, name: str) -> datetime | None:
    """A moment given as an argument, checked, in UTC.

    Raises:
        InvalidArgument: it has no time zone, or is outside the calendar in UTC.
    """
    if value is not None and value.tzinfo is None:
        raise InvalidArgument(f"{name} is {value.isoformat()}, which has no time zone: add Z or an offset")
    # Neo4j holds two times of one instant apart if their offsets differ, so all that it compares is UTC.
    try:
        return value.astimezone(UTC) if value else None
    except OverflowError:
        raise InvalidArgument(f"{name} is outside the calendar") from None
