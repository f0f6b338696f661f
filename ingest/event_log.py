"""Reading the events stream in its order, each message once, from wherever one left off."""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import nats.errors
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from ingest.streams import EVENTS_STREAM

BATCH = 1_000
WAIT_SECONDS = 1.0
FORGOTTEN_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """One message as the stream stored it."""

    sequence: int
    stored_at: datetime
    """When it was accepted, by the server's clock, to the microsecond: what the graph calls ``recorded_at``."""
    subject: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


async def read_log(js: JetStreamContext, *, after: int, until: int | None = None) -> AsyncIterator[list[StoredEvent]]:
    """Batches of what comes after a sequence; an empty one whenever nothing came for a second. Ends behind ``until``.

    Nobody acknowledges anything: what was lost on the way is noticed by the numbering and asked for again.

    Raises:
        nats.errors.Error: JetStream could not be reached.
    """
    while until is None or after < until:
        config = ConsumerConfig(
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=after + 1,
            ack_policy=AckPolicy.NONE,
            inactive_threshold=FORGOTTEN_SECONDS,
            mem_storage=True,
        )
        info = await js.add_consumer(EVENTS_STREAM, config)
        subscription = await js.pull_subscribe_bind(info.name, EVENTS_STREAM)
        expected, whole = 1, True
        try:
            while whole and (until is None or after < until):
                batch: list[StoredEvent] = []
                for message in await _fetched(subscription):
                    numbers = message.metadata.sequence
                    if numbers.consumer != expected:
                        whole = False
                        break
                    expected += 1
                    if until is None or numbers.stream <= until:
                        batch.append(_stored(message))
                    after = numbers.stream
                yield batch
                if not batch:
                    pending = await _pending(subscription)
                    if pending is None:
                        whole = False
                    elif pending == 0 and until is not None:
                        return
        finally:
            with suppress(nats.errors.Error, TimeoutError):
                await subscription.unsubscribe()


async def _pending(subscription: JetStreamContext.PullSubscription) -> int | None:
    """How much its consumer has still to give; None where there is none: it lives on one server, and ends with it."""
    try:
        return (await subscription.consumer_info()).num_pending or 0
    except NotFoundError:
        return None


async def _fetched(subscription: JetStreamContext.PullSubscription) -> list[Msg]:
    try:
        return await subscription.fetch(BATCH, timeout=WAIT_SECONDS)
    except TimeoutError:
        return []


def _stored(message: Msg) -> StoredEvent:
    return StoredEvent(
        sequence=message.metadata.sequence.stream,
        stored_at=message.metadata.timestamp,
        subject=message.subject,
        headers=tuple((message.headers or {}).items()),
        body=message.data,
    )
