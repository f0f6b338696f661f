"""Workers on the events stream: FastStream pulls batches, a ``BatchHandler`` settles each message.

FastStream's defaults would lose events here, so: it acknowledges nothing itself (its default terminates a whole batch for one bad
message), it decodes nothing (its decoder reads every body as JSON, and fails a batch for one it cannot read), its pull is
replaced by ``PatientPull`` (see there), and headers reach it as far as they can do no harm (see ``ingest.stored_headers``).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import nats.errors
import stamina
import structlog
from faststream import AckPolicy
from faststream.nats import JStream, NatsBroker, PullSub
from nats.aio.msg import Msg
from nats.js import JetStreamContext

from ingest.stored_headers import guard
from ingest.streams import EVENTS_STREAM, EVENTS_SUBJECT, WORKERS_DURABLE
from ingest.workers import BatchHandler

log = structlog.get_logger(__name__)

BATCH_SIZE = 500
IDLE_SECONDS = 5.0
"""How long a pull waits for a first message before it is renewed."""
FILL_SECONDS = 0.1
"""How long a pull waits for further messages that the server said are there; other workers may get them."""
DRAIN_SECONDS = 50.0
"""How long a stopping worker may take to finish its batch; below the acknowledgement wait."""


class PatientPull:
    """Pulls what there is, now: one message as soon as there is one, with it those already waiting behind it.

    nats-py's own fetch waits out its timeout for a full batch, so a lone event would be written that much later. It also raises a
    bare ``TimeoutError`` where FastStream expects nats-py's, which drops the part of a batch already pulled, and other errors
    when the server restarts, which would spin. Here each becomes an empty pull, with a pause where the server is in trouble.
    """

    def __init__(self, subscription: JetStreamContext.PullSubscription, *, batch_size: int) -> None:
        self._fetch = subscription.fetch
        self._batch_size = batch_size

    async def fetch(self, batch: int = 1, timeout: float | None = None, heartbeat: float | None = None) -> list[Msg]:  # noqa: ARG002, ASYNC109 - nats-py's signature
        """Return at least one message.

        Raises:
            nats.errors.TimeoutError: there is none, or the caller asks to fill up a batch that has some.
        """
        if batch < self._batch_size:
            raise nats.errors.TimeoutError
        first = await self._pull(1, IDLE_SECONDS)
        if not first:
            raise nats.errors.TimeoutError
        waiting = first[0].metadata.num_pending
        if waiting == 0 or batch == 1:
            return first
        try:
            return first + await self._pull(min(batch - 1, waiting), FILL_SECONDS)
        except asyncio.CancelledError:
            # Stopping: hand back what nobody will write, rather than have it wait for its acknowledgement to time out.
            await first[0].nak()
            raise

    async def _pull(self, batch: int, seconds: float) -> list[Msg]:
        try:
            return await self._fetch(batch, timeout=seconds)
        except TimeoutError:
            return []
        except nats.errors.Error as error:
            log.warning("events.not_pulled", reason=str(error))
            await asyncio.sleep(1.0)
            return []


@asynccontextmanager
async def running_workers(
    nats_url: str,
    *,
    handler: Callable[[], BatchHandler],
    prepare: Callable[[JetStreamContext], Awaitable[None]],
    concurrency: int = 2,
    batch_size: int = BATCH_SIZE,
) -> AsyncIterator[NatsBroker]:
    """Run ``concurrency`` workers until the context ends, then let each finish its batch.

    ``handler`` makes each worker's own handler; ``prepare`` sees to the streams. NATS may be away: it is waited for, at the
    start and later, for ever.
    """
    broker = NatsBroker(
        nats_url.split(","),
        apply_types=False,
        graceful_timeout=DRAIN_SECONDS,
        allow_reconnect=True,
        max_reconnect_attempts=-1,
        reconnect_time_wait=1,
        logger=None,
    )
    async for attempt in stamina.retry_context(on=(nats.errors.Error, OSError), attempts=None, timeout=None, wait_max=5.0):
        with attempt:
            guard(await broker.connect())
            await prepare(broker.config.broker_config.connection_state.stream)
    await broker.start()
    try:
        for _ in range(concurrency):
            await _start_worker(broker, handler(), batch_size=batch_size)
        log.info("workers.started", concurrency=concurrency, batch_size=batch_size)
        yield broker
    finally:
        try:
            await broker.stop()
        except nats.errors.Error as error:
            # NATS is away: there is nothing to drain to it, and what was not acknowledged it sends again.
            log.warning("workers.not_drained", reason=str(error))
        log.info("workers.stopped")


async def _start_worker(broker: NatsBroker, handler: BatchHandler, *, batch_size: int) -> None:
    subscriber = broker.subscriber(
        f"{EVENTS_SUBJECT}.>",
        durable=WORKERS_DURABLE,
        stream=JStream(EVENTS_STREAM, declare=False),
        pull_sub=PullSub(batch_size=batch_size, timeout=IDLE_SECONDS * 2, batch=True),
        ack_policy=AckPolicy.MANUAL,
        no_reply=True,
        persistent=False,
    )

    async def handle(messages: list[Msg]) -> None:
        await handler.handle(messages)

    subscriber(handle, decoder=_messages_themselves)
    await subscriber.start()
    subscription: Any = subscriber.subscription
    # The task that pulls has been made but has not run yet: nothing was awaited since.
    subscription.fetch = PatientPull(subscription, batch_size=batch_size).fetch


async def _messages_themselves(message: Any) -> Any:
    return message.raw_message
