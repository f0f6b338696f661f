"""Explanations over GraphQL: of two members, of whole identities, and as of the past."""

from typing import Any

PAIR = """query($a: MemberInput!, $b: MemberInput, $purpose: Purpose! = INDIVIDUAL, $asOf: DateTime) {
  explain(memberA: $a, memberB: $b, purpose: $purpose, asOf: $asOf) { __typename
    ... on NotAMember { member message }
    ... on Explanation { together asOf summary steps { kind start end weight } between { kind } support { kind }
      weakest { kind weight } obstacles { kind detail } decisions { kind at } } } }"""
WHOLE = """query($id: ID!, $first: Int! = 100, $after: String, $asOf: DateTime) { explainIdentity(id: $id, asOf: $asOf) {
  __typename ... on IdentityNotFound { message }
  ... on IdentityExplanation { purpose identityId oldest memberCount unreached summary asOf
    decisions(first: 2) { kind at } heldBack { reason }
    steps(first: $first, after: $after) { totalCount pageInfo { hasNextPage endCursor }
      edges { node { kind start end weight sources summary } } } } } }"""
FIND = """query($value: String!, $namespace: String! = "email", $purpose: Purpose! = INDIVIDUAL, $asOf: DateTime) {
  profile(identifier: {namespace: $namespace, value: $value}, purpose: $purpose, asOf: $asOf) {
    ... on Profile { id identityId members(first: 100) { totalCount edges { node { key } } } } } }"""
TABLET, ACCOUNT = {"key": "anonymous_id:tablet"}, {"key": "user_id:u1"}
BEFORE_THE_VISIT = "2025-03-05T00:00:00Z"


def nodes(connection: dict[str, Any]) -> list[dict[str, Any]]:
    return [edge["node"] for edge in connection["edges"]]


async def test_an_explanation_as_of_a_moment_is_the_one_given_then(client: Any) -> None:
    now = (await client.data(PAIR, a=TABLET, b=ACCOUNT))["explain"]
    assert (now["together"], [step["kind"] for step in now["steps"]], now["asOf"]) == (True, ["SEEN_WITH"], None)
    assert now["weakest"] == {"kind": "SEEN_WITH", "weight": now["steps"][0]["weight"]}
    assert "merged" in {decision["kind"] for decision in now["decisions"]}
    then = (await client.data(PAIR, a=TABLET, b=ACCOUNT, asOf=BEFORE_THE_VISIT))["explain"]
    assert (then["together"], then["steps"], then["between"], then["weakest"]) == (False, [], [], None)
    assert [obstacle["kind"] for obstacle in then["obstacles"]] == ["NOT_COMPARED"]
    assert "merged" not in {decision["kind"] for decision in then["decisions"]}
    never = (await client.data(PAIR, a=ACCOUNT, asOf="2025-03-01T12:00:00Z"))["explain"]
    assert (never["__typename"], never["member"]) == ("NotAMember", "user_id:u1")
    nowhere = await client.ask(PAIR, a=ACCOUNT, asOf="2025-03-01T12:00:00")
    assert nowhere["errors"][0]["extensions"]["code"] == "invalid_argument"


async def test_a_whole_identity_is_explained_by_evidence_that_connects_all_its_members(client: Any) -> None:
    for value in ("ada@shop.test", "grace@shop.test"):
        profile = (await client.data(FIND, value=value))["profile"]
        found = (await client.data(WHOLE, id=profile["id"]))["explainIdentity"]
        members = {node["key"] for node in nodes(profile["members"])}
        assert (found["identityId"], found["memberCount"]) == (profile["identityId"], len(members))
        assert found["unreached"] == []
        assert len(found["decisions"]) <= 2
        steps = nodes(found["steps"])
        # A tree: as many steps as members but one, each from where one has been before.
        reached = {found["oldest"]}
        for step in steps:
            assert step["start"] in reached
            assert step["end"] not in reached
            assert step["weight"] > 0
            reached.add(step["end"])
        assert reached == members


async def test_its_steps_come_in_pages(client: Any) -> None:
    profile = (await client.data(FIND, value="ada@shop.test"))["profile"]
    whole = nodes((await client.data(WHOLE, id=profile["identityId"]))["explainIdentity"]["steps"])
    seen: list[dict[str, Any]] = []
    after = None
    while True:
        page = (await client.data(WHOLE, id=profile["identityId"], first=2, after=after))["explainIdentity"]["steps"]
        assert page["totalCount"] == len(whole)
        assert len(page["edges"]) <= 2
        seen += nodes(page)
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert seen == whole
    foreign = await client.ask(WHOLE, id=profile["identityId"], after="AAAA")
    assert foreign["errors"][0]["extensions"]["code"] == "invalid_argument"


async def test_a_merged_identity_is_explained_then_and_leads_to_the_survivor_now(client: Any) -> None:
    tablet = (await client.data(FIND, namespace="anonymous_id", value="tablet", asOf=BEFORE_THE_VISIT))["profile"]
    ada = (await client.data(FIND, value="ada@shop.test"))["profile"]
    then = (await client.data(WHOLE, id=tablet["id"], asOf=BEFORE_THE_VISIT))["explainIdentity"]
    assert (then["identityId"], then["memberCount"]) == (tablet["identityId"], 2)
    assert [(step["kind"], step["start"], step["end"]) for step in nodes(then["steps"])] == [
        ("SEEN_WITH", "anonymous_id:tablet", "device_id:d1")
    ]
    now = (await client.data(WHOLE, id=tablet["id"]))["explainIdentity"]
    assert now["identityId"] == ada["identityId"]
    unknown = (await client.data(WHOLE, id="ind_404"))["explainIdentity"]
    assert unknown == {"__typename": "IdentityNotFound", "message": "there is no identity ind_404"}


async def test_households_and_operational_identities_are_explained_too(client: Any) -> None:
    for purpose in ("HOUSEHOLD", "OPERATIONAL"):
        profile = (await client.data(FIND, value="charles@shop.test", purpose=purpose))["profile"]
        found = (await client.data(WHOLE, id=profile["identityId"]))["explainIdentity"]
        assert (found["purpose"], found["unreached"]) == (purpose, [])
        # Ada and Charles share a home; Charles' record states his address.
        assert len(nodes(found["steps"])) == found["memberCount"] - 1 == 1
