"""``kindred backfill``, killed at each of its phases and run again: every row once, and nothing left behind."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import psutil
import pytest

from bench.visits import Visits, introductions
from graph.database import open_database
from graph.model.contents import Section
from graph.repositories.contents import ContentsRepository
from graph.statements.server import COUNT_NODES
from graph.statements.statement import NoParameters
from ingest.chunks import CHUNK_ROWS
from runtime.backfilling import FOLDER
from runtime.settings import Settings, load_settings
from runtime.stack.address import stack_address
from runtime.stack.bulk_import import INCOMING
from runtime.stack.stack import Stack
from tests.servers import HEAP_MB, embedded_stack, empty_graph

pytestmark = pytest.mark.slow

EVENTS = CHUNK_ROWS + 3_000
"""Two chunks."""
DEADLINE_SECONDS = 900.0


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("home")
    stack = _stack(folder)
    asyncio.run(stack.up())
    try:
        yield folder
    finally:
        asyncio.run(stack.down())


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("history") / "history.jsonl"
    known = list(introductions(100))
    events = [*known, *Visits(customers=100, source="x", seed=1).events(EVENTS - len(known))]
    path.write_bytes(b"".join(orjson.dumps(event) + b"\n" for event in events) + b"no event\n")
    return path


def _settings(home: Path) -> Settings:
    return load_settings(home=home, neo4j_heap_mb=HEAP_MB, neo4j_page_cache_mb=128)


def _stack(home: Path) -> Stack:
    return embedded_stack(_settings(home))


def _run(home: Path, history: Path, *more: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "runtime", "backfill", str(history), "--no-resolve", "--memory-mb", "512", *more]
    environment = {**os.environ, "KINDRED_HOME": str(home), "KINDRED_NEO4J_HEAP_MB": str(HEAP_MB)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def _kill_when(process: "subprocess.Popen[str]", reached: Callable[[], bool]) -> None:
    """Kill it, and nothing that it started, as soon as something is so."""
    until = time.monotonic() + DEADLINE_SECONDS
    while not reached():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < until, "it did not come so far"
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def _finish(process: "subprocess.Popen[str]") -> str:
    said, _ = process.communicate(timeout=DEADLINE_SECONDS)
    assert process.returncode == 0, said
    return said


def _evidence(home: Path) -> tuple[str, dict[str, int]]:
    async def read() -> tuple[str, dict[str, int]]:
        async with open_database(stack_address(_settings(home)).neo4j) as database:
            contents = await ContentsRepository(database).read([Section.EVIDENCE])
            counts = {row.label: row.count for row in await database.run(COUNT_NODES, NoParameters())}
            return contents.hash(Section.EVIDENCE), counts

    return asyncio.run(read())


def test_killed_in_each_phase_it_goes_on(home: Path, history: Path) -> None:
    folder = home / FOLDER
    _kill_when(_run(home, history), lambda: any(folder.glob("*/parts/*.json")))
    [note] = list(folder.glob("*/parts/*.json"))[:1]
    written_at = note.stat().st_mtime_ns
    data = home / "neo4j" / "data" / "databases"
    _kill_when(_run(home, history), lambda: (data / INCOMING).exists())
    assert note.stat().st_mtime_ns == written_at, "what was understood is not read again"
    assert "Written by Neo4j's offline import" in _finish(_run(home, history))
    assert not (data / INCOMING).exists()
    assert [path.name for path in folder.glob("*/*")] == ["state.json"]
    commands = [" ".join(each.info["cmdline"] or ()) for each in psutil.process_iter(["cmdline"])]
    assert not [command for command in commands if str(home) in command and "admin.args" in command], "an import runs on"
    found, counts = _evidence(home)
    assert counts["Touchpoint"] + counts["RecordVersion"] == EVENTS
    assert "backfilled before" in _finish(_run(home, history))
    assert _evidence(home)[0] == found
    _again_in_batches(home, history, expected=found)


def _again_in_batches(home: Path, history: Path, *, expected: str) -> None:
    """Into a graph that holds something, killed on the way: the same."""
    empty_graph(stack_address(_settings(home)).neo4j)
    assert _evidence(home)[0] != expected
    more = history.with_name("more.jsonl")
    more.write_bytes(b"".join(history.read_bytes().splitlines(keepends=True)[:10]))
    assert "Written" in _finish(_run(home, more))
    _kill_when(_run(home, history), lambda: any((home / FOLDER).glob("*/written/*.json")))
    said = _finish(_run(home, history))
    assert "in batches" in said
    assert _evidence(home)[0] == expected
