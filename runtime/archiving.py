"""The archiver and replays, composed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import nats.errors
import structlog
from nats.aio.client import Client

from graph.database import Neo4jAddress, open_database
from graph.errors import KindredError
from graph.migrations import migrate
from graph.repositories.evidence import EvidenceRepository
from graph.repositories.replays import ReplayRepository
from ingest.archive import Archive, ArchiveError
from ingest.archiving import archive_events, let_go
from ingest.event_log import StoredEvent, read_log
from ingest.publisher import open_nats
from ingest.replaying import Replayed, replay
from ingest.streams import EVENTS_STREAM
from runtime.ending import end
from runtime.settings import Settings
from runtime.stack.address import nats_address
from runtime.stack.errors import StackDownError
from runtime.stack.state import read_state
from runtime.wiring import retention

log = structlog.get_logger(__name__)

STORE_POLL_SECONDS = 2.0
LET_GO_SECONDS = 600.0


def archive_of(settings: Settings, folder: Path | None = None) -> Archive:
    """The archive in a folder, or in that of the settings.

    Raises:
        ArchiveError: neither names one.
    """
    chosen = folder or settings.archive
    if chosen is None:
        raise ArchiveError("no folder is named: set KINDRED_ARCHIVE or give --archive")
    return Archive(chosen)


async def archive_once(settings: Settings, archive: Archive) -> int:
    """Archive what the stream holds now; returns how many events that were."""
    async with _connected(settings) as connection:
        return await archive_events(connection.jetstream(), archive, stopping=asyncio.Event(), once=True)


async def archive_continuously(settings: Settings, archive: Archive, *, stopping: asyncio.Event) -> None:
    """Archive what comes, and let the stream go of what is archived and old, until ``stopping`` is set; NATS is waited for.

    Raises:
        ArchiveError: the folder cannot be written, is another process's, or is of another stream.
    """
    while not stopping.is_set():
        try:
            async with _connected(settings) as connection:
                letting_go = asyncio.create_task(_let_go(settings, connection, archive))
                try:
                    await archive_events(connection.jetstream(), archive, stopping=stopping)
                finally:
                    await end(letting_go)
        except ArchiveError:
            raise
        except (KindredError, nats.errors.Error, TimeoutError) as error:
            log.warning("archiver.waiting", reason=str(error) or type(error).__name__)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), timeout=STORE_POLL_SECONDS)


async def replay_into(
    settings: Settings,
    target: Neo4jAddress,
    *,
    archive: Archive | None,
    since: date | None,
    until: date | None,
    progress: Callable[[Replayed], None] = lambda _: None,
) -> Replayed:
    """Write what the archive holds, or without one what the stream holds, into a database, after its migrations.

    Raises:
        ArchiveError: the archive is empty or cannot be read.
        GraphUnavailable: the database could not be reached on the way; run it again to go on.
        nats.errors.Error: JetStream could not be reached.
    """
    async with open_database(target) as database:
        await migrate(database)
        replays = ReplayRepository(database)

        async def write(origin: str, batches: Callable[[int], AsyncIterator[list[StoredEvent]]]) -> Replayed:
            name = f"stream of {origin}, {since or 'first'} to {until or 'last'}"
            after = await replays.position(name)
            if after:
                log.info("replay.goes_on", after=after)
            return await replay(
                batches(after),
                into=EvidenceRepository(database),
                replays=replays,
                name=name,
                region=settings.default_region,
                progress=progress,
            )

        if archive is not None:
            created = archive.stream_created()
            if created is None:
                raise ArchiveError("the folder holds no archive")
            return await write(created, lambda after: _archived(archive, after=after, since=since, until=until))
        async with _connected(settings) as connection:
            js = connection.jetstream()
            info = await js.stream_info(EVENTS_STREAM)
            if info.created is None:
                raise ArchiveError("JetStream does not say when the events stream was made")
            last = info.state.last_seq

            async def stored(after: int) -> AsyncIterator[list[StoredEvent]]:
                async for batch in read_log(js, after=after, until=last):
                    yield [event for event in batch if _within(event, since, until)]

            return await write(info.created.astimezone(UTC).isoformat(), stored)


async def _archived(archive: Archive, *, after: int, since: date | None, until: date | None) -> AsyncIterator[list[StoredEvent]]:
    for batch in archive.read(after=after, since=since, until=until):
        yield batch


def _within(event: StoredEvent, since: date | None, until: date | None) -> bool:
    day = event.stored_at.astimezone(UTC).date()
    return (since is None or day >= since) and (until is None or day <= until)


async def _let_go(settings: Settings, connection: Client, archive: Archive) -> None:
    while True:
        try:
            keep = timedelta(days=settings.events_keep_days)
            await let_go(connection.jetstream(), archive, now=datetime.now(UTC), keep=keep)
        except (nats.errors.Error, TimeoutError) as error:
            log.warning("archive.not_let_go", reason=str(error) or type(error).__name__)
        await asyncio.sleep(LET_GO_SECONDS)


@contextlib.asynccontextmanager
async def _connected(settings: Settings) -> AsyncIterator[Client]:
    """NATS alone: a replay may be what Neo4j waits for."""
    address = nats_address(settings, read_state(settings.home))
    if address is None:
        raise StackDownError(f"nats of {settings.home} was never started; `kindred up --home {settings.home}` starts it")
    async with open_nats(address.with_login, retention=retention(settings)) as connection:
        yield connection
