"""Each decision is announced exactly once, wherever the announcer dies and however many there are."""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from nats.aio.client import Client
from nats.js.errors import NotFoundError

from graph.database import Database
from graph.identity.conclusion import ORDER
from graph.identity.progress import NoProgress
from graph.identity.resolver import open_resolver
from graph.model.identity import Purpose
from graph.repositories.announcements import AnnouncementRepository, Position
from graph.repositories.evidence import EvidenceRepository
from graph.repositories.identities import IdentityRepository
from ingest.announcing import AnnouncedElsewhere, Announcer
from ingest.publisher import open_nats
from ingest.streams import ANNOUNCEMENTS_STREAM
from ingest.topology import Retention
from tests.integration.api.conftest import record, touchpoint
from tests.integration.ingest.conftest import Query

NOW = datetime(2026, 5, 1, 9, tzinfo=UTC)
PEOPLE = 30
LAST_OF_ITS_RUN = """
MATCH (latest:Decision {purpose: 'individual'}) WITH latest ORDER BY latest.at DESC LIMIT 1
CREATE (another:Decision {id: '0 of the same run'})
SET another += latest {.kind, .purpose, .policy_version, .actor, .at, .before, .after, .reason, .run_id}
"""


class Killed(Exception):  # noqa: N818 - no error of the code under test
    pass


class DiesBeforeKeeping(AnnouncementRepository):
    """Its process dies after publishing and before the position is kept."""

    async def keep(self, purpose: Purpose, position: Position) -> None:
        raise Killed


@pytest.fixture
async def connection(nats_url: str) -> AsyncIterator[Client]:
    async with open_nats(nats_url, retention=Retention()) as opened:
        yield opened


async def resolve(database: Database, at: datetime) -> None:
    numbers = itertools.count(1)
    resolver = open_resolver(database, clock=lambda: at, new_id=lambda: f"{at:%d%H%M}{next(numbers):06}")
    await resolver.resolve_all(ORDER, progress=NoProgress())


@pytest.fixture
async def decided(database: Database) -> Database:
    """Thirty people by their accounts and cookies apart; then ten of the cookies sign in: merges."""
    evidence = EvidenceRepository(database)
    await evidence.write([
        *(record(f"crm:{n}", f"user_id:u{n}", given="ann", family=f"lee{n}") for n in range(PEOPLE)),
        *(touchpoint(f"t{n}", f"anonymous_id:c{n}", f"device_id:d{n}", at=NOW) for n in range(PEOPLE)),
    ])  # fmt: skip
    await resolve(database, NOW)
    await evidence.write([touchpoint(f"s{n}", f"anonymous_id:c{n}", f"user_id:u{n}", at=NOW) for n in range(10)])
    await resolve(database, NOW + timedelta(hours=1))
    return database


def announcer(
    database: Database, connection: Client, *, kind: type[AnnouncementRepository] = AnnouncementRepository
) -> Announcer:
    return Announcer(kind(database), connection.jetstream(), now=lambda: NOW + timedelta(days=1))


async def announced(connection: Client) -> list[CloudEvent]:
    """All that the stream holds, in its order, as a consumer reads it."""
    js = connection.jetstream()
    state = (await js.stream_info(ANNOUNCEMENTS_STREAM)).state
    found = []
    for sequence in range(max(state.first_seq, 1), state.last_seq + 1):
        with suppress(NotFoundError):
            message = await js.get_msg(ANNOUNCEMENTS_STREAM, seq=sequence)
            assert message.headers is not None
            assert message.headers["Content-Type"] == "application/cloudevents+json"
            event = JSONFormat().read(None, message.data or b"")
            assert isinstance(event, CloudEvent)
            assert message.headers["Nats-Msg-Id"] == event.get_id()
            found.append(event)
    return found


async def require_each_once(query: Query, connection: Client) -> list[CloudEvent]:
    decisions = await query("MATCH (d:Decision) RETURN d.id AS id, d.purpose AS purpose, d.at AS at ORDER BY d.at, d.id")
    assert len(decisions) > 2 * PEOPLE
    events = await announced(connection)
    assert Counter(event.get_id() for event in events) == Counter(row["id"] for row in decisions)
    for purpose in Purpose:
        of_purpose = [event.get_id() for event in events if event.get_source().endswith(f"/{purpose}")]
        assert of_purpose == [row["id"] for row in decisions if row["purpose"] == purpose]
    return events


async def test_each_decision_is_one_event_in_order(decided: Database, connection: Client, query: Query) -> None:
    assert await announcer(decided, connection).announce() > 0
    assert await announcer(decided, connection).announce() == 0
    events = await require_each_once(query, connection)
    merged = [event for event in events if event.get_type() == "kindred.profile.merged"]
    individual = [event for event in merged if event.get_source() == "/kindred/identities/individual"]
    assert len(individual) == 10
    for event in individual:
        data: Any = event.get_data()
        assert event.get_subject() in data["identities"]
        # What it touched was of the identity that ended, and is of the one that it is about.
        assert len(data["before"]) == 1
        assert event.get_subject() not in data["before"]
        assert data["after"] == [event.get_subject()]
    # Nothing in them names anybody: who may know looks the identity up.
    assert not any(b"user_id" in JSONFormat().write(event) or b"crm:" in JSONFormat().write(event) for event in events)


async def test_a_crash_between_publishing_and_keeping_repeats_nothing(
    decided: Database, connection: Client, query: Query
) -> None:
    for _ in range(3):
        with pytest.raises(Killed):
            await announcer(decided, connection, kind=DiesBeforeKeeping).announce()
    await announcer(decided, connection).announce()
    await require_each_once(query, connection)


async def test_killed_anywhere_and_repeated_it_announces_each_once(decided: Database, connection: Client, query: Query) -> None:
    chance, finished = Random(5), False
    while not finished:
        working = asyncio.create_task(announcer(decided, connection).announce())
        done, _ = await asyncio.wait({working}, timeout=chance.uniform(0.0, 0.15))
        working.cancel()
        with suppress(asyncio.CancelledError):
            # One that died with a message on its way: the next may find the stream further than it knew.
            finished = not isinstance((await asyncio.gather(working, return_exceptions=True))[0], BaseException) and bool(done)
    await require_each_once(query, connection)


async def test_two_at_once_announce_each_once(decided: Database, connection: Client, query: Query) -> None:
    async def persistent() -> None:
        while True:
            try:
                if not await announcer(decided, connection).announce():
                    return
            except AnnouncedElsewhere:
                await asyncio.sleep(0.01)

    await asyncio.gather(persistent(), persistent())
    await require_each_once(query, connection)


async def test_a_stream_that_has_forgotten_is_not_told_again(decided: Database, connection: Client) -> None:
    await announcer(decided, connection).announce()
    await connection.jetstream().purge_stream(ANNOUNCEMENTS_STREAM)
    assert await announcer(decided, connection).announce() == 0


async def test_what_a_resolution_is_still_writing_waits(decided: Database, connection: Client, query: Query) -> None:
    """It takes several transactions, in no order of ids: all that it decides has one time, and is announced once it is done."""
    identities = IdentityRepository(decided)
    now = NOW + timedelta(days=1)
    await identities.hold(Purpose.INDIVIDUAL, holder="resolver", now=now)
    await announcer(decided, connection).announce()
    latest = NOW + timedelta(hours=1)
    events = [event for event in await announced(connection) if event.get_source().endswith("/individual")]
    assert events
    assert all(event.get_time() < latest for event in events)
    await query(LAST_OF_ITS_RUN)
    await identities.release(Purpose.INDIVIDUAL, holder="resolver")
    await announcer(decided, connection).announce()
    await require_each_once(query, connection)
