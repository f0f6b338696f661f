"""Reading journeys: the touchpoints of identities, newest first. Each method costs one statement, whatever the sizes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from graph.database import Database
from graph.model.identifier import Identifier
from graph.model.profile import JourneyProduct, JourneySelection, JourneyTouchpoint, TimeCursor
from graph.statements import journey as statements


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneySlice:
    """One page of a journey, and whether older touchpoints follow."""

    touchpoints: tuple[JourneyTouchpoint, ...]
    more: bool


class JourneyRepository:
    """Journeys in the graph, read only. Mappings hold every id asked for; ``as_of`` None is now."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def pages(
        self,
        identity_ids: Sequence[str],
        *,
        selection: JourneySelection,
        first: int,
        after: TimeCursor | None,
        as_of: datetime | None,
    ) -> dict[str, JourneySlice]:
        """One page of the journey of each identity; a household's journey is that of its individuals."""
        page = statements.JourneyPage(
            identity_ids=identity_ids,
            first=first + 1,
            after_at=after.at if after else None,
            after_id=after.id if after else None,
            types=selection.types,
            channels=selection.channels,
            from_at=selection.from_at,
            to_at=selection.to_at,
            as_of=as_of,
        )
        rows = await self._database.run(statements.LIST_TOUCHPOINTS, page)
        found = {
            row.identity_id: JourneySlice(
                touchpoints=tuple(journey_touchpoint(item) for item in row.items[:first]), more=len(row.items) > first
            )
            for row in rows
        }
        return {identity_id: found.get(identity_id, JourneySlice(touchpoints=(), more=False)) for identity_id in identity_ids}

    async def counts(self, identity_ids: Sequence[str], *, selection: JourneySelection, as_of: datetime | None) -> dict[str, int]:
        """How many touchpoints the journey of each identity has."""
        filtered = statements.JourneyFilter(
            identity_ids=identity_ids,
            types=selection.types,
            channels=selection.channels,
            from_at=selection.from_at,
            to_at=selection.to_at,
            as_of=as_of,
        )
        rows = await self._database.run(statements.COUNT_TOUCHPOINTS, filtered)
        found = {row.identity_id: row.total for row in rows}
        return {identity_id: found.get(identity_id, 0) for identity_id in identity_ids}

    async def touchpoints(self, ids: Sequence[str]) -> dict[str, JourneyTouchpoint | None]:
        """Touchpoints by id."""
        rows = await self._database.run(statements.READ_TOUCHPOINTS, statements.TouchpointIds(touchpoint_ids=ids))
        found = {row.id: journey_touchpoint(row.touchpoint) for row in rows}
        return {touchpoint_id: found.get(touchpoint_id) for touchpoint_id in ids}


def journey_touchpoint(item: Mapping[str, Any]) -> JourneyTouchpoint:
    """A touchpoint as statements return it."""
    return JourneyTouchpoint(
        **{
            **item,
            "at": datetime.fromisoformat(item["at"]),
            "recorded_at": datetime.fromisoformat(item["recorded_at"]),
            "rejected_values": tuple(item["rejected_values"] or ()),
            "identifiers": tuple(Identifier(**identifier) for identifier in item["identifiers"]),
            "products": tuple(JourneyProduct(**product) for product in item["products"]),
        }
    )
