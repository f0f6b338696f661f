"""The demonstration, end to end: the commands a user would run, one after the other, on data that is shipped."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import orjson

from graph.database import Database
from graph.identity.conclusion import ORDER
from graph.identity.progress import NoProgress
from graph.identity.resolver import ResolutionReport
from graph.statements.demo import CHOOSE_SHOWCASE, Showcase
from graph.statements.neodash import COUNT_NODES
from graph.statements.statement import NoParameters
from ingest.backlog import wait_until_written
from ingest.importer import Importer
from ingest.mapping import load_mapping
from ingest.publisher import EventPublisher, open_nats
from runtime.demo.answer import Answer
from runtime.demo.client import HttpClient
from runtime.demo.errors import DemoError
from runtime.demo.retail import read_customers, retail_events
from runtime.resolving import resolve_once
from runtime.settings import Settings
from runtime.stack.stack import Stack
from runtime.wiring import Platform, api_keys, open_platform, retention

DATA = Path(__file__).parent / "data" / "senzing_truthset"
RECORDS = tuple(DATA / f"{source}.jsonl" for source in ("customers", "reference", "watchlist"))
CUSTOMERS = DATA / "customers.csv"
MAPPING = "senzing"
"""The mapping of these files, one that comes with Kindred."""
WRITTEN_TIMEOUT_SECONDS = 120.0
READY_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the demonstration has to show in the end."""

    answer: Answer
    nodes: dict[str, int]
    reports: tuple[ResolutionReport, ...]
    page: str
    """Address of GraphiQL with the question."""
    api_key: str = field(repr=False)
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
            async with self._step("Three identity graphs are resolved"):
                reports = await resolve_once(platform.database, ORDER, progress=NoProgress())
            return await self._show(platform.database, reports)

    async def _import(self, platform: Platform) -> int:
        """Import the truth set's records and the retail stream, as ``kindred import --wait`` does; return how many rows."""
        retail = self._settings.home / "demo" / "retail.jsonl"
        await asyncio.to_thread(write_retail, retail)
        async with open_nats(platform.nats_url, retention=retention(platform.settings)) as connection:
            importer = Importer(
                publisher=EventPublisher(connection),
                bookmarks=self._settings.home / "imports",
                region=self._settings.default_region,
                now=lambda: datetime.now(UTC),
            )
            records = load_mapping(MAPPING)
            rows = 0
            for path, mapping in [*((path, records) for path in RECORDS), (retail, None)]:
                counts = await importer.import_file(path, mapping=mapping, source=None, progress=lambda _position, _counts: None)
                rows += counts.rows
            await wait_until_written(connection.jetstream(), patience_seconds=WRITTEN_TIMEOUT_SECONDS)
        return rows

    async def _show(self, database: Database, reports: Sequence[ResolutionReport]) -> Shown:
        showcase = await choose_showcase(database)
        keys = api_keys(self._settings)
        if not keys:
            raise DemoError("no API key is set; set KINDRED_API_KEYS, or KINDRED_ENVIRONMENT to development", code="no_api_key")
        key = next(iter(keys.values()))
        client = HttpClient(f"http://{self._settings.host}:{self._settings.port}", api_key=key)
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
            api_key=key,
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


def write_retail(path: Path) -> int:
    """Write the retail stream as JSON Lines, one wire event a line; return how many."""
    events = retail_events(read_customers(CUSTOMERS))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(orjson.dumps(event) + b"\n" for event in events))
    return len(events)
