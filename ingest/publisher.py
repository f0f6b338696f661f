"""Publishing to JetStream: events, and what could not be understood. Returns only once the server has it on file."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence, Set
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import nats.errors
import orjson
import stamina
import structlog
from nats.aio.client import Client
from nats.js.api import PubAck
from nats.js.errors import APIError, NoStreamResponseError, ServiceUnavailableError

from graph.errors import KindredError
from graph.repositories.paging import batches
from graph.tracing import inject
from ingest.fast_ingest import MOST_MESSAGES, FastIngest, Outgoing
from ingest.normalise.event import body_digest
from ingest.stored_headers import guard
from ingest.streams import (
    ACCEPTED_AT_HEADER,
    ATTEMPTS_HEADER,
    CODE_HEADER,
    DEAD_LETTERS_SUBJECT,
    EVENTS_SUBJECT,
    FIELD_HEADER,
    MESSAGE_ID_HEADER,
    NEWCOMERS_HEADER,
    ORIGIN_HEADER,
    PARKED_AT_HEADER,
    REASON_HEADER,
    REPLAY_HEADER,
    SUBJECT_HEADER,
    TOUCHED_SUBJECT,
    TRUNCATED_HEADER,
    header_value,
)
from ingest.topology import Retention, ensure_topology
from ingest.tracing import traced_send
from ingest.wire import WireEvent

log = structlog.get_logger(__name__)

LEAST_TOGETHER = 4
"""Fewer messages are published each by itself."""
HEADER_BYTES = 8 * 1024
"""More than the headers of a dead letter ever take: what is left of the server's payload limit is for the body."""


class EventsUnavailable(KindredError):  # noqa: N818 - states what was observed, as the others do
    """JetStream did not acknowledge in time; whether it holds the event is unknown, publishing it again is safe."""

    code = "events_unavailable"


class EventTooLarge(KindredError):  # noqa: N818
    """The server's payload limit is smaller than the event."""

    code = "event_too_large"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishResult:
    """What the server said: ``duplicate`` when it already held the event, within its duplicate window."""

    sequence: int
    duplicate: bool


def utc_now() -> datetime:
    """Now, by this machine's clock."""
    return datetime.now(UTC)


class EventPublisher:
    """Publishes events and dead letters, at most ``in_flight`` at a time.

    A publication is tried again for ``patience_seconds`` (None: for ever) through a broken connection or a restarting server:
    repetitions are dropped by message id. One publisher serves one connection; share it between tasks.
    """

    def __init__(
        self,
        connection: Client,
        *,
        patience_seconds: float | None = 30.0,
        ack_seconds: float = 5.0,
        in_flight: int = 256,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._connection = connection
        self._js = connection.jetstream(timeout=ack_seconds)
        self._patience_seconds = patience_seconds
        self._fast = FastIngest(connection, ack_seconds=ack_seconds)
        self._slots = asyncio.Semaphore(in_flight)
        self._together = asyncio.Semaphore(max(in_flight // MOST_MESSAGES, 4))
        self._now = now

    async def publish(self, event: WireEvent, *, body: bytes | None = None) -> PublishResult:
        """Publish one event; ``body`` is its JSON as it came in, else it is made from the event.

        Raises:
            EventsUnavailable: no acknowledgement within the patience.
            EventTooLarge: the server's payload limit is smaller than the event.
        """
        return await self._send_one(self.message(event, body=body))

    def message(self, event: WireEvent, *, body: bytes | None = None, sha256: str | None = None) -> Outgoing:
        """The message that publishes an event; ``sha256`` is its ``body_digest``, where that is known.

        Raises:
            EventTooLarge: the server's payload limit is smaller than the event.
        """
        payload = body if body is not None else event.model_dump_json(by_alias=True, exclude_unset=True).encode()
        self._require_room(payload)
        message_id = f"{header_value(event.message_id)}:{(sha256 or body_digest(event))[:16]}"
        headers = {MESSAGE_ID_HEADER: message_id}
        inject(headers)
        return Outgoing(subject=f"{EVENTS_SUBJECT}.{event.type}", payload=payload, headers=headers)

    async def publish_all(self, messages: Iterable[Outgoing]) -> None:
        """Publish messages in order.

        Raises:
            EventsUnavailable: some were not acknowledged within the patience; the others are published or not.
        """
        for part in batches(messages, MOST_MESSAGES):
            if len(part) >= LEAST_TOGETHER:
                async with self._together:
                    if await self._fast.publish(part):
                        continue
            await asyncio.gather(*map(self._send_one, part))

    async def touch(self, members: Set[str], *, newcomers: Set[str] = frozenset(), accepted_at: datetime | None = None) -> None:
        """Tell that something new is in the graph about some members, so that their identities are settled.

        Args:
            members: about whom.
            newcomers: those of them that concern nobody else; they have not to wait for what takes longer.
            accepted_at: when the oldest of the events that said it was accepted.

        Raises:
            EventsUnavailable: no acknowledgement within the patience; some are told or none.
        """
        accepted = {} if accepted_at is None else {ACCEPTED_AT_HEADER: accepted_at.isoformat()}
        for named, kind in ((newcomers, {NEWCOMERS_HEADER: "1"}), (members - newcomers, {})):
            for part in parts_of(sorted(named), bytes_of_one=max(self._connection.max_payload // 2, 1)):
                await self._send(TOUCHED_SUBJECT, orjson.dumps(part), {**accepted, **kind})

    async def replay(self, body: bytes, *, subject: str, sequence: int, attempts: int) -> PublishResult:
        """Publish the body of the dead letter at ``sequence`` again, as an event that the server has not seen."""
        headers = {
            # The event may be within the duplicate window still: its own id would have it dropped.
            MESSAGE_ID_HEADER: f"replay:{sequence}",
            REPLAY_HEADER: str(sequence),
            ATTEMPTS_HEADER: str(attempts),
        }
        return await self._send(subject, body, headers)

    async def park(
        self,
        body: bytes,
        *,
        code: str,
        reason: str,
        origin: str,
        field: str | None = None,
        subject: str = f"{EVENTS_SUBJECT}.unknown",
        attempts: int = 1,
        once: str | None = None,
    ) -> PublishResult:
        """Put ``body``, unchanged, among the dead letters.

        ``once`` names the occurrence: parking it again, after a crash between parking and acknowledging, parks nothing.
        A body that the server's payload limit leaves no room for is cut, and says so.

        Raises:
            EventsUnavailable: no acknowledgement within the patience.
        """
        headers = {
            CODE_HEADER: code,
            REASON_HEADER: header_value(reason),
            ORIGIN_HEADER: header_value(origin),
            PARKED_AT_HEADER: self._now().isoformat(),
            SUBJECT_HEADER: header_value(subject),
            ATTEMPTS_HEADER: str(attempts),
        }
        if field:
            headers[FIELD_HEADER] = header_value(field, limit=200)
        if once:
            headers[MESSAGE_ID_HEADER] = header_value(once)
        room = max(self._connection.max_payload - HEADER_BYTES, 0)
        if len(body) > room:
            headers[TRUNCATED_HEADER] = str(len(body))
            body = body[:room]
        result = await self._send(f"{DEAD_LETTERS_SUBJECT}.{code}", body, headers)
        log.warning("event.parked", code=code, origin=origin, attempts=attempts, sequence=result.sequence)
        return result

    @traced_send
    async def _send(self, subject: str, payload: bytes, headers: dict[str, str]) -> PublishResult:
        self._require_room(payload)
        try:
            async with self._slots:
                ack = await self._acknowledged(subject, payload, headers)
        except (nats.errors.Error, TimeoutError) as error:
            raise EventsUnavailable(f"JetStream did not acknowledge: {error or type(error).__name__}") from error
        return PublishResult(sequence=ack.seq, duplicate=bool(ack.duplicate))

    async def _send_one(self, message: Outgoing) -> PublishResult:
        return await self._send(message.subject, message.payload, dict(message.headers))

    def _require_room(self, payload: bytes) -> None:
        if len(payload) > self._connection.max_payload:
            raise EventTooLarge(f"the event has {len(payload)} bytes, NATS takes {self._connection.max_payload}")

    async def _acknowledged(self, subject: str, payload: bytes, headers: dict[str, str]) -> PubAck:
        try:
            # Nearly all need no other attempt, and setting up for those would take more than half of a publication's time.
            return await self._js.publish(subject, payload, headers=headers)
        except (nats.errors.Error, TimeoutError) as error:
            if not _is_transient(error):
                raise
        async for attempt in stamina.retry_context(
            on=_is_transient, attempts=None, timeout=self._patience_seconds, wait_initial=0.05, wait_max=2.0
        ):
            with attempt:
                return await self._js.publish(subject, payload, headers=headers)
        raise AssertionError("unreachable")


@asynccontextmanager
async def open_nats(
    nats_url: str, *, retention: Retention, connect_seconds: float = 10.0, streams_seconds: float = 30.0
) -> AsyncIterator[Client]:
    """Connect to NATS, see to the streams, and close the connection at the end. A connection lost meanwhile is made again.

    ``nats_url`` is one address or several of one cluster, joined by commas.

    Raises:
        EventsUnavailable: no server answered within ``connect_seconds``, or JetStream did not have the streams ready within
            ``streams_seconds`` (a cluster that elects its leaders or makes replicas answers late, and is asked again).
    """
    connection = Client()
    guard(connection)
    try:
        async with asyncio.timeout(connect_seconds):
            await connection.connect(
                nats_url.split(","), allow_reconnect=True, max_reconnect_attempts=-1, reconnect_time_wait=1, error_cb=_on_error
            )
        async for attempt in stamina.retry_context(on=_is_late, attempts=None, timeout=streams_seconds, wait_max=2.0):
            with attempt:
                await ensure_topology(connection.jetstream(), retention=retention)
    except (nats.errors.Error, OSError) as error:
        await connection.close()
        raise EventsUnavailable(f"NATS did not answer: {error or type(error).__name__}") from error
    try:
        yield connection
    finally:
        try:
            await connection.close()
        except (nats.errors.Error, OSError) as error:
            # The server is away: what was not acknowledged was not taken for sent by anybody.
            log.warning("nats.not_closed", reason=str(error) or type(error).__name__)


@asynccontextmanager
async def open_publisher(
    nats_url: str, *, retention: Retention, patience_seconds: float | None = 30.0
) -> AsyncIterator[EventPublisher]:
    """A publisher on a connection of its own.

    Raises:
        EventsUnavailable: no server with JetStream answered.
    """
    async with open_nats(nats_url, retention=retention) as connection:
        yield EventPublisher(connection, patience_seconds=patience_seconds)


async def _on_error(error: Exception) -> None:
    log.warning("nats.connection", reason=str(error) or type(error).__name__)


def parts_of(members: Sequence[str], *, bytes_of_one: int) -> Iterator[list[str]]:
    """Members in lists of about so many bytes each."""
    part: list[str] = []
    room = bytes_of_one
    for member in members:
        size = len(member.encode()) + 3
        if part and size > room:
            yield part
            part, room = [], bytes_of_one
        part.append(member)
        room -= size
    if part:
        yield part


def _is_late(error: Exception) -> bool:
    """Whether JetStream may have the streams ready a moment later: no answer, or no leader yet; a definition refused stays so."""
    return isinstance(error, ServiceUnavailableError | NoStreamResponseError | TimeoutError | nats.errors.NoRespondersError)


def _is_transient(error: Exception) -> bool:
    """Whether publishing again can help: the server is away, restarting or full, not refusing the message for what it is."""
    if isinstance(error, APIError):
        return error.code is None or error.code >= 500
    if isinstance(error, nats.errors.MaxPayloadError | nats.errors.BadSubjectError | nats.errors.BadHeaderError):
        return False
    return isinstance(error, NoStreamResponseError | nats.errors.Error | TimeoutError)
