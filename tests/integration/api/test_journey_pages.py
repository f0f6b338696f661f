"""Journeys in pages: keyset cursors, filters, and a cost that does not grow."""

from typing import Any

import pytest

JOURNEY = """
query Journey($value: String!, $first: Int!, $after: String, $channel: [Channel!], $type: [TouchpointType!], $from: DateTime,
    $to: DateTime) {
  profile(identifier: {namespace: "email", value: $value}) { ... on Profile {
    journey(first: $first, after: $after, channel: $channel, type: $type, from: $from, to: $to) {
      totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      edges { cursor node { messageId at } } } } }
}
"""
WHOLE = """
query Whole($value: String!, $first: Int!) {
  profile(identifier: {namespace: "email", value: $value}) { ... on Profile {
    identityId name { full } birthDate emails { value } phones { value } addresses { city } consent { purpose state }
    journey(first: $first) { edges { node { messageId type at products { name } identifiers { value } } } } } }
}
"""
EVERYTHING = """
query Everything($value: String!, $first: Int!) {
  profile(identifier: {namespace: "email", value: $value}) { ... on Profile {
    name { full } emails { value }
    members(first: $first) { totalCount edges { node { key record { versions(first: 2) { totalCount } } } } }
    evidence(first: $first) { totalCount edges { node { start end } } }
    records(first: $first) { totalCount edges { node { source versions(first: 1) { edges { node { at } } } } } }
    decisions(first: $first) { totalCount edges { node { kind } } }
    journey(first: $first) { totalCount edges { node { messageId } } } } }
}
"""


async def page(client: Any, value: str = "grace@shop.test", **variables: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await client.data(JOURNEY, value=value, **variables))["profile"]["journey"]
    return found


def ids(found: dict[str, Any]) -> list[str]:
    return [edge["node"]["messageId"] for edge in found["edges"]]


async def test_pages_follow_one_another_without_gap_or_repetition(client: Any) -> None:
    walked: list[str] = []
    after = None
    pages = 0
    while True:
        found = await page(client, first=100, after=after)
        walked += ids(found)
        pages += 1
        assert found["totalCount"] == 2500
        assert found["pageInfo"]["hasPreviousPage"] is (after is not None)
        after = found["pageInfo"]["endCursor"]
        if not found["pageInfo"]["hasNextPage"]:
            break
    # One visit a minute, backwards from n = 0: newest first is the order of n.
    assert walked == [f"grace-{n:05}" for n in range(2500)]
    assert pages == 25


async def test_touchpoints_of_one_moment_are_not_lost_between_pages(client: Any) -> None:
    first = await page(client, "ada@shop.test", first=4)
    assert ids(first) == ["tablet-3", "tablet-2", "tablet-1", "ada-5"]
    second = await page(client, "ada@shop.test", first=1, after=first["pageInfo"]["endCursor"])
    assert ids(second) == ["ada-4"]


async def test_a_page_of_nothing_is_empty(client: Any) -> None:
    found = await page(client, first=0)
    assert found["edges"] == []
    assert found["pageInfo"] == {"hasNextPage": True, "hasPreviousPage": False, "startCursor": None, "endCursor": None}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"channel": ["APP"]}, ["tablet-3", "tablet-2", "tablet-1"]),
        ({"channel": ["STORE"], "type": ["ORDER"]}, ["ada-3"]),
        ({"type": ["RETURN"]}, []),
        ({"channel": []}, []),
        # ada-2 was at 05:00, ada-3 at 06:00, ada-4 and ada-5 at 07:00: `to` is exclusive.
        ({"from": "2025-03-01T05:00:00Z", "to": "2025-03-01T07:00:00Z"}, ["ada-3", "ada-2"]),
        ({"from": "2025-03-01T06:00:00+01:00", "to": "2025-03-01T08:00:00+01:00"}, ["ada-3", "ada-2"]),
    ],
)
async def test_filters(client: Any, filters: dict[str, Any], expected: list[str]) -> None:
    found = await page(client, "ada@shop.test", first=20, **filters)
    assert ids(found) == expected
    assert found["totalCount"] == len(expected)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"first": 101}, "first is 101, it can be 0 to 100"),
        ({"first": -1}, "first is -1, it can be 0 to 100"),
        ({"first": 1, "after": "nonsense"}, "the cursor is not one that this list has given"),
        ({"first": 1, "after": "WyJ4IiwgInkiXQ"}, "the cursor is not one that this list has given"),
        ({"first": 1, "from": "2025-03-01T05:00:00"}, "from is 2025-03-01T05:00:00, which has no time zone: add Z or an offset"),
    ],
)
async def test_arguments_that_cannot_be_used_are_named(client: Any, variables: dict[str, Any], message: str) -> None:
    body = await client.ask(JOURNEY, value="ada@shop.test", **variables)
    [error] = body["errors"]
    assert error["message"] == message
    assert error["extensions"] == {"code": "invalid_argument"}
    assert error["path"] == ["profile", "journey"]


async def test_a_profile_with_its_journey_costs_three_statements_whatever_its_size(client: Any) -> None:
    costs = {}
    for value, first in (("ada@shop.test", 1), ("ada@shop.test", 100), ("grace@shop.test", 1), ("grace@shop.test", 100)):
        before = client.database.statements_run
        found = (await client.data(WHOLE, value=value, first=first))["profile"]
        costs[value, first, len(found["journey"]["edges"])] = client.database.statements_run - before
    # To find the identity, to read its attributes, to read the page.
    assert costs == {
        ("ada@shop.test", 1, 1): 3,
        ("ada@shop.test", 100, 8): 3,
        ("grace@shop.test", 1, 1): 3,
        ("grace@shop.test", 100, 100): 3,
    }


async def test_all_of_a_profile_costs_one_statement_for_each_list(client: Any) -> None:
    costs = []
    for value in ("ada@shop.test", "grace@shop.test"):
        before = client.database.statements_run
        await client.data(EVERYTHING, value=value, first=100)
        costs.append(client.database.statements_run - before)
    # find, attributes, members, their records' versions, evidence, records, their versions, decisions, journey, its count
    assert costs == [10, 10]


async def test_a_household_reads_all_its_individuals_in_one_statement_per_field(client: Any) -> None:
    query = """query($value: String!) { profile(identifier: {namespace: "email", value: $value}, purpose: HOUSEHOLD) {
      ... on Profile { individuals(first: 20) { totalCount edges { node {
        name { given } journey(first: 2) { edges { node { messageId } } } } } } } } }"""
    before = client.database.statements_run
    found = (await client.data(query, value="ada@shop.test"))["profile"]["individuals"]
    # find, individuals, then attributes and journeys of both at once
    assert client.database.statements_run - before == 4
    assert found["totalCount"] == 2
