"""A disk without room: what was committed stays, and ``kindred up`` mends what does not mend itself once there is room again."""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from neo4j import GraphDatabase
from neo4j.exceptions import DriverError, Neo4jError

from bench.small_disk import SmallDisk, may_mount, small_disk
from runtime.settings import Settings
from runtime.stack import neo4j
from runtime.stack.address import StackAddress
from runtime.stack.stack import Stack
from runtime.stack.state import read_state

MEGABYTES = 700
ROWS = 400
MOST_WRITES = 200

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not may_mount(), reason="takes the privilege to mount a file system")]


@pytest.fixture
def disk(settings: Settings) -> Iterator[SmallDisk]:
    """The disk of Neo4j's data."""
    with small_disk(settings.home / "neo4j" / "data", megabytes=MEGABYTES) as made:
        yield made


@pytest.fixture
def stack(settings: Settings, disk: SmallDisk) -> Iterator[Stack]:
    patient = settings.model_copy(update={"start_timeout_seconds": 400.0})
    built = Stack(patient, services=(), say=lambda _: None, on_jars=lambda _: None, chance=random.Random(1))
    try:
        yield built
    finally:
        asyncio.run(built.down())


def test_neo4j_that_gave_up_its_database_is_started_anew(settings: Settings, stack: Stack, disk: SmallDisk) -> None:
    address = asyncio.run(stack.up())
    before = pid(settings.home)
    disk.fill()
    committed = write_until_refused(address)
    disk.free()
    assert asyncio.run(neo4j.needs_restart(address.neo4j)), "Neo4j goes on by itself: nothing is left to mend"

    again = asyncio.run(stack.up())

    assert again == address
    assert pid(settings.home) != before
    with driver(address) as opened:
        [row] = opened.execute_query("MATCH (n:Kept) RETURN count(n) AS n, count(DISTINCT n.number) AS numbers").records
        assert row["numbers"] == row["n"] >= committed * ROWS
        opened.execute_query("CREATE (:Kept {number: -1})")
    asyncio.run(stack.up())
    assert not asyncio.run(neo4j.needs_restart(address.neo4j))


def driver(address: StackAddress):  # type: ignore[no-untyped-def]
    return GraphDatabase.driver(
        address.neo4j.uri, auth=(address.neo4j.user, address.neo4j.password), max_transaction_retry_time=0
    )


def write_until_refused(address: StackAddress) -> int:
    """Write until nothing is taken any more; how many transactions were committed."""
    committed = 0
    with driver(address) as opened:
        for _ in range(MOST_WRITES):
            try:
                opened.execute_query(
                    "UNWIND range($first, $first + $rows - 1) AS number CREATE (:Kept {number: number, text: $text})",
                    first=committed * ROWS,
                    rows=ROWS,
                    text="x" * 5_000,
                )
            except (Neo4jError, DriverError):
                return committed
            committed += 1
    raise AssertionError(f"{committed} transactions were taken by a full disk")


def pid(home: Path) -> int:
    state = read_state(home)
    assert state is not None
    return state.processes["neo4j"].pid
