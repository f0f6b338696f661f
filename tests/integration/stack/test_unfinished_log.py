"""A transaction that found the disk full and was left half written keeps Neo4j from starting no more than once."""

import asyncio
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from neo4j import GraphDatabase

from runtime.settings import Settings, load_settings
from runtime.stack import neo4j
from runtime.stack.address import StackAddress
from runtime.stack.errors import StartError
from runtime.stack.stack import Stack
from runtime.stack.state import read_state

KEPT = 50
COMMIT = b"\x14\x05"
"""Begins the entry that commits a transaction: its version and its kind."""
COMMIT_BYTES = 22
CUT = 24
"""Bytes of an entry that were written."""
PROPERTY = b"\x14\x03\x18"
"""Begins an entry that writes a property."""
CREATE = """
UNWIND range(1, 20) AS part
CREATE (:Kept {number: $number, part: part, at: datetime(), other: toString(rand()), place: point({x: part, y: 0.5})})
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(home=tmp_path, neo4j_heap_mb=400, neo4j_page_cache_mb=32, start_timeout_seconds=120.0)


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def stack(settings: Settings, said: list[str]) -> Iterator[Stack]:
    built = Stack(settings, services=(), say=said.append, on_jars=lambda _: None, chance=random.Random(3))
    try:
        yield built
    finally:
        asyncio.run(built.down())


def killed_with_log(stack: Stack, settings: Settings) -> tuple[Path, int, bytes]:
    """The last log of a Neo4j that was killed, where what was written to it ends, and the bytes of its last transaction."""
    address = asyncio.run(stack.up())
    with driver(address) as opened:
        for number in range(KEPT - 1):
            opened.execute_query(CREATE, number=number)
        log = max((settings.home / "neo4j" / "data" / "transactions" / "neo4j").glob("neostore.transaction.db.*"))
        before = log.read_bytes()
        opened.execute_query(CREATE, number=KEPT - 1)
    state = read_state(settings.home)
    assert state is not None
    process = psutil.Process(state.processes[neo4j.NAME].pid)
    process.send_signal(signal.SIGKILL)
    process.wait(20)
    written = log.read_bytes()
    start = next(place for place, (then, now) in enumerate(zip(before, written, strict=True)) if then != now)
    nonzero = len(written.rstrip(b"\0"))
    end = next(place for place in range(nonzero, nonzero + 4) if written.startswith(COMMIT, place - COMMIT_BYTES))
    return log, end, written[start:end]


def driver(address: StackAddress):  # type: ignore[no-untyped-def]
    return GraphDatabase.driver(address.neo4j.uri, auth=(address.neo4j.user, address.neo4j.password))


def write_at(log: Path, end: int, tail: bytes) -> None:
    """Write behind the last transaction of a log, which has space set aside behind it."""
    with log.open("r+b") as opened:
        opened.seek(end)
        opened.write(tail)


def kept(address: StackAddress) -> int:
    with driver(address) as opened:
        return int(opened.execute_query("MATCH (n:Kept) RETURN count(DISTINCT n.number) AS n").records[0]["n"])


def test_an_unfinished_transaction_at_the_end_is_cut_off(stack: Stack, settings: Settings, said: list[str]) -> None:
    log, end, transaction = killed_with_log(stack, settings)
    unfinished = transaction[: transaction.rindex(PROPERTY) + CUT]
    write_at(log, end, unfinished + unfinished)
    assert kept(asyncio.run(stack.up())) == KEPT
    assert any("no commit among them" in each for each in said)
    said.clear()
    asyncio.run(stack.down())
    assert kept(asyncio.run(stack.up())) == KEPT
    assert not any("no commit among them" in each for each in said), "the log is whole again"


def test_a_commit_behind_what_cannot_be_read_is_never_cut_off(stack: Stack, settings: Settings, said: list[str]) -> None:
    log, end, transaction = killed_with_log(stack, settings)
    write_at(log, end, transaction[: transaction.rindex(PROPERTY) + CUT] + transaction)
    patient = settings.model_copy(update={"start_timeout_seconds": 40.0})
    again = Stack(patient, services=(), say=said.append, on_jars=lambda _: None, chance=random.Random(3))
    with pytest.raises(StartError, match="did not answer within 40 seconds"):
        asyncio.run(again.up())
    assert not any("cutting" in each for each in said)
