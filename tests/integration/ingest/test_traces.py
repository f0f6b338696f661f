"""One trace goes from the collector's request to the commit and to the settled identities; nobody is named in it."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from time import perf_counter

import httpx
import nats
import pytest
import uvicorn
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.middleware import Middleware

from api.access_log import AccessLog
from api.metrics import ApiMetrics
from graph.database import Database
from graph.identity.stewardship import open_stewardship
from graph.repositories.evidence import EvidenceRepository
from graph.tracing import trace_to
from ingest.collector import collector_routes
from ingest.live import TouchedHandler, follow_touched
from ingest.publisher import EventPublisher
from ingest.streams import EVENTS_STREAM, RESOLVERS_DURABLE, TOUCHED_STREAM
from ingest.workers import BatchHandler
from tests.integration.ingest.conftest import REGION, WRITE_KEYS, Intake

KEY = (WRITE_KEYS["shop"], "")
REQUEST = "POST /v1/batch"
SENDER = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace_to(provider)
    yield exporter
    trace_to(None)


@pytest.fixture
async def observed_collector(publisher: EventPublisher) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a collector behind the server's own middleware."""
    middleware = [Middleware(AccessLog, metrics=ApiMetrics(CollectorRegistry()))]
    app = Starlette(routes=collector_routes(publisher, WRITE_KEYS, region=REGION), middleware=middleware)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="off"))
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment] # pytest's own stay in place
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", auth=KEY) as client:
        yield client
    server.should_exit = True
    await serving


@contextlib.asynccontextmanager
async def resolving(intake: Intake, database: Database) -> AsyncIterator[None]:
    """A resolver that follows the workers, until all they touched is settled."""
    stewardship = open_stewardship(database, clock=lambda: datetime.now(UTC), new_id=lambda: uuid.uuid4().hex)
    stopping = asyncio.Event()
    handler = TouchedHandler(settle=stewardship.settle)
    following = asyncio.create_task(follow_touched(intake.js, handler=handler, stopping=stopping))
    try:
        yield
        await intake.drained()
        started = perf_counter()
        while (info := await intake.js.consumer_info(TOUCHED_STREAM, RESOLVERS_DURABLE)).num_pending or info.num_ack_pending:
            assert perf_counter() - started < 30
            await asyncio.sleep(0.02)
    finally:
        stopping.set()
        await following


def batch_handler(database: Database, publisher: EventPublisher) -> BatchHandler:
    return BatchHandler(evidence=EvidenceRepository(database), publisher=publisher, region=REGION)


def identify(number: int) -> dict[str, object]:
    return {
        "type": "identify",
        "messageId": f"secret-message-{number}",
        "userId": f"secret-user-{number}",
        "traits": {"email": f"secret{number}@mail.test", "firstName": "Secretia"},
    }


def named(spans: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [span for span in spans.get_finished_spans() if span.name == name]


def trace_id(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"{span.context.trace_id:032x}"


def ancestry(spans: InMemorySpanExporter, span: ReadableSpan) -> list[str]:
    """Names from a span up to its farthest known ancestor."""
    known = {each.context.span_id: each for each in spans.get_finished_spans() if each.context is not None}
    path = [span.name]
    while span.parent is not None and span.parent.span_id in known:
        span = known[span.parent.span_id]
        path.append(span.name)
    return path


async def test_one_trace_goes_from_the_request_to_the_settled_identities(
    spans: InMemorySpanExporter, observed_collector: httpx.AsyncClient, intake: Intake, database: Database
) -> None:
    async with resolving(intake, database):
        headers = {"traceparent": f"00-{SENDER}-00f067aa0ba902b7-01"}
        answer = await observed_collector.post("/v1/batch", json={"batch": [identify(1)]}, headers=headers)
        assert answer.status_code == 200
    [request] = named(spans, REQUEST)
    assert trace_id(request) == SENDER, "the sender's trace goes on"
    [settled] = named(spans, "settle identities")
    assert ancestry(spans, settled) == [
        "settle identities",
        "publish kindred.v1.touched",
        "write events",
        "publish kindred.v1.events",
        REQUEST,
    ]
    writes = [ancestry(spans, span) for span in named(spans, "neo4j write")]
    assert any(path[1] == "write events" for path in writes), "the commit of the evidence"
    assert any(path[1] == "settle identities" for path in writes), "the commit of the identities"
    assert {trace_id(span) for span in spans.get_finished_spans() if "kindred.v1" in span.name} == {SENDER}
    assert not [span.name for span in spans.get_finished_spans() if "secret" in span.to_json().lower()]


async def test_a_batch_of_several_traces_links_to_each_and_each_says_when_it_was_written(
    spans: InMemorySpanExporter,
    publisher: EventPublisher,
    observed_collector: httpx.AsyncClient,
    database: Database,
    nats_url: str,
) -> None:
    for number in range(3):
        assert (await observed_collector.post("/v1/batch", json={"batch": [identify(number)]})).status_code == 200
    requests = {trace_id(span) for span in named(spans, REQUEST)}
    assert len(requests) == 3
    connection = await nats.connect(nats_url)
    subscription = await connection.jetstream().pull_subscribe_bind("kindred-workers", EVENTS_STREAM)
    messages = await subscription.fetch(3, timeout=5)
    await batch_handler(database, publisher).handle(messages)
    await connection.close()
    written = named(spans, "write events")
    [batch] = [span for span in written if len(span.links) == 3]
    assert {f"{link.context.trace_id:032x}" for link in batch.links} == requests
    assert sorted(trace_id(span) for span in written) == sorted(requests), "one span in each trace, the batch itself in one"
    for span in written:
        if span is not batch:
            assert span.links[0].context == batch.context


async def test_what_is_not_sampled_is_not_made_visible_by_its_batch(
    publisher: EventPublisher, observed_collector: httpx.AsyncClient, database: Database, nats_url: str
) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(sampler=ParentBased(ALWAYS_OFF), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace_to(provider)
    try:
        await observed_collector.post("/v1/batch", json={"batch": [identify(1)]})
        connection = await nats.connect(nats_url)
        subscription = await connection.jetstream().pull_subscribe_bind("kindred-workers", EVENTS_STREAM)
        [message] = await subscription.fetch(1, timeout=5)
        assert message.headers is not None
        assert int(message.headers["traceparent"][-2:], 16) & 1 == 0, "the flag of sampling"
        await batch_handler(database, publisher).handle([message])
        await connection.close()
    finally:
        trace_to(None)
    assert exporter.get_finished_spans() == ()


async def test_without_tracing_messages_carry_nothing(observed_collector: httpx.AsyncClient, nats_url: str) -> None:
    await observed_collector.post("/v1/batch", json={"batch": [identify(1)]})
    connection = await nats.connect(nats_url)
    message = await connection.jetstream().get_msg(EVENTS_STREAM, seq=1)
    await connection.close()
    assert message.headers is not None
    assert "traceparent" not in message.headers
