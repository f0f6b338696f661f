"""The review queue over GraphQL: what waits, with the evidence between its two sides, until a steward settles it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from graph.database import Database
from graph.model.identity import Purpose
from graph.model.ids import RecordId
from graph.model.scored_match import MatchModelRecord, ScoredMatch
from graph.repositories.identities import IdentityRepository
from graph.repositories.matches import MatchRepository
from graph.repositories.reviews import ReviewRepository

NOW = datetime(2025, 3, 2, 10, tzinfo=UTC)
QUEUE = """query($purpose: [Purpose!], $reason: [ReviewReason!], $first: Int! = 20, $after: String) {
  reviewQueue(purpose: $purpose, reason: $reason, first: $first, after: $after) {
    totalCount pageInfo { hasNextPage endCursor }
    edges { node { id reviewId purpose reason detail left right members since
      leftIdentity { identityId name { given } } rightIdentity { identityId name { given } }
      match { matchWeight linked comparisons { field level againstStranger againstHome }
        strongest { field againstStranger } weakest { field againstStranger } } } } } }"""
SETTLE = """mutation($id: ID!, $preview: Boolean! = false, $expected: String) {
  VERB(id: $id, reason: "spoke to both", preview: $preview, expectedEffect: $expected) {
    __typename ... on StewardAction { executed assertionId effect { digest changes { purpose kind } } }
    ... on Refusal { code message } } }"""


@pytest.fixture
async def town_database(hamlet: Database) -> Database:
    """Zoe and Tim may be one, says a match; Ann and Tim may be one for service. Ann's records are one, says another match."""
    doubt = ScoredMatch(
        left=RecordId("crm:3"),
        right=RecordId("pos:4"),
        match_weight=-1.5,
        linked=False,
        comparisons="prior -4 -2; birth_date exact 6.5 4; family_name differs -5.25 0.5; email close 1.25 1",
    )
    sure = doubt._replace(left=RecordId("crm:1"), right=RecordId("web:2"), match_weight=12.5, linked=True)
    model = MatchModelRecord(id="model-1", evidence_digest="d", parameters="{}", estimates="{}")
    await MatchRepository(hamlet).replace([sure, doubt], model, at=NOW, progress=lambda _: None)
    reviews = ReviewRepository(hamlet)
    doubtful = {("doubtful", ("crm:3", "pos:4")): "scored -1.5 bits and kept apart"}
    await reviews.report_held_back(Purpose.INDIVIDUAL, doubtful, among=[], now=NOW)
    in_doubt = {("in_doubt", ("crm:1", "pos:4")): "agree in name", ("generic", ("user_id:u1",)): "no link"}
    await reviews.report_held_back(Purpose.OPERATIONAL, in_doubt, among=[], now=NOW.replace(hour=11))
    return hamlet


def nodes(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [edge["node"] for edge in body["reviewQueue"]["edges"]]


async def test_an_item_shows_both_sides_and_the_evidence_between_them(client: Any, hamlet: Database) -> None:
    individual = await IdentityRepository(hamlet).memberships(Purpose.INDIVIDUAL)
    body = await client.data(QUEUE)
    assert body["reviewQueue"]["totalCount"] == 2
    doubtful, in_doubt = nodes(body)
    assert (doubtful["purpose"], doubtful["reason"], doubtful["left"], doubtful["right"]) == (
        "INDIVIDUAL", "DOUBTFUL", "crm:3", "pos:4",
    )  # fmt: skip
    assert doubtful["leftIdentity"] == {"identityId": individual["crm:3"], "name": {"given": "zoe"}}
    assert doubtful["rightIdentity"] == {"identityId": individual["pos:4"], "name": {"given": "tim"}}
    # As recorded: nothing is scored again.
    assert doubtful["match"] == {
        "matchWeight": -1.5,
        "linked": False,
        "comparisons": [
            {"field": "birth_date", "level": "exact", "againstStranger": 6.5, "againstHome": 4.0},
            {"field": "family_name", "level": "differs", "againstStranger": -5.25, "againstHome": 0.5},
            {"field": "email", "level": "close", "againstStranger": 1.25, "againstHome": 1.0},
        ],
        "strongest": {"field": "birth_date", "againstStranger": 6.5},
        "weakest": {"field": "family_name", "againstStranger": -5.25},
    }
    assert (in_doubt["purpose"], in_doubt["reason"], in_doubt["match"]) == ("OPERATIONAL", "IN_DOUBT", None)


async def test_a_page_costs_the_same_however_many_items_it_has(client: Any) -> None:
    costs = []
    for first in (1, 2):
        before = client.database.statements_run
        assert len(nodes(await client.data(QUEUE, first=first))) == first
        costs.append(client.database.statements_run - before)
    # the items, the matches between their sides, the identities, their attributes
    assert costs == [4, 4]


async def test_the_queue_is_narrowed_and_walked(client: Any) -> None:
    only = nodes(await client.data(QUEUE, purpose=["OPERATIONAL"]))
    assert [item["reason"] for item in only] == ["IN_DOUBT"]
    only = nodes(await client.data(QUEUE, reason=["DOUBTFUL", "OVER_LIMIT"]))
    assert [item["reason"] for item in only] == ["DOUBTFUL"]
    assert nodes(await client.data(QUEUE, purpose=["HOUSEHOLD"])) == []
    page = await client.data(QUEUE, first=1)
    assert page["reviewQueue"]["pageInfo"]["hasNextPage"] is True
    rest = await client.data(QUEUE, first=1, after=page["reviewQueue"]["pageInfo"]["endCursor"])
    assert rest["reviewQueue"]["pageInfo"]["hasNextPage"] is False
    assert [item["reason"] for item in (*nodes(page), *nodes(rest))] == ["DOUBTFUL", "IN_DOUBT"]


@pytest.mark.parametrize(("verb", "together"), [("approveLink", True), ("rejectLink", False)])
async def test_a_link_is_settled_for_its_purpose(steward: Any, hamlet: Database, verb: str, together: bool) -> None:
    item = nodes(await steward.data(QUEUE))[0]
    settle = SETTLE.replace("VERB", verb)
    seen = (await steward.data(settle, id=item["id"], preview=True))[verb]
    assert (seen["executed"], "merged" in {change["kind"] for change in seen["effect"]["changes"]}) == (False, together)
    assert len(nodes(await steward.data(QUEUE))) == 2
    done = (await steward.data(settle, id=item["reviewId"], expected=seen["effect"]["digest"]))[verb]
    assert done["executed"] is True
    after = await IdentityRepository(hamlet).memberships(Purpose.INDIVIDUAL)
    assert (after["crm:3"] == after["pos:4"]) is together
    assert item["reviewId"] not in {other["reviewId"] for other in nodes(await steward.data(QUEUE))}
    said = (await steward.data("{ assertions { edges { node { same purpose by reason } } } }"))["assertions"]["edges"]
    assert [edge["node"] for edge in said] == [
        {"same": together, "purpose": "INDIVIDUAL", "by": "ann", "reason": "spoke to both"}
    ]


async def test_what_does_not_wait_is_unknown(steward: Any, client: Any) -> None:
    settle = SETTLE.replace("VERB", "approveLink")
    unknown = (await steward.data(settle, id="held_404"))["approveLink"]
    assert (unknown["__typename"], unknown["code"]) == ("UnknownReviewItem", "unknown_review")
    item = nodes(await client.data(QUEUE))[0]
    refused = (await client.data(settle, id=item["id"]))["approveLink"]
    assert (refused["__typename"], refused["code"]) == ("Forbidden", "forbidden")
    node = "query($id: ID!) { node(id: $id) { id ... on ReviewItem { left match { matchWeight } } } }"
    assert (await client.data(node, id=item["id"]))["node"] == {
        "id": item["id"], "left": "crm:3", "match": {"matchWeight": -1.5},
    }  # fmt: skip
    await steward.data(settle, id=item["id"])
    assert (await client.data(node, id=item["id"]))["node"] is None


EXPLAIN = """query($a: String!, $b: String!) { explain(memberA: {key: $a}, memberB: {key: $b}) { ... on Explanation {
  together steps { kind start end weight match { ...M } } between { kind } weakest { kind }
  obstacles { kind detail members weight needed match { ...M } } } } }
  fragment M on Match { matchWeight linked model priorStranger priorHome
    comparisons { field level againstStranger againstHome } }"""
COMPARISONS = [
    {"field": "birth_date", "level": "exact", "againstStranger": 6.5, "againstHome": 4.0},
    {"field": "family_name", "level": "differs", "againstStranger": -5.25, "againstHome": 0.5},
    {"field": "email", "level": "close", "againstStranger": 1.25, "againstHome": 1.0},
]


async def test_scored_evidence_is_explained_as_it_was_recorded(client: Any) -> None:
    found = (await client.data(EXPLAIN, a="crm:1", b="web:2"))["explain"]
    [step] = found["steps"]
    # Six bits weigh as much as one unit of a policy's weights.
    assert (found["together"], step["kind"], step["weight"]) == (True, "MATCHES", pytest.approx(12.5 / 6))
    assert step["match"] == {
        "matchWeight": 12.5, "linked": True, "model": "model-1", "priorStranger": -4.0, "priorHome": -2.0,
        "comparisons": COMPARISONS,
    }  # fmt: skip
    assert found["weakest"] == {"kind": "MATCHES"}
    assert found["obstacles"] == []


async def test_where_two_are_apart_what_speaks_against_it_is_told(client: Any) -> None:
    found = (await client.data(EXPLAIN, a="pos:4", b="crm:3"))["explain"]
    assert (found["together"], found["steps"]) == (False, [])
    [obstacle] = [each for each in found["obstacles"] if each["kind"] == "WEAK_MATCH"]
    assert (obstacle["members"], obstacle["weight"]) == (["crm:3", "pos:4"], -1.5)
    assert "family name differs (-5.2)" in obstacle["detail"]
    assert obstacle["match"]["comparisons"] == COMPARISONS
    assert {"HELD_BACK", "WEAK_MATCH"} == {each["kind"] for each in found["obstacles"]}
    nothing = (await client.data(EXPLAIN, a="pos:4", b="crm:1"))["explain"]
    assert [each["kind"] for each in nothing["obstacles"]] == ["NOT_COMPARED"]
