"""Following the notes of changes: one consumer for a whole process, which needs no acknowledgements and leaves nothing behind."""

import asyncio
import contextlib
from collections.abc import Callable

import nats.errors
import orjson
import structlog
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from ingest.changes import FORMAT, Note
from ingest.streams import CHANGES_STREAM
from ingest.worker_pool import PatientPull

log = structlog.get_logger(__name__)

NOTES_AT_ONCE = 256
FORGOTTEN_SECONDS = 30.0
"""After which the server forgets the consumer of a process that is gone."""
AGAIN_SECONDS = 1.0


async def follow_changes(js: JetStreamContext, *, tell: Callable[[Note], None]) -> None:
    """Hand on each note that is published from now on, until cancelled; JetStream may be away meanwhile.

    Whenever some may have been missed, ``tell`` hears of everybody.
    """
    while True:
        try:
            config = ConsumerConfig(
                deliver_policy=DeliverPolicy.NEW,
                ack_policy=AckPolicy.NONE,
                inactive_threshold=FORGOTTEN_SECONDS,
                mem_storage=True,
                num_replicas=1,
            )
            info = await js.add_consumer(CHANGES_STREAM, config)
            subscription = await js.pull_subscribe_bind(info.name, CHANGES_STREAM)
            tell(Note(everybody=True))
            try:
                await _hand_on(subscription, tell)
            finally:
                with contextlib.suppress(nats.errors.Error, TimeoutError):
                    await subscription.unsubscribe()
        except (nats.errors.Error, OSError, TimeoutError) as error:
            log.warning("changes.not_followed", reason=str(error) or type(error).__name__)
        await asyncio.sleep(AGAIN_SECONDS)


async def _hand_on(subscription: JetStreamContext.PullSubscription, tell: Callable[[Note], None]) -> None:
    """Until the consumer is gone, or has skipped a note."""
    pull = PatientPull(subscription, batch_size=NOTES_AT_ONCE)
    expected = 1
    while True:
        try:
            messages = await pull.fetch(NOTES_AT_ONCE)
        except nats.errors.TimeoutError:
            # Nothing came for a while: is it quiet, or is the consumer gone with its server?
            with contextlib.suppress(TimeoutError):
                try:
                    await subscription.consumer_info()
                except NotFoundError:
                    return
            continue
        for message in messages:
            if message.metadata.sequence.consumer != expected:
                return
            expected += 1
            if (note := _note(message)) is not None:
                tell(note)


def _note(message: Msg) -> Note | None:
    """The note of a message; None where it is not ours, or of a newer release."""
    try:
        given = orjson.loads(message.data)
        if given["v"] != FORMAT:
            return None
        topics = given.get("topics", ())
        if not all(isinstance(topic, str) for topic in topics):
            return None
        return Note(topics=tuple(topics), everybody=given.get("everybody") is True)
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return None
