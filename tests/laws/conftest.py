"""The installation that laws are tried on."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest

from graph.database import open_database
from runtime.stack.address import StackAddress
from tests.laws.installation import Installation


@pytest.fixture(scope="session")
def installation(stack: StackAddress) -> Iterator[Installation]:
    """One database on one event loop for all examples, each of which empties it."""
    with asyncio.Runner() as runner:
        connections = AsyncExitStack()
        database = runner.run(connections.enter_async_context(open_database(stack.neo4j)))
        try:
            yield Installation(database, runner.run)
        finally:
            runner.run(connections.aclose())
