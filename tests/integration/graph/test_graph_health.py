"""The graph's health over a history of a few days, every number of which is worked out here.

| Day in March 2025 | What happens to individuals |
|---|---|
| 1 | crm:1 and web:2 of Ann and crm:3 of Zoe arrive; nothing is resolved |
| 2 | resolved: two individuals are formed of three records |
| 3 | loyalty:4 of Ann and pos:5 of Kim arrive and are resolved: one recognised, one new |
| 4 | a steward says that Kim is Zoe: pos:5's individual, the younger, ends in crm:3's |
| 5 | the steward takes it back: pos:5 is split off |
"""

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from neo4j import GraphDatabase

from graph.database import Database
from graph.identity.conclusion import ORDER
from graph.identity.progress import NoProgress
from graph.identity.resolver import open_resolver
from graph.identity.survey import Surveyor, open_surveyor
from graph.model.claim import Assertion
from graph.model.evidence import PersonName, RecordVersion
from graph.model.health import SIZES, DayActivity, HealthState, SourceActivity
from graph.model.identity import Purpose
from graph.model.ids import MessageId, RecordId
from graph.model.scored_match import MatchModelRecord, ScoredMatch
from graph.repositories.assertions import AssertionRepository
from graph.repositories.evidence import EvidenceRepository
from graph.repositories.health import HealthRepository
from graph.repositories.identities import IdentityRepository
from graph.repositories.matches import MatchRepository
from graph.repositories.reviews import ReviewRepository
from graph.visual.catalog import LABELS
from tests.identifiers import identifiers

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)
IND = Purpose.INDIVIDUAL


class Clock:
    """A clock that is set by hand; each look at it takes a second."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def on(self, day: int) -> datetime:
        self.now = NOON + timedelta(days=day - 1)
        return self.now


def record(record_id: str, *keys: str, given: str, family: str, born: date | None = None, day: int) -> RecordVersion:
    source, _, source_id = record_id.partition(":")
    at = NOON + timedelta(days=day - 1)
    return RecordVersion(
        id=MessageId(f"{record_id}@{day}"),
        at=at,
        recorded_at=at,
        source=source,
        body_sha256="0" * 64,
        identifiers=identifiers(*keys),
        record_id=RecordId(record_id),
        source_record_id=source_id,
        name=PersonName(given=given, family=family, full=f"{given} {family}"),
        birth_date=born,
    )


def scored(left: str, right: str, weight: float, *, linked: bool) -> ScoredMatch:
    return ScoredMatch(
        left=RecordId(left),
        right=RecordId(right),
        match_weight=weight,
        linked=linked,
        comparisons="prior 0",
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def surveyor(database: Database, clock: Clock) -> Surveyor:
    return open_surveyor(database, clock=clock)


@pytest.fixture
async def history(database: Database, clock: Clock) -> Database:
    """The days of the table."""
    evidence, assertions = EvidenceRepository(database), AssertionRepository(database)
    numbers = itertools.count(1)
    resolver = open_resolver(database, clock=clock, new_id=lambda: f"{next(numbers):06}")
    first = [
        record("crm:1", "user_id:u1", given="ann", family="lee", born=date(1980, 1, 2), day=1),
        record("web:2", "user_id:u1", given="ann", family="lee", day=1),
        record("crm:3", "user_id:u3", given="zoe", family="adams", day=1),
    ]
    await evidence.write(first)
    clock.on(2)
    await resolver.resolve_all(ORDER, progress=NoProgress())
    later = [
        # Another birth date: the account outweighs it.
        record("loyalty:4", "user_id:u1", "loyalty_id:l4", given="ann", family="lee", born=date(1981, 5, 6), day=3),
        record("pos:5", "loyalty_id:l5", given="kim", family="moor", day=3),
        # A second version of a record adds no record.
        record("crm:3", "user_id:u3", given="zoe", family="adams", day=3),
    ]
    await evidence.write(later)
    clock.on(3)
    await resolver.resolve_all(ORDER, progress=NoProgress())
    said = Assertion(
        id="ast_1", same=True, left="crm:3", right="pos:5", by="ann", at=clock.on(4), reason="same card", purpose=IND
    )
    await assertions.add(said)
    await resolver.resolve_all(ORDER, progress=NoProgress())
    await assertions.retract("ast_1", by="ann", at=clock.on(5), reason="was wrong")
    await resolver.resolve_all(ORDER, progress=NoProgress())
    return database


EXPECTED = [
    DayActivity(
        day=date(2025, 3, 1), added=3,
        sources=(SourceActivity(source="crm", added=2), SourceActivity(source="web", added=1)),
    ),
    DayActivity(
        day=date(2025, 3, 2), new=3, formed=2, decisions={"formed": 2},
        sources=(SourceActivity(source="crm", new=2), SourceActivity(source="web", new=1)),
    ),
    DayActivity(
        day=date(2025, 3, 3), added=2, recognised=1, new=1, formed=1, decisions={"formed": 1, "joined": 1},
        sources=(SourceActivity(source="loyalty", added=1, recognised=1), SourceActivity(source="pos", added=1, new=1)),
    ),
    DayActivity(
        day=date(2025, 3, 4), merged=1, decisions={"merged": 1}, sources=(SourceActivity(source="pos", merged=1),),
    ),
    DayActivity(day=date(2025, 3, 5), split=1, decisions={"split": 1}, sources=(SourceActivity(source="pos", split=1),)),
]  # fmt: skip


async def days(database: Database, purpose: Purpose = IND) -> list[DayActivity]:
    return await HealthRepository(database).days(purpose, first=date(2025, 1, 1), last=date(2025, 12, 31))


def counts(state: HealthState, which: str) -> list[int]:
    return [size.identities for size in getattr(state, which)]


async def test_days_are_counted_by_source(history: Database, surveyor: Surveyor) -> None:
    await surveyor.measure(IND, progress=NoProgress())
    assert await days(history) == EXPECTED


async def test_counting_day_by_day_gives_what_counting_at_once_gives(history: Database, surveyor: Surveyor, clock: Clock) -> None:
    await surveyor.measure(IND, progress=NoProgress())
    await surveyor.measure(IND, progress=NoProgress())
    # What arrives later on a day that was counted is counted, and on days after it.
    await EvidenceRepository(history).write([record("pos:6", "loyalty_id:l6", given="tim", family="hall", day=5)])
    await EvidenceRepository(history).write([record("pos:7", "loyalty_id:l7", given="tom", family="hill", day=6)])
    clock.on(8)
    await open_resolver(history, clock=clock, new_id=lambda: uuid4().hex).resolve_all(ORDER, progress=NoProgress())
    await surveyor.measure(IND, progress=NoProgress())
    split = replace(EXPECTED[4], added=1, sources=(SourceActivity(source="pos", added=1, split=1),))
    alone = DayActivity(day=date(2025, 3, 6), added=1, sources=(SourceActivity(source="pos", added=1),))
    resolved = DayActivity(
        day=date(2025, 3, 8), new=2, formed=2, decisions={"formed": 2}, sources=(SourceActivity(source="pos", new=2),)
    )
    assert await days(history) == [*EXPECTED[:4], split, alone, resolved]


async def test_sizes_and_the_largest(history: Database, surveyor: Surveyor) -> None:
    state = await surveyor.measure(IND, progress=NoProgress())
    # Ann: 3 records, 2 identifiers. Zoe and Kim: one of both.
    assert [(size.at_least, size.at_most) for size in state.record_sizes] == list(SIZES)
    assert counts(state, "record_sizes") == [0, 2, 0, 1, 0, 0, 0, 0]
    assert counts(state, "member_sizes") == [0, 0, 2, 0, 1, 0, 0, 0]
    assert (state.identities, state.records, state.members) == (3, 5, 9)
    individual_of = await IdentityRepository(history).memberships(IND)
    assert [(each.identity_id, each.records, each.members) for each in state.largest] == [
        (individual_of["crm:1"], 3, 5),
        *sorted((individual_of[member], 1, 2) for member in ("crm:3", "pos:5")),
    ]
    assert state.run is not None
    assert state.run.finished_at < state.measured_at
    assert "conclude" in state.run.seconds


async def test_what_speaks_against_an_identity(history: Database, surveyor: Surveyor, clock: Clock) -> None:
    matches = [
        scored("crm:1", "web:2", 9.0, linked=True),
        scored("loyalty:4", "web:2", 1.0, linked=True),
        scored("crm:1", "loyalty:4", -3.0, linked=False),
        # Between two identities: it counts against neither.
        scored("crm:3", "pos:5", 2.0, linked=False),
    ]
    model = MatchModelRecord(id="model", evidence_digest="-", parameters="{}", estimates="{}")
    await MatchRepository(history).replace(matches, model, at=clock.now, progress=lambda _: None)
    waiting = {("doubtful", ("crm:3", "pos:5")): "scored +2.0 bits and kept apart"}
    await ReviewRepository(history).report_held_back(IND, waiting, among=[], now=clock.now)
    state = await surveyor.measure(IND, progress=NoProgress())
    individual_of = await IdentityRepository(history).memberships(IND)
    ann, *others = state.suspicious
    assert ann.identity_id == individual_of["crm:1"]
    assert [(reason.kind, reason.strength) for reason in ann.reasons] == [
        ("birth_dates", 0.5),  # 1 - 1 / 2
        ("pairs_apart", 0.3333),  # 1 of 3
        ("weak_link", 0.3333),  # 1 / (1 + 2^1)
    ]
    # 1 - 1/2 x 2/3 x 2/3 = 7/9
    assert ann.suspicion == pytest.approx(7 / 9, abs=1e-3)
    assert [(each.suspicion, [reason.kind for reason in each.reasons]) for each in others] == [(0.1, ["held_back"])] * 2
    assert {each.identity_id for each in others} == {individual_of["crm:3"], individual_of["pos:5"]}
    assert state.held_back == {"doubtful": 1}


async def test_nothing_that_was_measured_holds_what_a_person_could_be_known_by(history: Database, surveyor: Surveyor) -> None:
    kept = str(await surveyor.measure(IND, progress=NoProgress()))
    assert "ind_" in kept
    assert [value for value in ("ann", "zoe", "adams", "1981-05-06", "u1", "crm:1", "loyalty_id") if value in kept] == []


async def test_generic_values_are_those_held_back_then(history: Database, clock: Clock) -> None:
    reviews, health = ReviewRepository(history), HealthRepository(history)
    since = clock.on(6)
    held = {
        ("generic", ("loyalty_id:l5",)): "stated by 40 people",
        ("blocked", ("user_id:u1",)): "a value that says nothing of anybody",
        ("doubtful", ("crm:3", "pos:5")): "scored +2.0 bits and kept apart",
    }
    await reviews.report_held_back(IND, held, among=[], now=since)
    found = await health.generic_values(IND, reasons=("blocked", "generic"), as_of=None, first=10)
    # Three records state u1, one states l5.
    assert [(each.value, each.reason, each.carriers, each.since) for each in found] == [
        ("u1", "blocked", 3, since),
        ("l5", "generic", 1, since),
    ]
    assert [each.value for each in await health.generic_values(IND, reasons=("generic",), as_of=None, first=10)] == ["l5"]
    assert len(await health.generic_values(IND, reasons=("blocked", "generic"), as_of=None, first=1)) == 1
    assert await health.generic_values(IND, reasons=("blocked", "generic"), as_of=since - timedelta(hours=1), first=10) == []


async def test_households_and_operational_identities_are_measured_too(history: Database, surveyor: Surveyor) -> None:
    household = await surveyor.measure(Purpose.HOUSEHOLD, progress=NoProgress())
    individuals = await surveyor.measure(IND, progress=NoProgress())
    # Whoever lives where, each individual lives in one household.
    assert (household.records, household.members) == (individuals.records, individuals.identities)
    operational = await surveyor.measure(Purpose.OPERATIONAL, progress=NoProgress())
    assert operational.records == 5
    [arrived] = [day for day in await days(history, Purpose.HOUSEHOLD) if day.day == date(2025, 3, 1)]
    assert (arrived.added, arrived.new) == (3, 0)


async def test_a_purpose_is_measured_again_where_it_changed_or_a_day_has_passed(
    history: Database, surveyor: Surveyor, clock: Clock
) -> None:
    async def measured() -> list[Purpose]:
        return [state.purpose for state in await surveyor.measure_changed(ORDER, progress=NoProgress())]

    assert await measured() == list(ORDER)
    assert await measured() == []
    await EvidenceRepository(history).write([record("pos:6", "device_id:d6", given="tim", family="hall", day=5)])
    await open_resolver(history, clock=clock, new_id=lambda: uuid4().hex).resolve(IND, progress=NoProgress())
    assert await measured() == [IND]
    clock.on(7)
    assert await measured() == list(ORDER)


async def test_nothing_is_measured_where_nothing_is(database: Database, surveyor: Surveyor, clock: Clock) -> None:
    assert await surveyor.measure_changed(ORDER, progress=NoProgress()) == []
    assert await HealthRepository(database).latest(IND, by=clock()) is None
    assert await HealthRepository(database).gauges() == {}


async def test_the_state_is_the_last_of_each_day(history: Database, surveyor: Surveyor, clock: Clock) -> None:
    health = HealthRepository(history)
    first = await surveyor.measure(IND, progress=NoProgress())
    clock.on(6)
    second = await surveyor.measure(IND, progress=NoProgress())
    assert first.measured_at < second.measured_at
    assert await health.latest(IND, by=clock()) == second
    assert await health.latest(IND, by=second.measured_at - timedelta(hours=1)) == first
    assert await health.latest(IND, by=first.measured_at - timedelta(hours=1)) is None
    decided = (await health.gauges())[IND]
    # 3 formed, and one of each other kind, over all days.
    assert decided == (second, {"formed": 3, "joined": 1, "merged": 1, "split": 1})


async def test_the_catalogue_holds_what_is_kept_of_a_day(stack: Any, history: Database, surveyor: Surveyor) -> None:
    await surveyor.measure(IND, progress=NoProgress())
    with GraphDatabase.driver(stack.neo4j.uri, auth=(stack.neo4j.user, stack.neo4j.password)) as driver:
        kept = driver.execute_query("MATCH (day:HealthDay) UNWIND keys(day) AS name RETURN DISTINCT name").records
    [label] = [label for label in LABELS if label.name == "HealthDay"]
    assert {row["name"] for row in kept} == {each.name for each in label.properties}
