"""How fast events go from a sender through collector, JetStream and workers until resolved in all three identity graphs.

The limit is the fastest idempotent Cypher that writes the same touchpoints and identifiers, without a collector, a stream,
products or any resolution, by as many writers as do best, in the same run on the same database. What each process takes of the
processors is told as well: of a stream that keeps a machine busy, it is what more machines would divide.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter
from urllib.parse import urlsplit

import nats
import orjson
from nats.js import JetStreamContext
from rich.console import Console

from bench.harness import BenchError, Row, describe_machine, parser, publish, run_main
from bench.installation import HEAP_MB, PAGE_CACHE_MB, Installation, temporary_installation
from bench.processor_time import processor_seconds
from bench.visits import SignIn, Visits, introductions
from graph.database import Database, Transaction, open_database
from graph.model.evidence import Touchpoint
from graph.model.identity import Purpose
from graph.repositories import evidence_rows
from graph.repositories.evidence import EvidenceRepository
from graph.repositories.identities import IdentityRepository
from graph.repositories.paging import batches
from graph.statements import bench as limits
from graph.statements.evidence import NewTouchpoints
from ingest.normalise.event import parse_event, to_evidence
from ingest.streams import EVENTS_STREAM, RESOLVERS_DURABLE, TOUCHED_STREAM, WORKERS_DURABLE
from runtime.settings import Settings, load_settings
from runtime.stack.address import stack_address
from runtime.wiring import write_keys

BENCH = "stream"
SENT_TOGETHER = 100
"""Events of one request: what Segment's server libraries send unless told otherwise."""
CONNECTIONS = 4
BATCH = 500
WRITERS = (1, 2, 3)
PATIENCE_SECONDS = 1_800.0
CHECKED = 500
"""Sign-ins that are looked up in the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Streamed:
    """What a stream of events took."""

    events: int
    collected_seconds: float
    """Until the collector had answered the last request."""
    written_seconds: float
    """Until the workers had written the last event."""
    resolved_seconds: float
    """Until nothing was left to resolve."""
    processor_seconds: Mapping[str, float]

    @property
    def processor_us(self) -> float:
        """Microseconds of processor time that one event took, of all processes."""
        return sum(self.processor_seconds.values()) / self.events * 1e6


class Collector:
    """Connections to the collector that do no more than sending takes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, key: str) -> None:
        self._reader = reader
        self._writer = writer
        self._key = key

    async def send(self, events: Sequence[dict[str, object]]) -> None:
        """Send events in one request.

        Raises:
            BenchError: they were not all accepted.
        """
        await self.post(self.body(events), expected=len(events))

    def body(self, events: Sequence[dict[str, object]]) -> bytes:
        """The body of a request."""
        return orjson.dumps({"batch": events, "writeKey": self._key})

    async def post(self, body: bytes, *, expected: int) -> None:
        """Send a body that was made before."""
        head = f"POST /v1/batch HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        self._writer.write(head.encode() + body)
        answered = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(answered.partition("content-length:")[2].partition("\r\n")[0])
        answer = orjson.loads(await self._reader.readexactly(length))
        if answer.get("accepted") != expected:
            raise BenchError(f"the collector answered {str(answer)[:300]}")


@asynccontextmanager
async def collector(url: str, *, key: str) -> AsyncIterator[Collector]:
    """One connection to the collector."""
    reader, writer = await asyncio.open_connection(str(urlsplit(url).hostname), int(urlsplit(url).port or 80))
    try:
        yield Collector(reader, writer, key=key)
    finally:
        writer.close()


async def stream(installation: Installation, settings: Settings, visits: Visits, *, url: str, count: int) -> Streamed:
    """Send events and wait until they are resolved.

    Raises:
        BenchError: not all were accepted, or they were not resolved in time.
    """
    [key] = write_keys(settings).values()
    parts = list(batches(visits.events(count), SENT_TOGETHER))
    async with asyncio.TaskGroup() as sending, jetstream(settings) as js, collector(url, key=key) as first:
        bodies = iter([(first.body(part), len(part)) for part in parts])
        before = processor_seconds(installation.home)
        started = perf_counter()

        async def send() -> None:
            async with collector(url, key=key) as connection:
                for body, expected in bodies:
                    await connection.post(body, expected=expected)

        await asyncio.gather(*(sending.create_task(send()) for _ in range(CONNECTIONS)))
        collected = perf_counter() - started
        await _drained(js, EVENTS_STREAM, WORKERS_DURABLE)
        written = perf_counter() - started
        await _drained(js, TOUCHED_STREAM, RESOLVERS_DURABLE)
        resolved = perf_counter() - started
        after = processor_seconds(installation.home)
    return Streamed(
        events=count,
        collected_seconds=collected,
        written_seconds=written,
        resolved_seconds=resolved,
        processor_seconds={role: after[role] - before.get(role, 0.0) for role in after},
    )


async def require_resolved(database: Database, sign_ins: Sequence[SignIn], *, seed: int) -> None:
    """See that cookies are found with the accounts that they signed in to.

    Raises:
        BenchError: some are not.
    """
    chosen = random.Random(seed).sample(sign_ins, min(CHECKED, len(sign_ins)))  # noqa: S311
    members = [key for each in chosen for key in (f"anonymous_id:{each.cookie}", f"user_id:{each.user}")]
    found = await IdentityRepository(database).identities_of(members, Purpose.INDIVIDUAL)
    apart = [each for each in chosen if found.get(f"anonymous_id:{each.cookie}") != found.get(f"user_id:{each.user}", "nobody")]
    if apart:
        raise BenchError(f"{len(apart)} of {len(chosen)} cookies are not with the account that they signed in to: {apart[:3]}")


async def without_resolution(database: Database, visits: Visits, *, count: int, writers: int) -> float:
    """Write the touchpoints of events and their identifiers; return the seconds."""
    now = datetime.now(UTC)
    parsed = (to_evidence(parse_event(orjson.dumps(event)), recorded_at=now, region="US") for event in visits.events(count))
    touchpoints = (each for each in parsed if isinstance(each, Touchpoint))
    ready = iter([evidence_rows.new_touchpoints(part) for part in batches(touchpoints, BATCH)])

    async def write() -> None:
        for rows in ready:

            async def work(tx: Transaction, rows: NewTouchpoints = rows) -> None:
                await tx.run(limits.WRITE_TOUCHPOINTS, rows)

            await database.write(work)

    started = perf_counter()
    await asyncio.gather(*(write() for _ in range(writers)))
    return perf_counter() - started


async def introduce(settings: Settings, customers: int) -> None:
    """Write the known customers."""
    now = datetime.now(UTC)
    async with open_database(stack_address(settings).neo4j) as database:
        evidence = EvidenceRepository(database)
        parsed = (
            to_evidence(parse_event(orjson.dumps(event)), recorded_at=now, region="US") for event in introductions(customers)
        )
        parts = iter(batches(parsed, BATCH))

        async def write() -> None:
            for part in parts:
                await evidence.write(part)

        await asyncio.gather(*(write() for _ in range(2)))


@contextmanager
def services(installation: Installation, *, workers: int, concurrency: int) -> Iterator[str]:
    """Run the collector, workers and a resolver; gives the collector's address."""
    with ExitStack() as running:
        for _ in range(workers):
            running.enter_context(installation.running("worker", "--concurrency", str(concurrency)))
        # It resolves everything once at its start, which is awaited before anything is measured, and not again.
        running.enter_context(installation.running("resolve", "--every", "86400"))
        yield running.enter_context(installation.serving())


async def measure_limit(settings: Settings, *, customers: int, count: int, console: Console, turn: str) -> tuple[float, int]:
    """Events a second of the limit, and with how many writers."""
    found: dict[int, float] = {}
    async with open_database(stack_address(settings).neo4j) as database:
        for writers in WRITERS:
            visits = Visits(customers=customers, source=f"limit-{turn}-{writers}", seed=writers)
            found[writers] = count / await without_resolution(database, visits, count=count, writers=writers)
            console.print(f"limit, {writers} writers: {found[writers]:,.0f} events/s", highlight=False)
    best = max(found, key=lambda writers: found[writers])
    return found[best], best


async def measure(
    installation: Installation,
    settings: Settings,
    *,
    customers: int,
    count: int,
    workers: Sequence[tuple[int, int]],
    console: Console,
) -> list[Row]:
    """Rows of one size of population."""
    rows: list[Row] = []
    dataset = f"{customers:,} customers, {count:,} events"

    def add(system: str, metric: str, value: float, unit: str) -> None:
        rows.append(Row(bench=BENCH, dataset=dataset, system=system, metric=metric, value=value, unit=unit))

    await measure_limit(settings, customers=customers, count=count // 2, console=console, turn="warm")
    before, _ = await measure_limit(settings, customers=customers, count=count, console=console, turn="before")
    taken: dict[tuple[int, int], Streamed] = {}
    for processes, concurrency in workers:
        with services(installation, workers=processes, concurrency=concurrency) as url:
            name = f"{processes}x{concurrency}"
            async with open_database(stack_address(settings).neo4j) as database:
                warm = Visits(customers=customers, source=f"warm-{name}", seed=processes)
                await settled(settings)
                # By as many events as the limit.
                await stream(installation, settings, warm, url=url, count=len(WRITERS) * (count // 2))
                visits = Visits(customers=customers, source=f"stream-{name}", seed=10 + processes)
                done = taken[processes, concurrency] = await stream(installation, settings, visits, url=url, count=count)
                await require_resolved(database, visits.sign_ins, seed=1)
        shares = ", ".join(f"{role} {seconds / count * 1e6:.0f}" for role, seconds in sorted(done.processor_seconds.items()))
        console.print(
            f"{processes} workers of {concurrency} writers: collected {count / done.collected_seconds:,.0f}/s, "
            f"written {count / done.written_seconds:,.0f}/s, resolved {count / done.resolved_seconds:,.0f}/s; "
            f"processor µs an event: {shares}",
            highlight=False,
            soft_wrap=True,
        )
    after, _ = await measure_limit(settings, customers=customers, count=count, console=console, turn="after")
    limit = (before + after) / 2
    add("limit", f"best of {WRITERS} writers", limit, "events/s")
    for (processes, concurrency), done in taken.items():
        system = f"kindred, {processes} x {concurrency}"
        add(system, "resolved", count / done.resolved_seconds, "events/s")
        add(system, "of the limit", count / done.resolved_seconds / limit, "ratio")
        add(system, "processor", done.processor_us, "µs/event")
    return rows


def main(arguments: Sequence[str], console: Console) -> None:
    """Measure and publish the rows."""
    options = parser(BENCH, "Events per second from the collector until resolved, against plain idempotent writes.", data=False)
    options.add_argument("--events", type=int, default=30_000, metavar="N", help="events per measurement; default 30000")
    options.add_argument("--customers", default="10000", metavar="A,B", help="customers that are known; default 10000")
    options.add_argument("--workers", default="1x2", metavar="PxC,...", help="worker processes and their writers; default 1x2")
    options.add_argument("--heap-mb", type=int, default=HEAP_MB, metavar="N", help=f"Neo4j's heap in MiB; default {HEAP_MB}")
    options.add_argument("--page-cache-mb", type=int, default=PAGE_CACHE_MB, metavar="N", help="Neo4j's page cache in MiB")
    asked = options.parse_args(arguments)
    workers = [(int(part.split("x")[0]), int(part.split("x")[1])) for part in asked.workers.split(",")]
    rows: list[Row] = []
    for customers in (int(size) for size in asked.customers.split(",")):
        with temporary_installation(heap_mb=asked.heap_mb, page_cache_mb=asked.page_cache_mb, services=False) as installation:
            settings = load_settings(home=installation.home)
            console.print(f"introducing {customers:,} customers")
            asyncio.run(introduce(settings, customers))
            installation.kindred("resolve")
            rows += asyncio.run(
                measure(installation, settings, customers=customers, count=asked.events, workers=workers, console=console)
            )
    publish(rows, head=describe_machine(now=datetime.now(UTC)), json_file=asked.json, console=console)


@asynccontextmanager
async def jetstream(settings: Settings) -> AsyncIterator[JetStreamContext]:
    """JetStream of an installation, on a connection of its own."""
    client = await nats.connect(stack_address(settings).nats_url)
    try:
        yield client.jetstream()
    finally:
        await client.close()


async def settled(settings: Settings) -> None:
    """Wait until nothing is left to write or to resolve."""
    async with jetstream(settings) as js:
        await _drained(js, EVENTS_STREAM, WORKERS_DURABLE)
        await _drained(js, TOUCHED_STREAM, RESOLVERS_DURABLE)


async def _drained(js: JetStreamContext, stream_name: str, durable: str) -> None:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                info = await js.consumer_info(stream_name, durable)
                if not info.num_pending and not info.num_ack_pending:
                    return
                await asyncio.sleep(0.02)
    except TimeoutError as error:
        raise BenchError(f"{durable} was not done after {PATIENCE_SECONDS:g} seconds") from error


if __name__ == "__main__":
    run_main(main)
