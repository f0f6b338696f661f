"""The collector over real HTTP: Segment's shapes, browsers, gzip, and what happens while JetStream is away."""

import asyncio
import gzip
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import orjson
import psutil
import pytest
from starlette.applications import Starlette

from ingest.collector import collector_routes
from ingest.publisher import open_publisher
from ingest.topology import Retention
from runtime.stack.nats import find_executable

SHOP = httpx.BasicAuth("key-of-the-shop", "")
EVENT = {"userId": "ada", "timestamp": "2026-01-02T03:04:05Z"}


@pytest.fixture
async def client(collector_url):
    async with httpx.AsyncClient(base_url=collector_url, auth=SHOP) as opened:
        yield opened


@pytest.mark.parametrize(
    ("path", "event", "kind"),
    [
        ("identify", {"traits": {"email": "ada@kindred.example.com"}}, "RecordVersion"),
        ("track", {"event": "Product Viewed"}, "Touchpoint"),
        ("page", {"name": "Home"}, "Touchpoint"),
        ("screen", {"name": "Home"}, "Touchpoint"),
        ("group", {"groupId": "acme"}, "Touchpoint"),
        ("alias", {"previousId": "cookie-1"}, "Touchpoint"),
    ],
)
async def test_each_type_has_its_path_and_its_short_path(intake, client, query, path: str, event: dict, kind: str) -> None:
    for route in (path, path[0]):
        answer = await client.post(f"/v1/{route}", json={**EVENT, **event, "messageId": f"m-{route}"})
        assert answer.json() == {"success": True, "messageId": f"m-{route}"}
        assert answer.status_code == 200
    await intake.drained()
    rows = await query(
        "MATCH (e:Touchpoint|RecordVersion) RETURN labels(e) AS labels, e.id AS id, e.source AS source ORDER BY id"
    )
    assert rows == [
        {"labels": [kind], "id": message_id, "source": "shop"} for message_id in sorted((f"m-{path}", f"m-{path[0]}"))
    ]


async def test_a_message_id_is_given_where_there_is_none(intake, client, query) -> None:
    first, second = [(await client.post("/v1/page", json=EVENT)).json()["messageId"] for _ in range(2)]
    assert first != second
    await intake.drained()
    rows = await query("MATCH (t:Touchpoint) RETURN t.id AS id")
    assert {row["id"] for row in rows} == {first, second}


async def test_a_repetition_is_accepted_and_kept_once(intake, client, query) -> None:
    for _ in range(3):
        answer = await client.post("/v1/page", json={**EVENT, "messageId": "m1"})
        assert answer.status_code == 200
    await intake.drained()
    assert await query("MATCH (t:Touchpoint) RETURN t.id AS id") == [{"id": "m1"}]


async def test_a_browser_may_post_text_from_any_page_with_the_key_in_the_body(intake, collector_url, query) -> None:
    page = {"Origin": "https://shop.example.com"}
    body = orjson.dumps({**EVENT, "messageId": "m1", "writeKey": "key-of-the-till"})
    async with httpx.AsyncClient(base_url=collector_url) as browser:
        asked = await browser.options("/v1/p", headers={**page, "Access-Control-Request-Method": "POST"})
        answer = await browser.post("/v1/p", content=body, headers={**page, "Content-Type": "text/plain"})

    assert asked.status_code == 200
    assert asked.headers["access-control-allow-origin"] == "*"
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    await intake.drained()
    [row] = await query("MATCH (t:Touchpoint) RETURN t.source AS source, t.body AS body")
    assert row["source"] == "till"
    assert "key-of-the-till" not in row["body"]


async def test_what_a_sender_says_of_its_source_does_not_count(intake, client, query) -> None:
    await client.post("/v1/page", json={**EVENT, "source": "till"})
    await intake.drained()
    assert await query("MATCH (t:Touchpoint) RETURN t.source AS source") == [{"source": "shop"}]


async def test_a_sender_with_a_wrong_clock_is_put_right(intake, client, query) -> None:
    # By its clock the event is an hour old and sent in 2001.
    batch = {"sentAt": "2001-01-01T01:00:00Z", "batch": [{"type": "page", "userId": "ada", "timestamp": "2001-01-01T00:00:00Z"}]}
    assert (await client.post("/v1/batch", json=batch)).status_code == 200
    await intake.drained()
    [row] = await query("MATCH (t:Touchpoint) RETURN duration.inSeconds(t.at, t.recorded_at).seconds AS age")
    assert row["age"] == pytest.approx(3_600, abs=5)


async def test_gzip_is_understood_and_bounded(client, intake) -> None:
    headers = {"Content-Encoding": "gzip"}
    good = await client.post("/v1/page", content=gzip.compress(orjson.dumps(EVENT)), headers=headers)
    bomb = await client.post("/v1/batch", content=gzip.compress(b" " * 100_000_000), headers=headers)
    cut = await client.post("/v1/page", content=gzip.compress(orjson.dumps(EVENT))[:-10], headers=headers)
    other = await client.post("/v1/page", content=b"x", headers={"Content-Encoding": "br"})
    statuses = [(answer.status_code, answer.json().get("code")) for answer in (good, bomb, cut, other)]
    assert statuses == [(200, None), (413, "body_too_large"), (400, "malformed_gzip"), (415, "unsupported_encoding")]


async def test_a_batch_without_events(client, intake) -> None:
    assert (await client.post("/v1/batch", json={"batch": []})).json() == {"success": True, "accepted": 0, "refused": []}
    answer = await client.post("/v1/batch", json={"events": [EVENT]})
    assert (answer.status_code, answer.json()["code"]) == (400, "batch_missing")
    assert [letter.code for letter in await intake.parked()] == ["batch_missing"]


@pytest.fixture
def lone_nats(tmp_path: Path) -> Iterator[tuple[str, psutil.Popen]]:
    """A NATS of the test's own, to be stopped and gone on with."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [find_executable(), "--addr", "127.0.0.1", "--port", str(port), "--jetstream", "--store_dir", tmp_path]
    process = psutil.Popen([str(part) for part in command])
    try:
        yield f"nats://127.0.0.1:{port}", process
    finally:
        process.kill()
        process.wait()


async def test_it_answers_503_until_jetstream_has_the_event(lone_nats) -> None:
    url, process = lone_nats
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
            writer.close()
            break
        except OSError:
            await asyncio.sleep(0.05)
    async with open_publisher(url, retention=Retention(), patience_seconds=1.0) as publisher:
        app = Starlette(routes=collector_routes(publisher, {"shop": "key-of-the-shop"}, region="US"))
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://collector", auth=SHOP, timeout=30) as client:
            os.kill(process.pid, signal.SIGSTOP)
            away = await client.post("/v1/page", json={**EVENT, "messageId": "m1"})
            os.kill(process.pid, signal.SIGCONT)
            back = await client.post("/v1/page", json={**EVENT, "messageId": "m1"})

    assert away.status_code == 503
    assert away.json()["code"] == "events_unavailable"
    assert int(away.headers["retry-after"]) > 0
    assert back.status_code == 200
