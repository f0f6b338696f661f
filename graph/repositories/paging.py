"""Reading large parts of the graph: page by page, with times as numbers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def read_pages(read: Callable[[str], Awaitable[T]], next_after: Callable[[T], str | None]) -> AsyncIterator[T]:
    """Pages of nodes in the order of their keys; the server reads a page while the one before is taken in.

    Args:
        read: reads the page after a key; the first is after the empty one.
        next_after: the last key of a page, None where no page follows.
    """
    request: asyncio.Future[T] | None = asyncio.ensure_future(read(""))
    try:
        while request is not None:
            page = await request
            after = next_after(page)
            request = None if after is None else asyncio.ensure_future(read(after))
            # Let the request leave before its predecessor keeps this thread busy.
            await asyncio.sleep(0)
            yield page
    finally:
        if request is not None:
            request.cancel()
            with suppress(asyncio.CancelledError):
                await request


def instant(seconds: int, nanoseconds: int) -> datetime:
    """The moment that Neo4j gives as seconds since 1970 and nanoseconds of the second, in UTC."""
    return EPOCH + timedelta(seconds=seconds, microseconds=nanoseconds // 1_000)


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in lists of at most ``size``, made as they are asked for."""
    walk = iter(items)
    while batch := list(islice(walk, size)):
        yield batch
