"""Real servers for tests: one embedded stack per session, emptied before each test that uses it.

A stack that is kept warm is used instead when ``KINDRED_TEST_NEO4J_URI``, ``KINDRED_TEST_NEO4J_PASSWORD`` and
``KINDRED_TEST_NATS_URL`` (with its login) are set: **its graph and its streams are deleted**. Servers that do not start fail the
tests; nothing is skipped.
"""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import nats
import pytest
from neo4j import GraphDatabase

from bench.installation import KEPT_SETTINGS
from graph.database import Database, Neo4jAddress, open_database
from graph.migrations import migrate
from runtime.settings import Settings, load_settings
from runtime.stack.address import StackAddress
from runtime.stack.nats import NatsAddress
from runtime.stack.stack import Stack

HEAP_MB = 512
EMPTY_GRAPH = (
    "MATCH (n) WHERE NOT n:Migration CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 5000 ROWS",
    "CALL gds.graph.list() YIELD graphName CALL gds.graph.drop(graphName) YIELD graphName AS gone RETURN gone",
    "CALL gds.model.list() YIELD modelName CALL gds.model.drop(modelName) YIELD modelName AS gone RETURN gone",
)


def embedded_stack(settings: Settings) -> Stack:
    """A stack of stores alone, silent."""
    return Stack(settings, services=(), say=lambda _: None, on_jars=lambda _: None, chance=random.Random())


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StackAddress]:
    """Addresses of a running, migrated Neo4j with GDS (``.neo4j``) and of NATS with JetStream (``.nats_url``)."""
    warm = _warm_stack()
    if warm is not None:
        asyncio.run(_migrate(warm))
        yield warm
        return
    embedded = embedded_stack(_settings(tmp_path_factory.mktemp("stack")))
    try:
        yield asyncio.run(embedded.up())
    finally:
        asyncio.run(embedded.down())


@pytest.fixture
async def database(stack: StackAddress) -> AsyncIterator[Database]:
    """A database with the schema and nothing in it; no projected graphs and no models in GDS either."""
    empty_graph(stack.neo4j)
    async with open_database(stack.neo4j) as opened:
        yield opened


@pytest.fixture
async def nats_url(stack: StackAddress) -> str:
    """Address, login included, of a NATS without streams, key-value buckets or object stores."""
    client = await nats.connect(stack.nats_url)
    try:
        jetstream = client.jetstream()
        for stream in await jetstream.streams_info():
            await jetstream.delete_stream(str(stream.config.name))
    finally:
        await client.close()
    return stack.nats_url


def empty_graph(address: Neo4jAddress) -> None:
    """Delete everything but the schema and the record of migrations."""
    with (
        GraphDatabase.driver(address.uri, auth=(address.user, address.password)) as driver,
        driver.session(database=address.database) as session,
    ):
        for statement in EMPTY_GRAPH:
            session.run(statement).consume()


def _settings(home: Path) -> Settings:
    # Only what these tests say: the developer's own environment has no part in them.
    chosen = {name: value for name, value in os.environ.items() if name.startswith("KINDRED_")}
    for name in chosen:
        if name not in KEPT_SETTINGS:
            del os.environ[name]
    try:
        return load_settings(home=home, neo4j_heap_mb=HEAP_MB, neo4j_page_cache_mb=128)
    finally:
        os.environ.update(chosen)


def _warm_stack() -> StackAddress | None:
    uri, nats_address = os.environ.get("KINDRED_TEST_NEO4J_URI"), os.environ.get("KINDRED_TEST_NATS_URL")
    if uri is None and nats_address is None:
        return None
    password = os.environ.get("KINDRED_TEST_NEO4J_PASSWORD")
    if uri is None or nats_address is None or password is None:
        raise pytest.UsageError(
            "set all of KINDRED_TEST_NEO4J_URI, KINDRED_TEST_NEO4J_PASSWORD and KINDRED_TEST_NATS_URL, or none"
        )
    user = os.environ.get("KINDRED_TEST_NEO4J_USER", "neo4j")
    return StackAddress(neo4j=Neo4jAddress(uri=uri, user=user, password=password), nats=NatsAddress(url=nats_address))


async def _migrate(address: StackAddress) -> None:
    async with open_database(address.neo4j) as opened:
        await migrate(opened)
