"""Measuring the graph's health: read page by page after a resolution, kept by day, and answered from there.

It costs one read of every identity with its memberships, and of the scored matches and names inside those with several records;
and one count of what happened since the day of the last measurement. Memory is that of one page.
"""

import heapq
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime, timedelta

from graph.database import Database
from graph.identity.policy import Policy
from graph.identity.progress import Progress
from graph.identity.publication import policies_in_force
from graph.identity.suspicion import rate
from graph.model.health import SIZES, HealthState, RatedIdentity, SizeCount
from graph.model.identity import Purpose
from graph.repositories.health import HealthRepository
from graph.repositories.identities import IdentityRepository
from graph.repositories.policies import PolicyRepository

KEPT_IDENTITIES = 50
"""Of the largest, and of the most suspicious."""
BACK_DAYS = 400
"""How far back the first measurement counts."""
LATE = timedelta(hours=1)
"""A day is counted again until so long after its end: what was received on it may be written a little later."""
STALE = timedelta(days=1)
"""A measurement so old is made again even where no identity has changed."""


class Surveyor:
    """Measures the identities of purposes."""

    def __init__(
        self,
        *,
        health: HealthRepository,
        identities: IdentityRepository,
        policies: Callable[[], Awaitable[Mapping[Purpose, Policy]]],
        clock: Callable[[], datetime],
    ) -> None:
        self._health = health
        self._identities = identities
        self._policies = policies
        self._clock = clock

    async def measure_changed(self, purposes: Sequence[Purpose], *, progress: Progress) -> list[HealthState]:
        """Measure the purposes whose identities have changed since they were measured; returns what was found of these."""
        now = self._clock()
        found: list[HealthState] = []
        for purpose in purposes:
            changed_at = await self._identities.latest_change(purpose)
            latest = await self._health.latest(purpose, by=now)
            if changed_at is None:
                continue
            if latest is None or changed_at >= latest.measured_at or now - latest.measured_at >= STALE:
                found.append(await self.measure(purpose, progress=progress))
        return found

    async def measure(self, purpose: Purpose, *, progress: Progress) -> HealthState:
        """Measure one purpose, and keep what was found."""
        began = self._clock()
        advance = progress.stage("measure", None)
        policy = (await self._policies())[purpose]
        limits = {name: kind.max_per_identity for name, kind in policy.evidence.items() if kind.max_per_identity}
        latest = await self._health.latest(purpose, by=began)
        by_records, by_members = Counter[int](), Counter[int]()
        largest: list[RatedIdentity] = []
        suspicious: list[RatedIdentity] = []
        async for page in self._health.survey(purpose, limited=sorted(limits)):
            rated = [rate(facts, limits) for facts in page]
            by_records.update(each.records for each in rated)
            by_members.update(each.members for each in rated)
            largest = heapq.nsmallest(KEPT_IDENTITIES, [*largest, *rated], key=_by_size)
            doubted = (each for each in rated if each.suspicion > 0)
            suspicious = heapq.nsmallest(KEPT_IDENTITIES, [*suspicious, *doubted], key=_by_suspicion)
            advance(len(page))
        today = began.date()
        days = await self._health.activity(purpose, since=_first_day(latest, today), last=today)
        run, estimates = await self._health.latest_runs(purpose)
        state = HealthState(
            purpose=purpose,
            measured_at=began,
            seconds=round((self._clock() - began).total_seconds(), 2),
            identities=by_records.total(),
            records=sum(size * count for size, count in by_records.items()),
            members=sum(size * count for size, count in by_members.items()),
            record_sizes=_distribution(by_records),
            member_sizes=_distribution(by_members),
            largest=tuple(largest),
            suspicious=tuple(suspicious),
            held_back=await self._health.held_back(purpose),
            estimates=estimates,
            run=run,
        )
        await self._health.write(purpose, days, state)
        return state


def open_surveyor(database: Database, *, clock: Callable[[], datetime]) -> Surveyor:
    """A surveyor that judges by the policies that are in force whenever it measures. ``clock`` tells UTC."""
    published = PolicyRepository(database)
    return Surveyor(
        health=HealthRepository(database),
        identities=IdentityRepository(database),
        policies=lambda: policies_in_force(published),
        clock=clock,
    )


def _first_day(latest: HealthState | None, today: date) -> date:
    earliest = today - timedelta(days=BACK_DAYS)
    return earliest if latest is None else max(earliest, (latest.measured_at - LATE).date())


def _by_size(each: RatedIdentity) -> tuple[int, int, str]:
    return -each.records, -each.members, each.identity_id


def _by_suspicion(each: RatedIdentity) -> tuple[float, int, str]:
    return -each.suspicion, -each.records, each.identity_id


def _distribution(sizes: Counter[int]) -> tuple[SizeCount, ...]:
    return tuple(
        SizeCount(
            at_least=least,
            at_most=most,
            identities=sum(count for size, count in sizes.items() if least <= size and (most is None or size <= most)),
        )
        for least, most in SIZES
    )
