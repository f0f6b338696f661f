"""The demonstration, end to end: the commands a user would run, one after the other, on data that is shipped."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from time import perf_counter

import nats
import orjson

from graph.database import Database
from graph.identity.resolver import ORDER, NoProgress, ResolutionReport, open_resolver
from graph.statements.demo import CHOOSE_SHOWCASE, Showcase
from graph.statements.neodash import COUNT_NODES
from graph.statements.statement import NoParameters
from ingest.files import GoodRow, read_rows
from ingest.import_rows import event_of
from ingest.mapping import load_mapping
from ingest.publisher import open_publisher
from ingest.streams import EVENTS_STREAM, WORKERS_DURABLE
from ingest.topology import Retention
from ingest.wire import WIRE_EVENT, WireEvent
from runtime.demo.answer import Answer
from runtime.demo.client import HttpClient
from runtime.demo.errors import DemoError
from runtime.demo.retail import DEMO_DATE, read_customers, retail_events
from runtime.settings import Settings
from runtime.stack.services import Service
from runtime.stack.stack import Stack
from runtime.wiring import Platform, open_platform

DATA = Path(__file__).parent / "data" / "senzing_truthset"
RECORDS = tuple(DATA / f"{source}.jsonl" for source in ("customers", "reference", "watchlist"))
CUSTOMERS = DATA / "customers.csv"
MAPPING = "senzing"
"""The mapping of these files, one that comes with Kindred."""
WRITTEN_TIMEOUT_SECONDS = 120.0
READY_TIMEOUT_SECONDS = 60.0
POLL_SECONDS = 0.1
SERVICES = (Service(name="worker", arguments=("worker",)), Service(name="server", arguments=("serve",)))
"""What the demonstration leaves running beside the stores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the demonstration has to show in the end."""

    answer: Answer
    nodes: dict[str, int]
    reports: tuple[ResolutionReport, ...]
    page: str
    email: str


class Demonstration:
    """Brings an installation up and takes the shipped data through it.

    Args:
        settings: the installation.
        stack: its stores and services.
        say: told, in a few words, what was done and how long it took.
    """

    def __init__(self, settings: Settings, *, stack: Stack, say: Callable[[str], None]) -> None:
        self._settings = settings
        self._stack = stack
        self._say = say

    async def run(self) -> Shown:
        """Start, import, resolve, serve, ask. Running it again adds nothing.

        Raises:
            KindredError: what was observed instead, by its subclass.
        """
        async with self._step("The stack is up: Neo4j with GDS, NATS, a worker, the HTTP server"):
            await self._stack.up()
        async with open_platform(self._settings) as platform:
            async with self._step("The worker has written every event"):
                await self._import(platform)
                await until_written(platform.nats_url)
            async with self._step("Three identity graphs are resolved"):
                reports = await self._resolve(platform.database)
            return await self._show(platform.database, reports)

    async def _import(self, platform: Platform) -> int:
        """Publish the truth set's records and the retail stream, as ``kindred import`` does; return how many events."""
        retail = self._settings.home / "demo" / "retail.jsonl"
        await asyncio.to_thread(write_retail, retail)
        async with open_publisher(platform.nats_url, retention=Retention()) as publisher:
            results = await publisher.publish_all([(event, None) for event in chain(record_events(), read_events(retail))])
        return len(results)

    async def _resolve(self, database: Database) -> list[ResolutionReport]:
        resolver = open_resolver(database, clock=lambda: datetime.now(UTC), new_id=lambda: uuid.uuid4().hex)
        return await resolver.resolve_all(ORDER, progress=NoProgress())

    async def _show(self, database: Database, reports: Sequence[ResolutionReport]) -> Shown:
        showcase = await choose_showcase(database)
        client = HttpClient(f"http://{self._settings.host}:{self._settings.port}")
        async with self._step(f"The server answers at {client.base_url}"):
            await client.until_ready(timeout_seconds=READY_TIMEOUT_SECONDS)
        answer = await client.profile(email=showcase.email)
        if answer.profile.identity_id != showcase.individual_id:
            raise DemoError(
                f"the server at {client.base_url} knows {answer.profile.identity_id} by that e-mail address, this installation "
                f"{showcase.individual_id}: another installation has the port; set KINDRED_PORT to a free one",
                code="port_of_another",
            )
        totals = await database.run(COUNT_NODES, NoParameters())
        return Shown(
            answer=answer,
            nodes={row.what: row.total for row in totals},
            reports=tuple(reports),
            page=client.page(email=showcase.email),
            email=showcase.email,
        )

    @asynccontextmanager
    async def _step(self, done: str) -> AsyncIterator[None]:
        started = perf_counter()
        yield
        self._say(f"{done} ({perf_counter() - started:.1f} s)")


async def choose_showcase(database: Database) -> Showcase:
    """The person of the graph who has most to show.

    Raises:
        DemoError: nobody has records, an e-mail address and a journey.
    """
    found = await database.run(CHOOSE_SHOWCASE, NoParameters())
    if not found:
        raise DemoError(
            "no individual has records, an e-mail address and a journey; was the data resolved?", code="nobody_to_show"
        )
    return found[0]


def record_events() -> Iterator[WireEvent]:
    """The truth set's records as events.

    Raises:
        DemoError: a line of the shipped files cannot be read.
    """
    mapping = load_mapping(MAPPING)
    for path in RECORDS:
        for row in read_rows(path):
            if not isinstance(row, GoodRow):
                raise DemoError(f"{path}, line {row.line}, cannot be read: {row.reason}")
            if (event := event_of(row.values, mapping, source=None, today=DEMO_DATE.date())) is not None:
                yield WIRE_EVENT.validate_python(event)


def read_events(path: Path) -> Iterator[WireEvent]:
    """The events of a file of JSON Lines."""
    with path.open("rb") as lines:
        for line in lines:
            yield WIRE_EVENT.validate_json(line)


def write_retail(path: Path) -> int:
    """Write the retail stream as JSON Lines, one wire event a line; return how many."""
    events = retail_events(read_customers(CUSTOMERS))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(orjson.dumps(event) + b"\n" for event in events))
    return len(events)


async def until_written(nats_url: str) -> None:
    """Wait until the workers have settled every event of the stream.

    Raises:
        DemoError: they had not after two minutes.
    """
    client = await nats.connect(nats_url)
    try:
        stream = client.jetstream()
        async with asyncio.timeout(WRITTEN_TIMEOUT_SECONDS):
            while True:
                waiting = await stream.consumer_info(EVENTS_STREAM, WORKERS_DURABLE)
                left = (waiting.num_pending or 0) + (waiting.num_ack_pending or 0)
                if not left:
                    return
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError as error:
        raise DemoError(
            f"{left} events were not written within {WRITTEN_TIMEOUT_SECONDS:g} seconds; see the worker's log", code="not_written"
        ) from error
    finally:
        await client.close()
