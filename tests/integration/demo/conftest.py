"""The demonstration's data in a real graph, resolved: made once for a module, of the files and events that the command uses."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

import orjson
import pytest
from neo4j import GraphDatabase

from graph.database import Database, Neo4jAddress, open_database
from graph.identity.conclusion import ORDER
from graph.identity.progress import NoProgress
from graph.identity.resolver import open_resolver
from graph.migrations import migrate
from graph.repositories.evidence import EvidenceRepository
from ingest.files import GoodRow, read_rows
from ingest.import_rows import event_of
from ingest.mapping import load_mapping
from ingest.normalise.event import parse_event, to_evidence
from runtime.demo.retail import read_customers, retail_events
from runtime.demo.story import CUSTOMERS, MAPPING, RECORDS

BATCH = 400
TODAY = date(2026, 11, 22)


def demo_events() -> list[dict[str, Any]]:
    mapping = load_mapping(MAPPING)
    rows = [row for path in RECORDS for row in read_rows(path)]
    assert all(isinstance(row, GoodRow) for row in rows)
    events = [event_of(row.values, mapping, source=None, today=TODAY) for row in rows]
    return [event for event in events if event] + retail_events(read_customers(CUSTOMERS))


async def load(address: Neo4jAddress) -> None:
    now = datetime.now(UTC)
    evidence = [to_evidence(parse_event(orjson.dumps(event)), recorded_at=now, region="US") for event in demo_events()]
    async with open_database(address) as database:
        await migrate(database)
        repository = EvidenceRepository(database)
        for start in range(0, len(evidence), BATCH):
            await repository.write(evidence[start : start + BATCH])
        resolver = open_resolver(database, clock=lambda: datetime.now(UTC), new_id=lambda: uuid.uuid4().hex)
        await resolver.resolve_all(ORDER, progress=NoProgress())


@pytest.fixture(scope="module")
def demo_graph(stack: Any) -> Neo4jAddress:
    """Address of a graph that holds the demonstration's data and nothing else."""
    address: Neo4jAddress = stack.neo4j
    with GraphDatabase.driver(address.uri, auth=(address.user, address.password)) as driver, driver.session() as session:
        session.run("MATCH (n) WHERE NOT n:Migration CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 5000 ROWS").consume()
    asyncio.run(load(address))
    return address


@pytest.fixture
async def demo_database(demo_graph: Neo4jAddress) -> AsyncIterator[Database]:
    async with open_database(demo_graph) as database:
        yield database
