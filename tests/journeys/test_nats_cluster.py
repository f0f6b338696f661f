"""One of three NATS servers is killed with -9, and then another, always one that leads: nothing accepted is lost."""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import nats
import pytest
from nats.js import JetStreamContext
from neo4j import AsyncGraphDatabase

from ingest.archive import Archive
from ingest.backlog import wait_until_written
from ingest.streams import DEAD_LETTERS_STREAM, EVENTS_STREAM, TOUCHED_STREAM, WORKERS_DURABLE
from runtime.settings import Settings, load_settings
from runtime.stack.stack import Stack
from runtime.wiring import write_keys
from tests.journeys.load import Load
from tests.journeys.nats_cluster import PASSWORD, NatsCluster
from tests.journeys.services import ServiceProcess

pytestmark = pytest.mark.slow

STREAMS = (EVENTS_STREAM, DEAD_LETTERS_STREAM, TOUCHED_STREAM)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[NatsCluster]:
    built = NatsCluster(tmp_path / "cluster")
    try:
        for name in built.ports:
            built.start(name)
        yield built
    finally:
        built.stop()


@pytest.fixture
def clustered(settings: Settings, cluster: NatsCluster, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of an installation on the cluster; they reach its processes through the environment."""
    given = {"NATS_URL": cluster.url, "NATS_USER": "kindred", "NATS_PASSWORD": PASSWORD, "NATS_REPLICAS": "3"}
    for name, value in given.items():
        monkeypatch.setenv(f"KINDRED_{name}", value)
    return load_settings(home=settings.home, neo4j_heap_mb=400, neo4j_page_cache_mb=64)


def test_a_killed_leader_costs_nothing_that_was_accepted(clustered: Settings, cluster: NatsCluster, tmp_path: Path) -> None:
    stack = Stack(clustered, services=(), say=lambda _: None, on_jars=lambda _: None, chance=random.Random(4))
    try:
        asyncio.run(asyncio.wait_for(kill_leaders_under_load(clustered, stack, cluster, tmp_path / "archive"), timeout=400))
    finally:
        asyncio.run(stack.down())


async def leader_of(js: JetStreamContext, *, consumer: str | None = None) -> str:
    info = await js.stream_info(EVENTS_STREAM) if consumer is None else await js.consumer_info(EVENTS_STREAM, consumer)
    assert info.cluster is not None
    assert info.cluster.leader is not None
    return info.cluster.leader


async def kill_leaders_under_load(settings: Settings, stack: Stack, cluster: NatsCluster, archive: Path) -> None:
    await cluster.whole()
    address = await stack.up()
    server = ServiceProcess(settings.home, "serve", port_option="--port")
    worker = ServiceProcess(settings.home, "worker")
    archiver = ServiceProcess(settings.home, "archive", "--archive", str(archive))
    everyone = (server, worker, archiver)
    [key] = write_keys(settings).values()
    load, stopping = Load(server.url, write_key=key), asyncio.Event()
    client = await nats.connect(address.nats_url.split(","), max_reconnect_attempts=-1, reconnect_time_wait=0.2)
    js = client.jetstream()
    try:
        for service in everyone:
            service.start()
        for service in everyone:
            await service.ready()
        await cluster.whole(*STREAMS)
        loading = asyncio.create_task(load.run(stopping=stopping))
        for consumer in (None, WORKERS_DURABLE, None):
            await load.more(300)
            victim = await leader_of(js, consumer=consumer)
            cluster.kill(victim)
            await load.more(300)  # with two of three
            cluster.start(victim)
            await cluster.whole(*STREAMS)
        stopping.set()
        await loading
        await wait_until_written(js, patience_seconds=60)
        for service in everyone:
            await service.ready()
        stored = (await js.stream_info(EVENTS_STREAM)).state
        await archiver.ends_in_order(seconds=20)
        assert Archive(archive).position() == stored.last_seq
        assert (await js.stream_info(DEAD_LETTERS_STREAM)).state.messages == 0
        written = await touchpoints(address.neo4j.uri, address.neo4j.password)
        assert load.accepted <= written
        assert len(load.accepted) >= 1_800
        assert len(written) == stored.messages, "none is there twice"
    finally:
        await client.close()
        for service in everyone:
            service.kill()


async def touchpoints(uri: str, password: str) -> set[str]:
    async with AsyncGraphDatabase.driver(uri, auth=("neo4j", password)) as driver:
        records, _, _ = await driver.execute_query("MATCH (t:Touchpoint) RETURN t.id AS id")
        return {record["id"] for record in records}
