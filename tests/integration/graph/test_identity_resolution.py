"""Resolution over the real graph and GDS: the laws that only a server can show, and the crash in the middle."""

import asyncio
import random
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from graph.database import Database
from graph.identity.explain import NotAMember, explain
from graph.identity.progress import NoProgress
from graph.identity.resolver import ResolutionReport, Resolver, open_resolver
from graph.model.claim import Assertion
from graph.model.evidence import PersonName, PostalAddress, RecordVersion, RejectedValue, Touchpoint
from graph.model.explanation import StepKind
from graph.model.identity import DecisionKind, Purpose
from graph.model.ids import MessageId, RecordId
from graph.repositories.assertions import AssertionRepository, UnknownAssertion, UnknownMember
from graph.repositories.claims import ClaimRepository
from graph.repositories.evidence import EvidenceRepository
from graph.repositories.exports import ExportRepository
from graph.repositories.identities import IdentityRepository, ResolutionBusy
from graph.statements.identity import FORM_INDIVIDUALS
from graph.statements.server import COUNT_NODES
from graph.statements.statement import NoParameters, Statement
from tests.identifiers import identifiers

START = datetime(2024, 1, 1, 12, tzinfo=UTC)
PHONE = "phone:+17025550001"
CROWD = ("adam", "beth", "carl", "dora", "emil", "fred", "gina", "hugo")


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


def record(
    name: str,
    *keys: str,
    given: str | None = None,
    family: str | None = None,
    born: date | None = None,
    street: str | None = None,
    at: datetime = START,
) -> RecordVersion:
    source, _, source_id = name.partition(":")
    return RecordVersion(
        id=MessageId(f"message-{name}-{at:%d%H}"),
        at=at,
        recorded_at=at,
        source=source,
        body_sha256="0" * 64,
        identifiers=identifiers(*keys),
        record_id=RecordId(name),
        source_record_id=source_id,
        name=PersonName(given=given, family=family, full=" ".join(filter(None, (given, family))) or None),
        birth_date=born,
        address=PostalAddress(street=street, postal_code="89111" if street else None),
    )


def visit(name: str, *keys: str) -> Touchpoint:
    return Touchpoint(
        id=MessageId(name),
        at=START,
        recorded_at=START,
        source="web",
        body_sha256="0" * 64,
        identifiers=identifiers(*keys),
        type="page_view",
        event="page",
        channel="web",
    )


FAMILY: Sequence[RecordVersion | Touchpoint] = (
    record("crm:1", "email:bob@x.com", PHONE, given="robert", family="smith", born=date(1978, 12, 11), street="1 main st"),
    record("pos:2", PHONE, "loyalty_id:7", given="bob", family="smith", born=date(1978, 12, 11)),
    record("crm:3", PHONE, "email:mary@x.com", given="mary", family="smith", born=date(1980, 1, 1), street="1 main st"),
    record("web:4", "email:bob@x.com", given="b", family="smith"),
    record("crm:5", "email:zoe@x.com", given="zoe", family="adams", street="9 oak rd"),
    record("crm:6", "email:test@test.com", given="tim", family="hall"),
    visit("t1", "anonymous_id:c1"),
    visit("t2", "anonymous_id:c1", "email:bob@x.com"),
    visit("t3", "anonymous_id:c2"),
)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def resolver(database: Database, clock: Clock) -> Resolver:
    return open_resolver(database, clock=clock, new_id=lambda: uuid.uuid4().hex)


async def resolve(resolver: Resolver, clock: Clock, purpose: Purpose = Purpose.INDIVIDUAL) -> ResolutionReport:
    clock.now += timedelta(hours=1)
    return await resolver.resolve(purpose, progress=NoProgress())


async def partition(database: Database, purpose: Purpose = Purpose.INDIVIDUAL) -> set[frozenset[str]]:
    groups: dict[str, set[str]] = {}
    for member, identity in (await IdentityRepository(database).memberships(purpose)).items():
        groups.setdefault(identity, set()).add(member)
    return {frozenset(group) for group in groups.values()}


BOB = frozenset({"crm:1", "pos:2", "web:4", "email:bob@x.com", PHONE, "loyalty_id:7", "anonymous_id:c1"})
MARY = frozenset({"crm:3", "email:mary@x.com"})


async def test_individuals_join_spellings_and_cookies_but_not_a_family_on_one_phone(
    database: Database, resolver: Resolver, clock: Clock
) -> None:
    await EvidenceRepository(database).write(FAMILY)
    report = await resolve(resolver, clock)
    assert await partition(database) == {
        BOB,
        MARY,
        frozenset({"crm:5", "email:zoe@x.com"}),
        frozenset({"crm:6"}),
        frozenset({"anonymous_id:c2"}),
    }
    assert report.decisions == {"formed": 5}
    assert report.held_back == {"blocked": 1, "shared": 1}
    [blocked] = [held for held in await IdentityRepository(database).held_back(Purpose.INDIVIDUAL) if held.reason == "blocked"]
    assert blocked.members == ("email:test@test.com",)
    again = await resolve(resolver, clock)
    assert not again.changed
    assert (again.opened, again.closed) == (0, 0)


async def test_households_hold_individuals_of_one_home_and_operational_ones_refine_individuals(
    database: Database, resolver: Resolver, clock: Clock
) -> None:
    await EvidenceRepository(database).write(FAMILY)
    clock.now += timedelta(hours=1)
    await resolver.resolve_all(list(Purpose), progress=NoProgress())
    individual_of = await IdentityRepository(database).memberships(Purpose.INDIVIDUAL)
    homes = await partition(database, Purpose.HOUSEHOLD)
    assert homes == {
        frozenset({individual_of["crm:1"], individual_of["crm:3"]}),
        frozenset({individual_of["crm:5"]}),
        frozenset({individual_of["crm:6"]}),
    }
    operational = await partition(database, Purpose.OPERATIONAL)
    assert frozenset({"crm:1", "pos:2", "loyalty_id:7"}) in operational
    assert not any(member.startswith("anonymous_id:") for part in operational for member in part)
    assert not any(PHONE in part for part in operational), "it belongs to two, so to none"
    for part in operational:
        assert len({individual_of[member] for member in part}) == 1
    clock.now += timedelta(hours=1)
    assert not any(report.changed for report in await resolver.resolve_all(list(Purpose), progress=NoProgress()))


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_law_3_evidence_in_any_order_gives_the_same_partition(
    database: Database, resolver: Resolver, clock: Clock, seed: int
) -> None:
    shuffled = list(FAMILY)
    random.Random(seed).shuffle(shuffled)
    for event in shuffled:
        await EvidenceRepository(database).write([event])
    await resolve(resolver, clock)
    assert {BOB, MARY} <= await partition(database)


async def test_laws_4_6_8_and_9_assert_different_then_retract(database: Database, resolver: Resolver, clock: Clock) -> None:
    identities, assertions = IdentityRepository(database), AssertionRepository(database)
    await EvidenceRepository(database).write(FAMILY)
    await resolve(resolver, clock)
    before, ids_before = await partition(database), await identities.memberships(Purpose.INDIVIDUAL)
    at_first = clock.now
    assertion = Assertion(
        id="ast_1", same=False, left="crm:1", right="pos:2", by="ann", at=clock.now, reason="both came to the counter"
    )
    await assertions.add(assertion)
    await assertions.add(assertion)
    split = await resolve(resolver, clock)
    assert split.decisions == {"split": 1}
    apart = await identities.memberships(Purpose.INDIVIDUAL)
    assert apart["crm:1"] != apart["pos:2"]
    assert apart["crm:5"] == ids_before["crm:5"], "untouched identities never change id"
    assert ids_before["crm:1"] in {apart["crm:1"], apart["pos:2"]}, "one part keeps the id"
    at_split = clock.now
    await assertions.retract("ast_1", by="ann", at=clock.now, reason="it was his son")
    with pytest.raises(UnknownAssertion):
        await assertions.retract("ast_1", by="ann", at=clock.now, reason="again")
    merged = await resolve(resolver, clock)
    assert merged.decisions == {"merged": 1}
    assert await partition(database) == before
    assert await identities.memberships(Purpose.INDIVIDUAL) == ids_before
    assert await as_of(database, at_first) == ids_before
    assert await as_of(database, at_split) == apart
    assert await as_of(database, clock.now) == ids_before


async def as_of(database: Database, moment: datetime) -> dict[str, str]:
    """Memberships of individuals at a moment, asked of the server itself."""
    records = await database._driver.execute_query(
        "MATCH (m)-[e:MEMBER_OF]->(i:Individual) WHERE e.valid_from <= $t AND (e.valid_to IS NULL OR $t < e.valid_to)"
        " RETURN coalesce(m.key, m.id) AS member, i.id AS identity",
        t=moment,
    )
    return {row["member"]: row["identity"] for row in records.records}


async def test_a_later_assertion_of_the_same_wins_and_unknown_members_are_refused(
    database: Database, resolver: Resolver, clock: Clock
) -> None:
    assertions = AssertionRepository(database)
    await EvidenceRepository(database).write(FAMILY)
    for number, same in enumerate((False, True)):
        await assertions.add(
            Assertion(
                id=f"ast_{number}", same=same, left="crm:1", right="crm:5", by="ann", at=clock.now + timedelta(minutes=number),
                reason="said so", purpose=Purpose.INDIVIDUAL,
            )
        )  # fmt: skip
    await resolve(resolver, clock)
    together = await IdentityRepository(database).memberships(Purpose.INDIVIDUAL)
    assert together["crm:1"] == together["crm:5"]
    with pytest.raises(UnknownMember, match="no record or identifier is called crm:404"):
        await assertions.add(Assertion(id="ast_9", same=True, left="crm:1", right="crm:404", by="ann", at=clock.now, reason="?"))


async def test_law_7_explanations_lead_from_member_to_member(database: Database, resolver: Resolver, clock: Clock) -> None:
    await EvidenceRepository(database).write(FAMILY)
    clock.now += timedelta(hours=1)
    await resolver.resolve_all(list(Purpose), progress=NoProgress())
    for start in sorted(BOB):
        for end in sorted(BOB - {start}):
            found = await explain(database, start, end, Purpose.INDIVIDUAL)
            assert found.together
            assert (found.steps[0].start, found.steps[-1].end) == (start, end)
            assert [step.end for step in found.steps[:-1]] == [step.start for step in found.steps[1:]]
            assert {decision.kind for decision in found.decisions} == {DecisionKind.FORMED}
    cookie = await explain(database, "anonymous_id:c1", "web:4", Purpose.INDIVIDUAL)
    assert [step.kind for step in cookie.steps] == [StepKind.SEEN_WITH, StepKind.STATES]
    assert cookie.summary == "anonymous_id:c1 and email:bob@x.com were seen together; web:4 states email:bob@x.com"
    apart = await explain(database, "crm:1", "crm:3", Purpose.INDIVIDUAL)
    assert not apart.together
    assert apart.steps == ()
    assert [held.reason for held in apart.held_back] == ["shared"]
    [operational] = (await explain(database, "crm:1", "pos:2", Purpose.OPERATIONAL)).steps
    assert operational.rule == "phone+name+birth_date"
    home = await explain(database, "crm:1", "crm:3", Purpose.HOUSEHOLD)
    assert home.together
    assert [step.rule for step in home.steps] == ["address+surname+phone"]
    anchored = await explain(database, "email:bob@x.com", None, Purpose.INDIVIDUAL)
    assert anchored.member_b == "crm:1"
    with pytest.raises(NotAMember):
        await explain(database, "crm:404", None, Purpose.INDIVIDUAL)


async def test_law_7_records_that_share_what_belongs_to_another_are_explained_by_it(
    database: Database, resolver: Resolver, clock: Clock
) -> None:
    second = record("web:9", PHONE, given="mary", family="smith")
    crowd = [record(f"box:{n}", "device_id:kiosk", given=name, family="doe") for n, name in enumerate(CROWD)]
    mary = record("web:10", "device_id:kiosk", given="mary", family="smith")
    await EvidenceRepository(database).write([*FAMILY, second, *crowd, mary])
    report = await resolve(resolver, clock)
    assert report.held_back["generic"] == 1
    assert MARY | {"web:9"} in await partition(database)
    found = await explain(database, "crm:3", "web:9", Purpose.INDIVIDUAL)
    assert found.summary == f"crm:3 and web:9 both state {PHONE}"
    assert [(step.kind, step.rule, step.via) for step in found.steps] == [(StepKind.SHARES, "phone", (PHONE,))]
    kiosk = await explain(database, "web:9", "web:10", Purpose.INDIVIDUAL)
    assert not kiosk.together


async def test_a_crash_between_batches_heals_by_resolving_again(
    database: Database, resolver: Resolver, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graph.repositories.formations.BATCH_MEMBERS", 1)
    await EvidenceRepository(database).write(FAMILY)
    run = Database.run
    batches = 0

    async def crash_at_third(self: Database, statement: Statement[Any, Any], parameters: object) -> list[Any]:
        nonlocal batches
        batches += statement is FORM_INDIVIDUALS
        if statement is FORM_INDIVIDUALS and batches == 3:
            raise ConnectionError("the machine lost power")
        return await run(self, statement, parameters)

    with monkeypatch.context() as patch:
        patch.setattr(Database, "run", crash_at_third)
        with pytest.raises(ConnectionError):
            await resolve(resolver, clock)
    # Of the two that were written when the third failed, one may have been stopped on its way.
    written = await partition(database)
    assert len(written) in (1, 2)
    healed = await resolve(resolver, clock)
    assert healed.decisions == {"formed": 5 - len(written)}
    assert written | {BOB, MARY} <= await partition(database)


async def test_two_resolvers_of_one_purpose_do_not_run_at_once(database: Database, resolver: Resolver, clock: Clock) -> None:
    identities = IdentityRepository(database)
    async with identities.lease(Purpose.INDIVIDUAL, holder="another", clock=clock):
        with pytest.raises(ResolutionBusy, match="individual identities are being resolved by another"):
            await resolver.resolve(Purpose.INDIVIDUAL, progress=NoProgress())
        clock.now += timedelta(hours=1)  # the other one died: its lease lapses
        await resolver.resolve(Purpose.INDIVIDUAL, progress=NoProgress())
    assert await partition(database) == set()


async def test_a_living_resolver_keeps_its_lease(
    database: Database, resolver: Resolver, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graph.repositories.identities.LEASE_RENEWAL_SECONDS", 0.05)
    identities = IdentityRepository(database)
    async with identities.lease(Purpose.INDIVIDUAL, holder="another", clock=clock):
        clock.now += timedelta(hours=1)
        await asyncio.sleep(0.5)  # it prolongs its lease meanwhile
        with pytest.raises(ResolutionBusy, match="by another"):
            await resolver.resolve(Purpose.INDIVIDUAL, progress=NoProgress())


async def test_who_asked_for_a_lease_in_vain_is_next_to_get_it(database: Database, clock: Clock) -> None:
    identities = IdentityRepository(database)

    async def hold(holder: str) -> None:
        await identities.hold(Purpose.INDIVIDUAL, holder=holder, now=clock.now)

    async def lock() -> None:
        await database.write(lambda tx: IdentityRepository(tx).lock(Purpose.INDIVIDUAL, now=clock.now))

    await lock()
    async with identities.lease(Purpose.INDIVIDUAL, holder="tireless", clock=clock):
        with pytest.raises(ResolutionBusy, match="by tireless"):
            await lock()
        with pytest.raises(ResolutionBusy, match="by tireless"):
            await hold("waiting")
        await hold("tireless")  # it goes on for as long as it holds it
    with pytest.raises(ResolutionBusy, match="by waiting"):
        await lock()
    with pytest.raises(ResolutionBusy, match="by waiting"):
        await hold("tireless")
    await hold("waiting")
    clock.now += timedelta(hours=1)  # it died: its lease lapses
    with pytest.raises(ResolutionBusy, match="by waiting"):
        async with identities.lease(Purpose.INDIVIDUAL, holder="waiting", clock=clock):
            await hold("impatient")
    clock.now += timedelta(minutes=1)  # who was next asks no more
    await lock()
    await hold("tireless")


async def test_a_partial_update_takes_nothing_back(database: Database, resolver: Resolver, clock: Clock) -> None:
    await EvidenceRepository(database).write(FAMILY)
    await resolve(resolver, clock)
    before = await partition(database)
    later = record("crm:3", "email:mary@x.com", at=START + timedelta(days=1))
    assert later.name == PersonName()
    await EvidenceRepository(database).write([later])
    report = await resolve(resolver, clock)
    # Mary's name and birth date, which keep her apart from Bob's phone, still stand in her first version.
    assert await partition(database) == before
    assert report.decisions == {}


async def test_a_run_that_changed_nothing_is_not_recorded(database: Database, resolver: Resolver, clock: Clock) -> None:
    await EvidenceRepository(database).write(FAMILY)
    await resolve(resolver, clock)
    await resolve(resolver, clock)
    counted = {row.label: row.count for row in await database.run(COUNT_NODES, NoParameters())}
    assert counted["ResolutionRun"] == 1


async def test_exports_stream_memberships_and_touchpoints(database: Database, resolver: Resolver, clock: Clock) -> None:
    await EvidenceRepository(database).write(FAMILY)
    clock.now += timedelta(hours=1)
    await resolver.resolve_all(list(Purpose), progress=NoProgress())
    individual_of = await IdentityRepository(database).memberships(Purpose.INDIVIDUAL)
    exports = ExportRepository(database)
    rows = [row async for row in exports.memberships(Purpose.INDIVIDUAL)]
    assert {(row.source, row.record_id): row.identity_id for row in rows} == {
        tuple(member.split(":")): identity for member, identity in individual_of.items() if member[:4] in ("crm:", "pos:", "web:")
    }
    assert {row.valid_from for row in rows} == {clock.now}
    homes = {row.record_id: row.identity_id async for row in exports.memberships(Purpose.HOUSEHOLD)}
    assert set(homes) == {"1", "2", "3", "4", "5", "6"}
    assert homes["1"] == homes["2"] == homes["3"]
    assert len(set(homes.values())) == 3
    touchpoints = {row.id: row async for row in exports.touchpoints(Purpose.INDIVIDUAL)}
    assert touchpoints["t1"].identity_ids == [individual_of["crm:1"]]
    assert touchpoints["t3"].identity_ids == [individual_of["anonymous_id:c2"]]
    at_home = {row.id: row.identity_ids async for row in exports.touchpoints(Purpose.HOUSEHOLD)}
    assert at_home == {"t1": [homes["1"]], "t2": [homes["1"]], "t3": []}


async def test_households_and_operational_identities_follow_when_individuals_merge(
    database: Database, resolver: Resolver, clock: Clock
) -> None:
    identities = IdentityRepository(database)
    await EvidenceRepository(database).write(
        [
            record("crm:1", "email:blueowl@x.com", given="ann", family="lee", street="1 main st"),
            record("pos:2", "loyalty_id:7", given="a", family="lee", at=START + timedelta(days=1)),
        ]
    )
    clock.now += timedelta(hours=1)
    await resolver.resolve_all(list(Purpose), progress=NoProgress())
    assert len(await partition(database, Purpose.HOUSEHOLD)) == 2
    before = await identities.memberships(Purpose.INDIVIDUAL)
    await EvidenceRepository(database).write(
        [record("web:3", "email:blueowl@x.com", "loyalty_id:7", given="ann", family="lee", at=START + timedelta(days=2))]
    )
    clock.now += timedelta(hours=1)
    reports = await resolver.resolve_all([Purpose.INDIVIDUAL], progress=NoProgress())
    assert [report.purpose for report in reports] == list(Purpose)
    assert reports[0].decisions == {"merged": 1}
    individual_of = await identities.memberships(Purpose.INDIVIDUAL)
    assert set(individual_of.values()) == {min(before["crm:1"], before["pos:2"])}, "equally old: the first by name survives"
    assert await partition(database, Purpose.HOUSEHOLD) == {frozenset({individual_of["crm:1"]})}
    assert await partition(database, Purpose.OPERATIONAL) == {
        frozenset({"crm:1", "pos:2", "web:3", "email:blueowl@x.com", "loyalty_id:7"})
    }
    assert (await explain(database, "crm:1", "pos:2", Purpose.OPERATIONAL)).together


async def test_a_claim_tells_the_newest_value_that_was_not_understood_in_each_field(database: Database) -> None:
    def version(day: int, *rejected: tuple[str, str]) -> RecordVersion:
        return replace(
            record("crm:1", given="ann", family="lee", at=START + timedelta(days=day)),
            rejected=tuple(RejectedValue(field=field, given=given, reason="not understood") for field, given in rejected),
        )

    await EvidenceRepository(database).write(
        [
            version(2, ("traits.birthDate", "31/02/1980")),
            version(1, ("traits.birthDate", "1980-02-31"), ("traits.phone", "none")),
            record("crm:2", given="bo", family="lee"),
        ]
    )
    claims = {claim.record_id: claim for claim in (await ClaimRepository(database).everything()).claims}
    assert claims[RecordId("crm:1")].rejected == (("traits.birthDate", "31/02/1980"), ("traits.phone", "none"))
    assert claims[RecordId("crm:2")].rejected == ()
    assert await ClaimRepository(database).of(["crm:1"]) == [claims[RecordId("crm:1")]]
