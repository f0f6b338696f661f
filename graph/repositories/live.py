"""Reading for those who follow people live. Each method costs one statement."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from graph.database import Database
from graph.model.identity import Purpose
from graph.model.live import Arrival, ArrivalPoint, Look, Source
from graph.repositories.evidence import WRITE_SECONDS
from graph.repositories.journeys import journey_touchpoint
from graph.statements import live as statements

OVERLAP: Final = timedelta(seconds=2 * WRITE_SECONDS)
"""So long after its time of writing a touchpoint may still become visible: as long as its transaction may take, and as much again
should the clock be another server's."""


class LiveRepository:
    """What is new about a person, read only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def look(self, key: str, *, purpose: Purpose) -> Look:
        """What an identifier leads to now; it costs the same however many touchpoints there are."""
        [row] = await self._database.run(statements.LOOK, statements.LookParameters(key=key, purpose=purpose))
        return Look(
            now=row.now,
            known=row.known,
            held_back=row.held_back,
            identity_id=row.identity_id,
            household_id=row.household_id,
            decisions=row.decisions,
            keys=frozenset(row.keys),
            records=frozenset(row.records),
            touchpoints=row.touchpoints,
            versions=row.versions,
        )

    async def arrivals(self, sources: Sequence[Source], *, after: ArrivalPoint | None, limit: int) -> list[Arrival]:
        """Touchpoints that carry some identifiers, in the order in which they were written, behind a place in it."""
        page = statements.ArrivalPage(
            sources=[statements.SourceMap(key=source.key, since=source.since) for source in sources],
            after_written_at=after.written_at if after else None,
            after_recorded_at=after.recorded_at if after else None,
            after_id=after.id if after else None,
            limit=limit,
        )
        return [_arrival(row) for row in await self._database.run(statements.LIST_ARRIVALS, page)]


def _arrival(row: statements.ArrivalRow) -> Arrival:
    touchpoint = journey_touchpoint(row.touchpoint)
    point = ArrivalPoint(written_at=datetime.fromisoformat(row.written_at), recorded_at=touchpoint.recorded_at, id=touchpoint.id)
    return Arrival(touchpoint=touchpoint, point=point)
