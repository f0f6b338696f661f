"""Who states a building, a surname of an area or an identifier, as it is found in a real Neo4j."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from graph.database import Database
from graph.identity.conclusion import ORDER
from graph.identity.progress import NoProgress
from graph.identity.resolver import open_resolver
from graph.model.evidence import Evidence, PersonName, PostalAddress, RecordVersion, Touchpoint
from graph.model.home import HomeKeys, Spelling, home_keys
from graph.model.identity import Purpose
from graph.model.ids import MessageId, RecordId
from graph.repositories.claims import ClaimRepository
from graph.repositories.evidence import EvidenceRepository
from graph.repositories.homes import HomeRepository
from tests.identifiers import identifiers

START = datetime(2025, 1, 1, 12, tzinfo=UTC)
CODED = PostalAddress(street="12 main street apt 3", city="las vegas", postal_code="89111")
IN_CITY = PostalAddress(street="12 main street", city="las vegas")
UNNUMBERED = PostalAddress(street="old mill", postal_code="89112")
AREA_ALONE = PostalAddress(postal_code="89111")


def record(record_id: str, address: PostalAddress, *keys: str, family: str = "lee", entity_type: str = "person") -> RecordVersion:
    source, _, source_id = record_id.partition(":")
    return RecordVersion(
        id=MessageId(f"{record_id}@1"),
        at=START,
        recorded_at=START,
        source=source,
        body_sha256="0" * 64,
        identifiers=identifiers(*keys),
        record_id=RecordId(record_id),
        source_record_id=source_id,
        entity_type=entity_type,
        name=PersonName(given="ann", family=family, full=f"ann {family}"),
        address=address,
    )


def visit(name: str, *keys: str) -> Touchpoint:
    return Touchpoint(
        id=MessageId(name), at=START, recorded_at=START, source="web", body_sha256="0" * 64, identifiers=identifiers(*keys),
        type="page_view", event="page", channel="web",
    )  # fmt: skip


STATED: tuple[Evidence, ...] = (
    record("crm:1", CODED, "user_id:u1", "phone:+1"),
    record("crm:2", IN_CITY, "user_id:u2", "phone:+1", family="hall"),
    record("crm:3", UNNUMBERED, "user_id:u3", family="adams"),
    record("crm:4", AREA_ALONE, "user_id:u4"),
    record("crm:5", CODED, "user_id:u5", "phone:+1", family="office", entity_type="organization"),
    visit("v1", "user_id:u1", "device_id:d1"),
    visit("v2", "user_id:u1", "device_id:d2"),
)


@pytest.fixture
async def homes(database: Database) -> HomeRepository:
    """Some records, resolved."""
    numbers = itertools.count()
    await EvidenceRepository(database).write(STATED)
    resolver = open_resolver(database, clock=lambda: START, new_id=lambda: f"{next(numbers):06}")
    await resolver.resolve_all(ORDER, progress=NoProgress())
    return HomeRepository(database)


async def test_what_records_state_of_a_home_is_kept_as_they_state_it(database: Database, homes: HomeRepository) -> None:
    claims = {claim.record_id: claim for claim in (await ClaimRepository(database).everything()).claims}
    for record_id, claim in claims.items():
        assert await homes.keys_of([record_id]) == [home_keys(claim)]
    assert await homes.keys_of(["crm:1"]) == [
        HomeKeys(
            spelling=Spelling("89111", "12", "mainstreet"),
            city=Spelling("las vegas", "12", "mainstreet"),
            namesakes="89111|lee",
        )
    ]
    assert await homes.keys_of(["crm:5"]) == [HomeKeys()]
    # Another address takes the place of the first.
    moved = record("crm:1", UNNUMBERED)
    await EvidenceRepository(database).write([replace(moved, id=MessageId("crm:1@2"))])
    await homes.keep(await ClaimRepository(database).of(["crm:1"]))
    assert await homes.homes(buildings=["89111|12"], cities=[]) == []


async def test_records_are_found_by_building_city_and_name(homes: HomeRepository) -> None:
    by_code = await homes.homes(buildings=["89111|12"], cities=[])
    assert [each.record_id for each in by_code] == ["crm:1"]
    by_city = await homes.homes(buildings=["89111|12", "las vegas|12"], cities=["las vegas|12|mainstreet"])
    assert sorted(each.record_id for each in by_city) == ["crm:1", "crm:2"]
    assert [each.record_id for each in await homes.homes(buildings=["89112||oldmill"], cities=[])] == ["crm:3"]
    assert sorted(each.record_id for each in await homes.namesakes(["89111|lee"])) == ["crm:1", "crm:4"]


async def test_identifiers_are_read_no_further_than_is_asked_for(homes: HomeRepository) -> None:
    holders = await homes.holders(["phone:+1"], most=9)
    assert sorted(record_id for _, record_id, _ in holders) == ["crm:1", "crm:2"]
    assert len(await homes.holders(["phone:+1"], most=1)) == 1
    assert {each.left for each in await homes.seen_with(["user_id:u1"], most=9)} == {"device_id:d1", "device_id:d2"}
    assert len(await homes.seen_with(["user_id:u1"], most=1)) == 1
    own = await homes.memberships(["crm:1"], Purpose.INDIVIDUAL)
    individual = own.identity_of["crm:1"]
    assert "user_id:u1" in await homes.identifiers_of([individual])
    assert set(await homes.records_of([individual])) >= {"crm:1"}
