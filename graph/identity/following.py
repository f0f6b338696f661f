"""Households and operational identities follow the individuals that changed, by what was last learnt of the whole graph."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import datetime

from graph.errors import KindredError
from graph.identity.conclusion import conclude
from graph.identity.home_surroundings import HomeSurroundings
from graph.identity.individuals import Components
from graph.identity.local import NO_CHANGE, Change, Neighbourhood, members_after, without_pairs
from graph.identity.policy import Policy
from graph.identity.reading import Finding
from graph.identity.reference import Reference
from graph.identity.surroundings import Centre, OperationalSurroundings, decided, standing_of
from graph.model.identity import Purpose
from graph.model.ids import IdentityId
from graph.model.plan import Current, MembershipPlan
from graph.repositories.homes import HomeRepository

NOBODY = Current(identities={}, identity_of={})


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """What was concluded of a part of the identities of a purpose."""

    current: Current
    """Those that stand in its place."""
    parts: tuple[tuple[str, ...], ...]
    first_seen: Mapping[str, datetime | None]
    findings: tuple[Finding, ...]
    members: frozenset[str]
    """Of whom ``findings`` are all that is left out."""


class NothingLearnt(KindredError):  # noqa: N818 - states what was observed
    """What must be known of everybody else is not known."""

    code = "nothing_learnt"


class Following:
    """Concludes of the surroundings of a change what would be concluded of everything."""

    def __init__(
        self, nearby: HomeRepository, *, components: Components, policies: Mapping[Purpose, Policy], reference: Reference
    ) -> None:
        self._nearby = nearby
        self._components = components
        self._policies = policies
        self._reference = reference

    async def follow(self, purpose: Purpose, centre: Centre) -> Followed:
        """The identities of a purpose around individuals that changed.

        Raises:
            NothingLearnt: everything was never resolved for this purpose.
            TooWide: more is around them than is read at once.
        """
        return await (self._households(centre) if purpose is Purpose.HOUSEHOLD else self._operational(centre))

    async def _operational(self, centre: Centre) -> Followed:
        if self._reference.operational is None:
            raise NothingLearnt("operational identities were never resolved: how frequent values are is not known")
        policy = self._policies[Purpose.OPERATIONAL]
        around = await OperationalSurroundings(self._nearby, policy).read(centre)
        conclusion = await conclude(policy, around.evidence, self._components, around.individual_of, self._reference)
        found = decided(around, conclusion)
        members = found.members | centre.members
        standing = await self._nearby.memberships(sorted(members), Purpose.OPERATIONAL)
        whole = await self._nearby.members_of(standing.identities)
        return Followed(
            current=standing_of(whole, members),
            parts=found.parts,
            first_seen=conclusion.first_seen,
            findings=found.findings,
            members=members - found.left_out,
        )

    async def _households(self, centre: Centre) -> Followed:
        if self._reference.household is None:
            raise NothingLearnt("households were never resolved: what makes a home is not known")
        found = await HomeSurroundings(self._nearby, self._policies[Purpose.HOUSEHOLD], self._reference.household).decide(centre)
        return Followed(
            current=found.standing,
            parts=found.decided.parts,
            first_seen=found.first_seen,
            findings=found.decided.findings,
            members=found.decided.members,
        )


def ended_and_changed(plan: MembershipPlan) -> set[IdentityId]:
    """Identities whose members a plan changes, or that it ends."""
    touched: set[IdentityId] = set()
    for change in plan.changes:
        touched.add(change.decision.identity_id)
        touched |= {closing.identity_id for closing in change.closings} | set(change.retired)
    return touched


async def centre_of(
    nearby: HomeRepository,
    around: Neighbourhood,
    plan: MembershipPlan,
    members: Set[str],
    *,
    change: Change = NO_CHANGE,
    only: Set[IdentityId] | None = None,
) -> Centre:
    """The individuals that a plan changes and those of some members, as the plan makes them.

    Args:
        nearby: reads what their records state.
        around: the neighbourhood of the members.
        plan: what becomes of its individuals.
        members: records, identifiers and individuals about which evidence changed.
        change: what changes beside what is in the graph.
        only: the individuals on which the change bears, where that is known.
    """
    current = around.current[Purpose.INDIVIDUAL]
    # Individuals may be named themselves: what is said of homes is said of them.
    named = sorted(member for member in members if ":" not in member)
    others = await nearby.members_of(named) if named else NOBODY
    before = {**others.identity_of, **current.identity_of}
    after = {**others.identity_of, **members_after(current, plan)}
    changed = {*ended_and_changed(plan), *others.identities}
    changed |= {found for member in members for found in (before.get(member), after.get(member)) if found is not None}
    if only is not None:
        changed &= only
    mine = {each for each in {*before, *after} if before.get(each) in changed or after.get(each) in changed}
    mine |= {each for each in members & around.members if only is None or (each not in before and each not in after)}
    claims = [claim for record, claim in around.claims.items() if record in mine]
    if others.identities:
        unread = (await nearby.records_of(named)).keys() - around.claims.keys()
        claims += await nearby.claims(sorted(unread)) if unread else []
    return Centre(
        members=frozenset(mine),
        individual_of={member: after[member] for member in mine if member in after},
        claims=tuple(without_pairs(claims, change.unlinked)),
        assertions=change.added,
        retracted=change.retracted,
        unlinked=change.unlinked | {(right, left) for left, right in change.unlinked},
        ended=frozenset(changed - set(after.values())),
    )
