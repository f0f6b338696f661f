"""Stewards' actions over GraphQL: each is seen before it is taken, bound to what was seen, taken once, and can be undone."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from graph.database import Database
from graph.identity.stewardship import Stewardship
from graph.model.identity import Purpose
from graph.repositories.identities import IdentityRepository

EFFECT = """executed assertionId effect {
  digest changeCount createdCount membersMoved ended households pending
  changes { purpose kind identityId merged retired enteringCount leavingCount entering leaving { member identityId } } }"""
REFUSALS = """... on Refusal { code message } ... on Forbidden { role } ... on InvalidIdentifier { namespace message }
  ... on EffectChanged { expected effect { digest changeCount } }"""
ASSERT = (
    (
        """mutation Assert($a: MemberInput!, $b: MemberInput!, $purpose: Purpose, $reason: String! = "both cards on one receipt",
    $preview: Boolean! = false, $expected: String) {
  VERB(memberA: $a, memberB: $b, purpose: $purpose, reason: $reason, preview: $preview, expectedEffect: $expected) {
    __typename ... on StewardAction { EFFECT } REFUSALS } }"""
    )
    .replace("EFFECT }", EFFECT + " }")
    .replace("REFUSALS", REFUSALS)
)
SAME, DIFFERENT = ASSERT.replace("VERB", "assertSame"), ASSERT.replace("VERB", "assertDifferent")
RETRACT = (
    (
        """mutation Retract($target: RetractInput!, $reason: String! = "it was a mistake", $preview: Boolean! = false,
    $expected: String) {
  retract(target: $target, reason: $reason, preview: $preview, expectedEffect: $expected) {
    __typename ... on StewardAction { EFFECT } REFUSALS } }"""
    )
    .replace("EFFECT }", EFFECT + " }")
    .replace("REFUSALS", REFUSALS)
)
ASSERTIONS = """query($first: Int! = 20, $after: String) { assertions(first: $first, after: $after) {
  totalCount pageInfo { hasNextPage endCursor }
  edges { node { id assertionId same left right purpose by at reason retractedAt retractedBy retractedReason } } } }"""
CRM_1, CRM_3, POS_4 = {"key": "crm:1"}, {"key": "crm:3"}, {"key": "pos:4"}


@pytest.fixture
def town_database(hamlet: Database) -> Database:
    """These tests change the graph: each has one of its own."""
    return hamlet


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Stewards who do not wait for a resolution that is under way."""
    made = Stewardship.__init__

    def make(self: Stewardship, *given: Any, **named: Any) -> None:
        made(self, *given, **{**named, "patience_seconds": 0.3})

    monkeypatch.setattr(Stewardship, "__init__", make)
    return


async def individuals(database: Database) -> dict[str, str]:
    """Member to individual."""
    return dict(await IdentityRepository(database).memberships(Purpose.INDIVIDUAL))


async def test_an_action_is_shown_then_taken_as_shown(steward: Any, hamlet: Database) -> None:
    before = await individuals(hamlet)
    seen = (await steward.data(SAME, a=CRM_1, b=CRM_3, preview=True))["assertSame"]
    assert (seen["__typename"], seen["executed"], seen["assertionId"]) == ("StewardAction", False, None)
    assert await individuals(hamlet) == before
    assert (await steward.data(ASSERTIONS))["assertions"]["totalCount"] == 0
    [merge] = [change for change in seen["effect"]["changes"] if change["purpose"] == "INDIVIDUAL"]
    assert merge["kind"] == "merged"
    assert {merge["identityId"], *merge["merged"]} == {before["crm:1"], before["crm:3"]}
    assert set(seen["effect"]["ended"]) >= set(merge["merged"])
    assert {leaving["member"] for leaving in merge["leaving"]} == set(merge["entering"])
    assert merge["leavingCount"] == merge["enteringCount"] == len(merge["entering"])
    assert seen["effect"]["pending"] is False
    done = (await steward.data(SAME, a=CRM_1, b=CRM_3, expected=seen["effect"]["digest"]))["assertSame"]
    assert done["executed"] is True
    assert done["effect"] == seen["effect"]
    after = await individuals(hamlet)
    assert after["crm:1"] == after["crm:3"] == merge["identityId"]
    [said] = [edge["node"] for edge in (await steward.data(ASSERTIONS))["assertions"]["edges"]]
    assert said["assertionId"] == done["assertionId"]
    # Who acted is the name of the key, not anything that the client says.
    assert (said["by"], said["same"], said["reason"]) == ("ann", True, "both cards on one receipt")
    assert said["retractedAt"] is None


async def test_an_effect_that_changed_is_refused_and_shown(steward: Any, hamlet: Database) -> None:
    seen = (await steward.data(SAME, a=CRM_1, b=CRM_3, preview=True))["assertSame"]["effect"]
    await steward.data(SAME, a=CRM_1, b=POS_4)
    before = await individuals(hamlet)
    refused = (await steward.data(SAME, a=CRM_1, b=CRM_3, expected=seen["digest"]))["assertSame"]
    assert (refused["__typename"], refused["code"], refused["expected"]) == ("EffectChanged", "effect_changed", seen["digest"])
    assert await individuals(hamlet) == before
    now = (await steward.data(SAME, a=CRM_1, b=CRM_3, expected=refused["effect"]["digest"]))["assertSame"]
    assert now["executed"] is True


async def test_an_assertion_that_is_taken_back_leaves_things_as_if_it_had_never_been(steward: Any, hamlet: Database) -> None:
    before = await individuals(hamlet)
    email = {"identifier": {"namespace": "email", "value": " Ann@Shop.TEST "}}
    done = (await steward.data(DIFFERENT, a=email, b={"key": "web:2"}))["assertDifferent"]
    assert done["executed"] is True
    apart = await individuals(hamlet)
    assert apart["email:ann@shop.test"] != apart["web:2"]
    global_id = (await steward.data(ASSERTIONS))["assertions"]["edges"][0]["node"]["id"]
    seen = (await steward.data(RETRACT, target={"assertionId": global_id}, preview=True))["retract"]
    assert await individuals(hamlet) == apart
    back = (await steward.data(RETRACT, target={"assertionId": global_id}, expected=seen["effect"]["digest"]))["retract"]
    assert (back["executed"], back["assertionId"]) == (True, done["assertionId"])
    assert len(set((await individuals(hamlet)).values())) == len(set(before.values()))
    after = await individuals(hamlet)
    assert after["email:ann@shop.test"] == after["web:2"]
    [kept] = [edge["node"] for edge in (await steward.data(ASSERTIONS))["assertions"]["edges"]]
    assert (kept["retractedBy"], kept["retractedReason"]) == ("ann", "it was a mistake")
    again = (await steward.data(RETRACT, target={"assertionId": done["assertionId"]}))["retract"]
    assert (again["__typename"], again["code"]) == ("UnknownAssertion", "unknown_assertion")


async def test_evidence_of_a_source_is_taken_out(steward: Any, hamlet: Database) -> None:
    seen_together = {"evidence": {"start": {"key": "anonymous_id:c1"}, "end": {"key": "device_id:d1"}}}
    done = (await steward.data(RETRACT, target=seen_together))["retract"]
    assert (done["executed"], done["assertionId"]) == (True, None)
    after = await individuals(hamlet)
    assert after["anonymous_id:c1"] == after["crm:1"] != after["device_id:d1"]
    gone = (await steward.data(RETRACT, target=seen_together))["retract"]
    assert (gone["__typename"], gone["code"]) == ("UnknownEvidence", "unknown_evidence")
    stated = {"evidence": {"start": {"key": "web:2"}, "end": {"identifier": {"namespace": "user_id", "value": "u1"}}}}
    assert (await steward.data(RETRACT, target=stated))["retract"]["executed"] is True
    again = (await steward.data(RETRACT, target=stated))["retract"]
    assert again["__typename"] == "UnknownEvidence"


async def test_what_cannot_be_done_is_told_by_type_and_code(steward: Any, hamlet: Database) -> None:
    before = await individuals(hamlet)
    bad_email = {"identifier": {"namespace": "email", "value": "no address"}}
    cases = (
        ({"a": CRM_1, "b": {"key": "crm:404"}}, "UnknownMember", "unknown_member"),
        ({"a": CRM_1, "b": CRM_1}, "InvalidAction", "assertion_invalid"),
        ({"a": CRM_1, "b": CRM_3, "reason": " "}, "InvalidAction", "reason_missing"),
        ({"a": CRM_1, "b": bad_email}, "InvalidIdentifier", None),
    )
    for variables, kind, code in cases:
        refused = (await steward.data(SAME, **variables))["assertSame"]
        assert (refused["__typename"], refused.get("code")) == (kind, code)
    both = await steward.ask(RETRACT, target={"assertionId": "ast_1", "evidence": {"start": CRM_1, "end": CRM_3}})
    assert both["errors"][0]["extensions"]["code"] == "invalid_query"
    assert await individuals(hamlet) == before
    assert (await steward.data(ASSERTIONS))["assertions"]["totalCount"] == 0


@pytest.mark.usefixtures("impatient")
async def test_a_resolution_under_way_is_told(open_client: Any, hamlet: Database) -> None:
    steward = await open_client(key="steward-key-for-tests")
    lease = IdentityRepository(hamlet).lease(Purpose.HOUSEHOLD, holder="a resolver", clock=lambda: datetime.now(UTC))
    async with lease:
        busy = (await steward.data(SAME, a=CRM_1, b=CRM_3))["assertSame"]
    assert busy["__typename"] == "ResolutionBusy"
    assert (await steward.data(SAME, a=CRM_1, b=CRM_3))["assertSame"]["executed"] is True


async def test_without_the_role_nothing_is_done_or_shown(client: Any, policy_maker: Any, hamlet: Database) -> None:
    before = await individuals(hamlet)
    for caller in (client, policy_maker):
        for preview in (True, False):
            refused = (await caller.data(SAME, a=CRM_1, b=CRM_3, preview=preview))["assertSame"]
            assert (refused["__typename"], refused["code"], refused["role"]) == ("Forbidden", "forbidden", "steward")
        refused = (await caller.data(RETRACT, target={"assertionId": "ast_1"}))["retract"]
        assert refused["__typename"] == "Forbidden"
    assert await individuals(hamlet) == before


async def test_a_key_that_may_not_read_can_act_and_ask_nothing(open_client: Any, hamlet: Database) -> None:
    bot = await open_client(key="bot-key")
    body = await bot.ask("{ assertions { totalCount } }")
    assert body["errors"][0]["extensions"] == {"code": "forbidden"}
    assert body.get("data") is None
    assert (await bot.data(SAME, a=CRM_1, b=CRM_3))["assertSame"]["executed"] is True


async def test_an_action_that_was_begun_ends_though_nobody_waits(
    open_client: Any, hamlet: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()
    take = Stewardship.assert_pair

    async def slowly(self: Stewardship, *given: Any, **named: Any) -> Any:
        begun.set()
        await asyncio.sleep(0.3)
        return await take(self, *given, **named)

    monkeypatch.setattr(Stewardship, "assert_pair", slowly)
    hasty = await open_client(key="steward-key-for-tests", request_seconds=0.1)
    body = await hasty.ask(SAME, a=CRM_1, b=CRM_3)
    assert body["errors"][0]["extensions"] == {"code": "timeout"}
    assert begun.is_set()
    for _ in range(100):
        members = await individuals(hamlet)
        if members["crm:1"] == members["crm:3"]:
            break
        await asyncio.sleep(0.1)
    assert members["crm:1"] == members["crm:3"]


async def test_assertions_come_in_pages_the_newest_first(steward: Any) -> None:
    for pair in ((CRM_1, CRM_3), (CRM_1, POS_4), (CRM_3, POS_4)):
        await steward.data(DIFFERENT, a=pair[0], b=pair[1], purpose="OPERATIONAL")
    seen: list[dict[str, Any]] = []
    after = None
    while True:
        page = (await steward.data(ASSERTIONS, first=2, after=after))["assertions"]
        assert page["totalCount"] == 3
        seen += [edge["node"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert [(said["left"], said["right"]) for said in seen] == [("crm:3", "pos:4"), ("crm:1", "pos:4"), ("crm:1", "crm:3")]
    assert [said["purpose"] for said in seen] == ["OPERATIONAL"] * 3
    assert [said["at"] for said in seen] == sorted((said["at"] for said in seen), reverse=True)
    node = """query($id: ID!) { node(id: $id) { id ... on Assertion { left right same } } }"""
    assert (await steward.data(node, id=seen[0]["id"]))["node"] == {
        "id": seen[0]["id"], "left": "crm:3", "right": "pos:4", "same": False,
    }  # fmt: skip


async def test_an_action_whose_answer_is_too_costly_is_refused_before_it_is_taken(steward: Any, hamlet: Database) -> None:
    before = await individuals(hamlet)
    query = """mutation($first: Int! = 100) {
      assertSame(memberA: {key: "crm:1"}, memberB: {key: "crm:3"}, reason: "one card") { ... on StewardAction { effect {
        changes(first: $first) { leaving(first: 100) { member identityId } } } } } }"""
    body = await steward.ask(query)
    # the action, its effect, 100 changes with 100 who leave each, of two fields
    assert body["errors"][0]["extensions"] == {"code": "too_costly", "cost": 3 + 100 * (1 + 100 * 2)}
    assert await individuals(hamlet) == before
    assert "errors" not in await steward.ask(query, first=10)
    after = await individuals(hamlet)
    assert after["crm:1"] == after["crm:3"]
