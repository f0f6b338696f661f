"""A steward's actions on the real graph: each is shown before it is taken, settles what it touches at once, and can be undone."""

import itertools
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from graph.database import Database
from graph.identity.conclusion import ORDER
from graph.identity.explain import UnknownIdentity, explain, explain_identity
from graph.identity.progress import NoProgress
from graph.identity.resolver import Resolver, open_resolver
from graph.identity.review import ReviewDesk
from graph.identity.stewardship import Act, EffectChanged, ReasonMissing, Stewardship, open_stewardship
from graph.model.evidence import Evidence, PersonName, PostalAddress, RecordVersion, Touchpoint
from graph.model.explanation import ObstacleKind, StepKind
from graph.model.identity import DecisionKind, Purpose
from graph.model.ids import MessageId, RecordId
from graph.model.stewardship import EvidenceLinkRef
from graph.repositories.assertions import AssertionInvalid, UnknownAssertion, UnknownEvidence, UnknownMember
from graph.repositories.evidence import EvidenceRepository
from graph.repositories.identities import IdentityRepository, ResolutionBusy
from graph.repositories.profiles import ProfileRepository
from graph.repositories.reviews import ReviewRepository, UnknownReview
from tests.identifiers import identifiers

START = datetime(2025, 1, 1, 12, tzinfo=UTC)
NOBODY = PersonName()


class Clock:
    """A clock that moves on a second each time it is read."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def record(
    record_id: str,
    *keys: str,
    given: str | None = None,
    family: str | None = None,
    born: date | None = None,
    street: str | None = None,
    at: datetime = START,
) -> RecordVersion:
    source, _, source_id = record_id.partition(":")
    return RecordVersion(
        id=MessageId(f"{record_id}@{at:%d%H%M%S}"),
        at=at,
        recorded_at=at,
        source=source,
        body_sha256="0" * 64,
        identifiers=identifiers(*keys),
        record_id=RecordId(record_id),
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


PEOPLE: tuple[Evidence, ...] = (
    record("crm:1", "user_id:u1", given="ann", family="lee", born=date(1980, 1, 2), street="1 main st"),
    record("web:2", "user_id:u1", "anonymous_id:c1", given="ann", family="lee", born=date(1980, 1, 2)),
    record("crm:3", "user_id:u3", given="zoe", family="adams", street="9 oak rd"),
    record("pos:4", "loyalty_id:l4", given="tim", family="hall", street="7 elm rd"),
    visit("v1", "anonymous_id:c1"),
    visit("v2", "anonymous_id:c1", "device_id:d1"),
    visit("v3", "anonymous_id:c9"),
)
ANN = frozenset({"crm:1", "web:2", "user_id:u1", "anonymous_id:c1", "device_id:d1"})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def new_id() -> Callable[[], str]:
    numbers = itertools.count(1)
    return lambda: f"{next(numbers):06}"


@pytest.fixture
def stewardship(database: Database, clock: Clock, new_id: Callable[[], str]) -> Stewardship:
    return open_stewardship(database, clock=clock, new_id=new_id)


@pytest.fixture
def resolver(database: Database, clock: Clock, new_id: Callable[[], str]) -> Resolver:
    return open_resolver(database, clock=clock, new_id=new_id)


@pytest.fixture
async def town(database: Database, resolver: Resolver) -> Database:
    """A few people, resolved."""
    await EvidenceRepository(database).write(PEOPLE)
    await resolver.resolve_all(ORDER, progress=NoProgress())
    return database


def act(*, preview: bool = False, expected: str | None = None, reason: str = "called both") -> Act:
    return Act(by="ann", reason=reason, preview=preview, expected=expected)


async def identity_of(database: Database, purpose: Purpose = Purpose.INDIVIDUAL) -> dict[str, str]:
    return dict(await IdentityRepository(database).memberships(purpose))


async def partition(database: Database, purpose: Purpose = Purpose.INDIVIDUAL) -> set[frozenset[str]]:
    groups: dict[str, set[str]] = {}
    for member, identity in (await identity_of(database, purpose)).items():
        groups.setdefault(identity, set()).add(member)
    return {frozenset(group) for group in groups.values()}


async def everything(database: Database) -> dict[Purpose, set[frozenset[str]]]:
    return {purpose: await partition(database, purpose) for purpose in Purpose}


async def test_a_preview_changes_nothing_and_tells_what_the_action_then_does(
    town: Database, stewardship: Stewardship, resolver: Resolver
) -> None:
    before, ids = await everything(town), await identity_of(town)
    seen = await stewardship.assert_pair("crm:1", "crm:3", same=True, purpose=None, act=act(preview=True))
    assert not seen.executed
    assert seen.assertion_id is None
    assert await everything(town) == before
    [merge] = seen.effect.of_kind(DecisionKind.MERGED)[:1]
    assert merge.purpose is Purpose.INDIVIDUAL
    assert {*merge.merged, merge.identity_id} == {ids["crm:1"], ids["crm:3"]}
    done = await stewardship.assert_pair("crm:1", "crm:3", same=True, purpose=None, act=act(expected=seen.effect.digest))
    assert done.executed
    assert done.effect.digest == seen.effect.digest
    assert done.assertion_id is not None
    assert await partition(town) >= {ANN | {"crm:3", "user_id:u3"}}
    settled = await everything(town)
    reports = await resolver.resolve_all(ORDER, progress=NoProgress())
    assert not any(report.changed for report in reports), "a resolution of everything finds nothing left to do"
    assert await everything(town) == settled


async def test_an_action_whose_effect_is_another_than_was_shown_is_refused(town: Database, stewardship: Stewardship) -> None:
    before = await everything(town)
    with pytest.raises(EffectChanged) as refused:
        await stewardship.assert_pair("crm:1", "crm:3", same=True, purpose=None, act=act(expected="0000"))
    assert refused.value.code == "effect_changed"
    assert await everything(town) == before
    assert (await ReviewDesk(town).assertions(first=10)).total == 0


async def test_different_splits_at_once_and_retracting_it_restores_ids(town: Database, stewardship: Stewardship) -> None:
    before, ids = await everything(town), await identity_of(town)
    done = await stewardship.assert_pair("crm:1", "web:2", same=False, purpose=None, act=act())
    apart = await identity_of(town)
    assert apart["crm:1"] != apart["web:2"]
    assert ids["crm:1"] in {apart["crm:1"], apart["web:2"]}
    assert apart["crm:3"] == ids["crm:3"], "untouched identities never change id"
    assert done.effect.created == 1 + sum(
        c.identity_id is None for c in done.effect.changes if c.purpose is not Purpose.INDIVIDUAL
    )
    assert done.assertion_id
    undone = await stewardship.retract_assertion(done.assertion_id, act=act(reason="it was a mistake"))
    assert undone.executed
    assert await everything(town) == before
    assert await identity_of(town) == ids
    with pytest.raises(UnknownAssertion):
        await stewardship.retract_assertion(done.assertion_id, act=act())
    [kept] = (await ReviewDesk(town).assertions(first=10)).items
    assert (kept.by, kept.retracted_by, kept.retracted_reason) == ("ann", "ann", "it was a mistake")


async def test_decisions_tell_who_said_what_and_why(town: Database, stewardship: Stewardship) -> None:
    await stewardship.assert_pair("crm:1", "crm:3", same=True, purpose=None, act=act(reason="one loyalty card"))
    found = await explain(town, "crm:1", "crm:3", Purpose.INDIVIDUAL)
    assert [step.kind for step in found.steps] == [StepKind.ASSERTED]
    said = "ann asserted that crm:1 and crm:3 are the same: one loyalty card"
    asserted = [decision for decision in found.decisions if decision.kind is DecisionKind.ASSERTED]
    assert [decision.reason for decision in asserted] == [said]
    merged = [decision for decision in found.decisions if decision.kind is DecisionKind.MERGED]
    assert merged
    assert all(decision.actor == "ann" and decision.reason.endswith(said) for decision in merged)


async def test_a_merged_id_leads_to_the_survivor(town: Database, stewardship: Stewardship) -> None:
    ids = await identity_of(town)
    before_merge = await explain_identity(town, ids["crm:3"])
    done = await stewardship.assert_pair("crm:1", "crm:3", same=True, purpose=None, act=act())
    [gone] = [identity for identity in done.effect.ended if identity in (ids["crm:1"], ids["crm:3"])]
    survivor = (await identity_of(town))["crm:1"]
    assert survivor != gone
    state = (await ProfileRepository(town).identities([gone], as_of=None))[gone]
    assert state is not None
    assert state.id == survivor
    whole = await explain_identity(town, gone)
    assert whole.identity_id == survivor
    assert set(whole.members) == ANN | {"crm:3", "user_id:u3"}
    assert whole.unreached == ()
    assert {step.end for step in whole.steps} == set(whole.members) - {whole.steps[0].start}
    assert set(before_merge.members) == {"crm:3", "user_id:u3"}
    with pytest.raises(UnknownIdentity):
        await explain_identity(town, "ind_404")


async def test_explanations_as_of_a_moment_are_those_of_that_moment(
    town: Database, stewardship: Stewardship, clock: Clock
) -> None:
    first, at_first = await explain(town, "crm:1", "crm:3", Purpose.INDIVIDUAL), clock()
    await stewardship.assert_pair("crm:1", "crm:3", same=True, purpose=None, act=act())
    second, at_second = await explain(town, "crm:1", "crm:3", Purpose.INDIVIDUAL), clock()
    await stewardship.retract_evidence(EvidenceLinkRef(start="web:2", end="user_id:u1"), act=act())
    assert not first.together
    assert second.together
    for moment, then in ((at_first, first), (at_second, second)):
        now = await explain(town, "crm:1", "crm:3", Purpose.INDIVIDUAL, as_of=moment)
        assert (now.together, now.steps, now.between, now.obstacles, now.decisions, now.held_back, now.summary) == (
            then.together, then.steps, then.between, then.obstacles, then.decisions, then.held_back, then.summary
        )  # fmt: skip


async def test_what_keeps_two_apart_is_told(town: Database, stewardship: Stewardship) -> None:
    unconnected = await explain(town, "crm:1", "pos:4", Purpose.INDIVIDUAL)
    assert [obstacle.kind for obstacle in unconnected.obstacles] == [ObstacleKind.NOT_COMPARED]
    assert unconnected.between == ()
    await stewardship.assert_pair("crm:1", "web:2", same=False, purpose=None, act=act(reason="a mother and her daughter"))
    apart = await explain(town, "crm:1", "web:2", Purpose.INDIVIDUAL)
    assert not apart.together
    assert apart.obstacles[0].kind is ObstacleKind.ASSERTED_DIFFERENT
    assert "a mother and her daughter" in apart.obstacles[0].detail
    assert apart.between, "what connects them all the same"
    assert apart.weakest in apart.between
    operational = await explain(town, "crm:1", "web:2", Purpose.OPERATIONAL)
    assert ObstacleKind.OTHER_INDIVIDUAL in {obstacle.kind for obstacle in operational.obstacles}


async def test_evidence_of_a_source_can_be_taken_out(town: Database, stewardship: Stewardship, resolver: Resolver) -> None:
    link = EvidenceLinkRef(start="anonymous_id:c1", end="device_id:d1")
    done = await stewardship.retract_evidence(link, act=act(reason="a shared tablet"))
    assert done.executed
    assert frozenset({"device_id:d1"}) in await partition(town)
    settled = await everything(town)
    assert not any(report.changed for report in await resolver.resolve_all(ORDER, progress=NoProgress()))
    assert await everything(town) == settled
    with pytest.raises(UnknownEvidence):
        await stewardship.retract_evidence(link, act=act())


async def test_what_cannot_be_done_is_refused(town: Database, stewardship: Stewardship, clock: Clock) -> None:
    with pytest.raises(ReasonMissing):
        await stewardship.assert_pair("crm:1", "crm:3", same=True, purpose=None, act=act(reason=" "))
    with pytest.raises(UnknownMember):
        await stewardship.assert_pair("crm:1", "crm:404", same=True, purpose=None, act=act(preview=True))
    with pytest.raises(AssertionInvalid):
        await stewardship.assert_pair("crm:1", "crm:1", same=True, purpose=None, act=act())
    with pytest.raises(UnknownReview):
        await stewardship.review("held_404", approve=True, act=act())
    impatient = open_stewardship(town, clock=clock, new_id=lambda: "impatient")
    impatient._patience_seconds = 0.3
    async with IdentityRepository(town).lease(Purpose.INDIVIDUAL, holder="a resolver", clock=clock):
        with pytest.raises(ResolutionBusy):
            await impatient.assert_pair("crm:1", "crm:3", same=True, purpose=None, act=act())
    assert (await ReviewDesk(town).assertions(first=10)).total == 0


@pytest.mark.parametrize("approve", [True, False])
async def test_a_doubtful_link_waits_until_a_steward_settles_it(
    town: Database, stewardship: Stewardship, clock: Clock, *, approve: bool
) -> None:
    reviews = ReviewRepository(town)
    doubtful = {("doubtful", ("crm:3", "pos:4")): "match with 0.4 bits", ("generic", ("crm:1",)): "no link"}
    await reviews.report_held_back(Purpose.INDIVIDUAL, doubtful, among=[], now=clock())
    everywhere = list(Purpose)
    page = await ReviewDesk(town).queue(purposes=everywhere, first=50)
    [item] = [item for item in page.items if item.reason == "doubtful"]
    ids = await identity_of(town)
    assert (item.left, item.right, item.detail) == ("crm:3", "pos:4", "match with 0.4 bits")
    assert (item.left_identity, item.right_identity) == (ids["crm:3"], ids["pos:4"])
    assert await reviews.find(item.id) != item, "the queue also tells the identities"
    seen = await stewardship.review(item.id, approve=approve, act=act(preview=True))
    assert bool(seen.effect.changes) is approve
    await stewardship.review(item.id, approve=approve, act=act(expected=seen.effect.digest))
    left = await ReviewDesk(town).queue(purposes=everywhere, first=50)
    assert item.id not in {other.id for other in left.items}
    assert left.total == page.total - 1
    after = await identity_of(town)
    assert (after["crm:3"] == after["pos:4"]) is approve


async def test_pages_of_the_queue_go_on_where_the_last_one_ended(town: Database, stewardship: Stewardship, clock: Clock) -> None:
    from graph.model.profile import TimeCursor

    pairs = [("crm:1", "crm:3"), ("crm:1", "pos:4"), ("crm:3", "pos:4")]
    now = clock()
    found = {("doubtful", pair): f"doubt {number}" for number, pair in enumerate(pairs)}
    await ReviewRepository(town).report_held_back(Purpose.INDIVIDUAL, found, among=[], now=now)
    seen: list[str] = []
    after: TimeCursor | None = None
    while True:
        page = await ReviewDesk(town).queue(purposes=[Purpose.INDIVIDUAL], first=1, after=after, reasons=("doubtful",))
        assert page.total == 3
        seen += [item.detail for item in page.items]
        if not page.more:
            break
        after = TimeCursor(at=page.items[-1].since, id=page.items[-1].id)
    assert sorted(seen) == ["doubt 0", "doubt 1", "doubt 2"]
