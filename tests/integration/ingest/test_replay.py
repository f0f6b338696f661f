"""Rebuilding: what the archive and the stream hold gives, in an emptied database, the graph that the workers wrote."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from graph.database import Database
from graph.identity.conclusion import ORDER
from graph.identity.progress import NoProgress
from graph.model.contents import Section
from graph.model.identity import Purpose
from graph.repositories.contents import ContentsRepository
from graph.repositories.evidence import EvidenceRepository, GraphUnavailable
from graph.repositories.replays import ReplayRepository
from ingest.archive import Archive, ArchiveError
from ingest.archiving import archive_events, let_go
from ingest.event_log import StoredEvent, read_log
from ingest.replaying import Replayed, replay
from ingest.streams import EVENTS_STREAM, EVENTS_SUBJECT
from runtime.resolving import resolve_once
from runtime.stack.address import StackAddress
from tests.integration.ingest.conftest import REGION, Intake
from tests.servers import empty_graph

PEOPLE = 12
EVENTS = 120
RECORDED = "MATCH (n:Touchpoint|RecordVersion) RETURN n.id AS id, n.recorded_at AS at, n.body AS body ORDER BY id"


def bodies() -> list[tuple[str, bytes]]:
    """Interactions and records of a few people; one repetition, one other event of a known id, and one that is no event."""
    found: list[tuple[str, dict[str, Any]]] = []
    for number in range(EVENTS):
        person = number % PEOPLE
        about = {"messageId": f"m{number}", "userId": f"u{person}", "timestamp": f"2026-02-03T04:{number % 60:02}:06Z"}
        if number % 4:
            details = {
                "anonymousId": f"c{number % 17}",
                "event": "Product Viewed",
                "properties": {"product_id": f"p{number % 5}"},
            }
            found.append(("track", about | details))
        else:
            traits = {"email": f"p{person}@kindred.example.com", "firstName": "Ada", "lastName": f"Love{person // 2}"}
            home = {
                "street": f"{person // 2} Main St",
                "city": "Las Vegas",
                "state": "NV",
                "postalCode": "89101",
                "country": "US",
            }
            found.append(("identify", about | {"traits": traits | {"address": home}}))
    found.append(found[5])
    found.append(("track", found[6][1] | {"event": "Another"}))
    return [(kind, orjson.dumps({"type": kind} | event)) for kind, event in found] + [("track", b"{")]


EXPECTED = Replayed(events=EVENTS + 3, written=EVENTS, already_there=1, refused=1, conflicts=1)


async def publish(intake: Intake) -> None:
    # Straight on NATS, without ids, so that the stream keeps the repetition.
    for kind, body in bodies():
        await intake.js.publish(f"{EVENTS_SUBJECT}.{kind}", body)
    await intake.drained()


async def of_archive(archive: Archive, after: int = 0) -> AsyncIterator[list[StoredEvent]]:
    for batch in archive.read(after=after):
        yield batch


async def replayed(database: Database, batches: AsyncIterator[list[StoredEvent]]) -> Replayed:
    return await replay(
        batches, into=EvidenceRepository(database), replays=ReplayRepository(database), name="test", region=REGION
    )


async def test_archive_and_stream_give_the_same_graph(
    intake: Intake, stack: StackAddress, database: Database, query: Any, tmp_path: Path
) -> None:
    await publish(intake)
    await resolve_once(database, ORDER, progress=NoProgress())
    live, recorded = await ContentsRepository(database).read(), await query(RECORDED)
    assert {kind.name for kind in live.kinds if kind.section is Section.CONCLUSIONS} == set(Purpose)

    archive = Archive(tmp_path)
    assert await archive_events(intake.js, archive, stopping=asyncio.Event(), once=True, file_events=50) == EVENTS + 3
    assert await archive_events(intake.js, archive, stopping=asyncio.Event(), once=True) == 0
    kept = [event async for batch in of_archive(archive) for event in batch]
    assert [event.body for event in kept] == [body for _, body in bodies()]
    assert kept == [event async for batch in read_log(intake.js, after=0, until=EVENTS + 3) for event in batch]

    for batches in (of_archive(archive), read_log(intake.js, after=0, until=EVENTS + 3)):
        empty_graph(stack.neo4j)
        assert await replayed(database, batches) == EXPECTED
        await resolve_once(database, ORDER, progress=NoProgress())
        assert live.differing(await ContentsRepository(database).read()) == {}
        assert await query(RECORDED) == recorded


async def test_a_replay_that_was_killed_goes_on(intake: Intake, stack: StackAddress, database: Database, tmp_path: Path) -> None:
    await publish(intake)
    live = await ContentsRepository(database).read()
    archive = Archive(tmp_path)
    await archive_events(intake.js, archive, stopping=asyncio.Event(), once=True, file_events=50)
    empty_graph(stack.neo4j)
    replays = ReplayRepository(database)

    async def broken() -> AsyncIterator[list[StoredEvent]]:
        async for batch in of_archive(archive):
            yield batch[:70]
            raise GraphUnavailable("gone")

    with pytest.raises(GraphUnavailable):
        await replayed(database, broken())
    assert await replays.position("test") == 70
    done = await replayed(database, of_archive(archive, after=70))
    assert done.events == EVENTS + 3 - 70
    assert live.differing(await ContentsRepository(database).read()) == {}


async def test_the_stream_lets_go_only_of_what_is_archived_and_old(intake: Intake, tmp_path: Path) -> None:
    await publish(intake)
    archive, now = Archive(tmp_path), datetime.now(UTC)

    async def held() -> tuple[int, int]:
        state = (await intake.js.stream_info(EVENTS_STREAM)).state
        return state.first_seq, state.messages

    assert await let_go(intake.js, archive, now=now + timedelta(days=60), keep=timedelta(days=30)) == 0
    assert await held() == (1, EVENTS + 3)
    await archive_events(intake.js, archive, stopping=asyncio.Event(), once=True)
    await intake.js.publish(f"{EVENTS_SUBJECT}.track", b"{")
    assert await let_go(intake.js, archive, now=now, keep=timedelta(days=30)) == 0
    assert await held() == (1, EVENTS + 4)
    # What came after the archive's end is old by now, and stays.
    assert await let_go(intake.js, archive, now=now + timedelta(days=60), keep=timedelta(days=30)) == EVENTS + 3
    assert await held() == (EVENTS + 4, 1)
    # What is archived already is not missed.
    assert await archive_events(intake.js, archive, stopping=asyncio.Event(), once=True) == 1
    assert archive.position() == EVENTS + 4


async def test_the_archive_follows_until_it_is_stopped(intake: Intake, tmp_path: Path) -> None:
    archive, stopping = Archive(tmp_path), asyncio.Event()
    following = asyncio.create_task(archive_events(intake.js, archive, stopping=stopping, file_events=40))
    await publish(intake)
    while archive.position() < 100:
        await asyncio.sleep(0.05)
    stopping.set()
    assert await following == EVENTS + 3
    assert [event.sequence async for batch in of_archive(archive) for event in batch] == list(range(1, EVENTS + 4))


async def test_an_archive_of_another_stream_is_left_alone(intake: Intake, tmp_path: Path) -> None:
    with Archive(tmp_path).writing(stream_created=datetime(2026, 1, 1, tzinfo=UTC)):
        pass
    with pytest.raises(ArchiveError, match="is of a stream made at 2026-01-01"):
        await archive_events(intake.js, Archive(tmp_path), stopping=asyncio.Event(), once=True)
