"""Live resolution: what a worker wrote is somebody's a moment later, once, whatever fails in between."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

import nats
import orjson
import pytest
from nats.js import JetStreamContext

from graph.database import Database
from graph.identity.conclusion import ORDER
from graph.identity.progress import NoProgress
from graph.identity.stewardship import Stewardship, open_stewardship
from graph.model.identity import Purpose
from graph.repositories.evidence import EvidenceRepository, GraphUnavailable
from graph.repositories.identities import IdentityRepository, ResolutionBusy
from ingest.live import Settle, TouchedHandler, follow_touched
from ingest.publisher import EventPublisher
from ingest.streams import EVENTS_SUBJECT, RESOLVERS_DURABLE, TOUCHED_STREAM
from ingest.topology import Retention, ensure_topology
from ingest.worker_pool import running_workers
from ingest.workers import BatchHandler
from runtime.resolving import resolve_once

PATIENCE_SECONDS = 20.0


@pytest.fixture
def stewardship(database: Database) -> Stewardship:
    return open_stewardship(database, clock=lambda: datetime.now(UTC), new_id=lambda: uuid.uuid4().hex)


@pytest.fixture
async def js(nats_url: str) -> AsyncIterator[JetStreamContext]:
    connection = await nats.connect(nats_url)
    await ensure_topology(connection.jetstream(), retention=Retention())
    yield connection.jetstream()
    await connection.close()


@asynccontextmanager
async def resolving(js: JetStreamContext, settle: Settle) -> AsyncIterator[None]:
    stopping = asyncio.Event()
    following = asyncio.create_task(follow_touched(js, handler=TouchedHandler(settle=settle), stopping=stopping))
    try:
        yield
    finally:
        stopping.set()
        await following


@pytest.fixture
async def workers(nats_url: str, publisher: EventPublisher, database: Database) -> AsyncIterator[None]:
    """Workers that tell what they touched."""

    async def prepare(js: JetStreamContext) -> None:
        await ensure_topology(js, retention=Retention())

    def handler() -> BatchHandler:
        return BatchHandler(evidence=EvidenceRepository(database), publisher=publisher, region="US")

    async with running_workers(nats_url, handler=handler, prepare=prepare):
        yield


async def send(js: JetStreamContext, kind: str, message_id: str, **fields: Any) -> None:
    event = {"type": kind, "messageId": message_id, "timestamp": "2026-01-02T03:04:05Z", **fields}
    await js.publish(f"{EVENTS_SUBJECT}.{kind}", orjson.dumps(event))


async def until(holds: Callable[[], Any]) -> None:
    started = perf_counter()
    while not await holds():
        assert perf_counter() - started < PATIENCE_SECONDS
        await asyncio.sleep(0.02)


async def settled(js: JetStreamContext) -> bool:
    consumer = await js.consumer_info(TOUCHED_STREAM, RESOLVERS_DURABLE)
    return not consumer.num_pending and not consumer.num_ack_pending


async def individuals(database: Database) -> set[frozenset[str]]:
    found: dict[str, set[str]] = {}
    for member, identity in (await IdentityRepository(database).memberships(Purpose.INDIVIDUAL)).items():
        found.setdefault(identity, set()).add(member)
    return {frozenset(members) for members in found.values()}


async def test_a_click_is_somebodys_at_once_and_a_sign_in_brings_the_history_along(
    js: JetStreamContext, workers: None, stewardship: Stewardship, database: Database
) -> None:
    async with resolving(js, stewardship.settle):
        await send(js, "page", "m1", anonymousId="c1")
        await send(js, "identify", "m2", userId="u1", traits={"email": "ada@shop.test", "firstName": "Ada", "lastName": "King"})

        async def two() -> bool:
            return await individuals(database) == {
                frozenset({"anonymous_id:c1"}),
                frozenset({"user_id:u1", "email:ada@shop.test", "default:u1"}),
            }

        await until(two)
        await send(js, "track", "m3", anonymousId="c1", userId="u1", event="Signed In")

        async def one() -> bool:
            return {frozenset({"anonymous_id:c1", "user_id:u1", "email:ada@shop.test", "default:u1"})} == (
                await individuals(database)
            )

        await until(one)
        before = await IdentityRepository(database).memberships(Purpose.INDIVIDUAL)
        [report, *_] = await resolve_once(database, ORDER, progress=NoProgress())
        assert not report.changed, "streaming is batch"
        assert await IdentityRepository(database).memberships(Purpose.INDIVIDUAL) == before


async def test_what_cannot_be_settled_now_is_settled_later(
    js: JetStreamContext, workers: None, stewardship: Stewardship, database: Database
) -> None:
    obstacles = [ResolutionBusy("a resolution is under way"), GraphUnavailable("the database is away")]

    async def settle(members: Sequence[str]) -> None:
        if obstacles:
            raise obstacles.pop()
        await stewardship.settle(members)

    async with resolving(js, settle):
        await send(js, "page", "m1", anonymousId="c1")

        async def there() -> bool:
            return await individuals(database) == {frozenset({"anonymous_id:c1"})} and await settled(js)

        await until(there)
    assert not obstacles


async def test_one_member_that_cannot_be_settled_keeps_no_other_waiting(
    js: JetStreamContext, stewardship: Stewardship, publisher: EventPublisher
) -> None:
    seen: list[str] = []

    async def settle(members: Sequence[str]) -> None:
        if "user_id:bad" in members:
            raise ValueError("what this member makes the resolution do")
        seen.extend(members)

    async with resolving(js, settle):
        await js.publish("kindred.v1.touched", b"not a list")
        await publisher.touch({"user_id:bad", *(f"user_id:{number}" for number in range(20))})

        async def done() -> bool:
            return await settled(js)

        await until(done)
    assert sorted(seen) == sorted(f"user_id:{number}" for number in range(20))


async def test_members_too_many_for_one_message_are_told_in_several(js: JetStreamContext, publisher: EventPublisher) -> None:
    members = {f"user_id:{number:04}{'x' * 1000}" for number in range(5_000)}
    await publisher.touch(members)
    seen: set[str] = set()

    async def settle(members: Sequence[str]) -> None:
        seen.update(members)

    assert (await js.stream_info(TOUCHED_STREAM)).state.messages > 1
    async with resolving(js, settle):

        async def done() -> bool:
            return await settled(js)

        await until(done)
    assert seen == members


async def test_newcomers_do_not_wait_for_what_takes_longer(js: JetStreamContext, publisher: EventPublisher) -> None:
    settled_together: list[list[str]] = []
    await publisher.touch({"user_id:u1", "anonymous_id:old"})
    await publisher.touch({"anonymous_id:new", "user_id:u2"}, newcomers={"anonymous_id:new"})

    async def settle(members: Sequence[str]) -> None:
        settled_together.append(list(members))

    async with resolving(js, settle):

        async def done() -> bool:
            return await settled(js)

        await until(done)
    assert settled_together == [["anonymous_id:new"], ["anonymous_id:old", "user_id:u1", "user_id:u2"]]
