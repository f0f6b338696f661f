"""Resolution in batch: read the evidence, conclude, plan, then write what changed."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from graph.database import Database
from graph.identity.conclusion import ORDER, Conclusion, conclude
from graph.identity.matcher import Matcher
from graph.identity.planning import ID_PREFIX, identities_after, plan_memberships
from graph.identity.policy import Policy
from graph.identity.progress import Progress, Stages
from graph.identity.publication import policies_in_force
from graph.identity.scoring_matcher import ScoresRecords
from graph.model.claim import EvidenceSet
from graph.model.identity import Purpose
from graph.model.ids import IdentityId
from graph.model.plan import DecisionIds, MembershipPlan
from graph.repositories.claims import ClaimRepository
from graph.repositories.components import ComponentRepository
from graph.repositories.identities import IdentityRepository
from graph.repositories.matches import MatchRepository
from graph.repositories.policies import PolicyRepository


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


class Resolver:
    """Resolves purposes over the whole graph, one after the other, from evidence that is read once."""

    def __init__(
        self,
        *,
        claims: ClaimRepository,
        identities: IdentityRepository,
        components: ComponentRepository,
        matcher: Matcher,
        policies: Callable[[], Awaitable[Mapping[Purpose, Policy]]],
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._claims = claims
        self._identities = identities
        self._components = components
        self._matcher = matcher
        self._policies = policies
        self._clock = clock
        self._new_id = new_id

    async def resolve_all(self, purposes: Sequence[Purpose], *, progress: Progress) -> list[ResolutionReport]:
        """Resolve several purposes, individuals first, with what depends on them.

        Whoever asks for one purpose also gets individuals resolved, of which the others are made; and where an individual lost a
        member or its id, households and operational identities that exist are resolved again, lest they contradict it.

        Raises:
            ResolutionBusy: somebody else resolves one of the purposes now.
        """
        wanted = set(purposes)
        first, gathered, individual_of = await self._individuals(progress)
        if first.closed:
            wanted |= {purpose for purpose in ORDER[1:] if await self._identities.exist(purpose)}
        dependent = [purpose for purpose in ORDER[1:] if purpose in wanted]
        return [first, *[await self._settle_leased(purpose, gathered, individual_of, progress) for purpose in dependent]]

    async def resolve(self, purpose: Purpose, *, progress: Progress) -> ResolutionReport:
        """Bring the identities of one purpose in line with the evidence, and write nothing where they are.

        Raises:
            ResolutionBusy: somebody else resolves this purpose, or matches records, now.
        """
        if purpose is Purpose.INDIVIDUAL:
            report, _, _ = await self._individuals(progress)
            return report
        # Matches are written too: whoever does so holds the lease of individuals, which are made of them.
        async with self._identities.lease(Purpose.INDIVIDUAL, holder=self._new_id(), clock=self._clock):
            gathered = await self._gather(Stages(progress, self._clock), progress)
            individual_of = await self._identities.memberships(Purpose.INDIVIDUAL)
        return await self._settle_leased(purpose, gathered, individual_of, progress)

    async def _individuals(self, progress: Progress) -> tuple[ResolutionReport, _Gathered, Mapping[str, IdentityId]]:
        run_id = self._new_id()
        async with self._identities.lease(Purpose.INDIVIDUAL, holder=run_id, clock=self._clock):
            stages = Stages(progress, self._clock)
            gathered = await self._gather(stages, progress)
            report, individual_of = await self._settle(Purpose.INDIVIDUAL, run_id, gathered, {}, stages, progress)
        return report, gathered, individual_of

    async def _gather(self, stages: Stages, progress: Progress) -> _Gathered:
        stages.begin("read evidence")
        policies = await self._policies()
        evidence = await self._claims.everything()
        stages.begin("match")
        target = policies[Purpose.INDIVIDUAL].target_precision
        matched = await self._matcher.match(evidence, target_precision=target, progress=progress)
        stages.divide(matched.seconds)
        records = frozenset(claim.record_id for claim in matched.evidence.claims)
        return _Gathered(evidence=matched.evidence, records=records, estimates=matched.estimates, policies=policies)

    async def _settle_leased(
        self, purpose: Purpose, gathered: _Gathered, individual_of: Mapping[str, IdentityId], progress: Progress
    ) -> ResolutionReport:
        run_id = self._new_id()
        async with self._identities.lease(purpose, holder=run_id, clock=self._clock):
            stages = Stages(progress, self._clock)
            report, _ = await self._settle(purpose, run_id, gathered, individual_of, stages, progress)
        return report

    async def _settle(
        self,
        purpose: Purpose,
        run_id: str,
        gathered: _Gathered,
        individual_of: Mapping[str, IdentityId],
        stages: Stages,
        progress: Progress,
    ) -> tuple[ResolutionReport, Mapping[str, IdentityId]]:
        """Conclude, plan and write one purpose under its lease; also returns the identity of each member afterwards."""
        policy = gathered.policies[purpose]
        started_at = self._clock()
        stages.begin("conclude")
        conclusion = await conclude(policy, gathered.evidence, self._components, individual_of)
        stages.begin("plan")
        current = await self._identities.standing(purpose)
        plan = plan_memberships(
            current,
            conclusion.parts,
            purpose=purpose,
            policy_version=policy.version,
            now=await self._after_latest(purpose),
            decision_ids=DecisionIds(run_id=run_id),
            new_identity_id=lambda: IdentityId(ID_PREFIX[purpose] + self._new_id()),
            first_seen=conclusion.first_seen,
        )
        stages.begin("write", len(plan.changes))
        await self._identities.hold(purpose, holder=run_id, now=self._clock())
        estimates = gathered.estimates if purpose is Purpose.INDIVIDUAL else None
        if plan.changes:
            await self._record(run_id, policy, started_at, None, {}, estimates)
        await self._identities.apply(plan, run_id=run_id, progress=progress.advance, records=gathered.records)
        held = {(finding.reason, finding.members): finding.detail for finding in conclusion.findings}
        await self._identities.replace_held_back(purpose, held, plan.at)
        report = _report(run_id, policy, conclusion, plan, held, stages.finish())
        # A run that changed nothing leaves no trace: a resolver that runs every minute would fill the graph with them.
        if plan.changes:
            await self._record(run_id, policy, started_at, self._clock(), _counts(report), estimates)
        return report, identities_after(current, plan)

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


def open_resolver(database: Database, *, clock: Callable[[], datetime], new_id: Callable[[], str]) -> Resolver:
    """A resolver with the policies that are in force whenever it resolves."""
    claims = ClaimRepository(database)
    published = PolicyRepository(database)
    return Resolver(
        claims=claims,
        identities=IdentityRepository(database),
        components=ComponentRepository(database, new_graph_name=lambda: f"kindred-{new_id()}"),
        matcher=ScoresRecords(MatchRepository(database), clock=clock, new_id=new_id),
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
