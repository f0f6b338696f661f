"""Local resolution: conclude individuals again only where an assertion, a retraction or new evidence can have changed them.

The neighbourhood of some members is everything that evidence connects with them, directly or by way of others, together with
the identities that these are in now. Conclusions are drawn component by component (see ``graph.identity.conclusion``), and a
neighbourhood is made of whole components, so a policy concludes of it exactly what it would conclude of the whole graph.

The walk stops at identifiers that join nobody: those that the policy never joins by, that it blocks, or that are generic. Of a
value that more than ``CROWD`` records state, the last resolution's word is taken for whether it is generic.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from graph.identity.conclusion import Conclusion, conclude_individuals
from graph.identity.individuals import Components
from graph.identity.planning import plan_memberships
from graph.identity.policy import Joins, Policy
from graph.identity.reading import Reading, carriers_of, exclude
from graph.model.claim import Assertion, Claim, EvidenceSet, Match, Sighting, weight_as_read
from graph.model.explanation import MatchDetail
from graph.model.identity import Purpose
from graph.model.ids import IdentifierKey, IdentityId, RecordId
from graph.model.plan import Current, CurrentIdentity, DecisionIds, MembershipPlan
from graph.repositories.neighbourhoods import NOTHING, NeighbourhoodRepository, Surrounding

CROWD = 500
"""Records on one value up to which it is read whole to tell whether it is generic."""
MAX_ROUNDS = 60
"""Steps of a walk; the longest chain of evidence in one component is far shorter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbourhood:
    """Whole components of evidence, with the identities of their members."""

    members: frozenset[str]
    """Record ids and identifier keys: those that evidence connects, and those of the identities that these are in now."""
    evidence: EvidenceSet
    """As the policy of individuals reads it; what is known of identifiers that join nobody is left out."""
    claims: Mapping[str, Claim]
    """Of its records, with the identifiers that join nobody."""
    matches: tuple[MatchDetail, ...]
    """The scored evidence, with what it is made of."""
    current: Mapping[Purpose, Current]
    """Individuals and operational identities as they stand."""
    around: Mapping[str, Surrounding]
    """What there is around each member, and around those that it was read to judge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What an action adds to the evidence, or takes from it."""

    added: tuple[Assertion, ...] = ()
    retracted: frozenset[str] = frozenset()
    """Ids of assertions."""
    unlinked: frozenset[tuple[str, str]] = frozenset()
    """Pairs of a record and an identifier that it states, or of two identifiers seen together."""

    def touched(self) -> set[str]:
        """Members that the change is about; those of retracted assertions must be named beside them."""
        return {m for a in self.added for m in (a.left, a.right)} | {m for pair in self.unlinked for m in pair}


NO_CHANGE = Change()


@dataclass(slots=True)
class _Walk:
    """What a walk has seen."""

    inside: set[str] = field(default_factory=set)
    claims: dict[str, Claim] = field(default_factory=dict)
    stating: Counter[str] = field(default_factory=Counter)
    """Of identifiers: how many of the claims state it."""
    sightings: dict[tuple[str, str], Sighting] = field(default_factory=dict)
    matches: dict[tuple[str, str], MatchDetail] = field(default_factory=dict)
    assertions: dict[str, Assertion] = field(default_factory=dict)
    walkable: dict[str, bool] = field(default_factory=dict)
    """Of identifiers: whether evidence goes on through them."""
    around: dict[str, Surrounding] = field(default_factory=dict)
    """What there is to be read."""
    current: dict[Purpose, Current] = field(default_factory=dict)


class NeighbourhoodReader:
    """Reads neighbourhoods by the policy of individuals, of which everything else is made."""

    def __init__(self, repository: NeighbourhoodRepository, *, policies: Mapping[Purpose, Policy]) -> None:
        self._repository = repository
        self._policies = policies

    async def read(self, members: Iterable[str], *, change: Change = NO_CHANGE, as_of: datetime | None = None) -> Neighbourhood:
        """The neighbourhood of some members, as the evidence would be with ``change``.

        The change never makes it smaller: what it takes away still connects, lest the parts that it leaves are missed.
        """
        walk = _Walk(current={purpose: Current(identities={}, identity_of={}) for purpose in _RECORD_PURPOSES})
        frontier = {*members, *change.touched()}
        for _ in range(MAX_ROUNDS):
            frontier -= walk.inside
            if not frontier:
                break
            walk.inside |= frontier
            frontier = await self._step(walk, frontier, change, as_of)
        return await self._neighbourhood(walk, change, as_of)

    async def _step(self, walk: _Walk, frontier: set[str], change: Change, as_of: datetime | None) -> set[str]:
        """Read what is around the frontier, and return all that it leads to."""
        await self._judge(walk, frontier, as_of)
        # Of records whose claims were read before, too.
        await self._look(walk, frontier, as_of)
        around = walk.around
        asked = sorted(member for member in frontier if walk.walkable.get(member, True))
        reached: set[str] = set()
        claimed = [member for member in asked if around[member].claimed and not _is_known(member, walk, as_of)]
        for claim in await self._repository.claims(claimed, as_of=as_of) if claimed else ():
            if claim.record_id not in walk.claims:
                walk.stating.update(claim.identifiers)
            walk.claims[claim.record_id] = claim
            reached.add(claim.record_id)
        stated = {key for member in frontier if member in walk.claims for key in walk.claims[member].identifiers}
        sightings = [each for member in asked for each in around[member].sightings or ()]
        if unlisted := [member for member in asked if around[member].sightings is None]:
            sightings += await self._repository.sightings(unlisted, as_of=as_of)
        for sighting in sightings:
            walk.sightings[sighting.left, sighting.right] = sighting
        seen = {key for pair in walk.sightings for key in pair if frontier & set(pair)} - walk.inside
        # All at once, and what comes next with it: a question costs more than what is in it.
        await self._look(walk, (reached | stated | seen) - walk.inside, as_of)
        await self._judge(walk, (stated | seen) - walk.inside, as_of)
        reached |= {key for key in stated if walk.walkable[key] or self._is_silent_member(key)}
        reached |= {key for key in seen if walk.walkable[key]}
        matched = sorted(record for record in frontier & walk.claims.keys() if around[record].matched)
        for match in await self._repository.matches(matched, as_of=as_of) if matched else ():
            walk.matches[match.left, match.right] = match
            reached |= {match.left, match.right}
        asserted = sorted(member for member in frontier if around[member].asserted)
        said = await self._repository.assertions(asserted, as_of=as_of) if asserted else []
        for assertion in [*said, *change.added]:
            if {assertion.left, assertion.right} & (frontier | walk.inside):
                walk.assertions[assertion.id] = assertion
                reached |= {assertion.left, assertion.right}
        reached |= await self._fellows(walk, frontier, as_of)
        return reached

    async def _fellows(self, walk: _Walk, frontier: set[str], as_of: datetime | None) -> set[str]:
        """Everybody who is in an identity with a member of the frontier now."""
        found = await self._identities(walk, frontier, as_of)
        met = [identity for identities in found.values() for identity in identities]
        members = await self._repository.members_by_identity(met, as_of=as_of) if met else {}
        for purpose, identities in found.items():
            known = walk.current[purpose]
            whole = {member: identity for identity in identities for member in members.get(identity, ())}
            walk.current[purpose] = Current(
                identities={**known.identities, **identities}, identity_of={**known.identity_of, **whole}
            )
        return {member for whole in members.values() for member in whole}

    async def _identities(
        self, walk: _Walk, frontier: set[str], as_of: datetime | None
    ) -> dict[Purpose, dict[IdentityId, CurrentIdentity]]:
        """The identities of members of the frontier that were not met before."""
        found: dict[Purpose, dict[IdentityId, CurrentIdentity]] = {purpose: {} for purpose in _RECORD_PURPOSES}
        for member in frontier:
            for purpose, identity in walk.around[member].memberships or ():
                found[purpose][identity.id] = identity
        if unknown := sorted(member for member in frontier if walk.around[member].memberships is None):
            for purpose in _RECORD_PURPOSES:
                found[purpose].update((await self._repository.memberships(unknown, purpose, as_of=as_of)).identities)
        known = {purpose: walk.current[purpose].identities.keys() for purpose in _RECORD_PURPOSES}
        return {
            purpose: {name: identity for name, identity in identities.items() if name not in known[purpose]}
            for purpose, identities in found.items()
        }

    async def _look(self, walk: _Walk, members: Iterable[str], as_of: datetime | None) -> None:
        """See what there is around members, of those where that was not seen yet."""
        if unseen := sorted(member for member in members if member not in walk.around):
            found = await self._repository.around(unseen, as_of=as_of)
            walk.around.update({member: found.get(member, NOTHING) for member in unseen})

    async def _judge(self, walk: _Walk, members: Iterable[str], as_of: datetime | None) -> None:
        """Decide of identifiers whether evidence goes on through them."""
        policy = self._policies[Purpose.INDIVIDUAL]
        unknown = sorted(member for member in members if member not in walk.walkable and member not in walk.claims)
        await self._look(walk, unknown, as_of)
        near: list[str] = []
        for member in unknown:
            kind, crowd = policy.kind_of(member), walk.around[member]
            if not crowd.identifier:
                # A record, or a name that nothing has.
                continue
            walk.walkable[member] = kind.joins is not Joins.NEVER and not policy.blocked.holds(member)
            if not walk.walkable[member]:
                continue
            if as_of is None and crowd.neighbours > kind.max_neighbours:
                # Generic, whatever else is known of it: what it was seen with is not even read.
                walk.walkable[member] = False
            elif crowd.carriers > kind.max_people or crowd.neighbours > kind.max_neighbours:
                near.append(member)
        if near:
            await self._judge_crowded(walk, near, crowds={key: walk.around[key].carriers for key in near}, as_of=as_of)

    async def _judge_crowded(
        self, walk: _Walk, keys: Sequence[str], *, crowds: Mapping[str, int], as_of: datetime | None
    ) -> None:
        """Decide of identifiers that might be generic."""
        policy = self._policies[Purpose.INDIVIDUAL]
        too_many = [key for key in keys if crowds[key] > CROWD]
        held = await self._repository.held_back(too_many, Purpose.INDIVIDUAL, as_of=as_of) if too_many else []
        generic = {member for each in held if each.reason == "generic" for member in each.members}
        readable = [key for key in keys if crowds[key] <= CROWD]
        if readable:
            generic |= excluded_by(
                policy,
                readable,
                claims=await self._repository.claims(readable, as_of=as_of),
                sightings=await self._repository.sightings(readable, as_of=as_of),
            )
        for key in keys:
            walk.walkable[key] = key not in generic

    async def _neighbourhood(self, walk: _Walk, change: Change, as_of: datetime | None) -> Neighbourhood:
        left_out = frozenset(key for key, walkable in walk.walkable.items() if not walkable and not self._is_silent_member(key))
        kept = without_pairs([walk.claims[member] for member in sorted(walk.inside & walk.claims.keys())], change.unlinked)
        claims = tuple(_without(claim, left_out) for claim in kept)
        stated = {key for claim in claims for key in claim.identifiers}
        unstated = sorted(
            key for key in walk.inside - walk.claims.keys() - stated - left_out if walk.walkable.get(key) is not None
        )
        evidence = EvidenceSet(
            claims=claims,
            identifiers=tuple(IdentifierKey(key) for key in await self._on_touchpoints(walk, unstated, as_of)),
            sightings=tuple(
                sighting
                for pair, sighting in sorted(walk.sightings.items())
                if pair not in change.unlinked and walk.inside.issuperset(pair) and not left_out & set(pair)
            ),
            matches=plain_matches(walk.matches.values()),
            assertions=tuple(
                sorted((a for a in walk.assertions.values() if a.id not in change.retracted), key=lambda a: (a.at, a.id))
            ),
        )
        return Neighbourhood(
            members=frozenset(walk.inside),
            evidence=evidence,
            claims={claim.record_id: claim for claim in kept},
            matches=tuple(walk.matches[pair] for pair in sorted(walk.matches)),
            current=walk.current,
            around=walk.around,
        )

    async def _on_touchpoints(self, walk: _Walk, keys: Sequence[str], as_of: datetime | None) -> list[str]:
        """Those of some identifiers that a touchpoint carries."""
        unknown = [key for key in keys if walk.around[key].carried is None]
        known = [key for key in keys if walk.around[key].carried]
        return sorted([*known, *(await self._repository.on_touchpoints(unknown, as_of=as_of) if unknown else ())])

    def _is_silent_member(self, key: str) -> bool:
        """Whether an identifier joins nobody and is a member all the same: it is then one by itself."""
        policy = self._policies[Purpose.INDIVIDUAL]
        kind = policy.kind_of(key)
        return kind.joins is Joins.NEVER and kind.member and not policy.blocked.holds(key)


_RECORD_PURPOSES = (Purpose.INDIVIDUAL, Purpose.OPERATIONAL)


def _is_known(member: str, walk: _Walk, as_of: datetime | None) -> bool:
    """Whether the claims of a record, or of all records that state an identifier, were read before."""
    there = walk.around[member]
    if not there.identifier:
        return member in walk.claims
    return as_of is None and member not in walk.claims and 0 < there.carriers == walk.stating[member]


def excluded_by(policy: Policy, keys: Sequence[str], *, claims: Sequence[Claim], sightings: Sequence[Sighting]) -> set[str]:
    """Which identifiers a policy holds generic or blocked, given all records that state them and all that they were seen with."""
    wanted = set(keys)
    only = [replace(c, identifiers=tuple(key for key in c.identifiers if key in wanted)) for c in claims]
    evidence = EvidenceSet(claims=tuple(only), sightings=tuple(sightings))
    carriers = carriers_of(only)
    counts = {key: len(stating) for key, stating in carriers.items()}
    return exclude(evidence, counts, lambda key: carriers.get(key, []), Reading(), policy) & wanted


def plain_matches(details: Iterable[MatchDetail]) -> tuple[Match, ...]:
    """Scored evidence as policies read it."""
    ordered = sorted(details, key=lambda detail: (detail.left, detail.right))
    return tuple(
        Match(
            left=RecordId(detail.left),
            right=RecordId(detail.right),
            match_weight=weight_as_read(detail.match_weight),
            linked=detail.linked,
        )
        for detail in ordered
    )


def without_pairs(claims: Sequence[Claim], pairs: frozenset[tuple[str, str]]) -> list[Claim]:
    """Claims without what is taken from them: pairs of a record and an identifier."""
    if not pairs:
        return list(claims)
    return [
        replace(claim, identifiers=tuple(key for key in claim.identifiers if (claim.record_id, key) not in pairs))
        for claim in claims
    ]


def _without(claim: Claim, keys: frozenset[str]) -> Claim:
    """A claim without some identifiers."""
    return replace(claim, identifiers=tuple(key for key in claim.identifiers if key not in keys))


def members_after(current: Current, plan: MembershipPlan) -> dict[str, IdentityId]:
    """Member to its identity once a plan has been applied."""
    identity_of = dict(current.identity_of)
    for change in plan.changes:
        for closing in change.closings:
            identity_of.pop(closing.member, None)
    # Only now: who leaves one identity by one decision may enter another by an earlier one.
    for change in plan.changes:
        identity_of.update({opening.member: opening.identity_id for opening in change.openings})
    return identity_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What a policy concludes of a neighbourhood, and the plan that makes it so."""

    plan: MembershipPlan
    conclusion: Conclusion


NewId = Callable[[Purpose], IdentityId]
"""Makes an identity id that was never used."""


class LocalResolver:
    """Concludes of neighbourhoods what a batch would conclude of the whole graph. It reads and plans; it writes nothing."""

    def __init__(self, *, components: Components, policies: Mapping[Purpose, Policy]) -> None:
        self._components = components
        self._policies = policies

    async def individuals(self, around: Neighbourhood, *, now: datetime, ids: DecisionIds, new_id: NewId, actor: str) -> Settled:
        """Individuals of a neighbourhood."""
        policy = self._policies[Purpose.INDIVIDUAL]
        conclusion = await conclude_individuals(around.evidence, policy, self._components)
        plan = plan_memberships(
            around.current[Purpose.INDIVIDUAL],
            conclusion.parts,
            purpose=Purpose.INDIVIDUAL,
            policy_version=policy.version,
            now=now,
            decision_ids=ids,
            new_identity_id=lambda: new_id(Purpose.INDIVIDUAL),
            first_seen=conclusion.first_seen,
            actor=actor,
        )
        return Settled(plan=plan, conclusion=conclusion)
