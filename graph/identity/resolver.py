"""Resolution in batch: read the evidence, conclude, plan, then write what changed."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from graph.database import Database
from graph.identity.conclusion import ORDER, Conclusion, OnLoop, conclude
from graph.identity.live_matcher import LiveMatcher
from graph.identity.matcher import Matcher
from graph.identity.planning import ID_PREFIX, identities_after, plan_memberships
from graph.identity.policy import Policy
from graph.identity.progress import Progress, Stages
from graph.identity.publication import policies_in_force
from graph.identity.reference import packed
from graph.identity.scoring_matcher import ScoresRecords
from graph.identity.settling import Before, Settling, written
from graph.memory import no_search_for_cycles
from graph.model.claim import EvidenceSet
from graph.model.identity import Purpose
from graph.model.ids import IdentityId
from graph.model.plan import DecisionIds, MembershipPlan
from graph.repositories.claims import ClaimRepository
from graph.repositories.components import ComponentRepository
from graph.repositories.homes import HomeRepository
from graph.repositories.identities import IdentityRepository
from graph.repositories.matches import MatchRepository
from graph.repositories.policies import PolicyRepository
from graph.repositories.references import ReferenceRepository

RUN_CHARACTERS = 20
"""Characters of a run's id that its decisions' ids have, eighty bits of a random one: Neo4j keeps texts of up to 36 such
characters inside a property, longer ones in a store of their own, and each membership has the id of a decision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolutionReport:
    """What one resolution of one purpose came to."""

    run_id: str
    purpose: Purpose
    policy_version: str
    identities: int
    members: int
    decisions: Mapping[str, int]
    """Decisions by kind; empty where nothing changed."""
    opened: int
    closed: int
    retired: int
    held_back: Mapping[str, int]
    """What the policy leaves out, by reason."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Seconds by stage."""

    @property
    def changed(self) -> bool:
        """Whether anything was written to identities."""
        return bool(self.decisions)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gathered:
    """What all purposes of one run conclude from."""

    evidence: EvidenceSet
    records: frozenset[str]
    estimates: Mapping[str, object] | None
    policies: Mapping[Purpose, Policy]
    """Those in force when the run began: one published meanwhile counts from the next."""
    keep: Callable[[], Coroutine[Any, Any, None]]
    """Writes what is new of the matches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Individuals:
    """What households and operational identities are concluded from."""

    gathered: _Gathered
    of_member: Mapping[str, IdentityId]
    lost_members: bool
    """Whether one lost a member or its id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Settled:
    """One purpose, concluded and planned, to be written."""

    run_id: str
    policy: Policy
    started_at: datetime
    conclusion: Conclusion
    plan: MembershipPlan
    after: Mapping[str, IdentityId]
    """The identity of each member once it is written."""
    stages: Stages


class Resolver:
    """Resolves purposes over the whole graph, one after the other, from evidence that is read once.

    One is for one resolution at a time: it holds its leases under one name, by which it also keeps its turn where it has to wait.
    """

    def __init__(
        self,
        *,
        claims: ClaimRepository,
        identities: IdentityRepository,
        components: ComponentRepository,
        matcher: Matcher,
        references: ReferenceRepository,
        homes: HomeRepository,
        policies: Callable[[], Awaitable[Mapping[Purpose, Policy]]],
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._claims = claims
        self._identities = identities
        self._components = components
        self._matcher = matcher
        self._references = references
        self._homes = homes
        self._policies = policies
        self._clock = clock
        self._new_id = new_id
        self._holder = new_id()

    async def resolve_all(self, purposes: Sequence[Purpose], *, progress: Progress) -> list[ResolutionReport]:
        """Resolve several purposes, individuals first, with what depends on them.

        Whoever asks for one purpose also gets individuals resolved, of which the others are made; and where an individual lost a
        member or its id, households and operational identities that exist are resolved again, lest they contradict it. One
        purpose is concluded while what was concluded before is written; where writing fails, nothing more is written.

        Raises:
            ResolutionBusy: somebody else resolves one of the purposes now.
        """
        with no_search_for_cycles():
            async with Settling[ResolutionReport]() as settling:
                individuals = await settling.begin(partial(self._settle_individuals, progress))
                wanted = set(purposes)
                if individuals.lost_members:
                    wanted |= {purpose for purpose in ORDER[1:] if await self._identities.exist(purpose)}
                for purpose in ORDER[1:]:
                    if purpose in wanted:
                        await settling.begin(partial(self._settle_dependent, purpose, individuals, progress))
            return settling.results

    async def resolve(self, purpose: Purpose, *, progress: Progress) -> ResolutionReport:
        """Bring the identities of one purpose in line with the evidence, and write nothing where they are.

        Raises:
            ResolutionBusy: somebody else resolves this purpose, or matches records, now.
        """
        with no_search_for_cycles():
            async with Settling[ResolutionReport]() as settling:
                if purpose is Purpose.INDIVIDUAL:
                    await settling.begin(partial(self._settle_individuals, progress))
                else:
                    # Matches are written too: whoever does so holds the lease of individuals, which are made of them.
                    async with self._identities.lease(Purpose.INDIVIDUAL, holder=self._holder, clock=self._clock):
                        gathered = await self._gather(Stages(progress, self._clock))
                        await gathered.keep()
                        standing = await self._identities.memberships(Purpose.INDIVIDUAL)
                    individuals = _Individuals(gathered=gathered, of_member=standing, lost_members=False)
                    await settling.begin(partial(self._settle_dependent, purpose, individuals, progress))
            return settling.results[0]

    async def _settle_individuals(
        self, progress: Progress, concluded: "asyncio.Future[_Individuals]", before: Before[ResolutionReport]
    ) -> ResolutionReport:
        run_id = self._new_id()
        async with self._identities.lease(Purpose.INDIVIDUAL, holder=self._holder, clock=self._clock):
            stages = Stages(progress, self._clock)
            gathered = await self._gather(stages)
            async with asyncio.TaskGroup() as meanwhile:
                # Matches are written while individuals are concluded from them.
                meanwhile.create_task(gathered.keep())
                meanwhile.create_task(self._homes.keep(gathered.evidence.claims))
                settled = await self._conclude(Purpose.INDIVIDUAL, run_id, gathered, {}, stages)
            lost_members = any(change.closings for change in settled.plan.changes)
            concluded.set_result(_Individuals(gathered=gathered, of_member=settled.after, lost_members=lost_members))
            return await self._write(settled, gathered, before)

    async def _settle_dependent(
        self,
        purpose: Purpose,
        individuals: "_Individuals",
        progress: Progress,
        concluded: "asyncio.Future[None]",
        before: Before[ResolutionReport],
    ) -> ResolutionReport:
        run_id = self._new_id()
        async with self._identities.lease(purpose, holder=self._holder, clock=self._clock):
            stages = Stages(progress, self._clock)
            settled = await self._conclude(purpose, run_id, individuals.gathered, individuals.of_member, stages)
            concluded.set_result(None)
            return await self._write(settled, individuals.gathered, before)

    async def _gather(self, stages: Stages) -> _Gathered:
        stages.begin("read evidence")
        policies = await self._policies()
        evidence = await self._claims.everything()
        stages.begin("match")
        target = policies[Purpose.INDIVIDUAL].target_precision
        matched = await self._matcher.match(evidence, target_precision=target, progress=stages.progress)
        stages.divide(matched.seconds)
        records = frozenset(claim.record_id for claim in matched.evidence.claims)
        return _Gathered(
            evidence=matched.evidence, records=records, estimates=matched.estimates, policies=policies, keep=matched.keep
        )

    async def _conclude(
        self,
        purpose: Purpose,
        run_id: str,
        gathered: _Gathered,
        individual_of: Mapping[str, IdentityId],
        stages: Stages,
    ) -> "_Settled":
        """Conclude and plan one purpose, in a thread of its own: meanwhile leases are renewed and others are written."""
        policy = gathered.policies[purpose]
        started_at = self._clock()
        stages.begin("conclude")
        components = OnLoop(self._components, asyncio.get_running_loop())
        conclusion = await asyncio.to_thread(asyncio.run, conclude(policy, gathered.evidence, components, individual_of))
        stages.begin("plan")
        current = await self._identities.standing(purpose)
        plan = await asyncio.to_thread(
            plan_memberships,
            current,
            conclusion.parts,
            purpose=purpose,
            policy_version=policy.version,
            now=await self._after_latest(purpose),
            decision_ids=DecisionIds(run_id=run_id[:RUN_CHARACTERS]),
            new_identity_id=lambda: IdentityId(ID_PREFIX[purpose] + self._new_id()),
            first_seen=conclusion.first_seen,
        )
        after = await asyncio.to_thread(identities_after, current, plan)
        return _Settled(
            run_id=run_id, policy=policy, started_at=started_at, conclusion=conclusion, plan=plan, after=after, stages=stages
        )

    async def _write(self, settled: "_Settled", gathered: _Gathered, before: Before[ResolutionReport]) -> ResolutionReport:
        """Write what was concluded and planned under a purpose's lease, once what was planned before is written."""
        run_id, policy, plan, stages = settled.run_id, settled.policy, settled.plan, settled.stages
        purpose = policy.purpose
        stages.begin("wait")
        await written(before)
        advance = stages.begin("write", len(plan.changes))
        await self._identities.hold(purpose, holder=self._holder, now=self._clock())
        estimates = gathered.estimates if purpose is Purpose.INDIVIDUAL else None
        if plan.changes:
            await self._record(run_id, policy, settled.started_at, None, {}, estimates)
        if settled.conclusion.learnt is not None:
            data = await asyncio.to_thread(packed, settled.conclusion.learnt)
            await self._references.keep(purpose, data, at=plan.at)
        await self._identities.apply(plan, run_id=run_id, progress=advance, records=gathered.records)
        held = {(finding.reason, finding.members): finding.detail for finding in settled.conclusion.findings}
        await self._identities.replace_held_back(purpose, held, plan.at, records=gathered.records)
        report = _report(run_id, policy, settled.conclusion, plan, held, stages.finish())
        # A run that changed nothing leaves no trace: a resolver that runs every minute would fill the graph with them.
        if plan.changes:
            await self._record(run_id, policy, settled.started_at, self._clock(), _counts(report), estimates)
        return report

    async def _after_latest(self, purpose: Purpose) -> datetime:
        """Now, but after every earlier change, whatever the clock does: validity times must not run backwards."""
        now = self._clock()
        latest = await self._identities.latest_change(purpose)
        return now if latest is None or now > latest else latest + timedelta(milliseconds=1)

    async def _record(
        self,
        run_id: str,
        policy: Policy,
        started_at: datetime,
        finished_at: datetime | None,
        counts: Mapping[str, object],
        estimates: Mapping[str, object] | None,
    ) -> None:
        await self._identities.record_run(
            run_id=run_id,
            purpose=policy.purpose,
            policy_version=policy.version,
            started_at=started_at,
            finished_at=finished_at,
            counts=counts,
            estimates=estimates,
        )


def open_resolver(
    database: Database, *, clock: Callable[[], datetime], new_id: Callable[[], str], pupil: LiveMatcher | None = None
) -> Resolver:
    """A resolver with the policies that are in force whenever it resolves; ``pupil`` learns what it scores records by."""
    claims = ClaimRepository(database)
    published = PolicyRepository(database)
    return Resolver(
        claims=claims,
        identities=IdentityRepository(database),
        components=ComponentRepository(database, new_graph_name=lambda: f"kindred-{new_id()}"),
        matcher=ScoresRecords(MatchRepository(database), clock=clock, new_id=new_id, pupil=pupil),
        references=ReferenceRepository(database),
        homes=HomeRepository(database),
        policies=lambda: policies_in_force(published),
        clock=clock,
        new_id=new_id,
    )


def _report(
    run_id: str,
    policy: Policy,
    conclusion: Conclusion,
    plan: MembershipPlan,
    held: Mapping[tuple[str, tuple[str, ...]], str],
    seconds: Mapping[str, float],
) -> ResolutionReport:
    return ResolutionReport(
        run_id=run_id,
        purpose=policy.purpose,
        policy_version=policy.version,
        identities=len(conclusion.parts),
        members=sum(len(part) for part in conclusion.parts),
        decisions=dict(Counter(change.decision.kind.value for change in plan.changes)),
        opened=sum(len(change.openings) for change in plan.changes),
        closed=sum(len(change.closings) for change in plan.changes),
        retired=sum(len(change.retired) for change in plan.changes),
        held_back=dict(Counter(reason for reason, _ in held)),
        seconds=seconds,
    )


def _counts(report: ResolutionReport) -> dict[str, object]:
    return {
        "identities": report.identities,
        "members": report.members,
        "decisions": dict(report.decisions),
        "opened": report.opened,
        "closed": report.closed,
        "retired": report.retired,
        "held_back": dict(report.held_back),
        "seconds": dict(report.seconds),
    }
