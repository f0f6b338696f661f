"""The graph's health in the graph: figures of each purpose and day, counted from decisions and memberships."""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import orjson

from graph.database import Database
from graph.model.health import (
    DayActivity,
    Estimate,
    Estimates,
    GenericValue,
    HealthState,
    IdentityFacts,
    RatedIdentity,
    RunSummary,
    SizeCount,
    SourceActivity,
    Suspicion,
)
from graph.model.identity import Purpose
from graph.model.ids import IdentityId
from graph.repositories.paging import read_pages
from graph.repositories.reviews import REVIEWABLE
from graph.statements import health as statements
from graph.statements.identity import PurposeParameters

PAGE_IDENTITIES = 2_000


class HealthRepository:
    """Measures and figures. A day is one of UTC."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def survey(self, purpose: Purpose, *, limited: Sequence[str]) -> AsyncIterator[Sequence[IdentityFacts]]:
        """Every identity of a purpose that is not retired, page by page. Each page is a moment of its own.

        Args:
            purpose: whose identities.
            limited: namespaces whose values are counted in each.
        """

        async def read(after: str) -> statements.SurveyPageRow:
            page = statements.SurveyHouseholdsParameters(purpose=purpose, after=after, limit=PAGE_IDENTITIES, reasons=REVIEWABLE)
            if purpose is Purpose.HOUSEHOLD:
                [row] = await self._database.run(statements.SURVEY_HOUSEHOLDS, page)
            else:
                with_limits = statements.SurveyParameters(
                    purpose=purpose, after=after, limit=PAGE_IDENTITIES, reasons=REVIEWABLE, limited=limited
                )
                [row] = await self._database.run(statements.SURVEY_IDENTITIES, with_limits)
            return row

        def next_after(page: statements.SurveyPageRow) -> str | None:
            return page.identities[-1][0] if len(page.identities) == PAGE_IDENTITIES else None

        async for page in read_pages(read, next_after):
            yield [_facts(row) for row in page.identities]

    async def activity(self, purpose: Purpose, *, since: date, last: date) -> list[DayActivity]:
        """What happened on each day of a span on which anything did, counted from what the graph holds."""
        begin, end = _midnight(since), _midnight(last + timedelta(days=1))
        within = statements.PurposeWithinParameters(purpose=purpose, since=begin, until=end)
        days: dict[date, _Day] = defaultdict(_Day)
        added = await self._database.run(statements.COUNT_ADDED, statements.WithinParameters(since=begin, until=end))
        for arrived in added:
            days[arrived.day].count(arrived.source, added=arrived.added)
        for entered in await self._database.run(statements.COUNT_ENTERED, within):
            days[entered.day].count(entered.source, recognised=entered.recognised, new=entered.new)
        for name, statement in (("merged", statements.COUNT_MERGED), ("split", statements.COUNT_SPLIT)):
            for reshaped in await self._database.run(statement, within):
                days[reshaped.day].totals[name] += reshaped.identities
                for source in reshaped.sources:
                    days[reshaped.day].sources[source][name] += reshaped.identities
        for decided in await self._database.run(statements.COUNT_DECISIONS, within):
            days[decided.day].decisions[decided.kind] = decided.decisions
        return [days[day].of(day) for day in sorted(days)]

    async def held_back(self, purpose: Purpose) -> dict[str, int]:
        """How much a purpose holds back now, by reason."""
        rows = await self._database.run(statements.COUNT_HELD_BACK, PurposeParameters(purpose=purpose))
        return {row.reason: row.findings for row in sorted(rows, key=lambda row: row.reason)}

    async def latest_runs(self, purpose: Purpose) -> tuple[RunSummary | None, Estimates | None]:
        """The last run that came to its end, and what the last that estimated anything expects."""
        rows = await self._database.run(statements.READ_LATEST_RUNS, PurposeParameters(purpose=purpose))
        if not rows:
            return None, None
        row = rows[0]
        run = None
        if row.run_id is not None and row.finished_at is not None:
            seconds = orjson.loads(row.counts or "{}").get("seconds", {})
            run = RunSummary(id=row.run_id, finished_at=row.finished_at, policy_version=row.policy_version or "", seconds=seconds)
        return run, _estimates(orjson.loads(row.estimates)) if row.estimates else None

    async def write(self, purpose: Purpose, days: Sequence[DayActivity], state: HealthState) -> None:
        """Keep figures of days, and what was measured with the day of its moment. What stands of these days is replaced."""
        measured_day = state.measured_at.astimezone(UTC).date()
        every = {day.day: _day_properties(purpose, day) for day in (DayActivity(day=measured_day), *days)}
        every[measured_day] |= {
            "identities": state.identities,
            "records": state.records,
            "members": state.members,
            "measured_at": state.measured_at,
            "state": orjson.dumps(asdict(state)).decode(),
        }
        rows = [statements.DayMap(id=f"{purpose}:{day}", properties=properties) for day, properties in sorted(every.items())]
        await self._database.run(statements.WRITE_DAYS, statements.WriteDaysParameters(days=rows))

    async def latest(self, purpose: Purpose, *, by: datetime) -> HealthState | None:
        """What was measured last by a moment, of all that is kept: of each day the last."""
        rows = await self._database.run(statements.READ_LATEST, statements.LatestParameters(purpose=purpose, by=by))
        return _state(rows[0].state) if rows else None

    async def days(self, purpose: Purpose, *, first: date, last: date) -> list[DayActivity]:
        """What happened on the days of a span for which there are figures, oldest first."""
        rows = await self._database.run(statements.LIST_DAYS, statements.DaysParameters(purpose=purpose, first=first, last=last))
        return [
            DayActivity(
                day=row.day,
                added=row.added,
                recognised=row.recognised,
                new=row.new,
                formed=row.formed,
                merged=row.merged,
                split=row.split,
                sources=tuple(SourceActivity(**source) for source in orjson.loads(row.sources)),
                decisions=orjson.loads(row.decisions),
            )
            for row in rows
        ]

    async def generic_values(
        self, purpose: Purpose, *, reasons: Sequence[str], as_of: datetime | None, first: int
    ) -> list[GenericValue]:
        """Identifiers that are held back for these reasons, those that are on most evidence first; ``as_of`` None is now."""
        parameters = statements.GenericValuesParameters(purpose=purpose, reasons=reasons, as_of=as_of, first=first)
        rows = await self._database.run(statements.LIST_GENERIC_VALUES, parameters)
        return [
            GenericValue(
                namespace=row.namespace,
                value=row.value,
                reason=row.reason,
                detail=row.detail,
                since=row.since,
                carriers=row.carriers,
            )
            for row in rows
        ]

    async def gauges(self) -> dict[Purpose, tuple[HealthState, Mapping[str, int]]]:
        """By purpose, where it was ever measured: what was found last, and all its decisions by kind. One statement."""
        parameters = statements.PurposesParameters(purposes=list(Purpose))
        found: dict[Purpose, tuple[HealthState, Mapping[str, int]]] = {}
        for row in await self._database.run(statements.READ_GAUGES, parameters):
            decisions: dict[str, int] = defaultdict(int)
            for day in row.decisions:
                for kind, count in orjson.loads(day).items():
                    decisions[kind] += count
            found[Purpose(row.purpose)] = _state(row.state), dict(decisions)
        return found


class _Day:
    """Figures of a day while they are gathered."""

    def __init__(self) -> None:
        self.totals: dict[str, int] = defaultdict(int)
        self.sources: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self.decisions: dict[str, int] = {}

    def count(self, source: str | None, **counts: int) -> None:
        for name, count in counts.items():
            self.totals[name] += count
            if source is not None:
                self.sources[source][name] += count

    def of(self, day: date) -> DayActivity:
        return DayActivity(
            day=day,
            **self.totals,
            formed=self.decisions.get("formed", 0),
            sources=tuple(SourceActivity(source=name, **counts) for name, counts in sorted(self.sources.items())),
            decisions=dict(sorted(self.decisions.items())),
        )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def _day_properties(purpose: Purpose, day: DayActivity) -> dict[str, Any]:
    figures = asdict(day)
    sources, decisions = figures.pop("sources"), figures.pop("decisions")
    return {
        "purpose": purpose,
        **figures,
        "sources": orjson.dumps(sources).decode(),
        "decisions": orjson.dumps(decisions).decode(),
    }


def _facts(row: statements.FactsRow) -> IdentityFacts:
    identity_id, members, records, individuals, namespaces, pairs, apart, weakest, stated, held = row
    return IdentityFacts(
        identity_id=IdentityId(identity_id),
        members=members,
        records=records,
        individuals=individuals,
        namespaces={namespace: namespaces.count(namespace) for namespace in set(namespaces)},
        pairs=pairs,
        apart=apart,
        weakest=weakest,
        surnames=len({family for family, _, _ in stated if family}),
        given_names=len({given for _, given, _ in stated if given}),
        birth_dates=len({born for _, _, born in stated if born}),
        named=sum(1 for family, given, _ in stated if family or given),
        held=held,
    )


def _state(text: str) -> HealthState:
    found = orjson.loads(text)
    run = found["run"]
    return HealthState(
        purpose=Purpose(found["purpose"]),
        measured_at=datetime.fromisoformat(found["measured_at"]),
        seconds=found["seconds"],
        identities=found["identities"],
        records=found["records"],
        members=found["members"],
        record_sizes=tuple(SizeCount(**each) for each in found["record_sizes"]),
        member_sizes=tuple(SizeCount(**each) for each in found["member_sizes"]),
        largest=tuple(_rated(each) for each in found["largest"]),
        suspicious=tuple(_rated(each) for each in found["suspicious"]),
        held_back=found["held_back"],
        estimates=_estimates(found["estimates"]) if found["estimates"] else None,
        run=RunSummary(**{**run, "finished_at": datetime.fromisoformat(run["finished_at"])}) if run else None,
    )


def _rated(each: Mapping[str, Any]) -> RatedIdentity:
    return RatedIdentity(**{**each, "reasons": tuple(Suspicion(**reason) for reason in each["reasons"])})


def _estimates(found: Mapping[str, Any]) -> Estimates:
    precision, recall = found["precision"], found["recall"]
    return Estimates(
        method=found["method"],
        linked_pairs=found["linked_pairs"],
        precision=Estimate(**precision) if precision else None,
        recall=Estimate(**recall) if recall else None,
    )
