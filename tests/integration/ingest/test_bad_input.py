"""Bad input, over HTTP and straight on NATS: each gets a clear answer, nothing is lost or half written, the worker lives."""

import gzip
from typing import Any

import httpx
import orjson
import pytest
from nats.errors import MaxPayloadError

from ingest.streams import EVENTS_SUBJECT

SHOP = httpx.BasicAuth("key-of-the-shop", "")
GOOD = {"type": "track", "event": "Product Viewed", "userId": "good", "messageId": "good", "timestamp": "2026-01-02T03:04:05Z"}
FIVE_MEGABYTES = 5 * 1024 * 1024


def track(**fields: Any) -> dict[str, Any]:
    return {**GOOD, "messageId": "bad", "userId": "bad", **fields}


def identifiers(count: int) -> dict[str, Any]:
    return {"externalIds": [{"id": f"card-{number}", "type": "loyalty_id"} for number in range(count)]}


# Case, the event's bytes, the code that answers it.
EVENTS = [
    pytest.param(b'{"type": "track", "event": ', "malformed_json", id="cut off"),
    pytest.param(b"", "malformed_json", id="empty"),
    pytest.param(b"\xff\xfe\x00not text at all", "malformed_json", id="not UTF-8"),
    pytest.param(b'{"type": "track", "userId": "\\ud800"}', "malformed_json", id="half a character"),
    pytest.param(b"[" * 100_000, "malformed_json", id="a hundred thousand brackets"),
    pytest.param(b'["an", "array"]', "not_an_object", id="an array"),
    pytest.param(orjson.dumps(track(properties={"filler": "x" * FIVE_MEGABYTES})), "event_too_large", id="5 MB"),
    pytest.param(orjson.dumps(track(event=["not", "text"])), "invalid_field", id="a list for the event's name"),
    pytest.param(orjson.dumps(track(userId={"id": 1})), "invalid_field", id="an object for the user id"),
    pytest.param(orjson.dumps(track(properties="none")), "invalid_field", id="text for the properties"),
    pytest.param(orjson.dumps(track(type="purchase")), "unknown_event_type", id="unknown type"),
    pytest.param(orjson.dumps(track(timestamp="0000-01-01T00:00:00Z")), "timestamp_out_of_range", id="year 0"),
    pytest.param(orjson.dumps(track(timestamp="0001-01-01T00:00:00Z")), "timestamp_out_of_range", id="year 1"),
    pytest.param(orjson.dumps(track(timestamp="yesterday")), "invalid_field", id="a date in words"),
    pytest.param(orjson.dumps(track(context=identifiers(1_000))), "too_many_identifiers", id="1,000 identifiers"),
    pytest.param(orjson.dumps({k: v for k, v in GOOD.items() if k != "userId"}), "no_identifier", id="nobody"),
]


async def assert_alive(intake, query) -> None:
    """The worker writes the next good event, and the graph holds nothing else."""
    await intake.js.publish(f"{EVENTS_SUBJECT}.track", orjson.dumps(GOOD))
    await intake.drained()
    rows = await query(
        "MATCH (n) WHERE NOT n:Migration RETURN labels(n)[0] AS label, coalesce(n.id, n.key) AS key ORDER BY label"
    )
    assert rows == [{"label": "Identifier", "key": "user_id:good"}, {"label": "Touchpoint", "key": "good"}]


@pytest.mark.parametrize(("body", "code"), EVENTS)
async def test_on_nats_it_is_parked_unchanged(intake, query, body: bytes, code: str) -> None:
    await intake.js.publish(f"{EVENTS_SUBJECT}.track", body)

    [letter] = await intake.parked()
    assert (letter.code, letter.origin, letter.attempts) == (code, "worker", 1)
    assert letter.body == body
    assert letter.reason
    await assert_alive(intake, query)


@pytest.mark.parametrize(("body", "code"), [case for case in EVENTS if case.id not in ("5 MB", "unknown type")])
async def test_over_http_it_is_answered_and_parked(intake, collector_url, query, body: bytes, code: str) -> None:
    async with httpx.AsyncClient(base_url=collector_url, auth=SHOP) as client:
        answer = await client.post("/v1/track", content=body)

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == code
    assert answer.json()["error"]["message"]
    letters = [(letter.code, letter.origin) for letter in await intake.parked()]
    assert letters == ([(code, "collector:shop")] if body else []), "of an empty body there is nothing to keep"
    await assert_alive(intake, query)


async def test_over_http_5_mb_are_answered_413(intake, collector_url, query) -> None:
    body = orjson.dumps(track(properties={"filler": "x" * FIVE_MEGABYTES}))
    async with httpx.AsyncClient(base_url=collector_url, auth=SHOP) as client:
        plain = await client.post("/v1/track", content=body)
        zipped = await client.post("/v1/track", content=gzip.compress(body), headers={"Content-Encoding": "gzip"})
        batched = await client.post("/v1/batch", content=orjson.dumps({"batch": [orjson.loads(body)]}))

    for answer in (plain, zipped, batched):
        assert answer.status_code == 413
        assert answer.json()["error"]["code"] == "body_too_large"
    assert await intake.parked() == []
    await assert_alive(intake, query)


async def test_an_event_larger_than_nats_takes_is_refused_at_the_client(intake) -> None:
    with pytest.raises(MaxPayloadError):
        await intake.js.publish(f"{EVENTS_SUBJECT}.track", b"x" * (intake.connection.max_payload + 1))


async def test_the_largest_event_nats_takes_is_parked_cut(intake, query) -> None:
    size = intake.connection.max_payload - 1_000
    await intake.js.publish(f"{EVENTS_SUBJECT}.track", b"x" * size)

    [letter] = await intake.parked()
    assert letter.code == "event_too_large"
    assert letter.truncated_from == size
    assert 0 < len(letter.body) < size
    await assert_alive(intake, query)


async def test_a_batch_names_the_refused_by_index_and_takes_the_rest(intake, collector_url, query) -> None:
    batch = [GOOD, track(type="purchase"), 7, track(timestamp="0000-01-01T00:00:00Z")]
    async with httpx.AsyncClient(base_url=collector_url, auth=SHOP) as client:
        some = await client.post("/v1/batch", json={"batch": batch})
        none = await client.post("/v1/batch", json={"batch": batch[1:]})

    assert some.status_code == 200
    assert some.json()["accepted"] == 1
    refused = [(item["index"], item["code"]) for item in some.json()["refused"]]
    assert refused == [(1, "unknown_event_type"), (2, "not_an_object"), (3, "timestamp_out_of_range")]
    assert none.status_code == 400
    assert none.json()["error"]["code"] == "all_refused"
    assert [item["index"] for item in none.json()["refused"]] == [0, 1, 2]
    assert len(await intake.parked()) == 6
    rows = await query("MATCH (t:Touchpoint) RETURN t.id AS id, t.source AS source")
    assert rows == [{"id": "good", "source": "shop"}]


@pytest.mark.parametrize(
    "name", ["Robert'); MATCH (n) DETACH DELETE n //", "`}) DETACH DELETE n", "a\u0000b\u001b[2Jc\u202ed", "{{7*7}}"]
)
async def test_control_characters_and_cypher_in_names_are_data(intake, query, name: str) -> None:
    event = {
        "type": "identify",
        "messageId": "m1",
        "userId": "bobby",
        "traits": {"name": name, "email": "bobby@kindred.example.com"},
    }
    await intake.js.publish(f"{EVENTS_SUBJECT}.identify", orjson.dumps(event))

    assert await intake.parked() == []
    [row] = await query("MATCH (v:RecordVersion) RETURN v.traits AS traits, v.full_name AS full_name")
    assert orjson.loads(row["traits"])["name"] == name
    assert all(character.isprintable() for character in row["full_name"] or "")
    assert (await query("MATCH (n:Record) RETURN count(n) AS n")) == [{"n": 1}]


async def test_a_phone_of_letters_is_named_and_the_rest_is_taken(intake, collector_url, query) -> None:
    event = {"messageId": "m1", "userId": "ada", "traits": {"phone": "CALL ME MAYBE", "email": "ada@kindred.example.com"}}
    async with httpx.AsyncClient(base_url=collector_url, auth=SHOP) as client:
        answer = await client.post("/v1/identify", json=event)

    assert answer.status_code == 200
    assert [warning["field"] for warning in answer.json()["warnings"]] == ["traits.phone"]
    assert await intake.parked() == []
    [row] = await query("MATCH (v:RecordVersion {id: 'm1'}) RETURN v.rejected_values AS rejected, v.identifier_keys AS keys")
    assert orjson.loads(row["rejected"][0])["given"] == "CALL ME MAYBE"
    assert "email:ada@kindred.example.com" in row["keys"]
    assert not any(key.startswith("phone:") for key in row["keys"])


async def test_a_wrong_write_key_is_answered_401_and_nothing_is_kept(intake, collector_url, query) -> None:
    async with httpx.AsyncClient(base_url=collector_url) as client:
        answers = [
            await client.post("/v1/track", json=GOOD, auth=httpx.BasicAuth("key-of-nobody", "")),
            await client.post("/v1/track", json=GOOD),
            await client.post("/v1/track", json={**GOOD, "writeKey": "key-of-nobody"}),
            await client.post("/v1/track", content=b"{", auth=httpx.BasicAuth("key-of-nobody", "")),
            await client.post("/v1/batch", json={"batch": [GOOD]}, headers={"Authorization": "Basic not-base64!"}),
        ]
    assert [(answer.status_code, answer.json()["error"]["code"]) for answer in answers] == [(401, "write_key_unknown")] * 5
    assert await intake.parked() == []
    await assert_alive(intake, query)


async def test_the_same_message_id_with_another_body_is_parked(intake, collector_url, query) -> None:
    async with httpx.AsyncClient(base_url=collector_url, auth=SHOP) as client:
        for properties in ({"price": 1}, {"price": 1}, {"price": 2}):
            answer = await client.post("/v1/track", json={**GOOD, "properties": properties})
            assert answer.status_code == 200
    [letter] = await intake.parked()
    assert (letter.code, letter.field) == ("message_id_conflict", "messageId")
    assert orjson.loads(letter.body)["properties"] == {"price": 2}
    [row] = await query("MATCH (t:Touchpoint) RETURN t.id AS id, t.properties AS properties")
    assert orjson.loads(row["properties"]) == {"price": 1}


async def test_one_value_the_database_refuses_does_not_hold_up_its_batch(intake, query) -> None:
    """Most values that Neo4j cannot hold are caught before; a batch around one that is not is halved until it stands alone."""
    events = [track(messageId=f"m{number}", userId=f"u{number}") for number in range(40)]
    events[17]["properties"] = {"product_id": "p" * 200_000}
    for event in events:
        await intake.js.publish(f"{EVENTS_SUBJECT}.track", orjson.dumps(event))
    await intake.drained()
    rows = await query("MATCH (t:Touchpoint) RETURN count(t) AS n")
    assert rows[0]["n"] + len(await intake.parked()) == 40
    assert rows[0]["n"] >= 39
