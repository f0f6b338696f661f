"""Profiles over GraphQL, on a real graph that the real resolver has concluded."""

from typing import Any

PROFILE = """
query Profile($value: String!, $namespace: String! = "email", $purpose: Purpose! = INDIVIDUAL, $asOf: DateTime) {
  profile(identifier: {namespace: $namespace, value: $value}, purpose: $purpose, asOf: $asOf) {
    __typename
    ... on Profile {
      id identityId purpose createdAt
      name { asGiven full given family } birthDate gender
      emails { value sources lastSeen } phones { value } addresses { street city postalCode country }
      consent { purpose state } sources
      members(first: 50) { totalCount edges { node { key identifier { namespace } record { source } decisionId identityId } } }
      evidence(first: 50) { totalCount edges { node { kind start end firstSeen lastSeen } } }
      records { totalCount edges { node { source sourceRecordId versions(first: 5) {
        totalCount edges { node { name { asGiven } identifiers { namespace value } traits consent { purpose state } } } } } } }
      household { identityId purpose individuals { totalCount edges { node { identityId name { given } } } } }
      journey(first: 50) { totalCount edges { node {
        messageId type channel event at value { amount currency } orderId properties
        identifiers { namespace value } products { productId name category quantity price { amount } } } } }
      decisions { totalCount edges { node { kind actor reason at before { identityId } after { identityId members } } } }
    }
    ... on ProfileNotFound { identifier { namespace value } purpose reason heldBack message }
    ... on InvalidIdentifier { namespace value message }
  }
}
"""


def nodes(connection: dict[str, Any]) -> list[dict[str, Any]]:
    return [edge["node"] for edge in connection["edges"]]


async def test_a_profile_holds_what_all_sources_know(client: Any) -> None:
    found = (await client.data(PROFILE, value=" Ada@Shop.TEST "))["profile"]
    assert found["__typename"] == "Profile"
    assert found["name"] == {"asGiven": "Ada Byron", "full": "ada byron", "given": "ada", "family": "byron"}
    assert found["birthDate"] == "1985-12-10"
    # ada.byron@work.test was stated last, on 10 March; ada@shop.test then, too, and by both sources.
    assert [(email["value"], email["sources"]) for email in found["emails"]] == [
        ("ada.byron@work.test", ["crm"]),
        ("ada@shop.test", ["crm", "loyalty"]),
    ]
    assert found["addresses"] == [{"street": "12 main st", "city": "las vegas", "postalCode": "89111", "country": "US"}]
    assert found["sources"] == ["crm", "loyalty"]


async def test_consent_is_the_strictest_statement_and_outlives_versions_that_do_not_mention_it(client: Any) -> None:
    found = (await client.data(PROFILE, value="ada@shop.test"))["profile"]
    # email: crm granted, loyalty denied. post: crm granted, then revoked. crm's newest version says nothing about email.
    assert found["consent"] == [{"purpose": "email", "state": "denied"}, {"purpose": "post", "state": "revoked"}]


async def test_members_and_evidence_hang_together(client: Any) -> None:
    found = (await client.data(PROFILE, value="ada@shop.test"))["profile"]
    members = {member["key"] for member in nodes(found["members"])}
    assert {"crm:1", "loyalty:7", "email:ada@shop.test", "user_id:u1", "anonymous_id:c1", "anonymous_id:tablet"} <= members
    assert found["members"]["totalCount"] == len(members)
    assert all(member["decisionId"] and member["identityId"] == found["identityId"] for member in nodes(found["members"]))
    edges = nodes(found["evidence"])
    assert found["evidence"]["totalCount"] == len(edges)
    assert {(edge["kind"], edge["start"], edge["end"]) for edge in edges} >= {
        ("STATES", "crm:1", "email:ada@shop.test"),
        ("STATES", "loyalty:7", "email:ada@shop.test"),
        ("SEEN_WITH", "anonymous_id:c1", "user_id:u1"),
        ("SEEN_WITH", "anonymous_id:tablet", "user_id:u1"),
    }
    assert {end for edge in edges for end in (edge["start"], edge["end"])} <= members


async def test_records_come_with_their_versions(client: Any) -> None:
    found = (await client.data(PROFILE, value="ada@shop.test"))["profile"]
    by_source = {record["source"]: record for record in nodes(found["records"])}
    versions = nodes(by_source["crm"]["versions"])
    assert by_source["crm"]["versions"]["totalCount"] == 2
    assert [version["consent"] for version in versions] == [
        [{"purpose": "post", "state": "revoked"}],
        [{"purpose": "email", "state": "granted"}, {"purpose": "post", "state": "granted"}],
    ]
    assert versions[0]["traits"] == {"tier": "gold"}
    assert {"namespace": "email", "value": "ada.byron@work.test"} in versions[0]["identifiers"]


async def test_an_individual_leads_to_its_household_and_back(client: Any) -> None:
    found = (await client.data(PROFILE, value="ada@shop.test"))["profile"]
    home = found["household"]
    assert home["purpose"] == "HOUSEHOLD"
    assert sorted(node["name"]["given"] for node in nodes(home["individuals"])) == ["ada", "charles"]
    asked = (await client.data(PROFILE, value="charles@shop.test", purpose="HOUSEHOLD"))["profile"]
    assert asked["identityId"] == home["identityId"]
    assert asked["consent"] == []
    assert asked["name"] is None
    assert "ada-3" in [node["messageId"] for node in nodes(asked["journey"])]
    assert {"crm:1", "crm:2"} <= {member["key"] for member in nodes(asked["members"])}


async def test_a_journey_joins_all_devices_newest_first(client: Any) -> None:
    found = (await client.data(PROFILE, value="ada@shop.test"))["profile"]
    journey = nodes(found["journey"])
    assert [node["messageId"] for node in journey] == [
        "tablet-3", "tablet-2", "tablet-1", "ada-5", "ada-4", "ada-3", "ada-2", "ada-1",
    ]  # fmt: skip
    order = journey[5]
    assert (order["type"], order["channel"], order["orderId"]) == ("ORDER", "STORE", "order-ada-3")
    assert order["value"] == {"amount": "39.98", "currency": "EUR"}
    assert order["products"] == [
        {"productId": "kettle", "name": "Kettle", "category": "Kitchen", "quantity": 2.0, "price": {"amount": "19.99"}}
    ]
    assert order["properties"] == {"colour": "blue"}
    assert found["journey"]["totalCount"] == 8


async def test_history_says_why(client: Any) -> None:
    found = (await client.data(PROFILE, value="ada@shop.test"))["profile"]
    decisions = nodes(found["decisions"])
    assert [decision["at"] for decision in decisions] == sorted((decision["at"] for decision in decisions), reverse=True)
    assert "merged" in {decision["kind"] for decision in decisions}
    assert all(decision["reason"] for decision in decisions)


async def test_an_unknown_identifier_says_what_was_looked_up(client: Any) -> None:
    found = (await client.data(PROFILE, value="Nobody@Shop.Test"))["profile"]
    assert found == {
        "__typename": "ProfileNotFound",
        "identifier": {"namespace": "email", "value": "nobody@shop.test"},
        "purpose": "INDIVIDUAL",
        "reason": "UNKNOWN",
        "heldBack": [],
        "message": "nothing that has arrived carries email nobody@shop.test",
    }


async def test_an_invalid_identifier_says_what_is_wrong(client: Any) -> None:
    found = (await client.data(PROFILE, value="not an address"))["profile"]
    assert found["__typename"] == "InvalidIdentifier"
    assert found["value"] == "not an address"
    assert "e-mail" in found["message"]
    found = (await client.data(PROFILE, namespace="Bad!Name", value="x"))["profile"]
    assert found["__typename"] == "InvalidIdentifier"


async def test_an_answer_as_of_a_moment_is_the_one_given_then(client: Any) -> None:
    then = (await client.data(PROFILE, value="ada@shop.test", asOf="2025-03-05T00:00:00Z"))["profile"]
    assert [node["messageId"] for node in nodes(then["journey"])] == ["ada-5", "ada-4", "ada-3", "ada-2", "ada-1"]
    assert [email["value"] for email in then["emails"]] == ["ada@shop.test"]
    assert then["consent"] == [{"purpose": "email", "state": "denied"}, {"purpose": "post", "state": "granted"}]
    assert "anonymous_id:tablet" not in {member["key"] for member in nodes(then["members"])}
    assert "merged" not in {decision["kind"] for decision in nodes(then["decisions"])}
    assert {"SEEN_WITH", "STATES"} == {edge["kind"] for edge in nodes(then["evidence"])}
    assert "email:ada.byron@work.test" not in {edge["end"] for edge in nodes(then["evidence"])}
    assert {record["versions"]["totalCount"] for record in nodes(then["records"])} == {1}
    tablet = (await client.data(PROFILE, namespace="anonymous_id", value="tablet", asOf="2025-03-05T00:00:00Z"))["profile"]
    assert tablet["identityId"] != then["identityId"]
    assert [node["messageId"] for node in nodes(tablet["journey"])] == ["tablet-2", "tablet-1"]
    before = (await client.data(PROFILE, value="ada@shop.test", asOf="2025-03-01T12:00:00Z"))["profile"]
    assert (before["__typename"], before["reason"]) == ("ProfileNotFound", "NO_IDENTITY")
    never = (await client.data(PROFILE, value="ada.byron@work.test", asOf="2025-03-05T00:00:00Z"))["profile"]
    assert never["__typename"] == "ProfileNotFound"


async def test_the_id_of_a_merged_identity_leads_to_the_one_that_survived(client: Any) -> None:
    query = """query($id: ID!, $asOf: DateTime) { identity(id: $id, asOf: $asOf) {
      __typename ... on Profile { identityId retiredAt } } }"""
    tablet = (await client.data(PROFILE, namespace="anonymous_id", value="tablet", asOf="2025-03-05T00:00:00Z"))["profile"]
    ada_then = (await client.data(PROFILE, value="ada@shop.test", asOf="2025-03-05T00:00:00Z"))["profile"]
    ada_now = (await client.data(PROFILE, value="ada@shop.test"))["profile"]
    merged = {tablet["identityId"], ada_then["identityId"]} - {ada_now["identityId"]}
    assert len(merged) == 1
    now = (await client.data(query, id=merged.pop()))["identity"]
    assert now == {"__typename": "Profile", "identityId": ada_now["identityId"], "retiredAt": None}
    then = (await client.data(query, id=tablet["id"], asOf="2025-03-05T00:00:00Z"))["identity"]
    assert then == {"__typename": "Profile", "identityId": tablet["identityId"], "retiredAt": None}
    missing = (await client.data(query, id="ind_nobody"))["identity"]
    assert missing == {"__typename": "IdentityNotFound"}


async def test_households_are_found_by_id_and_nothing_else_is(client: Any) -> None:
    query = "query($id: ID!) { household(id: $id) { __typename ... on Profile { purpose } ... on IdentityNotFound { message } } }"
    ada = (await client.data(PROFILE, value="ada@shop.test"))["profile"]
    assert (await client.data(query, id=ada["household"]["identityId"]))["household"]["purpose"] == "HOUSEHOLD"
    assert (await client.data(query, id=ada["id"]))["household"]["__typename"] == "IdentityNotFound"


async def test_any_node_is_found_by_its_global_id(client: Any) -> None:
    ids = """{ profile(identifier: {namespace: "email", value: "ada@shop.test"}) { ... on Profile { id
        journey(first: 1) { edges { node { id } } } records(first: 1) { edges { node { id } } }
        decisions(first: 1) { edges { node { id } } } } } }"""
    found = (await client.data(ids))["profile"]
    query = "query($id: ID!) { node(id: $id) { __typename id } }"
    expected = {
        found["id"]: "Profile",
        nodes(found["journey"])[0]["id"]: "Touchpoint",
        nodes(found["records"])[0]["id"]: "Record",
        nodes(found["decisions"])[0]["id"]: "Decision",
    }
    for global_id, kind in expected.items():
        assert (await client.data(query, id=global_id))["node"] == {"__typename": kind, "id": global_id}
    assert (await client.data(query, id="UHJvZmlsZTpub2JvZHk="))["node"] is None


async def test_operational_identities_have_profiles_too(client: Any) -> None:
    found = (await client.data(PROFILE, namespace="loyalty_id", value="L7", purpose="OPERATIONAL"))["profile"]
    assert (found["__typename"], found["purpose"]) == ("Profile", "OPERATIONAL")
    assert found["name"]["asGiven"] == "Ada Byron"
    assert found["household"] is None


async def test_explain_leads_from_one_member_to_the_other(client: Any) -> None:
    query = """query($a: MemberInput!, $b: MemberInput) { explain(memberA: $a, memberB: $b) { __typename
      ... on Explanation { together summary identityA identityB
        steps { start end kind via summary } decisions { kind after { members } } }
      ... on NotAMember { member message } } }"""
    member = {"identifier": {"namespace": "email", "value": "ADA@shop.test"}}
    found = (await client.data(query, a={"key": "anonymous_id:c1"}, b=member))["explain"]
    assert found["together"] is True
    assert found["steps"][0]["start"] == "anonymous_id:c1"
    assert found["steps"][-1]["end"] == "email:ada@shop.test"
    assert all(before["end"] == after["start"] for before, after in zip(found["steps"], found["steps"][1:], strict=False))
    apart = (await client.data(query, a={"key": "crm:1"}, b={"key": "crm:2"}))["explain"]
    assert (apart["together"], apart["steps"]) == (False, [])
    unknown = (await client.data(query, a={"key": "crm:404"}))["explain"]
    assert (unknown["__typename"], unknown["member"]) == ("NotAMember", "crm:404")
