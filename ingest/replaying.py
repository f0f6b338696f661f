"""Replay: stored events into a graph, by the same parsing, normalising and writing as live, at the speed of batches."""

from collections.abc import AsyncIterable, Callable
from dataclasses import dataclass

from graph.model.evidence import Evidence
from graph.repositories.evidence import Conflict, EvidenceRefused, EvidenceRepository, Outcome, Written
from graph.repositories.replays import ReplayRepository
from ingest.event_log import StoredEvent
from ingest.normalise.event import EventRefused, parse_event, to_evidence

BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What became of the events: ``events == written + already_there + refused + conflicts``."""

    events: int = 0
    written: int = 0
    already_there: int = 0
    refused: int = 0
    """Not understood, as when they first came: they are among the dead letters of their installation."""
    conflicts: int = 0
    """Other events of a message id that an earlier one has, as when they first came."""

    def plus(self, other: "Replayed") -> "Replayed":
        """The sums."""
        return Replayed(
            events=self.events + other.events,
            written=self.written + other.written,
            already_there=self.already_there + other.already_there,
            refused=self.refused + other.refused,
            conflicts=self.conflicts + other.conflicts,
        )


async def replay(
    batches: AsyncIterable[list[StoredEvent]],
    *,
    into: EvidenceRepository,
    replays: ReplayRepository,
    name: str,
    region: str,
    progress: Callable[[Replayed], None] = lambda _: None,
) -> Replayed:
    """Write events one batch after the other, so that of two with one message id the first accepted counts.

    The graph keeps under ``name`` how far it has come: a replay that was killed goes on, one into another graph begins anew.

    Raises:
        GraphUnavailable: the database could not be reached; run it again to go on.
    """
    total = Replayed()
    async for events in batches:
        for start in range(0, len(events), BATCH):
            part = events[start : start + BATCH]
            total = total.plus(await _write(part, into=into, region=region))
            await replays.keep(name, part[-1].sequence)
            progress(total)
    return total


async def _write(events: list[StoredEvent], *, into: EvidenceRepository, region: str) -> Replayed:
    parsed: list[Evidence] = []
    for event in events:
        try:
            parsed.append(to_evidence(parse_event(event.body), recorded_at=event.stored_at, region=region))
        except EventRefused:
            continue
    outcomes = await _outcomes(parsed, into)
    return Replayed(
        events=len(events),
        written=sum(isinstance(outcome, Written) for outcome in outcomes),
        conflicts=(conflicts := sum(isinstance(outcome, Conflict) for outcome in outcomes)),
        already_there=sum(not isinstance(outcome, Written) for outcome in outcomes) - conflicts,
        refused=len(events) - len(outcomes),
    )


async def _outcomes(batch: list[Evidence], into: EvidenceRepository) -> list[Outcome]:
    """Outcomes of what the database takes; a batch that it refuses is halved until what is refused stands alone."""
    try:
        return list((await into.write(batch)).outcomes)
    except EvidenceRefused:
        if len(batch) == 1:
            return []
        middle = len(batch) // 2
        return [*await _outcomes(batch[:middle], into), *await _outcomes(batch[middle:], into)]
