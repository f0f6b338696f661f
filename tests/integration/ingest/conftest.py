"""A running intake: publisher, workers and collector on real servers."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import nats
import pytest
import uvicorn
from nats.aio.client import Client
from nats.js import JetStreamContext
from neo4j import AsyncGraphDatabase
from starlette.applications import Starlette

from graph.database import Database
from graph.repositories.evidence import EvidenceRepository
from ingest.collector import collector_routes
from ingest.dead_letters import DeadLetter, DeadLetters
from ingest.publisher import EventPublisher, open_publisher
from ingest.streams import EVENTS_STREAM, WORKERS_DURABLE
from ingest.topology import Retention, ensure_topology
from ingest.worker_pool import running_workers
from ingest.workers import BatchHandler
from runtime.stack.address import StackAddress

WRITE_KEYS = {"shop": "key-of-the-shop", "till": "key-of-the-till"}
REGION = "US"

Query = Callable[..., Awaitable[list[dict[str, Any]]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What a test does to a running intake and asks of it."""

    connection: Client
    publisher: EventPublisher
    dead_letters: DeadLetters

    @property
    def js(self) -> JetStreamContext:
        return self.connection.jetstream()

    async def drained(self, *, seconds: float = 60.0) -> None:
        """Wait until every event has been settled."""
        # On a busy machine a consumer learns of a message some time after its publisher was told that it is kept.
        last = (await self.js.stream_info(EVENTS_STREAM)).state.last_seq
        async with asyncio.timeout(seconds):
            while True:
                info = await self.js.consumer_info(EVENTS_STREAM, WORKERS_DURABLE)
                known = info.delivered is not None and info.delivered.stream_seq >= last
                if known and not info.num_pending and not info.num_ack_pending:
                    return
                await asyncio.sleep(0.02)

    async def parked(self) -> list[DeadLetter]:
        """The dead letters, once every event has been settled."""
        await self.drained()
        return [letter async for letter in self.dead_letters.all()]


@pytest.fixture
async def query(stack: StackAddress, database: Database) -> AsyncIterator[Query]:
    """Asks the emptied database, past the code under test."""
    address = stack.neo4j
    async with AsyncGraphDatabase.driver(address.uri, auth=(address.user, address.password)) as driver:

        async def run(text: str, **parameters: Any) -> list[dict[str, Any]]:
            records, _, _ = await driver.execute_query(text, parameters, database_=address.database)
            return [record.data() for record in records]

        yield run


@pytest.fixture
async def publisher(nats_url: str) -> AsyncIterator[EventPublisher]:
    async with open_publisher(nats_url, retention=Retention(), patience_seconds=5.0) as opened:
        yield opened


@pytest.fixture
async def intake(nats_url: str, publisher: EventPublisher, database: Database) -> AsyncIterator[Intake]:
    """Workers that write into the emptied database."""

    async def prepare(js: JetStreamContext) -> None:
        await ensure_topology(js, retention=Retention())

    def handler() -> BatchHandler:
        return BatchHandler(evidence=EvidenceRepository(database), publisher=publisher, region=REGION)

    connection = await nats.connect(nats_url)
    try:
        async with running_workers(nats_url, handler=handler, prepare=prepare):
            yield Intake(connection=connection, publisher=publisher, dead_letters=DeadLetters(connection.jetstream()))
    finally:
        await connection.close()


@pytest.fixture
async def collector_url(publisher: EventPublisher) -> AsyncIterator[str]:
    """Address of a collector that a real HTTP server serves."""
    app = Starlette(routes=collector_routes(publisher, WRITE_KEYS, region=REGION))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="off"))
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment] # pytest's own stay in place
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await serving
