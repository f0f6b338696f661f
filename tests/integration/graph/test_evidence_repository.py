"""Evidence in a real Neo4j: the same graph whatever is delivered twice, late or out of order; conflicts and bad values told."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from neo4j import AsyncDriver, AsyncGraphDatabase

from graph.database import Database
from graph.model.evidence import Evidence, PersonName, PostalAddress, ProductLine, RecordVersion, RejectedValue, Touchpoint
from graph.model.ids import MessageId, RecordId
from graph.repositories.evidence import AlreadyThere, Conflict, EvidenceRefused, EvidenceRepository, Written
from tests.identifiers import identifiers

START = datetime(2026, 1, 1, tzinfo=UTC)
DUMP_NODES = "MATCH (n) WHERE NOT n:Migration RETURN labels(n) AS labels, properties(n) AS properties"
DUMP_RELATIONSHIPS = """
MATCH (a)-[r]->(b)
RETURN type(r) AS type, properties(r) AS properties,
  labels(a) + [coalesce(a.key, a.id, a.name)] AS start, labels(b) + [coalesce(b.key, b.id, b.name)] AS end
"""
EMPTY = "MATCH (n) WHERE NOT n:Migration DETACH DELETE n"

Dump = Callable[[], Awaitable[list[str]]]


def touchpoint(message_id: str, *keys: str, minutes: int = 0, **more: Any) -> Touchpoint:
    return Touchpoint(
        **{
            "id": MessageId(message_id),
            "at": START + timedelta(minutes=minutes),
            "recorded_at": START + timedelta(days=30),
            "source": "shop",
            "body_sha256": f"{message_id:0>64}",
            "identifiers": identifiers(*keys),
            "type": "order",
            "event": "Order Completed",
            "channel": "web",
            **more,
        }
    )


def version(message_id: str, record: str, *keys: str, minutes: int = 0, **more: Any) -> RecordVersion:
    return RecordVersion(
        **{
            "id": MessageId(message_id),
            "at": START + timedelta(minutes=minutes),
            "recorded_at": START + timedelta(days=30),
            "source": "crm",
            "body_sha256": f"{message_id:0>64}",
            "identifiers": identifiers(*keys),
            "record_id": RecordId(f"crm:{record}"),
            "source_record_id": record,
            **more,
        }
    )


KEYS = [*(f"email:p{n}@kindred.example.com" for n in range(3)), *(f"anonymous_id:c{n}" for n in range(9)), "user_id:u1"]
PRODUCT = st.builds(
    ProductLine,
    product_id=st.sampled_from(["p1", "p2"]),
    name=st.sampled_from([None, "Shirt", "Blue shirt"]),
    category=st.sampled_from([None, "Clothes", "Sale"]),
    brand=st.sampled_from([None, "Own"]),
    quantity=st.sampled_from([None, 1.0, 2.5]),
    price_cents=st.sampled_from([None, 1999]),
)


@st.composite
def evidence(draw: st.DrawFn, number: int) -> Evidence:
    """One event: few identifiers, records, products and minutes, so that events meet."""
    keys = draw(st.sets(st.sampled_from(KEYS), max_size=10))
    minutes = draw(st.integers(min_value=-5, max_value=5))
    if draw(st.booleans()):
        return touchpoint(
            f"m{number}",
            *keys,
            minutes=minutes,
            products=tuple(draw(st.lists(PRODUCT, max_size=2))),
            order_id=draw(st.sampled_from([None, "o1"])),
            store_id=draw(st.sampled_from([None, "s1", "s2"])),
            campaign=draw(st.sampled_from([None, "spring"])),
            coupon=draw(st.sampled_from([None, "TEN"])),
        )
    return version(
        f"m{number}",
        draw(st.sampled_from(["1", "2"])),
        *keys,
        minutes=minutes,
        entity_type=draw(st.sampled_from(["person", "organization"])),
        name=PersonName(given="ada", full="ada"),
    )


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[Evidence], list[list[Evidence]]]:
    """Events once and in order; and the same delivered in any order, some again, in batches of any size."""
    events = [draw(evidence(number)) for number in range(draw(st.integers(min_value=1, max_value=8)))]
    again = draw(st.lists(st.sampled_from(events), max_size=5))
    arriving = draw(st.permutations([*events, *again]))
    batches: list[list[Evidence]] = []
    while arriving:
        size = draw(st.integers(min_value=1, max_value=len(arriving)))
        batches.append(arriving[:size])
        arriving = arriving[size:]
    return events, batches


@pytest.fixture
async def driver(stack: Any, database: Database) -> Any:
    address = stack.neo4j
    async with AsyncGraphDatabase.driver(address.uri, auth=(address.user, address.password)) as opened:
        yield opened


async def dump(driver: AsyncDriver) -> list[str]:
    """Every node and relationship with all its properties but the time of writing, in one order."""
    lines = []
    for text in (DUMP_NODES, DUMP_RELATIONSHIPS):
        records, _, _ = await driver.execute_query(text)
        for record in records:
            values = [_kept(value) if isinstance(value, dict) else value for value in record.values()]
            lines.append(repr(values))
    return sorted(lines)


def _kept(properties: dict[str, Any]) -> list[tuple[str, Any]]:
    return sorted((name, value) for name, value in properties.items() if name != "written_at")


@given(delivered=deliveries())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_replay_leaves_the_same_graph(database: Database, driver: AsyncDriver, delivered: Any) -> None:
    events, batches = delivered
    repository = EvidenceRepository(database)

    await driver.execute_query(EMPTY)
    for event in events:
        assert (await repository.write([event])).outcomes == (Written(id=event.id),)
    expected = await dump(driver)

    await driver.execute_query(EMPTY)
    for batch in batches:
        await repository.write(batch)
    assert await dump(driver) == expected


async def test_writers_side_by_side_leave_the_same_graph(database: Database, driver: AsyncDriver) -> None:
    chance = random.Random(3)
    events = [
        touchpoint(f"m{n}", f"anonymous_id:c{n % 7}", f"email:p{n % 5}@kindred.example.com", minutes=n, store_id="s1")
        if n % 3
        else version(f"m{n}", str(n % 4), f"email:p{n % 5}@kindred.example.com", minutes=n)
        for n in range(300)
    ]
    repository = EvidenceRepository(database)
    await repository.write(events)
    expected = await dump(driver)
    await driver.execute_query(EMPTY)

    async def writer(order: Sequence[Evidence]) -> int:
        outcomes = [await repository.write(order[start : start + 40]) for start in range(0, len(order), 40)]
        return sum(isinstance(outcome, Written) for batch in outcomes for outcome in batch.outcomes)

    written = await asyncio.gather(*(writer(chance.sample(events, len(events))) for _ in range(4)))

    assert sum(written) == len(events)
    assert await dump(driver) == expected


async def test_outcomes_name_repetitions_and_conflicts(database: Database, driver: AsyncDriver) -> None:
    repository = EvidenceRepository(database)
    first = touchpoint("m1", "user_id:u1")
    other = touchpoint("m1", "user_id:u2", body_sha256="f" * 64)
    claim = version("m1", "1", "user_id:u3", body_sha256="e" * 64)

    assert (await repository.write([first, first, other])).outcomes == (
        Written(id=first.id),
        AlreadyThere(id=first.id),
        Conflict(id=first.id, known_sha256=first.body_sha256, given_sha256="f" * 64),
    )
    before = await dump(driver)
    assert (await repository.write([claim, first])).outcomes == (
        Conflict(id=first.id, known_sha256=first.body_sha256, given_sha256="e" * 64),
        AlreadyThere(id=first.id),
    )
    assert await dump(driver) == before


async def test_what_says_nothing_new_touches_nobody(database: Database, driver: AsyncDriver) -> None:
    repository = EvidenceRepository(database)
    seen = ("anonymous_id:c1", "user_id:u1")
    assert (await repository.write([touchpoint("m1", *seen, minutes=5)])).touched == set(seen)
    for key in (*seen, "device_id:kiosk"):
        await driver.execute_query(
            "MERGE (i:Identifier {key: $key}) MERGE (p:Identity:Individual {id: 'ind_1'}) CREATE (i)-[:MEMBER_OF]->(p)", key=key
        )

    later = touchpoint("m2", *seen, minutes=9)
    assert (await repository.write([later])).touched == set(), "both are somebody's, and were seen together before"
    assert (await repository.write([later])).touched == set(seen), "whoever wrote it may have died at once"
    assert (await repository.write([touchpoint("m3", *seen, minutes=1)])).touched == set(seen), "seen together earlier"
    assert (await repository.write([touchpoint("m4", "user_id:u1", "device_id:kiosk")])).touched == {
        "user_id:u1",
        "device_id:kiosk",
    }
    alone = await repository.write([touchpoint("m5", "anonymous_id:c2")])
    assert alone.touched == alone.newcomers == {"anonymous_id:c2"}
    again = await repository.write([touchpoint("m5", "anonymous_id:c2")])
    assert (again.touched, again.newcomers) == ({"anonymous_id:c2"}, set()), "of whom something was known before"
    together = await repository.write([touchpoint("m5b", "anonymous_id:c3"), touchpoint("m5c", "anonymous_id:c3", "user_id:u1")])
    assert (together.touched, together.newcomers) == ({"anonymous_id:c3", "user_id:u1"}, set())
    await driver.execute_query("MATCH (i:Identifier {key: 'anonymous_id:c2'}) CREATE (:HeldBack {id: 'h'})-[:HOLDS]->(i)")
    assert (await repository.write([touchpoint("m6", "anonymous_id:c2")])).touched == set(), "known to say nothing of anybody"
    assert (await repository.write([version("v1", "1", "user_id:u1")])).touched == {"crm:1"}


async def test_every_property_of_the_model_is_written(database: Database, driver: AsyncDriver) -> None:
    repository = EvidenceRepository(database)
    at = datetime(1965, 2, 3, 4, 5, 6, 789_012, tzinfo=UTC)
    visit = touchpoint(
        "m1", "user_id:u1", at=at, title="Basket", url="https://shop.example.com/", value_cents=-350, currency="EUR",
        properties='{"a": 1}', body='{"b": 2}',
        rejected=(RejectedValue(field="properties.price", given="free", reason="no number"),),
        products=(ProductLine(product_id="p1", name="Shirt", category="Clothes", brand="Own", quantity=2.0, price_cents=999),),
    )  # fmt: skip
    claim = version(
        "m2", "7", "email:ada@kindred.example.com",
        name=PersonName(given="ada", middle="m", family="king", suffix="jr", full="ada m king jr"), name_given="Ada M. King Jr.",
        birth_date=date(1815, 12, 10), gender="f", consent={"marketing": "granted"}, traits='{"c": 3}', address_given="1 Main St",
        address=PostalAddress(street="1 main st", city="austin", region="tx", postal_code="78701", country="US"),
    )  # fmt: skip
    began = datetime.now(UTC) - timedelta(milliseconds=1)
    await repository.write([visit, claim])

    [row] = (await driver.execute_query("MATCH (t:Touchpoint) RETURN properties(t) AS t")).records
    stored = row["t"]
    assert stored.pop("at").to_native() == at
    assert stored.pop("recorded_at").to_native() == visit.recorded_at
    # By the server's clock, on this machine, to the millisecond.
    assert began <= stored.pop("written_at").to_native() <= datetime.now(UTC)
    assert stored == {
        "id": "m1", "type": "order", "event": "Order Completed", "channel": "web", "source": "shop", "title": "Basket",
        "url": "https://shop.example.com/", "value_cents": -350, "currency": "EUR", "properties": '{"a": 1}', "body": '{"b": 2}',
        "body_sha256": visit.body_sha256,
        "rejected_values": ['{"field":"properties.price","given":"free","reason":"no number"}'],
    }  # fmt: skip
    [row] = (
        await driver.execute_query("MATCH (r:Record)-[:HAS_VERSION]->(v) RETURN properties(r) AS r, properties(v) AS v")
    ).records
    assert row["r"] == {"id": "crm:7", "source": "crm", "source_record_id": "7", "entity_type": "person"}
    stored = row["v"]
    assert stored.pop("at").to_native() == claim.at
    assert stored.pop("recorded_at").to_native() == claim.recorded_at
    assert stored.pop("birth_date").to_native() == date(1815, 12, 10)
    assert stored == {
        "id": "m2", "source": "crm", "entity_type": "person",
        "name_given": "Ada M. King Jr.", "given_name": "ada", "middle_name": "m",
        "family_name": "king", "name_suffix": "jr", "full_name": "ada m king jr", "gender": "f",
        "street": "1 main st", "city": "austin", "region": "tx",
        "postal_code": "78701", "country": "US", "address_given": "1 Main St", "consent": '{"marketing":"granted"}',
        "traits": '{"c": 3}', "identifier_keys": ["email:ada@kindred.example.com"], "body": "",
        "body_sha256": claim.body_sha256,
    }  # fmt: skip


async def test_many_identifiers_are_linked_to_the_strongest(database: Database, driver: AsyncDriver) -> None:
    repository = EvidenceRepository(database)
    eight = [f"anonymous_id:c{n}" for n in range(8)]
    await repository.write([touchpoint("m1", *eight)])
    assert await seen_with(driver) == 28  # 8 * 7 / 2

    await driver.execute_query(EMPTY)
    await repository.write([touchpoint("m2", *eight, "user_id:u1")])
    assert await seen_with(driver) == 8
    assert await seen_with(driver, key="user_id:u1") == 8


async def seen_with(driver: AsyncDriver, key: str | None = None) -> int:
    text = (
        "MATCH (a)-[s:SEEN_WITH]->(b) WHERE a.key < b.key AND ($key IS NULL OR $key IN [a.key, b.key]) RETURN count(s) AS links"
    )
    [row] = (await driver.execute_query(text, {"key": key})).records
    links: int = row["links"]
    return links


async def test_what_the_database_refuses_writes_nothing(database: Database, driver: AsyncDriver) -> None:
    repository = EvidenceRepository(database)
    with pytest.raises(EvidenceRefused) as caught:
        await repository.write([touchpoint("good", "user_id:u1"), touchpoint("bad", "user_id:u2", value_cents=2**63)])
    assert caught.value.code == "evidence_refused"
    with pytest.raises(EvidenceRefused):
        await repository.write([touchpoint("good", "user_id:u1"), touchpoint("long", f"user_id:{'u' * 40_000}")])
    assert await dump(driver) == []
