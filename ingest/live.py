"""Live resolution: what workers touched is settled at once, in batches as large as what waits.

A message is acknowledged only after the identities of its members are settled. Settling is idempotent, so whatever dies in
between, the message comes again and changes nothing more.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from time import perf_counter, time

import nats.errors
import orjson
import structlog
from nats.aio.msg import Msg
from nats.js import JetStreamContext

from graph.errors import KindredError
from graph.repositories.evidence import GraphUnavailable
from graph.repositories.identities import ResolutionBusy
from ingest import metrics
from ingest.streams import ACCEPTED_AT_HEADER, NEWCOMERS_HEADER, RESOLVERS_DURABLE, TOUCHED_STREAM
from ingest.tracing import traced_batch
from ingest.worker_pool import PatientPull

log = structlog.get_logger(__name__)

MESSAGES_AT_ONCE = 64
BACKLOG_MESSAGES = 16
"""So many that wait are a backlog."""
MEMBERS_AT_ONCE = 1_000
"""Members settled together: more are settled one part after the other."""
LATER_SECONDS = 0.5
"""After which time what could not be settled now is tried again."""

Settle = Callable[[Sequence[str]], Awaitable[object]]
"""Settles the identities of some members; raises ``ResolutionBusy`` or ``GraphUnavailable`` where it cannot now."""


class TouchedHandler:
    """Settles the identities of members that workers touched."""

    def __init__(self, *, settle: Settle) -> None:
        self._settle = settle

    @traced_batch("settle identities")
    async def handle(self, messages: Sequence[Msg]) -> None:
        """Settle what some messages name, then acknowledge them; what cannot be now comes again. Raises nothing of its own.

        Newcomers come first: one is settled in a tenth of the time that a sign-in takes, with which households may change. Under
        backlog all are settled together, which costs least.
        """
        if len(messages) >= BACKLOG_MESSAGES:
            await self._handle(messages)
            return
        newcomers = [message for message in messages if NEWCOMERS_HEADER in (message.headers or {})]
        others = [message for message in messages if NEWCOMERS_HEADER not in (message.headers or {})]
        for part in (newcomers, others):
            if part:
                await self._handle(part)

    async def _handle(self, messages: Sequence[Msg]) -> None:
        started = perf_counter()
        members = sorted({member for message in messages for member in _members(message)})
        try:
            for start in range(0, len(members), MEMBERS_AT_ONCE):
                await self._settled(members[start : start + MEMBERS_AT_ONCE])
        except (ResolutionBusy, GraphUnavailable) as error:
            log.info("identities.deferred", members=len(members), reason=error.code)
            await _each(message.nak(delay=LATER_SECONDS) for message in messages)
            await asyncio.sleep(LATER_SECONDS)
            return
        metrics.TOUCHED.inc(len(members))
        metrics.SETTLE_MEMBERS.observe(len(members))
        metrics.SETTLE_SECONDS.observe(perf_counter() - started)
        _observe_latency(messages)
        await _each(message.ack() for message in messages)

    async def _settled(self, members: Sequence[str]) -> None:
        """Settle some members; where that fails, those of them with whom it does not.

        Raises:
            ResolutionBusy, GraphUnavailable: it cannot be done now.
        """
        try:
            await self._settle(members)
        except (ResolutionBusy, GraphUnavailable):
            raise
        except Exception as error:
            # One member must not keep the others waiting, whatever it made the resolution do.
            if len(members) > 1:
                middle = len(members) // 2
                await self._settled(members[:middle])
                await self._settled(members[middle:])
                return
            metrics.UNSETTLED.inc()
            code = error.code if isinstance(error, KindredError) else type(error).__name__
            log.exception("identity.not_settled", reason=code)


async def follow_touched(js: JetStreamContext, *, handler: TouchedHandler, stopping: asyncio.Event) -> None:
    """Settle what is touched until ``stopping`` is set; what was begun is finished first.

    Raises:
        nats.errors.Error: JetStream could not be reached at the start.
    """
    subscription = await js.pull_subscribe_bind(durable=RESOLVERS_DURABLE, stream=TOUCHED_STREAM)
    pull = PatientPull(subscription, batch_size=MESSAGES_AT_ONCE)
    told = asyncio.ensure_future(stopping.wait())
    try:
        while not stopping.is_set():
            pulling = asyncio.ensure_future(pull.fetch(MESSAGES_AT_ONCE))
            await asyncio.wait({pulling, told}, return_when=asyncio.FIRST_COMPLETED)
            if not pulling.done():
                pulling.cancel()
            with contextlib.suppress(asyncio.CancelledError, nats.errors.TimeoutError):
                await handler.handle(await pulling)
    finally:
        told.cancel()
        with contextlib.suppress(nats.errors.Error):
            await subscription.unsubscribe()


def _observe_latency(messages: Iterable[Msg]) -> None:
    for message in messages:
        # Anybody may publish here: what is no time is no measurement.
        with contextlib.suppress(KeyError, ValueError):
            accepted_at = datetime.fromisoformat((message.headers or {})[ACCEPTED_AT_HEADER])
            metrics.SETTLED_SECONDS.observe(max(0.0, time() - accepted_at.timestamp()))


def _members(message: Msg) -> list[str]:
    """The members that a message names; none where it is not ours."""
    try:
        members = orjson.loads(message.data)
    except orjson.JSONDecodeError:
        members = None
    if not isinstance(members, list) or not all(isinstance(member, str) for member in members):
        log.error("touched.not_understood", sequence=message.metadata.sequence.stream)
        return []
    return members


async def _each(settlements: Iterable[Awaitable[None]]) -> None:
    for settlement in settlements:
        try:
            await settlement
        except nats.errors.Error as error:
            log.warning("message.not_settled", reason=str(error))
