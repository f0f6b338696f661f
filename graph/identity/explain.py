"""Explanations: the evidence that, by itself, puts members together, and where they are apart, what is missing or against it.

The policy reads the members' neighbourhood again, as of the moment that is asked about. Links are local (see
``graph.identity.reading``), so it sees what the resolution saw; of them only those inside the identity count.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from graph.database import Database
from graph.errors import KindredError
from graph.identity.conclusion import conclude_individuals
from graph.identity.homes.links import links_of
from graph.identity.household import read_homes
from graph.identity.individuals import Components
from graph.identity.local import Neighbourhood, NeighbourhoodReader
from graph.identity.nearby import NearbyComponents
from graph.identity.obstacles import obstacles_between
from graph.identity.operational import read_confirmed
from graph.identity.paths import evidence_path, evidence_tree, reduced_to, step_of, strongest_path
from graph.identity.policy import Policy
from graph.identity.publication import policies_in_force
from graph.identity.reading import Link, Reading, read_evidence
from graph.model.claim import EvidenceSet, namespace_of
from graph.model.explanation import (
    EvidenceStep,
    Explanation,
    HeldBack,
    IdentityExplanation,
    Obstacle,
    ObstacleKind,
    StepKind,
)
from graph.model.identity import Purpose
from graph.model.ids import IdentityId
from graph.repositories.components import ComponentRepository
from graph.repositories.neighbourhoods import NeighbourhoodRepository
from graph.repositories.policies import PolicyRepository
from graph.repositories.profiles import ProfileRepository

NEVER = datetime.max.replace(tzinfo=UTC)


class NotAMember(KindredError):  # noqa: N818 - states what was observed, as the others do
    """The member is unknown, or in no identity of the purpose."""

    code = "not_a_member"


class UnknownIdentity(KindredError):  # noqa: N818
    """There is no identity of that id, or there was none at that moment."""

    code = "unknown_identity"


async def explain(
    database: Database,
    member_a: str,
    member_b: str | None,
    purpose: Purpose,
    *,
    policy: Policy | None = None,
    as_of: datetime | None = None,
) -> Explanation:
    """Explain why two members are in one identity, or are not.

    Args:
        database: where the graph is.
        member_a: a record's id or an identifier's key; for households also an individual's id.
        member_b: another; None for the member of ``member_a``'s identity with the oldest evidence.
        purpose: whose identities.
        policy: the policy to read by; None for the one that was in force.
        as_of: answer as it would have been answered then; None is now.

    Raises:
        NotAMember: ``member_a`` is in no identity of the purpose and no other member is named.
        PolicyError: a policy that was in force cannot be understood.
    """
    explainer = _Explainer(database, purpose, await _policies(database, purpose, policy, as_of), as_of)
    return await explainer.pair(member_a, member_b)


async def explain_identity(
    database: Database, identity_id: str, *, policy: Policy | None = None, as_of: datetime | None = None
) -> IdentityExplanation:
    """Explain why an identity is what it is: evidence that leads from its oldest member to every other.

    Args:
        database: where the graph is.
        identity_id: the identity; one that was merged away leads to the one that survived.
        policy: the policy to read by; None for the one that was in force.
        as_of: answer as it would have been answered then; None is now.

    Raises:
        UnknownIdentity: there is none of that id, or there was none then.
    """
    state = (await ProfileRepository(database).identities([identity_id], as_of=as_of))[identity_id]
    if state is None:
        raise UnknownIdentity(f"there is no identity {identity_id}")
    explainer = _Explainer(database, state.purpose, await _policies(database, state.purpose, policy, as_of), as_of)
    return await explainer.identity(state.id)


async def _policies(
    database: Database, purpose: Purpose, policy: Policy | None, as_of: datetime | None
) -> Mapping[Purpose, Policy]:
    others = [other for other in Purpose if policy is None or other is not purpose]
    found = await policies_in_force(PolicyRepository(database), others, as_of=as_of)
    return found if policy is None else {**found, purpose: policy}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What a policy sees around members."""

    around: Neighbourhood
    reading: Reading

    def step(self, start: str, link: Link) -> EvidenceStep:
        """A link as a step."""
        claims = {claim.record_id: claim for claim in self.around.evidence.claims}
        return step_of(start, link, claims, {(match.left, match.right): match for match in self.around.matches})

    def oldest(self, members: Iterable[str]) -> str:
        """The member with the oldest evidence; of several the first by name, records before identifiers."""
        records = {claim.record_id for claim in self.around.evidence.claims}
        return min(members, key=lambda m: (self.reading.members.get(m) or NEVER, m not in records, m))


class _Explainer:
    """Explains by one policy as of one moment."""

    def __init__(self, database: Database, purpose: Purpose, policies: Mapping[Purpose, Policy], as_of: datetime | None) -> None:
        self._repository = NeighbourhoodRepository(database)
        self._reader = NeighbourhoodReader(self._repository, policies=policies)
        # Named after what it is for: explanations of one moment may run side by side.
        self._components: Components = NearbyComponents(
            ComponentRepository(database, new_graph_name=lambda: f"kindred-explain-{id(self)}")
        )
        self._purpose = purpose
        self._policy = policies[purpose]
        self._as_of = as_of

    async def pair(self, member_a: str, member_b: str | None) -> Explanation:
        """Why two members are together, or are not."""
        asked = [member_a] if member_b is None else [member_a, member_b]
        if self._purpose is Purpose.HOUSEHOLD:
            individuals = await self._repository.memberships(asked, Purpose.INDIVIDUAL, as_of=self._as_of)
            asked = [individuals.identity_of.get(member, IdentityId(member)) for member in asked]
        found = await self._repository.memberships(asked, self._purpose, as_of=self._as_of)
        first = asked[0]
        if first not in found.identity_of and member_b is None:
            raise NotAMember(f"{member_a} is in no {self._purpose.value} identity")
        whole = await self._repository.members_of(found.identities, as_of=self._as_of)
        members_of: dict[str, set[str]] = {}
        for member, identity in whole.identity_of.items():
            members_of.setdefault(identity, set()).add(member)
        seen = await self._see([*asked, *whole.identity_of])
        last = asked[1] if len(asked) > 1 else seen.oldest(members_of[found.identity_of[first]])
        identity_of = {member: whole.identity_of[member] for member in (first, last) if member in whole.identity_of}
        sides = tuple(
            frozenset(members_of.get(identity_of[member], ()) if member in identity_of else ()) | {member}
            for member in (first, last)
        )
        together = len(identity_of) == len({first, last}) and len(set(identity_of.values())) == 1
        steps: tuple[EvidenceStep, ...] = ()
        support: tuple[EvidenceStep, ...] = ()
        between: tuple[EvidenceStep, ...] = ()
        obstacles: tuple[Obstacle, ...] = ()
        if together:
            steps, support = await self._evidence(seen, first, last, set(sides[0]))
        else:
            between, obstacles = await self._apart(seen, (first, last), (sides[0], sides[1]), identity_of)
        decisions = await self._repository.decisions(sorted({first, last}), self._purpose, as_of=self._as_of)
        return Explanation(
            purpose=self._purpose,
            policy_version=self._policy.version,
            member_a=first,
            member_b=last,
            identity_a=identity_of.get(first),
            identity_b=identity_of.get(last),
            steps=steps,
            support=support,
            between=between,
            obstacles=obstacles,
            decisions=tuple(decisions),
            held_back=tuple(await self._repository.held_back(sorted({first, last}), self._purpose, as_of=self._as_of)),
            summary=_summary(first, last, steps, obstacles, together=together),
            as_of=self._as_of,
        )

    async def identity(self, identity_id: IdentityId) -> IdentityExplanation:
        """Evidence from the oldest member of an identity to every other."""
        members = sorted((await self._repository.members_of([identity_id], as_of=self._as_of)).identity_of)
        seen = await self._see(members)
        steps: list[EvidenceStep] = []
        reached: set[str] = set()
        oldest = seen.oldest(members) if members else None
        if oldest is not None:
            tree = evidence_tree(oldest, seen.reading.links, set(members))
            steps = [seen.step(before, link) for before, link in tree.values()]
            reached = {oldest, *tree}
        unreached = tuple(member for member in members if member not in reached)
        kinds = sorted({step.kind.value for step in steps})
        summary = f"{len(members)} members, held together by {len(steps)} pieces of evidence: {', '.join(kinds)}"
        return IdentityExplanation(
            purpose=self._purpose,
            policy_version=self._policy.version,
            identity_id=identity_id,
            as_of=self._as_of,
            members=tuple(members),
            oldest=oldest,
            steps=tuple(steps),
            unreached=unreached,
            decisions=tuple(await self._repository.decisions(members, self._purpose, as_of=self._as_of)),
            held_back=tuple(await self._repository.held_back(members, self._purpose, as_of=self._as_of)),
            summary=summary if steps else f"{len(members)} members, of one piece of evidence each",
        )

    async def _see(self, members: Sequence[str]) -> _Seen:
        """Read the evidence around members as the purpose's policy does."""
        within = list(members)
        if self._purpose is Purpose.HOUSEHOLD:
            within = sorted((await self._repository.members_of(members, as_of=self._as_of)).identity_of)
        around = await self._reader.read(within, as_of=self._as_of)
        if self._purpose is Purpose.INDIVIDUAL:
            return _Seen(around=around, reading=read_evidence(around.evidence, self._policy))
        # Both look at identifiers that join no individuals, such as a phone that a home shares: they are read as stated.
        records = sorted(claim.record_id for claim in around.evidence.claims)
        stated = tuple(claim for claim in await self._repository.claims(records, as_of=self._as_of))
        evidence = replace(around.evidence, claims=stated)
        individual_of = around.current[Purpose.INDIVIDUAL].identity_of
        if self._purpose is Purpose.HOUSEHOLD:
            homes = read_homes(evidence, self._policy, individual_of)
            return _Seen(around=around, reading=Reading(members=dict(homes.first_seen), links=links_of(homes)))
        reading = read_confirmed(evidence, self._policy, individual_of).explained()
        reading.links.extend(_stated(evidence, set(members)))
        return _Seen(around=around, reading=reading)

    async def _evidence(
        self, seen: _Seen, first: str, last: str, inside: set[str]
    ) -> tuple[tuple[EvidenceStep, ...], tuple[EvidenceStep, ...]]:
        """A path from one member to the other, and what else is needed for it to yield the membership by itself."""
        links = seen.reading.links
        shortest = evidence_path(first, last, links, inside)
        steps = tuple(seen.step(start, link) for start, link in shortest)
        if self._purpose is not Purpose.INDIVIDUAL or not steps or await self._yields(seen, steps, first, last):
            return steps, ()
        strongest = tuple(seen.step(start, link) for start, link in strongest_path(first, last, links, inside))
        if await self._yields(seen, strongest, first, last):
            return strongest, ()
        on_path = {end for step in steps for end in (step.start, step.end)}
        for among in (on_path, inside):
            extra = [link for link in links if link.left in among and link.right in among]
            taken = {(step.start, step.end, step.rule, step.via) for step in steps}
            support = tuple(
                step
                for step in (seen.step(link.left, link) for link in extra)
                if not {(step.start, step.end, step.rule, step.via), (step.end, step.start, step.rule, step.via)} & taken
            )
            if await self._yields(seen, (*steps, *support), first, last):
                return steps, support
        return steps, ()

    async def _yields(self, seen: _Seen, steps: Sequence[EvidenceStep], first: str, last: str) -> bool:
        """Whether the policy concludes from nothing but these steps that the two are one."""
        reduced = reduced_to(seen.around.evidence, steps)
        conclusion = await conclude_individuals(reduced, self._policy, self._components)
        return any(first in part and last in part for part in conclusion.parts)

    async def _apart(
        self,
        seen: _Seen,
        pair: tuple[str, str],
        sides: tuple[frozenset[str], frozenset[str]],
        identity_of: dict[str, IdentityId],
    ) -> tuple[tuple[EvidenceStep, ...], tuple[Obstacle, ...]]:
        """What connects two members all the same, and what keeps them apart."""
        path = evidence_path(*pair, seen.reading.links, set(seen.reading.members) | sides[0] | sides[1])
        around = seen.around
        obstacles = obstacles_between(
            sides,
            around=around,
            held_back=await self._held_between(sides),
            individual_of=around.current[Purpose.INDIVIDUAL].identity_of,
            policy=self._policy,
        )
        missing = tuple(
            Obstacle(
                kind=ObstacleKind.NOT_A_MEMBER,
                detail=f"{member} is in no {self._purpose.value} identity",
                members=(member,),
            )
            for member in pair
            if member not in identity_of
        )
        return tuple(seen.step(start, link) for start, link in path), (*missing, *obstacles)

    async def _held_between(self, sides: tuple[frozenset[str], frozenset[str]]) -> list[HeldBack]:
        """What is held back about both sides, or about an identifier that both state."""
        claims = await self._repository.claims(sorted(sides[0] | sides[1]), as_of=self._as_of)
        stated = [{key for c in claims if c.record_id in side for key in c.identifiers} | side for side in sides]
        common = stated[0] & stated[1]
        held = await self._repository.held_back(sorted(stated[0] | stated[1]), self._purpose, as_of=self._as_of)
        return [each for each in held if common & set(each.members) or all(set(each.members) & part for part in stated)]


def _stated(evidence: EvidenceSet, members: set[str]) -> list[Link]:
    """Operational identities: the verified identifiers belong to whoever alone states them."""
    return [
        Link(
            left=min(claim.record_id, key),
            right=max(claim.record_id, key),
            weight=1.0,
            rule=namespace_of(key),
            kind=StepKind.STATES,
            via=(key,),
            first_seen=claim.first_seen,
        )
        for claim in evidence.claims
        for key in claim.identifiers
        if key in members
    ]


def _summary(first: str, last: str, steps: Sequence[EvidenceStep], obstacles: Sequence[Obstacle], *, together: bool) -> str:
    if first == last:
        return f"{first} has the oldest evidence of its identity"
    if not together:
        return f"{first} and {last} are in different identities: " + "; ".join(obstacle.detail for obstacle in obstacles)
    if not steps:
        return f"{first} and {last} are in one identity, but the evidence has changed since: resolve again"
    return "; ".join(step.summary for step in steps)
