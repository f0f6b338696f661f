"""What stewards do: assert, retract, approve and reject, each shown before it is taken and executed as decisions.

An action is written as evidence first, then the neighbourhood that it touches is settled again (see ``graph.identity.local``).
A crash between the two leaves evidence that the next resolution takes into account.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

import stamina

from graph.database import Database, Runs, Transaction
from graph.errors import KindredError
from graph.identity.bearing import bearing_of
from graph.identity.carrying import carried_households
from graph.identity.following import Following, NothingLearnt, centre_of, ended_and_changed
from graph.identity.home_surroundings import TooWide
from graph.identity.individuals import Components
from graph.identity.live_matcher import LiveMatcher, Scored
from graph.identity.local import NO_CHANGE, Change, LocalResolver, Neighbourhood, NeighbourhoodReader, members_after
from graph.identity.nearby import NearbyComponents
from graph.identity.planning import ID_PREFIX, plan_memberships
from graph.identity.policy import Policy
from graph.identity.preview import effect_of
from graph.identity.publication import PoliciesInForce
from graph.identity.reading import Finding
from graph.identity.reference import References
from graph.model.claim import Assertion
from graph.model.identity import Decision, DecisionKind, Purpose
from graph.model.ids import DecisionId, IdentityId
from graph.model.plan import Current, DecisionIds, MembershipPlan
from graph.model.stewardship import Action, Effect, EvidenceLinkRef
from graph.repositories.assertions import AssertionRepository, UnknownAssertion
from graph.repositories.components import ComponentRepository
from graph.repositories.homes import HomeRepository
from graph.repositories.identities import IdentityRepository, ResolutionBusy
from graph.repositories.policies import PolicyRepository
from graph.repositories.references import ReferenceRepository
from graph.repositories.reviews import PREDICTED, ReviewRepository

NOBODY = Current(identities={}, identity_of={})
PATIENCE_SECONDS = 5.0
"""How long an action waits for a resolution that is under way."""
LOCAL_REASONS_KEPT = ("generic", "blocked", PREDICTED)
"""What a neighbourhood does not decide anew: the first two are about identifiers at which it ends, the last no policy reports."""


Tell = Callable[[Effect], Awaitable[None]]
"""Told what was changed, after it is; raises nothing."""


async def tell_nobody(effect: Effect) -> None:
    """For whoever has nobody to tell what was changed."""


class ReasonMissing(KindredError):  # noqa: N818 - states what was observed, as the others do
    """An action without a reason."""

    code = "reason_missing"


class EffectChanged(KindredError):  # noqa: N818
    """The action would do something else than what was shown; ``effect`` is what it would do now."""

    code = "effect_changed"

    def __init__(self, message: str, *, effect: Effect) -> None:
        super().__init__(message)
        self.effect = effect


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Who acts and why, and on what terms."""

    by: str
    reason: str
    preview: bool
    """Nothing is written; the effect is what would happen."""
    expected: str | None = None
    """Digest of the effect that was seen before; another effect is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """Under what plans are made."""

    policies: Mapping[Purpose, Policy]
    now: datetime
    run_id: str
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """What a purpose leaves out of some members, all there is to know of them."""

    findings: tuple[Finding, ...]
    members: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plans:
    """Everything that an action changes."""

    about: frozenset[str]
    """Members of whom something is new."""
    around: Neighbourhood
    policies: Mapping[Purpose, Policy]
    plans: tuple[MembershipPlan, ...]
    held: Mapping[Purpose, _Held]
    effect: Effect


class _Graph:
    """What is read and written, statement by statement or in one transaction."""

    def __init__(self, runs: Runs) -> None:
        self.identities = IdentityRepository(runs)
        self.nearby = HomeRepository(runs)
        self.references = ReferenceRepository(runs)
        self.reviews = ReviewRepository(runs)
        self.policies = PolicyRepository(runs)


class Stewardship:
    """Stewards' actions over the graph."""

    def __init__(
        self,
        database: Database,
        *,
        components: Components,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
        patience_seconds: float = PATIENCE_SECONDS,
        matcher: LiveMatcher | None = None,
        tell: Tell = tell_nobody,
    ) -> None:
        self._tell = tell
        self._database = database
        self._matcher = LiveMatcher() if matcher is None else matcher
        self._graph = _Graph(database)
        self._assertions = AssertionRepository(database)
        self._reviews = ReviewRepository(database)
        self._references = References()
        self._components = components
        self._policies = PoliciesInForce()
        self._clock = clock
        self._new_id = new_id
        self._patience_seconds = patience_seconds

    async def assert_pair(self, left: str, right: str, *, same: bool, purpose: Purpose | None, act: Act) -> Action:
        """Say that two members are the same person, or are not.

        Raises:
            ReasonMissing, UnknownMember, AssertionInvalid, EffectChanged, ResolutionBusy.
        """
        _require_reason(act)
        assertion = Assertion(
            id=f"ast_{self._new_id()}",
            same=same,
            left=left,
            right=right,
            by=act.by,
            at=self._clock(),
            reason=act.reason,
            purpose=purpose,
        )
        await self._assertions.check(assertion)
        said = f"{act.by} asserted that {left} and {right} are {'the same' if same else 'different'}: {act.reason}"

        async def write() -> None:
            await self._assertions.add(assertion)

        effect = await self._take(Change(added=(assertion,)), (left, right), write, act, DecisionKind.ASSERTED, said, purpose)
        return Action(assertion_id=None if act.preview else assertion.id, executed=not act.preview, effect=effect)

    async def retract_assertion(self, assertion_id: str, *, act: Act) -> Action:
        """Take an assertion back: everything is as if it had never been made; history keeps it.

        Raises:
            ReasonMissing, UnknownAssertion, EffectChanged, ResolutionBusy.
        """
        _require_reason(act)
        found = await self._assertions.find(assertion_id)
        if found.retracted_at is not None:
            raise UnknownAssertion(f"the assertion {assertion_id} was retracted by {found.retracted_by}")
        word = "the same" if found.same else "different"
        said = f"{act.by} took back that {found.left} and {found.right} are {word}: {act.reason}"

        async def write() -> None:
            await self._assertions.retract(assertion_id, by=act.by, at=self._clock(), reason=act.reason)

        change = Change(retracted=frozenset({assertion_id}))
        members = (found.left, found.right)
        effect = await self._take(change, members, write, act, DecisionKind.RETRACTED, said, found.purpose)
        return Action(assertion_id=assertion_id, executed=not act.preview, effect=effect)

    async def retract_evidence(self, link: EvidenceLinkRef, *, act: Act) -> Action:
        """Take out that a record states an identifier, or that two identifiers were seen together.

        Raises:
            ReasonMissing, UnknownEvidence, EffectChanged, ResolutionBusy.
        """
        _require_reason(act)
        await self._assertions.require_link(link)
        said = f"{act.by} took out the evidence between {link.start} and {link.end}: {act.reason}"

        async def write() -> None:
            await self._assertions.retract_link(link, by=act.by, at=self._clock(), reason=act.reason)

        change = Change(unlinked=frozenset({(link.start, link.end)}))
        effect = await self._take(change, (link.start, link.end), write, act, DecisionKind.RETRACTED, said, None)
        return Action(assertion_id=None, executed=not act.preview, effect=effect)

    async def review(self, review_id: str, *, approve: bool, act: Act) -> Action:
        """Settle a doubtful link, for its purpose: its two sides are the same, or are not.

        Raises:
            UnknownReview, and what ``assert_pair`` raises.
        """
        _require_reason(act)
        item = await self._reviews.find(review_id)
        return await self.assert_pair(item.left, item.right, same=approve, purpose=item.purpose, act=act)

    async def settle(self, members: Iterable[str], *, actor: str = "resolver") -> Effect:
        """Bring the neighbourhood of some members in line with the evidence, as a resolution of everything would.

        Records among them that say something new are scored before, as far as the matcher has learnt by what.

        It is done in one transaction, whole or not at all. It gives way to whoever waits for a lease, so that it may be called
        without a pause.

        Raises:
            ResolutionBusy: a resolution is under way, and did not end in time.
        """
        about = frozenset(members)

        async def work(tx: Transaction) -> tuple[Effect, Scored]:
            graph, run_id = _Graph(tx), self._new_id()
            await graph.identities.lock(*Purpose, now=self._clock())
            scored = await self._matcher.score(tx, about, at=self._clock())
            planned = await self._plan(graph, Change(), about | scored.members, run_id=run_id, actor=actor)
            await self._apply(graph, planned, run_id=run_id, said=None)
            return planned.effect, scored

        async for attempt in self._patiently():
            with attempt:
                effect, scored = await self._database.write(work)
                scored.keep()
                await self._tell(effect)
                return effect
        raise AssertionError("unreachable")

    async def _take(
        self,
        change: Change,
        members: tuple[str, str],
        write: Callable[[], Awaitable[None]],
        act: Act,
        kind: DecisionKind,
        said: str,
        purpose: Purpose | None,
    ) -> Effect:
        run_id = self._new_id()
        if act.preview:
            return (await self._plan(self._graph, change, members, run_id=run_id, actor=act.by)).effect
        async with self._leases(run_id):
            planned = await self._plan(self._graph, change, members, run_id=run_id, actor=act.by)
            if act.expected is not None and act.expected != planned.effect.digest:
                raise EffectChanged(
                    f"the effect is now {planned.effect.digest}, not {act.expected}: evidence has changed since it was shown",
                    effect=planned.effect,
                )
            await write()
            await self._decide(planned, members, kind, said, purpose, act, run_id)
            await self._graph.identities.hold(*Purpose, holder=run_id, now=self._clock())
            await self._apply(self._graph, planned, run_id=run_id, said=said)
        await self._tell(planned.effect)
        return planned.effect

    async def _plan(self, graph: _Graph, change: Change, members: Iterable[str], *, run_id: str, actor: str) -> _Plans:
        """Everything that follows from a change of the evidence around some members; reads only."""
        members = frozenset(members)
        scope = await graph.nearby.scope()
        policies = await self._policies.read(graph.policies, published=scope.policies)
        around = await NeighbourhoodReader(graph.nearby, policies=policies).read(members, change=change)
        now = self._after(scope.changed_at)
        settled = await LocalResolver(components=self._components, policies=policies).individuals(
            around, now=now, ids=_ids(run_id, Purpose.INDIVIDUAL), new_id=self._new_identity_id, actor=actor
        )
        made = _Made(policies=policies, now=now, run_id=run_id, actor=actor)
        plans = [settled.plan]
        held = {Purpose.INDIVIDUAL: _Held(findings=settled.conclusion.findings, members=around.members)}
        formed = {each.decision.identity_id for each in settled.plan.changes if each.decision.kind is DecisionKind.FORMED}
        touched = sorted(ended_and_changed(settled.plan) - formed)
        homes = await graph.nearby.memberships(touched, Purpose.HOUSEHOLD) if scope.households and touched else NOBODY
        wanted = [Purpose.HOUSEHOLD] * scope.households + [Purpose.OPERATIONAL] * scope.operational
        pending = False
        about = members | change.touched()
        if wanted:
            following = Following(
                graph.nearby,
                components=self._components,
                policies=policies,
                reference=await self._references.in_force(graph.references, ids=scope.references),
            )
            only: dict[Purpose, frozenset[IdentityId]] = {}
            if change == NO_CHANGE and about <= around.around.keys():
                bearing = bearing_of(around, settled.plan, about, household=policies[Purpose.HOUSEHOLD])
                only = {Purpose.HOUSEHOLD: bearing.homes, Purpose.OPERATIONAL: bearing.records}
            for purpose in wanted:
                if purpose in only and not only[purpose]:
                    continue
                centre = await centre_of(graph.nearby, around, settled.plan, about, change=change, only=only.get(purpose))
                try:
                    found = await following.follow(purpose, centre)
                except (TooWide, NothingLearnt):
                    pending = True
                    if purpose is Purpose.HOUSEHOLD:
                        residents = await graph.nearby.members_of(homes.identities) if homes.identities else NOBODY
                        plans.append(self._plan_of(purpose, made, residents, carried_households(residents, settled.plan)))
                    continue
                plans.append(self._plan_of(purpose, made, found.current, found.parts, found.first_seen))
                held[purpose] = _Held(findings=found.findings, members=found.members)
        return _Plans(
            about=about,
            around=around,
            policies=policies,
            plans=tuple(plans),
            held=held,
            effect=effect_of(plans, households=homes.identities, pending=pending),
        )

    def _plan_of(
        self,
        purpose: Purpose,
        made: _Made,
        current: Current,
        parts: Sequence[Sequence[str]],
        first_seen: Mapping[str, datetime | None] = MappingProxyType({}),
    ) -> MembershipPlan:
        return plan_memberships(
            current,
            parts,
            purpose=purpose,
            policy_version=made.policies[purpose].version,
            now=made.now,
            decision_ids=_ids(made.run_id, purpose),
            new_identity_id=lambda: self._new_identity_id(purpose),
            first_seen=first_seen,
            actor=made.actor,
        )

    async def _decide(
        self,
        planned: _Plans,
        members: tuple[str, str],
        kind: DecisionKind,
        said: str,
        purpose: Purpose | None,
        act: Act,
        run_id: str,
    ) -> None:
        """Record what the steward said as a decision of each purpose that it counts for, about the identities of its members."""
        for plan in planned.plans:
            current = planned.around.current.get(plan.purpose)
            if current is None or purpose not in (None, plan.purpose):
                continue
            about = {member: current.identity_of[member] for member in members if member in current.identity_of}
            if not about:
                continue
            before: dict[str, tuple[str, ...]] = {}
            for member, identity in sorted(about.items()):
                before[identity] = (*before.get(identity, ()), member)
            after = members_after(current, plan)
            outcome: dict[str, tuple[str, ...]] = {}
            for member in members:
                if member in after:
                    outcome[after[member]] = (*outcome.get(after[member], ()), member)
            decision = Decision(
                id=DecisionId(f"dec_{run_id}_{plan.purpose.value}_said"),
                kind=kind,
                purpose=plan.purpose,
                policy_version=planned.policies[plan.purpose].version,
                actor=act.by,
                at=plan.at,
                identity_id=sorted(about.values())[0],
                before=before,
                after=outcome,
                reason=said,
            )
            await self._assertions.record_decision(decision, identity_ids=sorted(set(about.values())), run_id=run_id)

    async def _apply(self, graph: _Graph, planned: _Plans, *, run_id: str, said: str | None) -> None:
        for plan in planned.plans:
            await graph.identities.apply(_because(plan, said), run_id=run_id, progress=lambda _: None)
        nothing_held = {member for member, there in planned.around.around.items() if not there.held_back}
        for purpose, held in planned.held.items():
            about = sorted(held.members - nothing_held)
            standing = await graph.nearby.held_back(about, purpose) if about else []
            kept = LOCAL_REASONS_KEPT if purpose is Purpose.INDIVIDUAL else (PREDICTED,)
            among = [each for each in standing if each.reason not in kept and held.members.issuperset(each.members)]
            target = {(each.reason, each.members): each.detail for each in held.findings if each.reason not in kept}
            if target or among:
                await graph.reviews.report_held_back(purpose, target, among=among, now=planned.plans[0].at)
        await graph.nearby.keep(claim for record, claim in planned.around.claims.items() if record in planned.about)

    @asynccontextmanager
    async def _leases(self, run_id: str) -> AsyncIterator[None]:
        """The right to resolve every purpose, waited for a little."""
        async with AsyncExitStack() as stack:
            async for attempt in self._patiently():
                with attempt:
                    await stack.enter_async_context(self._graph.identities.lease(*Purpose, holder=run_id, clock=self._clock))
            yield

    def _patiently(self) -> AsyncIterator[stamina.Attempt]:
        return stamina.retry_context(
            on=ResolutionBusy, attempts=None, timeout=self._patience_seconds, wait_initial=0.1, wait_max=0.5
        )

    def _after(self, changed_at: datetime | None) -> datetime:
        """Now, but after every earlier change, whatever the clock does: validity times must not run backwards."""
        now = self._clock()
        return now if changed_at is None else max(now, changed_at + timedelta(milliseconds=1))

    def _new_identity_id(self, purpose: Purpose) -> IdentityId:
        return IdentityId(ID_PREFIX[purpose] + self._new_id())


def open_stewardship(
    database: Database,
    *,
    clock: Callable[[], datetime],
    new_id: Callable[[], str],
    matcher: LiveMatcher | None = None,
    tell: Tell = tell_nobody,
) -> Stewardship:
    """Stewardship by the policies in force; ``tell`` hears of what it changes.

    With ``matcher`` records are scored where identities are settled.
    """
    return Stewardship(
        database,
        components=NearbyComponents(ComponentRepository(database, new_graph_name=lambda: f"kindred-{new_id()}")),
        clock=clock,
        new_id=new_id,
        matcher=matcher,
        tell=tell,
    )


def _ids(run_id: str, purpose: Purpose) -> DecisionIds:
    return DecisionIds(run_id=f"{run_id}_{purpose.value}")


def _require_reason(act: Act) -> None:
    if not act.reason.strip():
        raise ReasonMissing("an action needs a reason, in a sentence")


def _because(plan: MembershipPlan, said: str | None) -> MembershipPlan:
    """A plan whose decisions tell what the steward said."""
    if said is None:
        return plan
    return replace(
        plan,
        changes=tuple(
            replace(change, decision=replace(change.decision, reason=f"{change.decision.reason}; {said}"))
            for change in plan.changes
        ),
    )
