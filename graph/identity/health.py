"""Answering how healthy the graph is, from what was measured."""

from datetime import UTC, datetime, timedelta

from graph.database import Database
from graph.errors import KindredError
from graph.model.health import SAYS_NOTHING, DayActivity, GenericValue, HealthState
from graph.model.identity import Purpose
from graph.repositories.health import HealthRepository


class HealthNotMeasured(KindredError):  # noqa: N818 - states what was observed, as the others do
    """Nothing was measured yet, or not by that moment."""

    code = "health_not_measured"


class HealthDesk:
    """Reads what was measured. ``as_of`` None is now."""

    def __init__(self, database: Database) -> None:
        self._health = HealthRepository(database)

    async def state(self, purpose: Purpose, *, as_of: datetime | None, now: datetime) -> HealthState:
        """What was measured last. Of each past day the last measurement is kept.

        Raises:
            HealthNotMeasured: none was made by then.
        """
        by = min(as_of, now) if as_of else now
        state = await self._health.latest(purpose, by=by)
        if state is None:
            when = "" if as_of is None else f" by {as_of.isoformat(timespec='seconds')}"
            raise HealthNotMeasured(
                f"the health of {purpose.value} identities was not measured{when}: kindred resolve measures it"
            )
        return state

    async def measured(self, purpose: Purpose, *, now: datetime) -> bool:
        """Whether the purpose was ever measured."""
        return await self._health.latest(purpose, by=now) is not None

    async def days(self, purpose: Purpose, *, number: int, as_of: datetime | None, now: datetime) -> list[DayActivity]:
        """What happened on the last days, oldest first, this one included; asked as of a moment, on days that had ended by it."""
        today = now.astimezone(UTC).date()
        last = today if as_of is None else min(today, as_of.astimezone(UTC).date() - timedelta(days=1))
        return await self._health.days(purpose, first=last - timedelta(days=number - 1), last=last)

    async def generic_values(self, purpose: Purpose, *, as_of: datetime | None, first: int) -> list[GenericValue]:
        """Identifiers that are left out as saying nothing of one person, those that are on most evidence first."""
        return await self._health.generic_values(purpose, reasons=SAYS_NOTHING, as_of=as_of, first=first)
