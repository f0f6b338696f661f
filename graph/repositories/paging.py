"""Reading large parts of the graph page by page, with times as numbers, and writing them batch by batch."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, TypeVar

T = TypeVar("T")

WRITERS = 2
"""Transactions that write at once: two keep two cores busy, more only wait for each other's locks."""
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


async def all_or_stop(works: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Do all at once; where one fails, the others are stopped before its error is raised."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
