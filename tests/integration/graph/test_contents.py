"""The content hash of a real database: the same for the same evidence in another order; what was changed is found and named."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from neo4j import AsyncDriver, AsyncGraphDatabase
from typer.testing import CliRunner

from graph.database import Database
from graph.identity.conclusion import ORDER
from graph.identity.progress import NoProgress
from graph.identity.resolver import open_resolver
from graph.identity.stewardship import Act, open_stewardship
from graph.model.contents import Contents, Kind, Section
from graph.model.evidence import PersonName, PostalAddress, ProductLine, RecordVersion, Touchpoint
from graph.model.identity import Purpose
from graph.model.ids import MessageId, RecordId
from graph.model.stewardship import EvidenceLinkRef
from graph.repositories.contents import ContentsRepository, find_differences
from graph.repositories.evidence import EvidenceRepository
from runtime.cli.main import app
from tests.identifiers import identifiers
from tests.servers import empty_graph

START = datetime(2026, 1, 1, tzinfo=UTC)
EVIDENCE = [
    Touchpoint(
        id=MessageId(f"m{number}"),
        at=START + timedelta(minutes=number),
        recorded_at=START + timedelta(days=1),
        source="shop",
        body="{}",
        body_sha256=f"{number:064}",
        identifiers=identifiers(f"anonymous_id:c{number % 7}", f"user_id:u{number % 3}"),
        type="order",
        event="Order Completed",
        channel="web",
        order_id=f"o{number}",
        products=(ProductLine(product_id="p1", name=f"Shirt {number}", category="Clothes", quantity=1.0, price_cents=1999),),
    )
    for number in range(12)
] + [
    RecordVersion(
        id=MessageId(f"r{number}"),
        at=START + timedelta(hours=number),
        recorded_at=START + timedelta(days=1),
        source="crm",
        body="{}",
        body_sha256=f"{number:064}",
        identifiers=identifiers(f"user_id:u{number % 3}", f"email:p{number % 3}@kindred.example.com"),
        record_id=RecordId(f"crm:{number % 4}"),
        source_record_id=f"{number % 4}",
        name=PersonName(given="ada", family="lovelace", full="ada lovelace"),
        address=PostalAddress(street="1 main st", city="las vegas", region="NV", postal_code="89101", country="US"),
    )
    for number in range(6)
]


@pytest.fixture
async def driver(stack: Any, database: Database) -> Any:
    address = stack.neo4j
    async with AsyncGraphDatabase.driver(address.uri, auth=(address.user, address.password)) as opened:
        yield opened


async def resolve(database: Database, *, at: datetime, name: str) -> None:
    numbers = iter(range(10_000))
    resolver = open_resolver(database, clock=lambda: at, new_id=lambda: f"{name}{next(numbers)}")
    await resolver.resolve_all(ORDER, progress=NoProgress())


async def test_the_same_evidence_in_another_order_at_another_time(stack: Any, database: Database) -> None:
    evidence, contents = EvidenceRepository(database), ContentsRepository(database)
    await evidence.write(EVIDENCE)
    await resolve(database, at=START + timedelta(days=2), name="first")
    first = await contents.read()

    empty_graph(stack.neo4j)
    assert (await contents.read()).kinds == {}
    later = [replace(event, recorded_at=START + timedelta(days=50), body='{"sentAt":1}') for event in reversed(EVIDENCE)]
    for start in range(0, len(later), 5):
        await evidence.write(later[start : start + 5])
        await resolve(database, at=START + timedelta(days=60), name=f"other{start}-")
    second = await contents.read()

    assert first.differing(second) == {}
    counts = {str(kind): digest.count for kind, digest in first.kinds.items()}
    # 12 touchpoints of 2 identifiers, an order and a product each; 7 cookies, 3 users and 3 e-mail addresses; cookies and users
    # meet in 7 * 3 ways, of which 12 numbers reach 12. Records 0 and 1 have 2 versions, of users 0 and 1, 1 and 2; records 2
    # and 3 have one: 6 pairs of record and user, and as many of record and e-mail address.
    assert {kind: count for kind, count in counts.items() if kind.startswith("evidence/")} == {
        "evidence/Touchpoint": 12,
        "evidence/CARRIES": 24,
        "evidence/ABOUT": 24,
        "evidence/Order": 12,
        "evidence/Product": 1,
        "evidence/Category": 1,
        "evidence/IN_CATEGORY": 1,
        "evidence/SEEN_WITH": 12,
        "evidence/Identifier": 13,
        "evidence/Record": 4,
        "evidence/RecordVersion": 6,
        "evidence/HAS_VERSION": 6,
        "evidence/STATES": 12,
    }
    assert {f"conclusions/{purpose}" for purpose in Purpose} <= set(counts)


CHANGES = {
    "MATCH (t:Touchpoint {id: 'm3'}) SET t.channel = 'store'": [("Touchpoint", "m3", 1, 1, ("channel",))],
    "MATCH (t:Touchpoint {id: 'm3'}) SET t.value_cents = 5": [("Touchpoint", "m3", 1, 1, ("value_cents",))],
    "MATCH (:Touchpoint {id: 'm3'})-[c:CARRIES]->(:Identifier {key: 'user_id:u0'}) DELETE c": [
        ("CARRIES", "m3 -> Identifier user_id:u0", 1, 0, ())
    ],
    "MATCH (t:Touchpoint {id: 'm3'}), (i:Identifier {key: 'user_id:u0'}) CREATE (t)-[:CARRIES]->(i)": [
        ("CARRIES", "m3 -> Identifier user_id:u0", 1, 2, ())
    ],
    "MATCH (v:RecordVersion {id: 'r5'}) SET v.birth_date = date('1990-01-01')": [("RecordVersion", "r5", 1, 1, ("birth_date",))],
    "MATCH (:Record {id: 'crm:3'})-[s:STATES]->(:Identifier {key: 'user_id:u0'}) SET s.last_seen = datetime()": [
        ("STATES", "crm:3 -> Identifier user_id:u0", 1, 1, ("last_seen",))
    ],
    "CREATE (:Store {id: 's9'})": [("Store", "s9", 0, 1, ())],
    "MATCH (i:Identifier)-[m:MEMBER_OF]->(:Operational) WHERE i.key = 'user_id:u0' DELETE m": [
        ("operational", "anonymous_id:c0", 1, 1, ("members",))
    ],
    # What is no content.
    "MATCH (n:Touchpoint|RecordVersion) SET n.recorded_at = datetime()": [],
    "MATCH (n:Record) SET n.home_city = 'elsewhere'": [],
    "MATCH (n:Identity|Decision) SET n.id = n.id + 'x', n.created_at = datetime()": [],
}


@pytest.mark.parametrize("change", CHANGES)
async def test_what_was_changed_is_found_and_named(stack: Any, database: Database, driver: AsyncDriver, change: str) -> None:
    reader = ContentsRepository(database)
    evidence = EvidenceRepository(database)
    await evidence.write(EVIDENCE)
    await resolve(database, at=START + timedelta(days=2), name="id")
    before = await reader.read()
    everything = {kind: frozenset(range(256)) for kind in before.kinds}
    held = await reader.items(everything)

    await driver.execute_query(change)
    after = await reader.read()

    class Before(ContentsRepository):
        """The database as it was."""

        async def items(self, buckets: Any) -> Any:
            return {kind: [item for item in held.get(kind, ()) if item.bucket in buckets[kind]] for kind in buckets}

    found = before.differing(after)
    told = await find_differences(Before(database), reader, found)
    if "Operational" in change:
        # The member may have been the first of its identity or not: whose group is another is what matters.
        assert {each.kind.name for each in told} == {"operational"}
        assert len(told) == 1
        assert told[0].names in ((), ("members",))
        return
    assert [(each.kind.name, each.key, each.left, each.right, each.names) for each in told] == CHANGES[change]


async def test_acts_of_stewards_are_a_section_of_their_own(database: Database) -> None:
    reader = ContentsRepository(database)
    await EvidenceRepository(database).write(EVIDENCE)
    await resolve(database, at=START + timedelta(days=2), name="id")
    before = await reader.read()
    numbers = iter(range(10_000))
    stewardship = open_stewardship(database, clock=lambda: START + timedelta(days=3), new_id=lambda: f"act{next(numbers)}")
    act = Act(by="ann", reason="called both", preview=False)
    await stewardship.assert_pair("crm:0", "crm:1", same=False, purpose=None, act=act)
    await stewardship.retract_evidence(EvidenceLinkRef(start="crm:2", end="user_id:u2"), act=act)
    after = await reader.read()

    assert before.differing(after, [Section.EVIDENCE]) == {}
    acts = {kind.name: after.of(kind).count for kind in before.differing(after, [Section.ACTS])}
    assert acts == {"ASSERTED_DIFFERENT": 1, "STATES retracted": 1}


async def test_commands(
    stack: Any, database: Database, driver: AsyncDriver, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await EvidenceRepository(database).write(EVIDENCE)
    place, file = stack.neo4j.uri, str(tmp_path / "contents.json")
    monkeypatch.setenv("KINDRED_TARGET_PASSWORD", stack.neo4j.password)

    async def kindred(*arguments: str) -> Any:
        return await asyncio.to_thread(CliRunner().invoke, app, list(arguments))

    kept = await kindred("contents", "--of", place, "--out", file)
    assert kept.exit_code == 0, kept.output
    same = await kindred("compare", file, place)
    assert same.exit_code == 0, same.output
    assert [line.partition(",")[0] for line in same.output.splitlines()] == [
        "evidence: equal",
        "conclusions: equal",
        "acts: equal",
    ]

    await driver.execute_query("MATCH (t:Touchpoint {id: 'm3'}) SET t.channel = 'store'")
    other = await kindred("compare", file, place, "--only", "evidence")
    assert other.exit_code == 1
    assert "Touchpoint: 12 left, 12 right, different in 1 of 256 parts" in other.output

    nothing = await kindred("compare", str(tmp_path / "none"), place)
    assert nothing.exit_code == 1
    assert "place_unknown" in nothing.output
    unread = tmp_path / "broken.json"
    unread.write_text("{}")
    assert "contents_unreadable" in (await kindred("compare", str(unread), place)).output


def test_kinds_read_well() -> None:
    assert str(Kind(Section.EVIDENCE, "Touchpoint")) == "evidence/Touchpoint"
    assert Contents({}).of(Kind(Section.EVIDENCE, "Touchpoint")).count == 0
