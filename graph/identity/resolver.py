"""Resolution in batch: read the evidence, conclude, plan, then write what changed."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, assert_never

from graph.database import Database
from graph.identity.conclusion import Conclusion, conclude_households, conclude_individuals, conclude_operational
from graph.identity.planning import Current, plan_memberships
from graph.identity.policy import Policy, load_policy
from graph.model.claim import EvidenceSet
from graph.model.identity import Purpose
from graph.model.ids import IdentityId
from graph.model.plan import DecisionIds, MembershipPlan
from graph.repositories.claims import ClaimRepository
from graph.repositories.components import ComponentRepository
from graph.repositories.identities import IdentityRepository

ID_PREFIX = {Purpose.INDIVIDUAL: "ind_", Purpose.HOUSEHOLD: "hh_", Purpose.OPERATIONAL: "op_"}
ORDER = (Purpose.INDIVIDUAL, Purpose.HOUSEHOLD, Purpose.OPERATIONAL)
"""Households and operational identities are made of individuals, which therefore come first."""


class Progress(Protocol):
    """Told what a resolution does; ``total`` is None where it is not known."""

    def stage(self, name: str, total: int | None) -> None:
        """A stage begins."""

    def advance(self, done: int) -> None:
        """Some of the stage is done."""


class NoProgress:
    """Tells nobody."""

    def stage(self, name: str, total: int | None) -> None:
        """Nothing."""

    def advance(self, done: int) -> None:
        """Nothing."""


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


class Resolver:
    """Resolves one purpose at a time over the whole graph."""

    def __init__(
        self,
        *,
        claims: ClaimRepository,
        identities: IdentityRepository,
        components: ComponentRepository,
        policies: Mapping[Purpose, Policy],
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._claims = claims
        self._identities = identities
        self._components = components
        self._policies = policies
        self._clock = clock
        self._new_id = new_id

    async def resolve_all(self, purposes: Sequence[Purpose], *, progress: Progress) -> list[ResolutionReport]:
        """Resolve several purposes, individuals first, with what depends on them.

        Whoever asks for one purpose also gets individuals resolved, of which the others are made; and where an individual lost a
        member or its id, households and operational identities that exist are resolved again, lest they contradict it.
        """
        wanted = set(purposes)
        first = await self.resolve(Purpose.INDIVIDUAL, progress=progress)
        if first.closed:
            wanted |= {purpose for purpose in ORDER[1:] if await self._identities.identities(purpose)}
        return [first, *[await self.resolve(purpose, progress=progress) for purpose in ORDER[1:] if purpose in wanted]]

    async def resolve(self, purpose: Purpose, *, progress: Progress) -> ResolutionReport:
        """Bring the identities of one purpose in line with the evidence, and write nothing where they are.

        Raises:
            ResolutionBusy: somebody else resolves this purpose now.
        """
        policy = self._policies[purpose]
        run_id = self._new_id()
        started_at = self._clock()
        async with self._identities.lease(purpose, holder=run_id, clock=self._clock):
            stages = _Stages(progress, self._clock)
            stages.begin("read evidence")
            evidence = await self._claims.everything()
            current = Current(
                identities=await self._identities.identities(purpose), identity_of=await self._identities.memberships(purpose)
            )
            stages.begin("conclude")
            conclusion = await self._conclude(purpose, policy, evidence)
            stages.begin("plan")
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
            if plan.changes:
                await self._record(run_id, policy, started_at, None, {})
            await self._identities.apply(plan, run_id=run_id, progress=progress.advance)
            held = {(finding.reason, finding.members): finding.detail for finding in conclusion.findings}
            await self._identities.replace_held_back(purpose, held, plan.at)
            report = _report(run_id, policy, conclusion, plan, held, stages.finish())
            # A run that changed nothing leaves no trace: a resolver that runs every minute would fill the graph with them.
            if plan.changes:
                await self._record(run_id, policy, started_at, self._clock(), _counts(report))
        return report

    async def _conclude(self, purpose: Purpose, policy: Policy, evidence: EvidenceSet) -> Conclusion:
        match purpose:
            case Purpose.INDIVIDUAL:
                return await conclude_individuals(evidence, policy, self._components)
            case Purpose.HOUSEHOLD:
                individuals = await self._identities.memberships(Purpose.INDIVIDUAL)
                return await conclude_households(evidence, policy, self._components, individuals)
            case Purpose.OPERATIONAL:
                individuals = await self._identities.memberships(Purpose.INDIVIDUAL)
                return await conclude_operational(evidence, policy, self._components, individuals)
            case _:
                assert_never(purpose)

    async def _after_latest(self, purpose: Purpose) -> datetime:
        """Now, but after every earlier change, whatever the clock does: validity times must not run backwards."""
        now = self._clock()
        latest = await self._identities.latest_change(purpose)
        return now if latest is None or now > latest else latest + timedelta(milliseconds=1)

    async def _record(
        self, run_id: str, policy: Policy, started_at: datetime, finished_at: datetime | None, counts: Mapping[str, object]
    ) -> None:
        await self._identities.record_run(
            run_id=run_id,
            purpose=policy.purpose,
            policy_version=policy.version,
            started_at=started_at,
            finished_at=finished_at,
            counts=counts,
        )


def open_resolver(database: Database, *, clock: Callable[[], datetime], new_id: Callable[[], str]) -> Resolver:
    """A resolver with the published policies.

    Raises:
        PolicyError: a policy file cannot be understood.
    """
    return Resolver(
        claims=ClaimRepository(database),
        identities=IdentityRepository(database),
        components=ComponentRepository(database, new_graph_name=lambda: f"kindred-{new_id()}"),
        policies={purpose: load_policy(purpose) for purpose in Purpose},
        clock=clock,
        new_id=new_id,
    )


class _Stages:
    """Times the stages of a run and tells of them."""

    def __init__(self, progress: Progress, clock: Callable[[], datetime]) -> None:
        self._progress = progress
        self._clock = clock
        self._name: str | None = None
        self._since = clock()
        self._seconds: dict[str, float] = {}

    def begin(self, name: str, total: int | None = None) -> None:
        self.finish()
        self._name, self._since = name, self._clock()
        self._progress.stage(name, total)

    def finish(self) -> dict[str, float]:
        if self._name is not None:
            self._seconds[self._name] = round((self._clock() - self._since).total_seconds(), 2)
        return self._seconds


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
