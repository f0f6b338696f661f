"""Subscriptions over real WebSockets: what is told, once, to whom, and what becomes of those who do not listen."""

import asyncio
import contextlib
import itertools
import socket
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import nats
import orjson
import pytest
import uvicorn
from prometheus_client import CollectorRegistry
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from api.app import create_app
from api.auth import Authenticator
from api.context import Propose
from api.live.hub import LiveHub
from api.live.protocol import TOO_SLOW
from api.lookup import normaliser
from api.metrics import ApiMetrics
from gnn.model_store import ModelStore
from graph.database import Database
from graph.model.evidence import Evidence
from graph.repositories.evidence import EvidenceRepository
from ingest.change_following import follow_changes
from ingest.changes import ChangeNotes, Note
from ingest.publisher import EventPublisher, open_nats
from ingest.topology import Retention, ensure_topology
from ingest.worker_pool import running_workers
from ingest.workers import BatchHandler
from runtime.proposing import proposer_apart
from runtime.resolving import settling, telling
from tests.integration.api.conftest import FIRST, KEY, KEYS, touchpoint

PROTOCOL = Subprotocol("graphql-transport-ws")
BUSY = 1_500
NEVER_SECONDS = 600.0
"""No test takes so long: whoever is told within it was woken."""
JOURNEY = """
subscription Journey($namespace: String!, $value: String!, $after: String) {
  journeyTouchpoints(identifier: {namespace: $namespace, value: $value}, after: $after) {
    cursor node { messageId type identifiers { namespace value } }
  }
}
"""
PROFILE = """
subscription Profile($value: String!, $after: String) {
  profileChanged(identifier: {namespace: "user_id", value: $value}, after: $after) {
    cursor
    profile { __typename
      ... on Profile { identityId name { given } members { totalCount edges { node { key } } } journey { totalCount } }
      ... on ProfileNotFound { reason }
    }
  }
}
"""


class Subscriber:
    """One connection that speaks graphql-transport-ws."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self._numbers = itertools.count(1)

    async def say(self, **message: Any) -> None:
        await self.connection.send(orjson.dumps(message).decode())

    async def hear(self, *, seconds: float = 20.0) -> dict[str, Any]:
        message = await asyncio.wait_for(self.connection.recv(), timeout=seconds)
        assert isinstance(message, str), "browsers take bytes for a file"
        heard: dict[str, Any] = orjson.loads(message)
        return heard

    async def subscribe(self, query: str, **variables: Any) -> None:
        payload = {"query": query, "variables": variables}
        await self.say(id=str(next(self._numbers)), type="subscribe", payload=payload)

    async def next(self) -> dict[str, Any]:
        """What the one field of the next message holds."""
        heard = await self.hear()
        assert heard["type"] == "next", heard
        assert "errors" not in heard["payload"], heard
        [told] = heard["payload"]["data"].values()
        return dict(told)

    async def touchpoints(self, count: int) -> list[tuple[str, str]]:
        """Ids and cursors of so many touchpoints."""
        told = [await self.next() for _ in range(count)]
        return [(each["node"]["messageId"], each["cursor"]) for each in told]

    async def hears_nothing(self, *, seconds: float = 1.0) -> None:
        with pytest.raises(TimeoutError):
            await self.hear(seconds=seconds)


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    """Address of an application that a real server serves."""
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="off", ws_max_size=100_000)
    )
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment] # pytest's own stay in place
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"ws://127.0.0.1:{port}/graphql"
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def opened(url: str, *, key: str = KEY, **options: Any) -> AsyncIterator[Subscriber]:
    """A connection that said who it is."""
    async with connect(url, subprotocols=[PROTOCOL], **options) as connection:
        subscriber = Subscriber(connection)
        await subscriber.say(type="connection_init", payload={"authorization": f"Bearer {key}"})
        assert (await subscriber.hear())["type"] == "connection_ack"
        yield subscriber


Write = Callable[..., Awaitable[None]]


class Village:
    """The hamlet with a worker and a resolver, each told of by notes, and an API that they wake."""

    def __init__(self, database: Database, notes: ChangeNotes, hub: LiveHub, propose: Propose, models: ModelStore) -> None:
        self._evidence = EvidenceRepository(database)
        self._settle = settling(database, tell=telling(notes))
        self._notes = notes
        self.database = database
        self._propose = propose
        self._models = models
        self._hub = hub

    def app(self, **changes: Any) -> Any:
        collaborators: dict[str, Any] = {
            "database": self.database,
            "authenticator": Authenticator(KEYS),
            "normalise": normaliser(region="US"),
            "clock": now,
            "new_id": lambda: uuid.uuid4().hex,
            "propose": self._propose,
            "metrics": ApiMetrics(CollectorRegistry()),
            "checks": {},
            "outages": (),
            "environment": "production",
            "allowed_origins": (),
            "extra_routes": (),
            "models": self._models,
            "hub": self._hub,
        }
        return create_app(**{**collaborators, **changes})

    async def happens(self, *events: Evidence, told: bool = True) -> None:
        """Events are written, and settled, as worker and resolver do it."""
        written = await self._evidence.write(events)
        if told:
            await self._notes.tell({identifier.key for event in events for identifier in event.identifiers})
        if written.touched:
            await self._settle(sorted(written.touched))


@pytest.fixture
async def village(hamlet: Database, nats_url: str, stack: Any, tmp_path: Path) -> AsyncIterator[Village]:
    hub = LiveHub(look_seconds=NEVER_SECONDS)

    def wake(note: Note) -> None:
        if note.everybody:
            hub.wake_all()
        hub.wake(note.topics)

    async with open_nats(nats_url, retention=Retention()) as connection:
        following = asyncio.create_task(follow_changes(connection.jetstream(), tell=wake))
        try:
            yield Village(
                hamlet, ChangeNotes(connection), hub, proposer_apart(stack.neo4j), ModelStore(folder=tmp_path / "models")
            )
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)


def now() -> datetime:
    return datetime.now(UTC)


def visit(number: int, *keys: str) -> Evidence:
    return touchpoint(f"visit-{number}", *keys, at=now(), recorded_at=now())


async def test_a_profile_is_told_at_the_start_and_after_each_change(village: Village) -> None:
    async with served(village.app()) as url, opened(url) as subscriber:
        await subscriber.subscribe(PROFILE, value="u1")
        first = await subscriber.next()
        assert first["profile"]["name"] == {"given": "ann"}
        assert first["profile"]["journey"]["totalCount"] == 2
        await village.happens(visit(1, "anonymous_id:c1"))
        visited = await subscriber.next()
        # What its fields were read by must not be what was read for the message before.
        assert visited["profile"]["journey"]["totalCount"] == 3
        await village.happens(visit(2, "anonymous_id:new", "user_id:u1"))
        keys: set[str] = set()
        while "anonymous_id:new" not in keys:
            joined = await subscriber.next()
            keys = {edge["node"]["key"] for edge in joined["profile"]["members"]["edges"]}
        assert len({first["cursor"], visited["cursor"], joined["cursor"]}) == 3
        await subscriber.hears_nothing()
    async with served(village.app()) as url, opened(url) as subscriber:
        await subscriber.subscribe(PROFILE, value="u1", after=joined["cursor"])
        await subscriber.hears_nothing()
        await village.happens(visit(3, "anonymous_id:new"))
        assert (await subscriber.next())["profile"]["journey"]["totalCount"] == 5


async def test_nobody_is_told_of_until_they_come_to_be(village: Village) -> None:
    async with served(village.app()) as url, opened(url) as subscriber:
        await subscriber.subscribe(PROFILE, value="u77")
        assert (await subscriber.next())["profile"] == {"__typename": "ProfileNotFound", "reason": "UNKNOWN"}
        await village.happens(visit(1, "user_id:u77"))
        told = await subscriber.next()
        if told["profile"]["__typename"] == "ProfileNotFound":
            # It was looked between the writing and the settling.
            assert told["profile"]["reason"] == "NO_IDENTITY"
            told = await subscriber.next()
        assert told["profile"]["members"]["totalCount"] == 1


async def test_an_anonymous_history_joins_once_and_is_taken_up_again_after_a_restart(village: Village) -> None:
    """A cookie browses, signs in as Ann, who had two touchpoints, and goes on; meanwhile the server is another one."""
    async with served(village.app()) as url, opened(url) as subscriber:
        await subscriber.subscribe(JOURNEY, namespace="anonymous_id", value="browser")
        await village.happens(visit(1, "anonymous_id:browser"))
        await village.happens(visit(2, "anonymous_id:browser"))
        assert [id_ for id_, _ in await subscriber.touchpoints(2)] == ["visit-1", "visit-2"]
        await village.happens(visit(3, "anonymous_id:browser", "user_id:u1"))
        joined = await subscriber.touchpoints(3)
        assert [id_ for id_, _ in joined] in (["visit-3", "ann-1", "ann-2"], ["ann-1", "ann-2", "visit-3"])
        await subscriber.hears_nothing()
    middle, last = joined[1], joined[2]
    await village.happens(visit(4, "device_id:d1"))
    for after, missed in ((last[1], ["visit-4"]), (middle[1], [last[0], "visit-4"])):
        async with served(village.app()) as url, opened(url) as subscriber:
            await subscriber.subscribe(JOURNEY, namespace="anonymous_id", value="browser", after=after)
            assert [id_ for id_, _ in await subscriber.touchpoints(len(missed))] == missed
            await subscriber.hears_nothing()


async def test_many_writers_at_once_are_told_whole_through_reconnections(village: Village) -> None:
    """Forty visits of one person are written by eight at a time, and the subscriber leaves after every seventh."""
    told: list[str] = []
    cursor: str | None = None

    async def writes() -> None:
        for start in range(0, 40, 8):
            numbers = range(start, start + 8)
            await asyncio.gather(*(village.happens(visit(n, f"anonymous_id:m{n % 5}", "user_id:u1")) for n in numbers))

    async with served(village.app()) as url:
        writing = asyncio.create_task(writes())
        while len(told) < 42:
            async with opened(url) as subscriber:
                await subscriber.subscribe(JOURNEY, namespace="user_id", value="u1", after=cursor)
                for id_, place in await subscriber.touchpoints(min(7, 42 - len(told))):
                    told.append(id_)
                    cursor = place
        await writing
        async with opened(url) as subscriber:
            await subscriber.subscribe(JOURNEY, namespace="user_id", value="u1", after=cursor)
            await subscriber.hears_nothing()
    assert sorted(told) == sorted([f"visit-{n}" for n in range(40)] + ["ann-1", "ann-2"])


async def test_what_nobody_was_told_of_is_found_by_looking(village: Village) -> None:
    app = village.app(hub=LiveHub(look_seconds=0.2))
    async with served(app) as url, opened(url) as subscriber:
        await subscriber.subscribe(JOURNEY, namespace="user_id", value="u1")
        await subscriber.touchpoints(2)
        await village.happens(visit(1, "user_id:u1"), told=False)
        assert [id_ for id_, _ in await subscriber.touchpoints(1)] == ["visit-1"]


async def test_a_worker_and_a_steward_wake_subscribers(village: Village, nats_url: str) -> None:
    connection = await nats.connect(nats_url)
    notes = ChangeNotes(connection)

    def handler() -> BatchHandler:
        publisher = EventPublisher(connection)
        return BatchHandler(evidence=EvidenceRepository(village.database), publisher=publisher, region="US", notes=notes)

    async def prepare(js: Any) -> None:
        await ensure_topology(js, retention=Retention())

    app = village.app(tell=telling(notes))
    try:
        async with running_workers(nats_url, handler=handler, prepare=prepare), served(app) as url, opened(url) as subscriber:
            await subscriber.subscribe(JOURNEY, namespace="user_id", value="u1")
            await subscriber.touchpoints(2)
            event = {
                "type": "page", "messageId": uuid.uuid4().hex, "userId": "u1", "name": "Home",
                "timestamp": now().isoformat(), "source": "web",
            }  # fmt: skip
            await connection.jetstream().publish("kindred.v1.events.page", orjson.dumps(event))
            assert [id_ for id_, _ in await subscriber.touchpoints(1)] == [event["messageId"]]
    finally:
        await connection.close()


@pytest.mark.parametrize("payload", [{}, {"authorization": "Bearer wrong"}, {"authorization": 7}])
async def test_without_a_key_the_connection_is_closed(village: Village, payload: dict[str, Any]) -> None:
    async with served(village.app()) as url, connect(url, subprotocols=[PROTOCOL]) as connection:
        subscriber = Subscriber(connection)
        await subscriber.say(type="connection_init", payload=payload)
        with pytest.raises(ConnectionClosed) as closed:
            await subscriber.hear()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4403


WHOSE = 'subscription { profileChanged(identifier: {namespace: "user_id", value: "u1"}) { profile { ... on Profile { %s } } } }'
COSTLY = (
    "journey(first: 100) { edges { node { products { name } } } } "
    "records(first: 100) { edges { node { versions(first: 100) { edges { node { at traits } } } } } }"
)
REFUSED = {
    "too_costly": (KEY, WHOSE % COSTLY),
    "invalid_query": (KEY, WHOSE % "nothing"),
    "forbidden": ("bot-key", WHOSE % "identityId"),
}


@pytest.mark.parametrize("code", REFUSED)
async def test_limits_and_roles_are_those_of_queries(village: Village, code: str) -> None:
    key, query = REFUSED[code]
    async with served(village.app()) as url, opened(url, key=key) as subscriber:
        await subscriber.subscribe(query)
        heard = await subscriber.hear()
        assert heard["type"] == "error"
        assert [error["extensions"]["code"] for error in heard["payload"]] == [code]


@pytest.mark.parametrize("cursor", ["rubbish", ""])
async def test_a_cursor_that_was_never_given_is_refused(village: Village, cursor: str) -> None:
    async with served(village.app()) as url, opened(url) as subscriber:
        await subscriber.subscribe(JOURNEY, namespace="user_id", value="u1", after=cursor)
        heard = await subscriber.hear()
        assert [error["extensions"]["code"] for error in heard["payload"]["errors"]] == ["invalid_argument"]


async def test_queries_do_not_come_this_way(village: Village) -> None:
    async with served(village.app()) as url, opened(url) as subscriber:
        await subscriber.subscribe("{ policies { number } }")
        heard = await subscriber.hear()
        assert heard["type"] == "error"
        assert [error["extensions"]["code"] for error in heard["payload"]] == ["invalid_query"]


async def test_a_server_takes_so_many_subscribers_and_no_more(village: Village) -> None:
    hub = LiveHub(look_seconds=NEVER_SECONDS, most=1)
    async with served(village.app(hub=hub)) as url, opened(url) as first, opened(url) as second:
        await first.subscribe(PROFILE, value="u1")
        await first.next()
        await second.subscribe(PROFILE, value="u1")
        heard = await second.hear()
        assert [error["extensions"]["code"] for error in heard["payload"]["errors"]] == ["too_many_subscribers"]
        assert (await second.hear())["type"] == "complete"
        await first.say(id="1", type="complete")
        async with asyncio.timeout(10):
            while len(hub):
                await asyncio.sleep(0.01)
        await second.subscribe(PROFILE, value="u1")
        await second.next()


async def test_a_page_of_another_origin_is_let_in_where_it_is_allowed(village: Village) -> None:
    origin = {"additional_headers": {"Origin": "https://shop.example"}}
    async with served(village.app()) as url:
        with pytest.raises(Exception, match="HTTP 403"):
            async with opened(url, **origin):
                pass
    async with served(village.app(allowed_origins=["https://shop.example"])) as url, opened(url, **origin) as subscriber:
        await subscriber.subscribe(PROFILE, value="u1")
        await subscriber.next()


async def test_a_client_that_does_not_read_is_told_and_closed(village: Village) -> None:
    """It asks for more than the buffers of both ends hold, and reads nothing of it until it is closed."""
    long = [touchpoint(f"busy-{n:04}", "user_id:u1", at=FIRST + timedelta(minutes=n)) for n in range(BUSY)]
    for start in range(0, len(long), 500):
        await village.happens(*long[start : start + 500])
    fields = " ".join(
        f"n{n}: node {{ messageId type event source properties recordedAt at channel url title }}" for n in range(14)
    )
    query = JOURNEY.replace("node { messageId type identifiers { namespace value } }", fields)
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)
    narrow.setblocking(False)
    registry = CollectorRegistry()
    app = village.app(send_seconds=1.0, metrics=ApiMetrics(registry))
    async with served(app) as url:
        port = int(url.rpartition(":")[2].partition("/")[0])
        await asyncio.get_running_loop().sock_connect(narrow, ("127.0.0.1", port))
        async with opened(url, sock=narrow, max_queue=1, ping_interval=None, max_size=None) as subscriber:
            await subscriber.subscribe(query, namespace="user_id", value="u1")
            async with asyncio.timeout(60):
                while not registry.get_sample_value("kindred_graphql_slow_subscribers_total"):
                    await asyncio.sleep(0.1)
            # What was on its way is still to be read, and then the reason.
            heard = 0
            async with asyncio.timeout(60):
                async for _ in _until_closed(subscriber.connection):
                    heard += 1
            assert subscriber.connection.close_code == TOO_SLOW
            assert subscriber.connection.close_reason == "too slow: go on after the last cursor"
            assert 0 < heard < BUSY


async def _until_closed(connection: ClientConnection) -> AsyncIterator[Any]:
    with contextlib.suppress(ConnectionClosed):
        while True:
            yield await connection.recv()
