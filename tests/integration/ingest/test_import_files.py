"""Files through a real JetStream and workers into a real graph."""

import asyncio
import csv
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nats
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.backlog import BacklogStuckError, wait_until_written
from ingest.bookmarks import Counts
from ingest.importer import Importer
from ingest.mapping import MappingError, load_mapping, parse_mapping
from ingest.publisher import EventPublisher, EventsUnavailable, open_publisher
from ingest.streams import EVENTS_STREAM
from ingest.topology import Retention
from runtime.stack.address import StackAddress

ROOT = Path(__file__).parents[3]
TRUTH_SET = ROOT / "runtime" / "demo" / "data" / "senzing_truthset"
MAPPINGS = ROOT / "bench" / "mappings"
COMMAND = "import typer; from runtime.cli.imports import register; app = typer.Typer(); register(app); app()"
PEOPLE = """
source = { value = "crm" }
id = "id"
[name]
given = "first"
family = "last"
[[identifiers]]
namespace = "email"
column = "mail"
"""


def quiet(position: int, counts: Counts) -> None:
    """Progress that nobody looks at."""


def importer(publisher: EventPublisher, home: Path) -> Importer:
    return Importer(publisher=publisher, bookmarks=home / "imports", region="US", now=lambda: datetime.now(UTC))


def native(count: int) -> bytes:
    """Events in wire form, as JSON Lines."""
    return b"".join(
        orjson.dumps(
            {
                "type": "track",
                "messageId": f"m-{number}",
                "event": "Product Viewed",
                "anonymousId": f"a-{number % 500}",
                "timestamp": "2026-02-01T10:00:00Z",
                "properties": {"product_id": f"p-{number % 50}"},
            }
        )
        + b"\n"
        for number in range(count)
    )


async def records(query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await query(
        "MATCH (r:Record)-[:HAS_VERSION]->(v:RecordVersion) RETURN r.id AS id, count(v) AS versions ORDER BY id"
    )
    return found


async def test_the_truth_set_lands_once_however_often_it_is_imported(intake: Any, query: Any, tmp_path: Path) -> None:
    expected = set()
    for name in ("customers", "reference", "watchlist"):
        with (TRUTH_SET / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
            expected |= {f"{row['DATA_SOURCE']}:{row['RECORD_ID']}" for row in csv.DictReader(lines)}
    assert len(expected) == 159
    graphs = []
    for repetition in range(2):
        total = Counts()
        for name in ("customers", "reference", "watchlist"):
            mapping = load_mapping(str(MAPPINGS / f"senzing_truthset_{name}.toml"))
            total = total.plus(
                await importer(intake.publisher, tmp_path).import_file(
                    TRUTH_SET / f"{name}.csv", mapping=mapping, source=None, progress=quiet
                )
            )
        assert (total.rows, total.published, total.duplicates, total.parked) == (159, 159 * (1 - repetition), 159 * repetition, 0)
        await wait_until_written(intake.js, patience_seconds=30.0)
        graphs.append(await records(query))
    assert {row["id"] for row in graphs[0]} == expected
    assert all(row["versions"] == 1 for row in graphs[0])
    assert graphs[0] == graphs[1]
    assert await intake.parked() == []


async def test_a_changed_row_becomes_a_new_version(intake: Any, query: Any, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    mapping = parse_mapping(PEOPLE, name="people")
    file.write_text("id,first,last,mail\n1,Ann,Smith,ann@work.com\n2,Bob,Jones,bob@work.com\n")
    await importer(intake.publisher, tmp_path).import_file(file, mapping=mapping, source=None, progress=quiet)
    file.write_text("id,first,last,mail\n1,Ann,Smith,ann@work.com\n2,Bob,Jones,bob@home.com\n")
    counts = await importer(intake.publisher, tmp_path).import_file(file, mapping=mapping, source=None, progress=quiet)
    assert (counts.published, counts.duplicates) == (1, 1)
    await intake.drained()
    assert await records(query) == [{"id": "crm:1", "versions": 1}, {"id": "crm:2", "versions": 2}]


async def test_parquet_and_csv_of_the_same_rows_are_the_same(intake: Any, tmp_path: Path) -> None:
    mapping = parse_mapping(PEOPLE, name="people")
    rows = {"id": [1, 2], "first": ["Ann", None], "last": ["Smith", "Jones"], "mail": ["ann@work.com", None]}
    pq.write_table(pa.table(rows), tmp_path / "people.parquet")  # type: ignore[no-untyped-call]
    (tmp_path / "people.csv").write_text("mail;last;first;id\nann@work.com;Smith;Ann;1\n;Jones;;2\n")
    first = await importer(intake.publisher, tmp_path).import_file(
        tmp_path / "people.parquet", mapping=mapping, source=None, progress=quiet
    )
    again = await importer(intake.publisher, tmp_path).import_file(
        tmp_path / "people.csv", mapping=mapping, source=None, progress=quiet
    )
    assert (first.published, again.duplicates) == (2, 2)


async def test_rows_that_are_no_events_are_parked_with_their_line(intake: Any, query: Any, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes(
        native(2)
        + b'{"type": "track"\n'
        + b'{"type": "dance", "messageId": "m"}\n'
        + b'{"type": "track", "messageId": "n", "event": "x", "userId": "u", "timestamp": "0000-01-01T00:00:00Z"}\n'
        + b'{"type": "track", "messageId": "o", "event": "x"}\n'
        + b'{"type": "track", "messageId": "p", "event": "x", "userId": "u", "context": {"traits": {"phone": "call me"}}}\n'
    )
    counts = await importer(intake.publisher, tmp_path).import_file(file, mapping=None, source="archive", progress=quiet)
    assert counts == Counts(rows=7, published=3, parked=4, values_rejected={"context.traits.phone": 1})
    letters = await intake.parked()
    assert [(letter.code, letter.reason.partition(":")[0]) for letter in letters] == [
        ("row_unreadable", "events.jsonl, line 3"),
        ("unknown_event_type", "events.jsonl, line 4"),
        ("timestamp_out_of_range", "events.jsonl, line 5"),
        ("no_identifier", "events.jsonl, line 6"),
    ]
    assert letters[0].body == b'{"type": "track"'
    assert {letter.origin for letter in letters} == {"import:archive"}
    assert await query("MATCH (t:Touchpoint) RETURN count(t) AS written, collect(DISTINCT t.source) AS sources") == [
        {"written": 3, "sources": ["archive"]}
    ]


async def test_a_killed_import_goes_on_where_it_stopped(stack: StackAddress, nats_url: str, tmp_path: Path) -> None:
    events = 20_000
    file = tmp_path / "events.jsonl"
    file.write_bytes(native(events))
    home = tmp_path / "home"
    environment = os.environ | {
        "KINDRED_NATS_URL": stack.nats.url,
        "KINDRED_NATS_USER": stack.nats.user or "",
        "KINDRED_NATS_PASSWORD": stack.nats.password or "",
        "KINDRED_NEO4J_URI": stack.neo4j.uri,
        "KINDRED_NEO4J_PASSWORD": stack.neo4j.password,
        "COLUMNS": "200",
    }

    async def start() -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-c", COMMAND, str(file), "--home", str(home),
            cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip

    killed = await start()
    done_before = 0
    async with asyncio.timeout(60):
        while not done_before:
            await asyncio.sleep(0.005)
            done_before = max(
                [0, *(orjson.loads(kept.read_bytes())["counts"]["rows"] for kept in (home / "imports").glob("*.json"))]
            )
    killed.send_signal(signal.SIGKILL)
    await killed.communicate()
    assert 0 < done_before < events

    output, _ = await (second := await start()).communicate()
    assert second.returncode == 0, output.decode()
    assert f"{events:,}" in output.decode()
    (kept,) = (home / "imports").glob("*.json")
    bookmark = orjson.loads(kept.read_bytes())
    assert bookmark["done"]
    assert bookmark["counts"]["published"] + bookmark["counts"]["duplicates"] == events
    connection = await nats.connect(nats_url)
    try:
        state = (await connection.jetstream().stream_info(EVENTS_STREAM)).state
    finally:
        await connection.close()
    assert state.messages == events


async def test_what_does_not_fit_is_said_before_anything_is_published(publisher: EventPublisher, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("id,first\n1,Ann\n")
    with pytest.raises(MappingError, match=r"name\.family reads the column 'last'"):
        await importer(publisher, tmp_path).import_file(
            file, mapping=parse_mapping(PEOPLE, name="people"), source=None, progress=quiet
        )
    with pytest.raises(MappingError, match="needs a mapping"):
        await importer(publisher, tmp_path).import_file(file, mapping=None, source=None, progress=quiet)


async def test_waiting_without_workers_ends(publisher: EventPublisher, nats_url: str, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes(native(3))
    await importer(publisher, tmp_path).import_file(file, mapping=None, source=None, progress=quiet)
    connection = await nats.connect(nats_url)
    try:
        with pytest.raises(BacklogStuckError, match="3 events wait"):
            await wait_until_written(connection.jetstream(), patience_seconds=0.5)
    finally:
        await connection.close()


async def test_a_nats_that_is_not_there_is_said() -> None:
    with pytest.raises(EventsUnavailable):
        async with open_publisher("nats://127.0.0.1:9", retention=Retention()):
            pytest.fail("a publisher was opened on nothing")
