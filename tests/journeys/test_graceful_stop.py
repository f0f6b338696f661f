"""Every service is told to stop under load: each ends in order and in time, and nothing that was accepted is lost.

On the way: services say whether they are ready, count what they do, and send one trace from request to settled identity.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import nats
import psutil
import pytest
from neo4j import AsyncGraphDatabase

from ingest.archive import Archive
from ingest.backlog import wait_until_written
from ingest.lag import read_lag
from ingest.streams import DEAD_LETTERS_STREAM, EVENTS_STREAM, RESOLVERS_DURABLE
from runtime.settings import Settings
from runtime.stack.doctor import Doctor
from runtime.stack.stack import Stack
from runtime.stack.state import read_state
from runtime.wiring import write_keys
from tests.journeys.load import Load
from tests.journeys.services import ServiceProcess
from tests.otlp import receiving

pytestmark = pytest.mark.slow

BOUND_SECONDS = 20.0
"""A third below what Kubernetes waits for before it kills."""


@pytest.fixture
def stack(settings: Settings) -> Iterator[Stack]:
    built = Stack(settings, services=(), say=lambda _: None, on_jars=lambda _: None, chance=random.Random(3))
    try:
        yield built
    finally:
        asyncio.run(built.down())


@contextlib.asynccontextmanager
async def running(*services: ServiceProcess) -> AsyncIterator[None]:
    try:
        for service in services:
            service.start()
        yield
    finally:
        for service in services:
            service.kill()


def test_services_end_in_order_under_load_and_nothing_accepted_is_lost(
    settings: Settings, stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving() as traces:
        monkeypatch.setenv("KINDRED_TRACES_ENDPOINT", traces.url)
        asyncio.run(asyncio.wait_for(stop_each_under_load(settings, stack, tmp_path / "archive"), timeout=480))
    services: dict[bytes, set[str]] = {}
    for service, span in traces.spans():
        services.setdefault(span.trace_id, set()).add(service)
    assert {"kindred-server", "kindred-worker", "kindred-resolver"} in services.values(), "one trace through all three"


async def stop_each_under_load(settings: Settings, stack: Stack, archive: Path) -> None:
    address = await stack.up()
    home = settings.home
    server = ServiceProcess(home, "serve", port_option="--port")
    worker = ServiceProcess(home, "worker")
    resolver = ServiceProcess(home, "resolve", "--every", "60")
    archiver = ServiceProcess(home, "archive", "--archive", str(archive))
    everyone = (server, worker, resolver, archiver)
    [key] = write_keys(settings).values()
    load, stopping = Load(server.url, write_key=key), asyncio.Event()
    async with running(*everyone):
        for service in everyone:
            await service.ready()
        loading = asyncio.create_task(load.run(stopping=stopping))
        for service in (worker, resolver, archiver):
            await load.more(600)
            await service.ends_in_order(seconds=BOUND_SECONDS)
            await load.more(200)  # which must wait in the streams
            service.start()
            await service.ready()
        await load.more(500)
        await server.ends_in_order(seconds=BOUND_SECONDS)
        assert not loading.done()
        server.start()
        await server.ready()
        await load.more(500)
        stopping.set()
        await loading

        client = await nats.connect(address.nats_url)
        js = client.jetstream()
        await wait_until_written(js, patience_seconds=60)
        async with asyncio.timeout(60):
            while (waiting := (await read_lag(js)).of(RESOLVERS_DURABLE)) is None or waiting.oldest_at is not None:
                await asyncio.sleep(0.1)
        await archiver.ends_in_order(seconds=BOUND_SECONDS)
        written = await touchpoints(stack, address.neo4j.uri, address.neo4j.password)
        assert load.accepted <= written
        assert len(written) == (await js.stream_info(EVENTS_STREAM)).state.messages, "each once"
        assert (await js.stream_info(DEAD_LETTERS_STREAM)).state.messages == 0
        assert Archive(archive).position() == (await js.stream_info(EVENTS_STREAM)).state.last_seq
        await client.close()

        await they_count(server, worker, resolver)
        checks = await Doctor(settings).examine()
        assert {check.name: check.observed for check in checks if not check.passed} == {}
        assert {"workers", "resolver", "dead letters", "clocks"} <= {check.name for check in checks}
        await they_say_that_a_store_is_away(settings, stack, server, worker, resolver)


async def touchpoints(stack: Stack, uri: str, password: str) -> set[str]:
    async with AsyncGraphDatabase.driver(uri, auth=("neo4j", password)) as driver:
        records, _, _ = await driver.execute_query("MATCH (t:Touchpoint) RETURN t.id AS id")
        return {record["id"] for record in records}


async def they_count(server: ServiceProcess, worker: ServiceProcess, resolver: ServiceProcess) -> None:
    assert await server.metric("kindred_collected_total") > 0
    assert await server.metric("kindred_stream_messages") > 0
    assert await server.metric("kindred_stream_pending") == 0
    assert await server.metric("kindred_stream_waiting_seconds") == 0
    # Since its restart: each event of one outcome, with its latency where it was written.
    assert await worker.metric("kindred_event_written_seconds_count") > 0
    assert await worker.metric("kindred_batch_events_sum") == await worker.metric("kindred_events_total")
    settled = await resolver.metric("kindred_event_settled_seconds_count")
    assert settled >= await resolver.metric("kindred_settle_members_count") > 0
    assert await resolver.metric("kindred_identity_changes_total") > 0


async def they_say_that_a_store_is_away(settings: Settings, stack: Stack, *services: ServiceProcess) -> None:
    state = read_state(settings.home)
    assert state is not None
    process = psutil.Process(state.processes["nats"].pid)
    process.kill()
    process.wait(20)
    for service in services:
        await service.ready(status=503)
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{service.url}/healthz")).status_code == 200, "it lives, and waits"
    for service in services:
        await service.ends_in_order(seconds=BOUND_SECONDS)
    await stack.up()
