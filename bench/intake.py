"""How fast events go from a publisher into the graph, against the limit of the same database in the same run.

``kindred`` publishes to JetStream from this process; the worker service of a temporary installation writes. The time is from the
first publication until the last event is acknowledged, which is after its commit. The limit creates the same nodes and
relationships from ready rows with as many writers as the worker has, without a check, a merge, or NATS.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from time import perf_counter

import nats
import orjson
from rich.console import Console

from bench.events import browsing
from bench.harness import BenchError, Row, describe_machine, parser, publish, run_main
from bench.installation import HEAP_MB, temporary_installation
from graph.database import Database, Transaction, open_database
from graph.model.evidence import Touchpoint
from graph.repositories import evidence_rows
from graph.statements import bench as unchecked
from graph.statements import evidence as statements
from ingest.normalise.event import parse_event, to_evidence
from ingest.publisher import open_publisher
from ingest.streams import EVENTS_STREAM, WORKERS_DURABLE
from ingest.topology import Retention
from ingest.wire import WIRE_EVENT
from runtime.settings import load_settings
from runtime.stack.address import StackAddress, stack_address

BENCH = "intake"
BATCH = 500
IN_FLIGHT = 256
WRITERS = 2
"""Batches written side by side: as many as ``kindred worker`` writes unless told otherwise."""
DRAIN_TIMEOUT_SECONDS = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Seconds that one stream of events took."""

    events: int
    published_seconds: float
    committed_seconds: float


async def through_nats(address: StackAddress, database: Database, *, count: int, source: str, seed: int) -> Intake:
    """Publish ``count`` events and wait until the worker has written them all.

    Raises:
        BenchError: they were not written within ten minutes, or the graph does not hold each once.
    """
    events = [(WIRE_EVENT.validate_python(event), orjson.dumps(event)) for event in browsing(count, source=source, seed=seed)]
    async with open_publisher(address.nats_url, retention=Retention()) as publisher:
        started = perf_counter()
        remaining = iter(events)
        while part := list(islice(remaining, IN_FLIGHT * 8)):
            await publisher.publish_all(publisher.message(event, body=body) for event, body in part)
        published = perf_counter() - started
        await _drained(address.nats_url)
        committed = perf_counter() - started
    (row,) = await database.run(unchecked.COUNT_TOUCHPOINTS, unchecked.Source(source=source))
    if row.touchpoints != count:
        raise BenchError(f"{count} events were published and {row.touchpoints} touchpoints are in the graph")
    return Intake(events=count, published_seconds=published, committed_seconds=committed)


async def without_checks(database: Database, *, count: int, source: str, seed: int) -> float:
    """Write the same number of events with plain ``CREATE``, ``WRITERS`` batches side by side; return the seconds."""
    now = datetime.now(UTC)
    parsed = (parse_event(orjson.dumps(event)) for event in browsing(count, source=source, seed=seed))
    touchpoints = [
        evidence for event in parsed if isinstance(evidence := to_evidence(event, recorded_at=now, region="US"), Touchpoint)
    ]
    batches = [touchpoints[start : start + BATCH] for start in range(0, len(touchpoints), BATCH)]
    await database.run(statements.WRITE_PRODUCTS, statements.Products(products=evidence_rows.products(touchpoints)))
    ready = [
        (
            evidence_rows.new_touchpoints(batch),
            statements.Pairs(pairs=evidence_rows.pairs(batch)),
            statements.Lines(lines=evidence_rows.lines(batch)),
        )
        for batch in batches
    ]
    remaining = iter(ready)

    async def writer() -> None:
        for new, pairs, lines in remaining:

            async def work(
                tx: Transaction,
                new: statements.NewTouchpoints = new,
                pairs: statements.Pairs = pairs,
                lines: statements.Lines = lines,
            ) -> None:
                await tx.run(unchecked.CREATE_TOUCHPOINTS, new)
                await tx.run(unchecked.CREATE_SEEN_WITH, pairs)
                await tx.run(statements.LINK_PRODUCTS, lines)

            await database.write(work)

    started = perf_counter()
    await asyncio.gather(*(writer() for _ in range(WRITERS)))
    return perf_counter() - started


async def measure(address: StackAddress, *, count: int, console: Console) -> list[Row]:
    """Rows of one run; both ways are warmed up first, and the limit is taken before and after intake."""
    async with open_database(address.neo4j) as database:
        console.print("warming up")
        warm = max(count // 4, BATCH)
        await through_nats(address, database, count=warm, source="warm", seed=1)
        await without_checks(database, count=warm, source="warmlimit", seed=2)
        console.print(f"writing {count} events without checks, through NATS, and without checks again")
        before = await without_checks(database, count=count, source="limit1", seed=3)
        intake = await through_nats(address, database, count=count, source="intake", seed=4)
        after = await without_checks(database, count=count, source="limit2", seed=5)
    limit = 2 * count / (before + after)
    rate = count / intake.committed_seconds
    measured = {
        ("kindred", "published"): (count / intake.published_seconds, "events/s"),
        ("kindred", "committed"): (rate, "events/s"),
        ("kindred", "of the limit"): (rate / limit, "ratio"),
        ("unchecked driver writes", "committed"): (limit, "events/s"),
    }
    return [
        Row(bench=BENCH, dataset=f"{count} product views", system=system, metric=metric, value=value, unit=unit)
        for (system, metric), (value, unit) in measured.items()
    ]


def main(arguments: Sequence[str], console: Console) -> None:
    """Measure and publish the rows."""
    options = parser(BENCH, "Events per second from NATS to the graph, against unchecked driver writes.", data=False)
    options.add_argument("--events", type=int, default=20_000, metavar="N", help="events per measurement; default 20000")
    options.add_argument("--heap-mb", type=int, default=HEAP_MB, metavar="N", help=f"Neo4j's heap in MiB; default {HEAP_MB}")
    asked = options.parse_args(arguments)
    with temporary_installation(heap_mb=asked.heap_mb) as installation:
        address = stack_address(load_settings(home=installation.home))
        rows = asyncio.run(measure(address, count=asked.events, console=console))
    publish(rows, head=describe_machine(now=datetime.now(UTC)), json_file=asked.json, console=console)


async def _drained(nats_url: str) -> None:
    client = await nats.connect(nats_url)
    try:
        stream = client.jetstream()
        async with asyncio.timeout(DRAIN_TIMEOUT_SECONDS):
            while True:
                info = await stream.consumer_info(EVENTS_STREAM, WORKERS_DURABLE)
                if not info.num_pending and not info.num_ack_pending:
                    return
                await asyncio.sleep(0.02)
    except TimeoutError as error:
        raise BenchError(f"the worker had not written everything after {DRAIN_TIMEOUT_SECONDS:g} seconds") from error
    finally:
        await client.close()


if __name__ == "__main__":
    run_main(main)
