"""Keeping the archive up with the stream, and letting go of what is archived, written and old."""

import asyncio
from datetime import datetime, timedelta

import structlog
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from ingest import metrics
from ingest.archive import Archive, ArchiveError
from ingest.event_log import StoredEvent, read_log
from ingest.streams import EVENTS_STREAM, WORKERS_DURABLE

log = structlog.get_logger(__name__)

FILE_EVENTS = 50_000
FILE_SECONDS = 60.0
"""A file is written with so many events, or when its first one has waited so long."""


async def archive_events(
    js: JetStreamContext, archive: Archive, *, stopping: asyncio.Event, once: bool = False, file_events: int = FILE_EVENTS
) -> int:
    """Archive what the stream holds and, unless ``once``, what comes, until told to stop; returns how many were archived.

    Raises:
        ArchiveError: the folder cannot be written, is another process's, or is of another stream.
        nats.errors.Error: JetStream could not be reached.
    """
    info = await js.stream_info(EVENTS_STREAM)
    if info.created is None:
        raise ArchiveError("JetStream does not say when the events stream was made")
    loop = asyncio.get_running_loop()
    archived = 0
    with archive.writing(stream_created=info.created):
        position = archive.position()
        if position > info.state.last_seq:
            raise ArchiveError(f"the archive ends at sequence {position}, the stream at {info.state.last_seq}")
        if position and info.state.first_seq > position + 1:
            log.error("archive.gap", after=position, before=info.state.first_seq)
        waiting: list[StoredEvent] = []
        since = loop.time()
        async for batch in read_log(js, after=position, until=info.state.last_seq if once else None):
            since = since if waiting else loop.time()
            waiting.extend(batch)
            ripe = len(waiting) >= file_events or loop.time() - since >= FILE_SECONDS or stopping.is_set()
            if waiting and ripe:
                await asyncio.to_thread(archive.append, waiting)
                metrics.ARCHIVED.inc(len(waiting))
                archived += len(waiting)
                waiting = []
            if stopping.is_set():
                return archived
        if waiting:
            await asyncio.to_thread(archive.append, waiting)
            archived += len(waiting)
    return archived


async def let_go(js: JetStreamContext, archive: Archive, *, now: datetime, keep: timedelta) -> int:
    """Delete from the stream what is archived, settled by the workers, and older than ``keep``; returns up to which sequence.

    Raises:
        nats.errors.Error: JetStream could not be reached.
    """
    state = (await js.stream_info(EVENTS_STREAM)).state
    floor = (await js.consumer_info(EVENTS_STREAM, WORKERS_DURABLE)).ack_floor
    done = min(archive.position(), floor.stream_seq if floor is not None else 0)
    first, beyond = state.first_seq, done + 1
    # The first that is young, by halving: times rise with sequences.
    while first < beyond:
        middle = (first + beyond) // 2
        try:
            message = await js.get_msg(EVENTS_STREAM, seq=middle, subject=">", next=True, direct=True)
        except NotFoundError:
            beyond = middle
            continue
        if message.time is not None and message.time > now - keep:
            beyond = middle
        else:
            first = max(middle, message.seq or middle) + 1
    last = min(first - 1, done)
    if last >= state.first_seq:
        await js.purge_stream(EVENTS_STREAM, seq=last + 1)
        log.info("archive.let_go", up_to=last)
        return last
    return state.first_seq - 1
