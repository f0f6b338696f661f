"""A small town, written by the evidence repository and resolved by the resolver, once per module; and the API on top of it.

Time line, all in 2025 (UTC): evidence recorded on 1 March, resolved on 2 March; on 10 March Ada's visit that ties her tablet
to her account is recorded, on 11 March resolved again: two individuals become one.
"""

import asyncio
import itertools
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from neo4j import GraphDatabase
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette

from api.app import create_app
from api.auth import ApiKey, Authenticator, Role
from api.lookup import normaliser
from api.metrics import ApiMetrics
from gnn.model_store import ModelStore
from graph.database import Database, open_database
from graph.identity.conclusion import ORDER
from graph.identity.progress import NoProgress
from graph.identity.resolver import Resolver, open_resolver
from graph.model.evidence import Evidence, PersonName, PostalAddress, ProductLine, RecordVersion, Touchpoint
from graph.model.ids import MessageId, RecordId
from graph.repositories.evidence import EvidenceRepository
from runtime.proposing import proposer_apart
from tests.identifiers import identifiers

FIRST = datetime(2025, 3, 1, 9, tzinfo=UTC)
RESOLVED_FIRST = datetime(2025, 3, 2, 9, tzinfo=UTC)
SECOND = datetime(2025, 3, 10, 9, tzinfo=UTC)
RESOLVED_SECOND = datetime(2025, 3, 11, 9, tzinfo=UTC)
KEY = "reader-key-for-tests"
STEWARD_KEY = "steward-key-for-tests"
POLICY_KEY = "policy-key-for-tests"
KEYS = (
    ApiKey(name="reader", key=KEY),
    ApiKey(name="studio", key="studio-key", roles=frozenset(Role)),
    ApiKey(name="ann", key=STEWARD_KEY, roles=frozenset({Role.READ, Role.STEWARD})),
    ApiKey(name="paul", key=POLICY_KEY, roles=frozenset({Role.READ, Role.POLICY})),
    ApiKey(name="bot", key="bot-key", roles=frozenset({Role.STEWARD})),
)
BUSY_TOUCHPOINTS = 2_500
HOME = PostalAddress(street="12 main st", city="las vegas", region="nv", postal_code="89111", country="US")


def record(
    record_id: str,
    *keys: str,
    given: str,
    family: str,
    at: datetime = FIRST,
    born: date | None = None,
    address: PostalAddress | None = None,
    consent: dict[str, str] | None = None,
) -> RecordVersion:
    source, _, source_id = record_id.partition(":")
    stated = [*keys, "postal_address:12 main st 89111 us"] if address else [*keys]
    return RecordVersion(
        id=MessageId(f"{record_id}@{at:%Y%m%d%H}"),
        at=at,
        recorded_at=at,
        source=source,
        body_sha256="0" * 64,
        identifiers=identifiers(*stated),
        record_id=RecordId(record_id),
        source_record_id=source_id,
        name=PersonName(given=given, family=family, full=f"{given} {family}"),
        name_given=f"{given.title()} {family.title()}",
        birth_date=born,
        address=address or PostalAddress(),
        consent=consent or {},
        traits='{"tier":"gold"}',
    )


def touchpoint(
    touchpoint_id: str,
    *keys: str,
    at: datetime,
    recorded_at: datetime | None = None,
    kind: str = "page_view",
    channel: str = "web",
    value_cents: int | None = None,
    products: tuple[ProductLine, ...] = (),
) -> Touchpoint:
    return Touchpoint(
        id=MessageId(touchpoint_id),
        at=at,
        recorded_at=recorded_at or FIRST,
        source="shop",
        body_sha256="0" * 64,
        identifiers=identifiers(*keys),
        type=kind,
        event="Page Viewed" if kind == "page_view" else "Order Completed",
        channel=channel,
        value_cents=value_cents,
        currency="EUR" if value_cents else None,
        order_id=f"order-{touchpoint_id}" if kind == "order" else None,
        products=products,
        properties='{"colour":"blue"}',
    )


def first_evidence() -> list[Evidence]:
    """Ada and Charles, who share a home; Ada's tablet apart; busy Grace."""
    kettle = ProductLine(product_id="kettle", name="Kettle", category="Kitchen", quantity=2, price_cents=1999)
    ada = [
        record(
            "crm:1", "email:ada@shop.test", "user_id:u1", given="ada", family="byron", born=date(1985, 12, 10), address=HOME,
            consent={"email": "granted", "post": "granted"},
        ),
        record(
            "loyalty:7", "email:ada@shop.test", "loyalty_id:l7", given="ada", family="byron", at=FIRST - timedelta(days=9),
            consent={"email": "denied"},
        ),
        touchpoint("ada-1", "anonymous_id:c1", at=FIRST - timedelta(hours=5)),
        touchpoint("ada-2", "anonymous_id:c1", "user_id:u1", at=FIRST - timedelta(hours=4)),
        touchpoint(
            "ada-3", "user_id:u1", at=FIRST - timedelta(hours=3), kind="order", channel="store", value_cents=3998,
            products=(kettle,),
        ),
        # Two at the same moment: their order is that of their ids.
        touchpoint("ada-4", "anonymous_id:c1", at=FIRST - timedelta(hours=2)),
        touchpoint("ada-5", "anonymous_id:c1", at=FIRST - timedelta(hours=2)),
        touchpoint("tablet-1", "anonymous_id:tablet", at=FIRST - timedelta(hours=1), channel="app"),
        touchpoint("tablet-2", "anonymous_id:tablet", "device_id:d1", at=FIRST - timedelta(minutes=30), channel="app"),
    ]  # fmt: skip
    charles = [record("crm:2", "email:charles@shop.test", given="charles", family="byron", address=HOME)]
    grace = [
        record(
            f"pos:{n}", "email:grace@shop.test", f"loyalty_id:g{n}", given="grace", family="hopper", at=FIRST - timedelta(days=n)
        )
        for n in range(40)
    ]
    visits = [
        touchpoint(
            f"grace-{n:05}",
            f"anonymous_id:g{n % 7}",
            "email:grace@shop.test",
            at=FIRST - timedelta(minutes=n),
            products=(kettle,),
        )
        for n in range(BUSY_TOUCHPOINTS)
    ]
    return [*ada, *charles, *grace, *visits]


def second_evidence() -> list[Evidence]:
    """Ada signs in on her tablet, and revokes a consent."""
    return [
        touchpoint("tablet-3", "anonymous_id:tablet", "user_id:u1", at=SECOND, recorded_at=SECOND, channel="app"),
        record(
            "crm:1", "email:ada@shop.test", "email:ada.byron@work.test", "user_id:u1", given="ada", family="byron", at=SECOND,
            address=HOME, consent={"post": "revoked"},
        ),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def town(stack: Any) -> Any:
    """The address of a Neo4j that holds the town."""
    address = stack.neo4j
    with GraphDatabase.driver(address.uri, auth=(address.user, address.password)) as driver:
        driver.execute_query("MATCH (n) WHERE NOT n:Migration DETACH DELETE n")

    async def build() -> None:
        async with open_database(address) as database:
            evidence = EvidenceRepository(database)
            numbers = itertools.count(1)
            now = FIRST

            def resolver() -> Resolver:
                return open_resolver(database, clock=lambda: now, new_id=lambda: f"{next(numbers):06}")

            events = first_evidence()
            for start in range(0, len(events), 500):
                await evidence.write(events[start : start + 500])
            now = RESOLVED_FIRST
            await resolver().resolve_all(ORDER, progress=NoProgress())
            await evidence.write(second_evidence())
            now = RESOLVED_SECOND
            await resolver().resolve_all(ORDER, progress=NoProgress())

    asyncio.run(build())
    return address


@pytest.fixture
async def town_database(town: Any) -> AsyncIterator[Database]:
    """The town's database, opened for one test."""
    async with open_database(town) as database:
        yield database


AppFactory = Callable[..., Starlette]


@pytest.fixture
def make_app(town_database: Database, stack: Any, tmp_path: Path) -> AppFactory:
    """Makes the API over the town; keyword arguments replace its collaborators."""

    def make(**changes: Any) -> Starlette:
        seconds = itertools.count(1)
        collaborators: dict[str, Any] = {
            "database": town_database,
            "authenticator": Authenticator(KEYS),
            "normalise": normaliser(region="US"),
            # A second later each time it is asked, and after all that the town has seen.
            "clock": lambda: RESOLVED_SECOND + timedelta(days=1, seconds=next(seconds)),
            "new_id": lambda: uuid.uuid4().hex,
            "propose": proposer_apart(stack.neo4j),
            "metrics": ApiMetrics(CollectorRegistry()),
            "checks": {"neo4j": town_database.verify},
            "outages": (),
            "environment": "production",
            "allowed_origins": (),
            "extra_routes": (),
            "models": ModelStore(folder=tmp_path / "models"),
        }
        return create_app(**{**collaborators, **changes})

    return make


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Asks the API as a program would."""

    http: httpx.AsyncClient
    database: Database

    async def ask(self, query: str, /, **variables: Any) -> dict[str, Any]:
        """The whole answer to one operation."""
        answer = await self.http.post("/graphql", json={"query": query, "variables": variables})
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def data(self, query: str, /, **variables: Any) -> dict[str, Any]:
        """The data of an answer that has no errors."""
        body = await self.ask(query, **variables)
        assert "errors" not in body, body["errors"]
        data: dict[str, Any] = body["data"]
        return data


OpenClient = Callable[..., Awaitable[Client]]


@pytest.fixture
async def open_client(make_app: AppFactory, town_database: Database) -> AsyncIterator[OpenClient]:
    """Opens clients of the API; keyword arguments replace its collaborators."""
    opened: list[httpx.AsyncClient] = []

    async def open_one(*, key: str | None = KEY, **changes: Any) -> Client:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        transport = httpx.ASGITransport(make_app(**changes), raise_app_exceptions=False)
        http = httpx.AsyncClient(transport=transport, base_url="http://kindred.test", headers=headers)
        opened.append(http)
        return Client(http=http, database=town_database)

    yield open_one
    for http in opened:
        await http.aclose()


@pytest.fixture
async def steward(open_client: OpenClient) -> Client:
    """A client with a steward's key."""
    return await open_client(key=STEWARD_KEY)


@pytest.fixture
async def policy_maker(open_client: OpenClient) -> Client:
    """A client with a key that may publish policies."""
    return await open_client(key=POLICY_KEY)


@pytest.fixture
async def client(open_client: OpenClient) -> Client:
    """A client with a reader's key."""
    return await open_client()


@pytest.fixture
async def hamlet(database: Database) -> Database:
    """Three people on an emptied graph, resolved on 2 March: Ann with an account, a cookie and a tablet; Zoe; Tim."""
    evidence: list[Evidence] = [
        record("crm:1", "user_id:u1", "email:ann@shop.test", given="ann", family="lee", born=date(1980, 1, 2)),
        record("web:2", "user_id:u1", given="ann", family="lee", born=date(1980, 1, 2)),
        record("crm:3", "user_id:u3", given="zoe", family="adams"),
        record("pos:4", "loyalty_id:l4", given="tim", family="hall"),
        touchpoint("ann-1", "anonymous_id:c1", "user_id:u1", at=FIRST),
        touchpoint("ann-2", "anonymous_id:c1", "device_id:d1", at=FIRST),
    ]
    await EvidenceRepository(database).write(evidence)
    numbers = itertools.count(1)
    resolver = open_resolver(database, clock=lambda: RESOLVED_FIRST, new_id=lambda: f"{next(numbers):06}")
    await resolver.resolve_all(ORDER, progress=NoProgress())
    return database
