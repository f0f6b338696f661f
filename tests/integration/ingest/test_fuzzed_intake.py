"""Anything at all, over HTTP and straight on NATS, to ``kindred serve`` and ``kindred worker`` as processes of their own.

No answer is a fault; what was accepted is written once, what was not is answered or parked with a reason; no process ends.
"""

import asyncio
import gzip
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

import httpx
import nats
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nats.js import JetStreamContext

from graph.database import Database
from ingest.dead_letters import DeadLetter, DeadLetters
from ingest.publisher import open_nats
from ingest.streams import EVENTS_STREAM, EVENTS_SUBJECT, WORKERS_DURABLE
from ingest.topology import Retention
from runtime.stack.address import StackAddress
from tests.fuzz.effort import examples
from tests.journeys.services import ServiceProcess, on_stores

WRITE_KEY: Final = "key-of-the-shop"
PATHS: Final = ("identify", "track", "page", "screen", "group", "alias", "batch", "i", "t", "p", "s", "g", "a", "b")
TYPES: Final = ("identify", "track", "page", "screen", "group", "alias")
DRAIN_SECONDS: Final = 50.0
"""Less than a message waits for its acknowledgement: none may come again."""

TEXT: Final = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
JSON: Final[st.SearchStrategy[Any]] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=10,
)
OBJECTS: Final = st.dictionaries(
    st.sampled_from(["email", "phone", "name", "address", "products", "price", "order_id", "product_id", "consent"]) | TEXT,
    JSON,
    max_size=4,
)
EVENTS: Final = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(TYPES) | JSON,
        "userId": st.just("u") | JSON,
        "anonymousId": st.just("a") | JSON,
        "event": st.sampled_from(["Order Completed", "Product Viewed"]) | JSON,
        "timestamp": st.datetimes().map(lambda at: f"{at.isoformat()}Z") | JSON,
        "sentAt": st.datetimes().map(lambda at: f"{at.isoformat()}Z") | JSON,
        "traits": OBJECTS | JSON,
        "properties": OBJECTS | JSON,
        "context": OBJECTS | JSON,
        "previousId": TEXT,
        "groupId": TEXT,
        "writeKey": JSON,
        "source": JSON,
        "receivedAt": JSON,
    },
)
SOUND: Final = st.fixed_dictionaries(
    {
        "type": st.sampled_from(TYPES),
        "userId": st.sampled_from(["ada", "bob"]),
        "groupId": st.just("g"),
        "previousId": st.just("p"),
    },
    optional={"event": TEXT, "traits": OBJECTS, "properties": OBJECTS, "context": OBJECTS},
)
RAW: Final = st.binary(max_size=200) | st.sampled_from(
    [b"", b"{", b"[" * 5_000, b'{"a":' * 5_000, b"\xff\xfe", b"null", b"[]", b"1e999"]
)
HEADERS: Final = st.dictionaries(
    st.sampled_from(["content-type", "content-encoding", "traceparent", "origin", "x-forwarded-for", "expect", "accept"]),
    st.sampled_from(["gzip", "identity", "br", "application/json", f"00-{'1' * 32}-{'2' * 16}-01"])
    | st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30).map(str.strip),
    max_size=2,
)  # fmt: skip
AUTHORISATIONS: Final = st.sampled_from([f"{WRITE_KEY}:"] * 8 + ["key-of-nobody:", ":", "ü:"]).map(
    lambda login: httpx.BasicAuth(*login.split(":"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What was promised: the ids of events that were accepted, and how many refusals name a dead letter."""

    numbers: Iterator[int] = field(default_factory=count)
    accepted: set[str] = field(default_factory=set)
    statuses: Counter[int] = field(default_factory=Counter)


@pytest.fixture
async def js(nats_url: str, database: Database) -> AsyncIterator[JetStreamContext]:
    """The streams, new and empty; the graph is empty, too."""
    async with open_nats(nats_url, retention=Retention()) as connection:
        yield connection.jetstream()


@pytest.fixture
async def worker(js: JetStreamContext, stack: StackAddress, tmp_path: Path) -> AsyncIterator[ServiceProcess]:
    process = ServiceProcess(tmp_path, "worker", environment=on_stores(stack))
    process.start()
    try:
        await process.ready()
        yield process
    finally:
        process.kill()


@pytest.fixture
async def server(js: JetStreamContext, stack: StackAddress, tmp_path: Path) -> AsyncIterator[ServiceProcess]:
    environment = on_stores(stack) | {"KINDRED_WRITE_KEYS": json.dumps({"shop": WRITE_KEY}), "KINDRED_ENVIRONMENT": "production"}
    process = ServiceProcess(tmp_path, "serve", port_option="--port", environment=environment)
    process.start()
    try:
        await process.ready()
        yield process
    finally:
        process.kill()


async def test_over_http_everything_is_accepted_or_refused_with_a_reason(
    js: JetStreamContext, worker: ServiceProcess, server: ServiceProcess, query: Any
) -> None:
    before = worker.pid, server.pid
    ledger = Ledger()
    with httpx.Client(base_url=server.url, timeout=30) as client:

        @given(
            path=st.sampled_from(PATHS),
            given_=SOUND | st.lists(SOUND | EVENTS | JSON, max_size=4) | EVENTS | JSON | RAW,
            headers=HEADERS,
            zipped=st.booleans(),
            cut=st.integers(0, 40),
            auth=AUTHORISATIONS,
        )
        @examples(400)
        def send(path: str, given_: Any, headers: dict[str, str], zipped: bool, cut: int, auth: httpx.Auth) -> None:
            one_of_many = path in ("batch", "b")
            named = numbered(given_, ledger)
            body = body_of({"batch": named} if one_of_many and isinstance(named, list) else named)
            if zipped:
                body, headers = gzip.compress(body), headers | {"content-encoding": "gzip"}
            if cut > 35:
                body = body[: -(cut - 35)]
            note(client.post(f"/v1/{path}", content=body, headers=headers, auth=auth), named, ledger)

        send()

    await drained(js, worker)
    assert (worker.pid, server.pid) == before
    assert ledger.statuses[200] >= 40
    assert ledger.statuses[400] >= 40
    assert set(ledger.statuses) <= {200, 400, 401, 413, 415}
    assert len(ledger.accepted) >= 40
    # What the collector accepted, the worker writes: not one of them may be found unfit later.
    written = Counter(row["id"] for row in await query(WRITTEN))
    assert {message_id: written[message_id] for message_id in ledger.accepted} == dict.fromkeys(ledger.accepted, 1)
    letters = [letter async for letter in DeadLetters(js).all()]
    assert letters
    assert [letter for letter in letters if not letter.reason or letter.origin != "collector:shop"] == []


def numbered(given_: Any, ledger: Ledger) -> Any:
    """The same, where events have a message id each that no other has."""
    match given_:
        case dict():
            return given_ | {"messageId": f"http-{next(ledger.numbers)}"}
        case list():
            return [numbered(each, ledger) if isinstance(each, dict) else each for each in given_]
        case _:
            return given_


def body_of(given_: Any) -> bytes:
    return given_ if isinstance(given_, bytes) else orjson.dumps(given_)


def note(answer: httpx.Response, given_: Any, ledger: Ledger) -> None:
    """Hold the answer against the documented form, and remember what it promised."""
    ledger.statuses[answer.status_code] += 1
    assert answer.status_code < 500, answer.text
    told = answer.json()
    if answer.status_code != 200:
        assert told["success"] is False
        assert told["error"]["code"] == told["code"]
        assert told["error"]["message"]
    refused = told.get("refused", [])
    for each in refused:
        assert each["code"]
        assert each["message"]
    if "accepted" in told:
        assert told["accepted"] + len(refused) == len(given_)
        places = {each["index"] for each in refused}
        assert len(places) == len(refused)
        ledger.accepted.update(event["messageId"] for place, event in enumerate(given_) if place not in places)
    elif answer.status_code == 200:
        ledger.accepted.add(told["messageId"])


WRITTEN: Final = "MATCH (n:Touchpoint|RecordVersion) RETURN n.id AS id"
GOOD_EVERY: Final = 5
LINES: Final = (
    *(b"Kindred-Attempts: 99999999999999999999", b"Kindred-Attempts: -1", b"Kindred-Replay: x", b"Kindred-Truncated: 3"),
    *(b"Nats-Msg-Id: 1", b"Nats-Expected-Stream: KINDRED_EVENTS", b"traceparent: 00-zz", b"tracestate: =,=", b"content-type: x"),
    *(b"correlation_id:", b"reply_to: a b c", b"Status: 408", b"Status: 100", b": nothing", b"no colon", b"\xff: \xfe"),
)
STATUSES: Final = (b"", b" 100", b" 100 FlowControl Request", b" 404", b" 408 Request Timeout", b" 409", b" 503", b" x")
LINE: Final = st.sampled_from(LINES) | st.binary(max_size=30).map(lambda line: line.replace(b"\r", b"").replace(b"\n", b""))
BLOCKS: Final = st.tuples(st.sampled_from(STATUSES), st.lists(LINE, max_size=4)).map(
    lambda parts: b"NATS/1.0" + parts[0] + b"\r\n" + b"".join(line + b"\r\n" for line in parts[1]) + b"\r\n"
)
SUBJECTS: Final = st.sampled_from([*TYPES, "unknown", "a.b.c", "%00", "ü", "x" * 200])


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One message as it was put on the stream."""

    subject: str
    head: bytes | None
    body: bytes


async def test_on_nats_anything_is_written_or_parked_and_the_worker_lives(
    js: JetStreamContext, worker: ServiceProcess, nats_url: str, query: Any
) -> None:
    before = worker.pid
    sent: list[Sent] = []

    @given(subject=SUBJECTS, head=st.none() | BLOCKS, given_=SOUND | EVENTS | JSON | RAW)
    @examples(400)
    def draw(subject: str, head: bytes | None, given_: Any) -> None:
        if isinstance(given_, dict):
            given_ = given_ | {"messageId": f"nats-{len(sent)}"}
        sent.append(Sent(subject=subject, head=head, body=body_of(given_)))
        if len(sent) % GOOD_EVERY == 0:
            good = {"type": "track", "event": "Product Viewed", "userId": "good", "messageId": f"good-{len(sent)}"}
            sent.append(Sent(subject="track", head=None, body=orjson.dumps(good)))

    draw()
    for message in sent:
        await publish_raw(nats_url, message)
    kept = (await js.stream_info(EVENTS_STREAM)).state.messages
    assert kept >= len(sent) // 2
    await drained(js, worker)

    assert worker.pid == before
    written = Counter(row["id"] for row in await query(WRITTEN))
    assert set(written.values()) == {1}
    good = {orjson.loads(each.body)["messageId"] for each in sent if b'"userId":"good"' in each.body}
    assert good <= set(written)
    letters = [letter async for letter in DeadLetters(js).all()]
    assert all(letter.reason and letter.code and letter.origin == "worker" for letter in letters)
    assert await unsettled(js, letters, set(written)) == []


async def unsettled(js: JetStreamContext, letters: list[DeadLetter], written: set[str]) -> list[tuple[str, Any, bytes]]:
    """Messages of the stream whose event is neither in the graph nor, unchanged, among the dead letters."""
    parked = {letter.body for letter in letters}
    lost = []
    state = (await js.stream_info(EVENTS_STREAM)).state
    for sequence in range(state.first_seq, state.last_seq + 1):
        message = await js.get_msg(EVENTS_STREAM, seq=sequence, direct=False)
        body = message.data or b""
        if body not in parked and message_id(body) not in written:
            lost.append((message.subject or "", message.headers, body))
    return lost


def message_id(body: bytes) -> Any:
    try:
        return orjson.loads(body)["messageId"]
    except (orjson.JSONDecodeError, TypeError, KeyError):
        return None


async def publish_raw(url: str, message: Sent) -> None:
    """Publish past nats-py, which would refuse many headers that any other client can send."""
    connection = await nats.connect(url)
    try:
        subject = f"{EVENTS_SUBJECT}.{message.subject}".encode()
        if message.head is None:
            command = b"PUB %s %d\r\n%s\r\n" % (subject, len(message.body), message.body)
        else:
            whole = message.head + message.body
            command = b"HPUB %s %d %d\r\n%s\r\n" % (subject, len(message.head), len(whole), whole)
        await connection._send_command(command)
        await connection.flush()
    finally:
        await connection.close()


async def drained(js: JetStreamContext, worker: ServiceProcess) -> None:
    """Wait until the workers have settled every message."""
    last = (await js.stream_info(EVENTS_STREAM)).state.last_seq
    async with asyncio.timeout(DRAIN_SECONDS):
        while True:
            assert worker.pid
            info = await js.consumer_info(EVENTS_STREAM, WORKERS_DURABLE)
            known = info.delivered is not None and info.delivered.stream_seq >= last
            if known and not info.num_pending and not info.num_ack_pending:
                return
            await asyncio.sleep(0.05)
