"""What a worker does with a batch of messages: parse each, write all in one transaction, settle each.

A message is acknowledged only after the graph holds its event, and terminated only after the dead letters hold its body, so that
whatever dies between two steps, the message comes again and leaves the same graph.
"""

import asyncio
from collections.abc import Awaitable, Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter, time
from typing import assert_never

import nats.errors
import structlog
from nats.aio.msg import Msg

from graph.model.evidence import Evidence, RecordVersion
from graph.repositories.evidence import (
    AlreadyThere,
    Conflict,
    EvidenceRefused,
    EvidenceRepository,
    GraphUnavailable,
    Outcome,
    Written,
)
from ingest import metrics
from ingest.changes import ChangeNotes
from ingest.dead_letters import count_of
from ingest.normalise.event import EventRefused, parse_event, to_evidence
from ingest.publisher import EventPublisher, EventsUnavailable
from ingest.streams import ATTEMPTS_HEADER
from ingest.tracing import traced_batch

log = structlog.get_logger(__name__)

ORIGIN = "worker"
LEAST_DELAY_SECONDS = 0.5
GREATEST_DELAY_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Poison:
    """Why a message will never be written."""

    code: str
    reason: str
    field: str | None = None


class BatchHandler:
    """Writes batches of messages from the events stream into the graph.

    ``region`` is the country assumed for phone numbers without a country code. ``stopping``, once set, ends waits early.
    Resolvers are told whose identities a batch may change (see ``ingest.live``), and by ``notes`` those who follow somebody now.
    """

    def __init__(
        self,
        *,
        evidence: EvidenceRepository,
        publisher: EventPublisher,
        region: str,
        stopping: asyncio.Event | None = None,
        notes: ChangeNotes | None = None,
    ) -> None:
        self._evidence = evidence
        self._publisher = publisher
        self._region = region
        self._stopping = stopping or asyncio.Event()
        self._notes = notes
        self._failures = 0

    @traced_batch("write events")
    async def handle(self, messages: Sequence[Msg]) -> None:
        """Settle every message: acknowledged, parked and terminated, or asked for again. Raises nothing of its own."""
        started = perf_counter()
        parsed: list[tuple[Msg, Evidence]] = []
        poison: list[tuple[Msg, Poison]] = []
        for message in messages:
            result = self._parse(message)
            if isinstance(result, Poison):
                poison.append((message, result))
            else:
                parsed.append((message, result))
        try:
            written = await self._write(parsed, poison)
        except (GraphUnavailable, EventsUnavailable) as error:
            await self._defer([message for message, _ in parsed], error)
            written = []
        else:
            self._failures = 0
        for message, outcome in written:
            await self._settle(message, outcome, poison)
        for message, why in poison:
            await self._park(message, why)
        metrics.BATCH_EVENTS.observe(len(messages))
        metrics.BATCH_SECONDS.observe(perf_counter() - started)

    def _parse(self, message: Msg) -> Evidence | Poison:
        try:
            event = parse_event(message.data)
            evidence = to_evidence(event, recorded_at=message.metadata.timestamp, region=self._region)
        except EventRefused as error:
            return Poison(code=error.code, reason=str(error), field=error.field)
        except Exception as error:
            # One event must not stop the others, whatever it made a library do.
            log.exception("event.not_normalised", sequence=message.metadata.sequence.stream)
            return Poison(code="not_normalised", reason=f"normalising the event failed with {type(error).__name__}")
        for value in evidence.rejected:
            # A list's index, and what a sender names below a field, would make a series each.
            metrics.REJECTED_VALUES.labels(field=".".join(value.field.partition("[")[0].split(".")[:2])).inc()
        return evidence

    async def _write(self, batch: Sequence[tuple[Msg, Evidence]], poison: list[tuple[Msg, Poison]]) -> list[tuple[Msg, Outcome]]:
        """Write a batch; halve one that the database refuses until what is refused stands alone, and call that poison.

        Raises:
            GraphUnavailable: the database cannot write now.
            EventsUnavailable: resolvers cannot be told now what it wrote.
        """
        if not batch:
            return []
        try:
            written = await self._evidence.write([evidence for _, evidence in batch])
        except EvidenceRefused as error:
            if len(batch) == 1:
                poison.append((batch[0][0], Poison(code=error.code, reason=str(error))))
                return []
            middle = len(batch) // 2
            return [*await self._write(batch[:middle], poison), *await self._write(batch[middle:], poison)]
        if written.touched:
            # Before any is acknowledged: of what comes again all members are touched once more.
            oldest = min(evidence.recorded_at for _, evidence in batch)
            await self._publisher.touch(written.touched, newcomers=written.newcomers, accepted_at=oldest)
        if self._notes is not None:
            news = (evidence for (_, evidence), what in zip(batch, written.outcomes, strict=True) if isinstance(what, Written))
            await self._notes.tell({topic for evidence in news for topic in _topics(evidence)})
        return [(message, outcome) for (message, _), outcome in zip(batch, written.outcomes, strict=True)]

    async def _settle(self, message: Msg, outcome: Outcome, poison: list[tuple[Msg, Poison]]) -> None:
        match outcome:
            case Written():
                metrics.EVENTS.labels(outcome="written").inc()
                metrics.WRITTEN_SECONDS.observe(max(0.0, time() - message.metadata.timestamp.timestamp()))
                await _tell(message.ack())
            case AlreadyThere():
                metrics.EVENTS.labels(outcome="already_there").inc()
                await _tell(message.ack())
            case Conflict():
                reason = (
                    f"the graph has another event of this message id, with digest {outcome.known_sha256[:16]}; "
                    f"this one's is {outcome.given_sha256[:16]}"
                )
                poison.append((message, Poison(code="message_id_conflict", reason=reason, field="messageId")))
            case _:
                assert_never(outcome)

    async def _park(self, message: Msg, why: Poison) -> None:
        metadata = message.metadata
        headers = message.headers or {}
        try:
            await self._publisher.park(
                message.data,
                code=why.code,
                reason=why.reason,
                field=why.field,
                origin=ORIGIN,
                subject=message.subject,
                attempts=(count_of(headers.get(ATTEMPTS_HEADER)) or 0) + 1,
                once=f"{metadata.stream}:{metadata.sequence.stream}",
            )
        except EventsUnavailable as error:
            await self._defer([message], error)
            return
        metrics.EVENTS.labels(outcome="parked").inc()
        metrics.DEAD_LETTERS.labels(code=why.code, origin=ORIGIN).inc()
        await _tell(message.term())

    async def _defer(self, messages: Sequence[Msg], error: Exception) -> None:
        """Ask for the messages again later, and wait that long: the backlog behind them would fare no better."""
        self._failures += 1
        delay = min(LEAST_DELAY_SECONDS * 2 ** (self._failures - 1), GREATEST_DELAY_SECONDS)
        log.warning("batch.deferred", events=len(messages), delay_seconds=delay, reason=str(error))
        metrics.EVENTS.labels(outcome="deferred").inc(len(messages))
        for message in messages:
            await _tell(message.nak(delay=delay))
        try:
            await asyncio.wait_for(self._stopping.wait(), timeout=delay)
        except TimeoutError:
            return


def _topics(evidence: Evidence) -> Iterator[str]:
    """Whom an event is about."""
    if isinstance(evidence, RecordVersion):
        yield evidence.record_id
    for identifier in evidence.identifiers:
        yield identifier.key


async def _tell(settlement: Awaitable[None]) -> None:
    """Send a settlement; one that is lost with the connection only means that the message comes again."""
    try:
        await settlement
    except nats.errors.Error as error:
        log.warning("message.not_settled", reason=str(error))
