"""Policies as proposals on the real graph: the difference is what happens, and working it out changes nothing."""

import asyncio
import hashlib
import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from neo4j import GraphDatabase

from graph.database import Database, open_database
from graph.identity.conclusion import ORDER
from graph.identity.policy import PolicyError
from graph.identity.progress import NoProgress
from graph.identity.proposal import Proposal, Proposer, open_proposer
from graph.identity.publication import PolicyDesk, PolicyUnchanged, StatementMissing, UnknownPolicy, built_in, policies_in_force
from graph.identity.resolver import ResolutionReport, Resolver, open_resolver
from graph.model.evidence import PersonName, PostalAddress, RecordVersion, Touchpoint
from graph.model.identity import Purpose
from graph.model.ids import MessageId, RecordId
from graph.repositories.evidence import EvidenceRepository
from graph.repositories.identities import IdentityRepository
from graph.repositories.policies import PolicyConflict, PolicyRepository
from runtime.stack.address import StackAddress
from tests.identifiers import identifiers

START = datetime(2025, 1, 1, 12, tzinfo=UTC)
INDIVIDUAL = built_in(Purpose.INDIVIDUAL).document


def no_cookies(document: str = INDIVIDUAL) -> str:
    """The policy, with every cookie generic: two identifiers seen with one are more than it allows."""
    head, section, tail = document.partition("[evidence.anonymous_id]")
    assert section
    kept = [line for line in tail.splitlines() if not line.startswith("max_neighbours")]
    first_entry = next(number for number, line in enumerate(kept) if "=" in line)
    return head + section + "\n".join([*kept[:first_entry], "max_neighbours = 1", *kept[first_entry:]]) + "\n"


def record(
    name: str, *keys: str, given: str | None = None, family: str | None = None, street: str | None = None, **consent: str
) -> RecordVersion:
    source, _, source_id = name.partition(":")
    return RecordVersion(
        id=MessageId(f"message-{name}"),
        at=START,
        recorded_at=START,
        source=source,
        body_sha256="0" * 64,
        identifiers=identifiers(*keys),
        record_id=RecordId(name),
        source_record_id=source_id,
        name=PersonName(given=given, family=family, full=f"{given} {family}" if given else None),
        address=PostalAddress(street=street, postal_code="89111" if street else None),
        consent=consent,
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


EVIDENCE = (
    # Two accounts that one cookie was signed in to; their owner granted e-mail to one shop and refused it to the other.
    record(
        "crm:1", "user_id:u1", "email:ada@x.com", given="ada", family="byron", street="1 main st", email="granted", post="granted"
    ),
    record("shop:2", "user_id:u2", "email:countess@y.com", email="denied"),
    visit("t1", "anonymous_id:c1", "user_id:u1"),
    visit("t2", "anonymous_id:c1", "user_id:u2"),
    # Nobody who has anything to do with a cookie.
    record("crm:3", "user_id:u3", "email:zoe@x.com", given="zoe", family="adams", street="9 oak rd", email="granted"),
    record("shop:4", "email:zoe@x.com", given="zoe", family="adams"),
)


@dataclass
class Ticking:
    """A clock that every look at moves on."""

    now: datetime = START

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@pytest.fixture
def clock() -> Ticking:
    return Ticking()


@pytest.fixture
def resolver(database: Database, clock: Ticking) -> Resolver:
    return open_resolver(database, clock=clock, new_id=lambda: uuid.uuid4().hex)


@pytest.fixture
def proposer(database: Database, clock: Ticking) -> Proposer:
    return open_proposer(database, clock=clock, new_id=lambda: uuid.uuid4().hex)


@pytest.fixture
def desk(database: Database) -> PolicyDesk:
    return PolicyDesk(PolicyRepository(database))


async def propose(proposer: Proposer, document: str, *, pending: bool = True) -> Proposal:
    return await proposer.propose(document, examples=5, pending=pending, progress=NoProgress())


async def resolve(resolver: Resolver) -> dict[Purpose, ResolutionReport]:
    return {report.purpose: report for report in await resolver.resolve_all(ORDER, progress=NoProgress())}


async def publish(desk: PolicyDesk, document: str, *, based_on: int, clock: Ticking) -> int:
    return (await desk.publish(document, by="pia", reason="cookies join too many", based_on=based_on, at=clock())).number


async def partitions(database: Database) -> dict[Purpose, set[frozenset[str]]]:
    """Identities by their members; members of households are taken for the records of their individuals."""
    repository = IdentityRepository(database)
    found = {}
    individuals: dict[str, frozenset[str]] = {}
    for purpose in ORDER:
        groups: dict[str, set[str]] = {}
        for member, identity in (await repository.memberships(purpose)).items():
            groups.setdefault(identity, set()).update(individuals[member] if purpose is Purpose.HOUSEHOLD else [member])
        if purpose is Purpose.INDIVIDUAL:
            individuals = {identity: frozenset(group) for identity, group in groups.items()}
        found[purpose] = {frozenset(group) for group in groups.values()}
    return found


def digest_of_graph(stack: StackAddress) -> str:
    """Digest of every node and relationship with all their properties."""
    address = stack.neo4j
    with GraphDatabase.driver(address.uri, auth=(address.user, address.password)) as driver, driver.session() as session:
        nodes = session.run("MATCH (n) RETURN elementId(n) AS id, labels(n) AS labels, properties(n) AS properties ORDER BY id")
        lines = [repr((row["id"], sorted(row["labels"]), sorted(row["properties"].items()))) for row in nodes]
        edges = session.run(
            "MATCH ()-[r]->() RETURN elementId(r) AS id, type(r) AS type, properties(r) AS properties ORDER BY id"
        )
        lines += [repr((row["id"], row["type"], sorted(row["properties"].items()))) for row in edges]
        assert session.run("CALL gds.graph.list() YIELD graphName RETURN count(*) AS n").single(strict=True)["n"] == 0
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def redirects(stack: StackAddress) -> set[tuple[str, str]]:
    address = stack.neo4j
    with GraphDatabase.driver(address.uri, auth=(address.user, address.password)) as driver, driver.session() as session:
        rows = session.run(
            "MATCH (merged:Identity)-[:REDIRECTS_TO]->(into:Identity) RETURN merged.id AS merged, into.id AS survivor"
        )
        return {(row["merged"], row["survivor"]) for row in rows}


def planned_decisions(proposal: Proposal) -> dict[Purpose, dict[str, int]]:
    return {each.purpose: dict(each.decisions) for each in proposal.diff.purposes}


async def test_a_split_is_foreseen_in_figures_and_in_consent(database: Database, resolver: Resolver, proposer: Proposer) -> None:
    await EvidenceRepository(database).write(EVIDENCE)
    await resolve(resolver)
    joined = next(part for part in (await partitions(database))[Purpose.INDIVIDUAL] if "crm:1" in part)
    assert "shop:2" in joined
    diff = (await propose(proposer, no_cookies())).diff
    individuals = diff.purposes[0]
    assert individuals.purpose is Purpose.INDIVIDUAL
    assert (individuals.splits, individuals.merges) == (1, 0)
    assert individuals.identities_after == individuals.identities_before + individuals.created - individuals.retired
    [split] = individuals.split_examples
    kept, gone = (next(n for n, part in enumerate(split.parts) if r in part) for r in ("crm:1", "shop:2"))
    assert kept != gone
    # Apart again, the one grant counts once more; `post` was never refused.
    assert individuals.consent is not None
    assert (individuals.consent.lost_records, individuals.consent.restored_records) == (0, 1)
    [restored] = individuals.consent.restored
    assert (restored.consent, restored.after, restored.before) == ("email", "granted", {"denied": ("crm:1",)})
    assert diff.in_force == built_in(Purpose.INDIVIDUAL).version
    assert diff.based_on == 0
    assert diff.proposed != diff.in_force
    assert sum(diff.seconds.values()) > 0


async def test_the_difference_is_what_happens_and_a_merge_names_the_consent_it_costs(
    database: Database, stack: StackAddress, resolver: Resolver, proposer: Proposer, desk: PolicyDesk, clock: Ticking
) -> None:
    await EvidenceRepository(database).write(EVIDENCE)
    assert await publish(desk, no_cookies(), based_on=0, clock=clock) == 1
    await resolve(resolver)
    before = await partitions(database)
    assert not any({"crm:1", "shop:2"} <= part for part in before[Purpose.INDIVIDUAL])
    assert redirects(stack) == set()
    proposal = await propose(proposer, INDIVIDUAL)
    individuals, households, _ = proposal.diff.purposes
    # Two accounts become one; the cookie, generic before, was nobody's and enters.
    assert (individuals.merges, individuals.redirected, individuals.splits) == (1, 1, 0)
    assert individuals.members_entering == 1
    assert individuals.consent is not None
    assert (individuals.consent.lost_records, individuals.consent.lost_identities) == (1, 1)
    [conflict] = individuals.consent.conflicts
    assert (conflict.consent, conflict.after) == ("email", "denied")
    assert conflict.before == {"granted": ("crm:1",), "denied": ("shop:2",)}
    assert households.consent is None
    assert all(each.pending == {} for each in proposal.diff.purposes)
    # Publish and resolve: the same decisions, the same ids, the same partition.
    await publish(desk, INDIVIDUAL, based_on=1, clock=clock)
    reports = await resolve(resolver)
    assert {purpose: dict(report.decisions) for purpose, report in reports.items()} == planned_decisions(proposal)
    planned = {
        (redirect.merged, redirect.survivor)
        for plan in proposal.plans.values()
        for change in plan.changes
        for redirect in change.redirects
    }
    assert redirects(stack) == planned
    assert reports[Purpose.INDIVIDUAL].policy_version == proposal.diff.proposed
    assert any({"crm:1", "shop:2"} <= part for part in (await partitions(database))[Purpose.INDIVIDUAL])
    again = (await propose(proposer, INDIVIDUAL)).diff
    assert again.unchanged
    assert again.households_affected == 0


async def test_reverting_brings_the_earlier_partition_back(
    database: Database, resolver: Resolver, desk: PolicyDesk, clock: Ticking
) -> None:
    await EvidenceRepository(database).write(EVIDENCE)
    await resolve(resolver)
    first = await partitions(database)
    await publish(desk, no_cookies(), based_on=0, clock=clock)
    await resolve(resolver)
    assert await partitions(database) != first
    reverted = await desk.revert(Purpose.INDIVIDUAL, to=0, by="pia", reason="too few joined", based_on=1, at=clock())
    assert reverted.number == 2
    await resolve(resolver)
    assert await partitions(database) == first
    # Every version remains as it was published.
    versions = await desk.versions([Purpose.INDIVIDUAL], first=10)
    assert [version.number for version in versions] == [2, 1, 0]
    assert [version.document for version in versions] == [INDIVIDUAL, no_cookies(), INDIVIDUAL]
    shown = await desk.show(Purpose.INDIVIDUAL, 1)
    assert (shown.by, shown.reason, shown.based_on) == ("pia", "cookies join too many", 0)
    assert shown.sha256 == hashlib.sha256(no_cookies().encode()).hexdigest()


async def test_working_out_a_difference_changes_nothing(
    database: Database, stack: StackAddress, resolver: Resolver, proposer: Proposer
) -> None:
    await EvidenceRepository(database).write(EVIDENCE)
    await resolve(resolver)
    before = digest_of_graph(stack)
    first = await propose(proposer, no_cookies())
    second = await propose(proposer, no_cookies(), pending=False)
    assert not first.diff.unchanged
    assert first.diff.digest == second.diff.digest
    assert digest_of_graph(stack) == before
    assert all(each.pending is None for each in second.diff.purposes)


async def test_what_happens_anyway_is_told_apart(database: Database, resolver: Resolver, proposer: Proposer) -> None:
    await EvidenceRepository(database).write(EVIDENCE)
    await resolve(resolver)
    await EvidenceRepository(database).write([record("crm:9", "user_id:u9", given="new", family="comer")])
    individuals = (await propose(proposer, no_cookies())).diff.purposes[0]
    assert individuals.pending == {"formed": 1}
    assert Counter(individuals.decisions) - Counter(individuals.pending) != Counter()
    unchanged = (await propose(proposer, INDIVIDUAL)).diff.purposes[0]
    assert unchanged.decisions == unchanged.pending == {"formed": 1}


async def test_households_whose_individuals_change_are_counted(
    database: Database, resolver: Resolver, proposer: Proposer, desk: PolicyDesk, clock: Ticking
) -> None:
    await EvidenceRepository(database).write(EVIDENCE)
    await resolve(resolver)
    proposal = await propose(proposer, no_cookies())
    ada = (await IdentityRepository(database).memberships(Purpose.INDIVIDUAL))["crm:1"]
    home = (await IdentityRepository(database).memberships(Purpose.HOUSEHOLD))[ada]
    assert home in proposal.diff.household_examples
    assert proposal.diff.households_affected == len(proposal.diff.household_examples)


async def test_of_two_who_publish_at_once_one_is_refused(
    stack: StackAddress, database: Database, desk: PolicyDesk, clock: Ticking
) -> None:
    documents = [no_cookies() + f"# variant {number}\n" for number in range(6)]
    async with open_database(stack.neo4j) as other:
        desks = [desk, PolicyDesk(PolicyRepository(other))]
        outcomes = await asyncio.gather(
            *(publish(desks[n % 2], document, based_on=0, clock=clock) for n, document in enumerate(documents)),
            return_exceptions=True,
        )
    assert Counter(map(type, outcomes)) == {int: 1, PolicyConflict: 5}
    [number] = [n for n, outcome in enumerate(outcomes) if isinstance(outcome, int)]
    assert (await desk.in_force(Purpose.INDIVIDUAL)).document == documents[number]
    with pytest.raises(PolicyConflict, match="in force is version 1, not 0"):
        await publish(desk, INDIVIDUAL, based_on=0, clock=clock)


async def test_what_cannot_be_published_is_refused_and_leaves_nothing(
    database: Database, stack: StackAddress, desk: PolicyDesk, clock: Ticking
) -> None:
    before = digest_of_graph(stack)
    with pytest.raises(PolicyError, match="not TOML"):
        await publish(desk, "purpose = ", based_on=0, clock=clock)
    with pytest.raises(PolicyError, match="purpose is 'marketing'"):
        await publish(desk, 'purpose = "marketing"', based_on=0, clock=clock)
    with pytest.raises(PolicyError, match="unknown entries"):
        await publish(desk, "surprise = 1\n" + INDIVIDUAL, based_on=0, clock=clock)
    with pytest.raises(PolicyUnchanged):
        await publish(desk, INDIVIDUAL, based_on=0, clock=clock)
    with pytest.raises(StatementMissing, match="why"):
        await desk.publish(no_cookies(), by="pia", reason=" ", based_on=0, at=clock())
    with pytest.raises(UnknownPolicy, match="no version 4"):
        await desk.revert(Purpose.INDIVIDUAL, to=4, by="pia", reason="back", based_on=0, at=clock())
    assert digest_of_graph(stack) == before


async def test_each_purpose_has_its_own_versions(database: Database, desk: PolicyDesk, clock: Ticking) -> None:
    changed = built_in(Purpose.OPERATIONAL).document + "# stricter to come\n"
    await publish(desk, changed, based_on=0, clock=clock)
    in_force = await policies_in_force(PolicyRepository(database))
    assert (await desk.in_force(Purpose.OPERATIONAL)).number == 1
    assert (await desk.in_force(Purpose.HOUSEHOLD)).number == 0
    # The digest is of what a policy says: comments are none of it.
    assert in_force[Purpose.OPERATIONAL].version == built_in(Purpose.OPERATIONAL).version
