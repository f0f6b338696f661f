"""How far behind workers and resolvers are, as JetStream knows it."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from ingest.streams import (
    ANNOUNCEMENTS_STREAM,
    DEAD_LETTERS_STREAM,
    EVENTS_STREAM,
    RESOLVERS_DURABLE,
    TOUCHED_STREAM,
    WORKERS_DURABLE,
)

CONSUMERS: Final[Mapping[str, str]] = {WORKERS_DURABLE: EVENTS_STREAM, RESOLVERS_DURABLE: TOUCHED_STREAM}
STREAMS: Final = (EVENTS_STREAM, DEAD_LETTERS_STREAM, TOUCHED_STREAM, ANNOUNCEMENTS_STREAM)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerLag:
    """What one kind of process still has to do."""

    consumer: str
    pending: int
    """Messages that none of them was given yet."""
    unacknowledged: int
    """Messages that one of them was given and has not settled."""
    oldest_at: datetime | None
    """When the oldest of both was accepted, by the server's clock; None where nothing waits."""

    def waiting_seconds(self, *, now: datetime) -> float:
        """How long the oldest has waited; 0 where nothing waits."""
        return 0.0 if self.oldest_at is None else max(0.0, (now - self.oldest_at).total_seconds())


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSize:
    """What a stream holds."""

    stream: str
    messages: int
    bytes: int
    last_sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """All consumers and streams of Kindred that there are."""

    consumers: tuple[ConsumerLag, ...]
    streams: tuple[StreamSize, ...]

    def of(self, consumer: str) -> ConsumerLag | None:
        """The lag of one consumer; None where there is no such consumer yet."""
        return next((each for each in self.consumers if each.consumer == consumer), None)

    def size(self, stream: str) -> StreamSize | None:
        """What one stream holds; None where there is no such stream yet."""
        return next((each for each in self.streams if each.stream == stream), None)


async def read_lag(js: JetStreamContext) -> Lag:
    """Ask JetStream; it changes nothing and costs the same however much waits.

    Raises:
        nats.errors.Error: JetStream could not be reached.
    """
    consumers = [await _consumer(js, stream, consumer) for consumer, stream in CONSUMERS.items()]
    streams = [await _stream(js, stream) for stream in STREAMS]
    return Lag(consumers=tuple(filter(None, consumers)), streams=tuple(filter(None, streams)))


async def _consumer(js: JetStreamContext, stream: str, consumer: str) -> ConsumerLag | None:
    try:
        info = await js.consumer_info(stream, consumer)
    except NotFoundError:
        return None
    pending, unacknowledged = info.num_pending or 0, info.num_ack_pending or 0
    oldest_at = None
    if pending or unacknowledged:
        done = info.ack_floor.stream_seq if info.ack_floor is not None else 0
        with contextlib.suppress(NotFoundError):
            # Not a direct get, which a stream of work does not offer.
            oldest_at = (await js.get_msg(stream, seq=done + 1, subject=">", next=True)).time
    return ConsumerLag(consumer=consumer, pending=pending, unacknowledged=unacknowledged, oldest_at=oldest_at)


async def _stream(js: JetStreamContext, stream: str) -> StreamSize | None:
    try:
        state = (await js.stream_info(stream)).state
    except NotFoundError:
        return None
    return StreamSize(stream=stream, messages=state.messages, bytes=state.bytes, last_sequence=state.last_seq)
