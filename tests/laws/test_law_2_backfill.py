"""Law 2 for history: an offline import, a backfill in batches and the stream leave the same evidence and the same partitions.

An example stops a server, imports, starts it and builds its indexes, which takes many seconds: they are few, of many events.
"""

import asyncio
import secrets
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from graph.database import open_database
from graph.identity.progress import NoProgress
from graph.model.contents import Contents, Section
from graph.model.evidence import Evidence
from graph.model.identity import Purpose
from graph.repositories.contents import ContentsRepository
from ingest.chunks import Reading
from ingest.importer import ReadyRow, prepare_row, rows_of
from runtime.backfilling import Backfill, Backfilled
from runtime.settings import Settings, load_settings
from runtime.stack.address import StackAddress, stack_address
from runtime.stack.stack import Stack
from tests.laws.conclusions import Partition
from tests.laws.histories import History, histories
from tests.laws.installation import Installation
from tests.laws.stewards import members_of
from tests.servers import HEAP_MB, embedded_stack

pytestmark = pytest.mark.slow

EXAMPLES = 3
COMPARED = (Section.EVIDENCE, Section.CONCLUSIONS)
READING = Reading(mappings=(None,), source=None, region="US")
TYPED = """
MATCH (n:Identifier|Record|RecordVersion|Touchpoint|Product|Category|Order|Store|Campaign|Offer)
RETURN labels(n) AS labels, coalesce(n.key, n.id, n.name) AS key,
       [name IN keys(n) WHERE NOT name IN ['recorded_at', 'written_at']
        | [name, valueType(n[name]), toStringOrNull(n[name])]] AS properties
UNION ALL
MATCH (a)-[r:HAS_VERSION|STATES|CARRIES|SEEN_WITH|ABOUT|IN_CATEGORY]->(b)
RETURN [type(r)] AS labels, coalesce(a.key, a.id) + ' ' + coalesce(b.key, b.id, b.name) AS key,
       [name IN keys(r) | [name, valueType(r[name]), toStringOrNull(r[name])]] AS properties
"""
"""Types and zones, too, which a client reads over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What a way of writing left."""

    contents: Contents
    typed: list[str]
    partitions: dict[Purpose, Partition]


class Embedded:
    """An installation whose server is stopped and started by what is tried; connected anew for each look."""

    def __init__(self, home: Path) -> None:
        self.settings = load_settings(home=home, neo4j_heap_mb=HEAP_MB, neo4j_page_cache_mb=128)
        self.stack = embedded_stack(self.settings)


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    made = Embedded(tmp_path_factory.mktemp("embedded"))
    asyncio.run(made.stack.up())
    try:
        yield made
    finally:
        asyncio.run(made.stack.down())


def left_in(installation: Installation) -> Left:
    """What is there."""
    records = installation.run(installation.database._driver.execute_query(TYPED)).records
    return Left(
        contents=installation.run(ContentsRepository(installation.database).read(COMPARED)),
        typed=sorted(repr(_ordered(row.data())) for row in records),
        partitions=installation.partitions(),
    )


def require_same(found: Left, expected: Left) -> None:
    ours, theirs = set(found.typed), set(expected.typed)
    assert not found.contents.differing(expected.contents, COMPARED), (sorted(ours - theirs)[:5], sorted(theirs - ours)[:5])
    assert found.typed == expected.typed
    assert found.partitions == expected.partitions


def streamed(installation: Installation, path: Path, data: st.DataObject) -> Left:
    """As workers and resolvers leave it."""
    installation.empty()
    now = datetime.now(UTC)
    prepared = [
        prepare_row(row, mapping=None, source=None, file_name=path.name, now=now, region="US") for row in rows_of(path, None)
    ]
    sent: Sequence[Evidence] = [row.evidence for row in prepared if isinstance(row, ReadyRow)]
    while sent:
        batch, sent = sent[: (size := data.draw(st.integers(1, 12)))], sent[size:]
        installation.deliver(batch)
        if data.draw(st.booleans()):
            installation.settle(members_of(batch))
    installation.resolve()
    return left_in(installation)


def backfilled(settings: Settings, stack: Stack, path: Path) -> Backfilled:
    work = Backfill(settings, stack=stack, files=[path], reading=READING, progress=NoProgress(), memory_mb=512, processes=1)
    return asyncio.run(work.run())


def imported(embedded: Embedded, path: Path) -> Left:
    """As an offline import leaves it."""
    with connected(embedded.settings) as installation:
        installation.empty()
    done = backfilled(embedded.settings, embedded.stack, path)
    assert done.way == "import"
    with connected(embedded.settings) as installation:
        return left_in(installation)


class connected:  # noqa: N801 - a context
    """An installation as it is, on a loop of its own."""

    def __init__(self, chosen: Settings) -> None:
        self._settings = chosen
        self._runner = asyncio.Runner()
        self._open = AsyncExitStack()

    def __enter__(self) -> Installation:
        database = self._runner.run(self._open.enter_async_context(open_database(stack_address(self._settings).neo4j)))
        installation = Installation.__new__(Installation)
        installation._database, installation._run = database, self._runner.run
        return installation

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._open.aclose())
        self._runner.close()


def external(stack: StackAddress, home: Path) -> Settings:
    """Settings of an installation whose stores are those of the session, which are never stopped."""
    return load_settings(
        home=home,
        neo4j_uri=stack.neo4j.uri,
        neo4j_user=stack.neo4j.user,
        neo4j_password=stack.neo4j.password,
        neo4j_database=stack.neo4j.database,
        nats_url=stack.nats.url,
        nats_user=stack.nats.user,
        nats_password=stack.nats.password,
    )


@settings(max_examples=EXAMPLES, phases=(Phase.generate,))
@given(history=histories(least=15, most=40), data=st.data())
def test_law_2_backfill_equals_streaming(
    installation: Installation,
    stack: StackAddress,
    embedded: Embedded,
    tmp_path_factory: pytest.TempPathFactory,
    history: History,
    data: st.DataObject,
) -> None:
    folder = tmp_path_factory.mktemp("history")
    path = history.write(folder / f"{secrets.token_hex(8)}.jsonl")
    expected = streamed(installation, path, data)
    assert expected.contents.hash(Section.EVIDENCE) != Contents({}).hash(Section.EVIDENCE)

    installation.empty()
    chosen = external(stack, folder / "home")
    done = backfilled(chosen, embedded_stack(chosen), path)
    assert done.way == "batches"
    require_same(left_in(installation), expected)

    require_same(imported(embedded, path), expected)
    again = backfilled(embedded.settings, embedded.stack, path)
    assert again.way == "nothing"
    assert again.counts.rows == len(history.lines) == done.counts.rows
    assert again.counts == done.counts
    assert done.counts.parked >= len(history.lines) - history.understood


def _ordered(value: Any) -> Any:
    """Lists of properties in the order of their names."""
    if isinstance(value, dict):
        return {name: _ordered(item) for name, item in value.items()}
    return sorted(value, key=repr) if isinstance(value, list) else value
