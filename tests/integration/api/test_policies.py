"""Policies over GraphQL: compared with the graph before they are published, published by whoever may, and reverted."""

import asyncio
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from graph.database import Database
from graph.identity.conclusion import ORDER
from graph.identity.policy import PolicyError
from graph.identity.progress import NoProgress
from graph.identity.publication import built_in
from graph.identity.resolver import open_resolver
from graph.model.identity import Purpose
from graph.repositories.identities import IdentityRepository

LATER = datetime(2025, 4, 1, 9, tzinfo=UTC)
INDIVIDUAL = built_in(Purpose.INDIVIDUAL).document
DIFF = """query($document: String!, $examples: Int! = 5, $pending: Boolean! = true) {
  policyDiff(document: $document, examples: $examples, pending: $pending) { __typename
    ... on Refusal { code message } ... on Forbidden { role }
    ... on PolicyDiff { purpose proposed inForce basedOn unchanged digest householdsAffected seconds purposes {
      purpose identitiesBefore identitiesAfter splits merges redirected membersMoved
      decisions { kind count } pending { kind count } splitExamples { identityId parts { size sample } }
      mergeExamples { survivor } consent { lostRecords restoredRecords conflicts { consent before { state } } } } } } }"""
PUBLISH = """mutation($document: String!, $reason: String! = "cookies of shared tablets", $basedOn: Int!) {
  publishPolicy(document: $document, reason: $reason, basedOn: $basedOn) { __typename
    ... on Refusal { code message } ... on Forbidden { role }
    ... on PolicyPublished { policy { purpose number by reason basedOn document at } } } }"""
REVERT = """mutation($purpose: Purpose!, $to: Int!, $basedOn: Int!) {
  revertPolicy(purpose: $purpose, to: $to, reason: "it split too much", basedOn: $basedOn) { __typename
    ... on Refusal { code } ... on PolicyPublished { policy { number document by } } } }"""
VERSIONS = """query($first: Int! = 20, $after: String) { policyVersions(purpose: INDIVIDUAL, first: $first, after: $after) {
  totalCount pageInfo { hasNextPage endCursor } edges { node { number by reason document } } } }"""
POLICIES = "{ policies { purpose number version by at document sha256 } }"


@pytest.fixture
def town_database(hamlet: Database) -> Database:
    """These tests change the graph: each has one of its own."""
    return hamlet


def no_cookies() -> str:
    """The policy, with every cookie generic: two identifiers seen with one are more than it allows."""
    head, section, tail = INDIVIDUAL.partition("[evidence.anonymous_id]\n")
    assert section
    kept = [line for line in tail.splitlines() if not line.startswith("max_neighbours")]
    return head + section + "max_neighbours = 1\n" + "\n".join(kept) + "\n"


def nodes(connection: dict[str, Any]) -> list[dict[str, Any]]:
    return [edge["node"] for edge in connection["edges"]]


async def individuals(database: Database) -> dict[str, str]:
    """Member to individual."""
    return dict(await IdentityRepository(database).memberships(Purpose.INDIVIDUAL))


async def test_what_is_in_force_is_told_with_its_text(client: Any) -> None:
    policies = (await client.data(POLICIES))["policies"]
    assert {policy["purpose"] for policy in policies} == {"INDIVIDUAL", "HOUSEHOLD", "OPERATIONAL"}
    for policy in policies:
        expected = built_in(Purpose(policy["purpose"].lower()))
        assert (policy["number"], policy["document"], policy["sha256"]) == (0, expected.document, expected.sha256)
        assert (policy["version"], policy["by"], policy["at"]) == (expected.version, None, None)


async def test_a_difference_is_what_publishing_and_resolving_do(policy_maker: Any, hamlet: Database) -> None:
    before = await individuals(hamlet)
    diff = (await policy_maker.data(DIFF, document=no_cookies()))["policyDiff"]
    assert (diff["__typename"], diff["purpose"], diff["basedOn"], diff["unchanged"]) == ("PolicyDiff", "INDIVIDUAL", 0, False)
    assert await individuals(hamlet) == before
    individual = diff["purposes"][0]
    # The tablet hangs on Ann by a cookie that would be generic: it becomes an individual of its own.
    assert (individual["purpose"], individual["splits"]) == ("INDIVIDUAL", 1)
    [split] = individual["splitExamples"]
    assert split["identityId"] == before["crm:1"]
    assert ["device_id:d1"] in [part["sample"] for part in split["parts"]]
    assert individual["pending"] == []
    published = (await policy_maker.data(PUBLISH, document=no_cookies(), basedOn=diff["basedOn"]))["publishPolicy"]
    assert (published["__typename"], published["policy"]["number"], published["policy"]["by"]) == ("PolicyPublished", 1, "paul")
    assert published["policy"]["document"] == no_cookies()
    assert await individuals(hamlet) == before, "in force from the next resolution on"
    numbers = itertools.count(1)
    resolver = open_resolver(hamlet, clock=lambda: LATER, new_id=lambda: f"later-{next(numbers)}")
    await resolver.resolve_all(ORDER, progress=NoProgress())
    after = await individuals(hamlet)
    assert len(set(after.values())) == individual["identitiesAfter"]
    assert after["crm:1"] != after["device_id:d1"]


async def test_stewards_act_by_the_policy_in_force(open_client: Any, policy_maker: Any, hamlet: Database) -> None:
    steward = await open_client(key="steward-key-for-tests")
    assert_same = """mutation { assertSame(memberA: {key: "crm:1"}, memberB: {key: "crm:3"}, reason: "one card") {
      ... on StewardAction { executed } } }"""
    await policy_maker.data(PUBLISH, document=no_cookies(), basedOn=0)
    await steward.data(assert_same)
    after = await individuals(hamlet)
    assert after["crm:1"] == after["crm:3"]
    assert after["device_id:d1"] != after["crm:1"], "its neighbourhood was settled by what is published"


async def test_versions_are_kept_and_reverted_to(policy_maker: Any, client: Any) -> None:
    await policy_maker.data(PUBLISH, document=no_cookies(), basedOn=0)
    back = (await policy_maker.data(REVERT, purpose="INDIVIDUAL", to=0, basedOn=1))["revertPolicy"]
    assert (back["policy"]["number"], back["policy"]["document"], back["policy"]["by"]) == (2, INDIVIDUAL, "paul")
    listed = (await client.data(VERSIONS))["policyVersions"]
    assert [version["number"] for version in nodes(listed)] == [2, 1, 0]
    assert listed["totalCount"] == 3
    assert nodes(listed)[1]["document"] == no_cookies()
    seen: list[int] = []
    after = None
    while True:
        page = (await client.data(VERSIONS, first=1, after=after))["policyVersions"]
        seen += [version["number"] for version in nodes(page)]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert seen == [2, 1, 0]
    foreign = await client.ask(VERSIONS, after="AAAA")
    assert foreign["errors"][0]["extensions"]["code"] == "invalid_argument"


async def test_what_cannot_be_published_is_told_by_type_and_code(policy_maker: Any, client: Any) -> None:
    cases = (
        ({"document": "id = ", "basedOn": 0}, "InvalidPolicy", "policy_invalid"),
        ({"document": INDIVIDUAL, "basedOn": 0}, "PolicyUnchanged", "policy_unchanged"),
        ({"document": no_cookies(), "basedOn": 4}, "PolicyConflict", "policy_conflict"),
        ({"document": no_cookies(), "basedOn": 0, "reason": " "}, "InvalidAction", "policy_unsigned"),
    )
    for variables, kind, code in cases:
        refused = (await policy_maker.data(PUBLISH, **variables))["publishPolicy"]
        assert (refused["__typename"], refused["code"]) == (kind, code)
    unknown = (await policy_maker.data(REVERT, purpose="HOUSEHOLD", to=7, basedOn=0))["revertPolicy"]
    assert (unknown["__typename"], unknown["code"]) == ("UnknownPolicyVersion", "policy_unknown")
    unread = (await policy_maker.data(DIFF, document="purpose = 3"))["policyDiff"]
    assert (unread["__typename"], unread["code"]) == ("InvalidPolicy", "policy_invalid")
    many = await policy_maker.ask(DIFF, document=INDIVIDUAL, examples=21)
    assert many["errors"][0]["extensions"]["code"] == "invalid_argument"
    assert (await client.data(VERSIONS))["policyVersions"]["totalCount"] == 1


async def test_without_the_role_nothing_is_published_or_compared(client: Any, steward: Any) -> None:
    for caller in (client, steward):
        for query, variables, field in (
            (PUBLISH, {"document": no_cookies(), "basedOn": 0}, "publishPolicy"),
            (DIFF, {"document": no_cookies()}, "policyDiff"),
        ):
            refused = (await caller.data(query, **variables))[field]
            assert (refused["__typename"], refused["code"], refused["role"]) == ("Forbidden", "forbidden", "policy")
        refused = (await caller.data(REVERT, purpose="HOUSEHOLD", to=0, basedOn=0))["revertPolicy"]
        assert refused["__typename"] == "Forbidden"
    assert (await client.data(VERSIONS))["policyVersions"]["totalCount"] == 1


async def test_a_graph_that_is_too_large_is_not_compared_within_a_request(
    policy_maker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.policy_queries.DIFF_UP_TO", 3)
    refused = (await policy_maker.data(DIFF, document=INDIVIDUAL))["policyDiff"]
    assert (refused["__typename"], refused["code"]) == ("GraphTooLarge", "graph_too_large")
    assert "4 records" in refused["message"]


async def test_explanations_are_by_the_policy_of_their_moment(policy_maker: Any, hamlet: Database) -> None:
    query = """query($asOf: DateTime) { explain(memberA: {key: "device_id:d1"}, memberB: {key: "anonymous_id:c1"}, asOf: $asOf) {
      ... on Explanation { policyVersion asOf steps { kind } summary } } }"""
    published = (await policy_maker.data(PUBLISH, document=no_cookies(), basedOn=0))["publishPolicy"]["policy"]
    now = (await policy_maker.data(query))["explain"]
    assert now["policyVersion"] != built_in(Purpose.INDIVIDUAL).version
    # Not resolved again yet: they are still together, and by what is in force nothing joins them.
    assert (now["steps"], "resolve again" in now["summary"]) == ([], True)
    before = datetime.fromisoformat(published["at"]) - timedelta(seconds=1)
    then = (await policy_maker.data(query, asOf=before.isoformat()))["explain"]
    assert then["policyVersion"] == built_in(Purpose.INDIVIDUAL).version
    assert (then["steps"], then["asOf"]) == ([{"kind": "SEEN_WITH"}], before.isoformat())


async def test_policies_are_compared_one_at_a_time_and_others_do_not_wait(open_client: Any) -> None:
    running, most, release = 0, 0, asyncio.Event()

    async def propose(document: str, *, examples: int, pending: bool) -> Any:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await release.wait()
        running -= 1
        raise PolicyError("compared")

    maker = await open_client(key="policy-key-for-tests", propose=propose)
    asked = [asyncio.create_task(maker.data(DIFF, document=INDIVIDUAL)) for _ in range(3)]
    assert len((await maker.data(POLICIES))["policies"]) == 3
    release.set()
    assert [(await each)["policyDiff"]["message"] for each in asked] == ["compared"] * 3
    assert most == 1
