"""Explanations: the shortest path of evidence that, by itself, puts two members together.

The policy reads the members' neighbourhood again. Links are local (see ``graph.identity.reading``), so it sees what the
resolution saw; of them only those inside the identity count.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import assert_never

from graph.database import Database
from graph.errors import KindredError
from graph.identity.homes.links import links_of
from graph.identity.household import read_homes
from graph.identity.operational import read_confirmed
from graph.identity.policy import Policy, load_policy
from graph.identity.reading import Link, Reading, read_evidence
from graph.model.claim import Claim, EvidenceSet, namespace_of
from graph.model.explanation import EvidenceStep, Explanation, StepKind
from graph.model.identity import Purpose
from graph.model.ids import IdentityId, RecordId
from graph.repositories.claims import ClaimRepository
from graph.repositories.identities import IdentityRepository

NEVER = datetime.max.replace(tzinfo=UTC)


class NotAMember(KindredError):  # noqa: N818 - states what was observed, as the others do
    """The member is unknown, or in no identity of the purpose."""

    code = "not_a_member"


async def explain(
    database: Database, member_a: str, member_b: str | None, purpose: Purpose, *, policy: Policy | None = None
) -> Explanation:
    """Explain why two members are in one identity, or are not.

    Args:
        database: where the graph is.
        member_a: a record's id or an identifier's key; for households also an individual's id.
        member_b: another; None for the member of ``member_a``'s identity with the oldest evidence.
        purpose: whose identities.
        policy: the policy to read by; None for the published one.

    Raises:
        NotAMember: ``member_a`` is in no identity of the purpose and no other member is named.
        PolicyError: the published policy cannot be understood.
    """
    policy = policy or load_policy(purpose)
    if purpose is Purpose.HOUSEHOLD:
        return await _explain_household(database, member_a, member_b, policy)
    identities, claims = IdentityRepository(database), ClaimRepository(database)
    asked = [member_a] if member_b is None else [member_a, member_b]
    identity_of = await identities.identities_of(asked, purpose)
    if member_a not in identity_of and member_b is None:
        raise NotAMember(f"{member_a} is in no {purpose.value} identity")
    members = sorted(
        {*asked, *[m for identity in sorted(set(identity_of.values())) for m in await identities.members_of(identity)]}
    )
    evidence = await _neighbourhood(identities, claims, members, purpose)
    if purpose is Purpose.OPERATIONAL:
        around = [*members, *(claim.record_id for claim in evidence.claims)]
        reading = read_confirmed(evidence, policy, await identities.identities_of(around, Purpose.INDIVIDUAL))
        reading.links.extend(_stated(reading, members))
    else:
        reading = read_evidence(evidence, policy)
    other = member_b or _oldest(await identities.members_of(identity_of[member_a]), reading)
    inside = set(members) if len(set(identity_of.values())) == 1 and len(identity_of) == len(asked) else set()
    return await _explanation(identities, policy, (member_a, other), identity_of, reading, inside, evidence.claims)


async def _neighbourhood(
    identities: IdentityRepository, claims: ClaimRepository, members: Sequence[str], purpose: Purpose
) -> EvidenceSet:
    """All that the policy read about the members: theirs, and whoever states an identifier that one of their records states."""
    own = await claims.of(members)
    inside = set(members)
    stated = sorted({key for claim in own if claim.record_id in inside for key in claim.identifiers})
    held = await identities.held_back_about(stated, purpose)
    left_out = frozenset(member for each in held if each.reason in ("generic", "blocked") for member in each.members)
    return await claims.around(members, stated=stated, left_out=left_out)


async def _explain_household(database: Database, member_a: str, member_b: str | None, policy: Policy) -> Explanation:
    identities, claims = IdentityRepository(database), ClaimRepository(database)
    asked = [member_a] if member_b is None else [member_a, member_b]
    individual_of = {**{m: IdentityId(m) for m in asked}, **await identities.identities_of(asked, Purpose.INDIVIDUAL)}
    first = individual_of[member_a]
    identity_of = await identities.identities_of(sorted(set(individual_of.values())), Purpose.HOUSEHOLD)
    if first not in identity_of and member_b is None:
        raise NotAMember(f"{member_a} is in no household")
    residents = {resident for home in sorted(set(identity_of.values())) for resident in await identities.members_of(home)}
    individuals = sorted({*individual_of.values(), *residents})
    members = sorted({m for individual in individuals for m in await identities.members_of(IdentityId(individual))})
    evidence = await _neighbourhood(identities, claims, members, Purpose.HOUSEHOLD)
    records = [claim.record_id for claim in evidence.claims]
    homes = read_homes(evidence, policy, await identities.identities_of(records, Purpose.INDIVIDUAL))
    reading = Reading(members=dict(homes.first_seen), links=links_of(homes))
    other = individual_of[member_b] if member_b else _oldest(await identities.members_of(identity_of[first]), reading)
    together = first in identity_of and identity_of[first] == identity_of.get(other, identity_of[first] if not member_b else None)
    inside = residents if together else set()
    return await _explanation(identities, policy, (first, other), identity_of, reading, inside, evidence.claims)


async def _explanation(
    identities: IdentityRepository,
    policy: Policy,
    pair: tuple[str, str],
    identity_of: dict[str, IdentityId],
    reading: Reading,
    inside: set[str],
    claims: Sequence[Claim],
) -> Explanation:
    purpose = policy.purpose
    first, last = pair
    if last not in identity_of and inside:
        identity_of = {**identity_of, last: identity_of[first]}
    by_id = {claim.record_id: claim for claim in claims}
    steps = tuple(_step(start, link, by_id) for start, link in evidence_path(first, last, reading.links, inside))
    asked = sorted(set(pair))
    decisions = await identities.decisions_of(asked, purpose)
    held_back = await identities.held_back_about(asked, purpose)
    return Explanation(
        purpose=purpose,
        policy_version=policy.version,
        member_a=first,
        member_b=last,
        identity_a=identity_of.get(first),
        identity_b=identity_of.get(last),
        steps=steps,
        decisions=tuple(decisions),
        held_back=tuple(held_back),
        summary=_summary(first, last, steps, together=bool(inside)),
    )


def evidence_path(start: str, end: str, links: Iterable[Link], inside: set[str]) -> list[tuple[str, Link]]:
    """The shortest path of links from ``start`` to ``end`` through members of one identity; the strongest link where two serve.

    Returns each link with the end at which the path enters it; empty where there is no path.
    """
    neighbours: dict[str, dict[str, Link]] = {}
    for link in sorted(links, key=lambda link: (-link.weight, link.rule, link.via)):
        if link.left in inside and link.right in inside:
            neighbours.setdefault(link.left, {}).setdefault(link.right, link)
            neighbours.setdefault(link.right, {}).setdefault(link.left, link)
    came_from: dict[str, tuple[str, Link]] = {}
    queue = deque([start])
    while queue and end not in came_from:
        here = queue.popleft()
        for there, link in sorted(neighbours.get(here, {}).items(), key=lambda item: (-item[1].weight, item[0])):
            if there != start and there not in came_from:
                came_from[there] = (here, link)
                queue.append(there)
    path: list[tuple[str, Link]] = []
    here = end
    while here != start:
        if here not in came_from:
            return []
        previous, link = came_from[here]
        path.append((previous, link))
        here = previous
    return path[::-1]


def _step(start: str, link: Link, claims: dict[RecordId, Claim]) -> EvidenceStep:
    end = link.right if link.left == start else link.left
    sources = tuple(claims[RecordId(name)].source for name in (start, end) if name in claims)
    return EvidenceStep(
        start=start,
        end=end,
        kind=link.kind,
        rule=link.rule,
        via=link.via,
        weight=link.weight,
        first_seen=link.first_seen,
        sources=sources,
        summary=_sentence(start, end, link),
    )


def _sentence(start: str, end: str, link: Link) -> str:
    match link.kind:
        case StepKind.CARRIES:
            record, key = (start, end) if end in link.via else (end, start)
            return f"{record} states {key}"
        case StepKind.SHARES:
            return f"{start} and {end} both state {_and(via for via in link.via if ':' in via)}" + _agreeing(link)
        case StepKind.SEEN_WITH:
            return f"{start} and {end} were seen together"
        case StepKind.RULE:
            return f"{start} and {end} agree in {_and(via.replace('_', ' ') for via in link.via)}"
        case StepKind.MATCHES:
            return f"{start} and {end} match with {link.weight:.1f} times the evidence needed"
        case StepKind.ASSERTED:
            return f"a steward asserted that {start} and {end} are the same"
        case _:
            assert_never(link.kind)


def _agreeing(link: Link) -> str:
    fields = [via.replace("_", " ") for via in link.via if ":" not in via]
    return f", confirmed by {_and(fields)}" if fields else ""


def _and(parts: Iterable[str]) -> str:
    *others, last = list(parts) or [""]
    return f"{', '.join(others)} and {last}" if others else last


def _summary(first: str, last: str, steps: Sequence[EvidenceStep], *, together: bool) -> str:
    if first == last:
        return f"{first} has the oldest evidence of its identity"
    if not together:
        return f"{first} and {last} are in different identities"
    if not steps:
        return f"{first} and {last} are in one identity, but the evidence has changed since: resolve again"
    return "; ".join(step.summary for step in steps)


def _stated(reading: Reading, members: Iterable[str]) -> list[Link]:
    """Operational identities: the verified identifiers belong to whoever alone states them."""
    inside = set(members)
    return [
        Link(
            left=min(claim.record_id, key),
            right=max(claim.record_id, key),
            weight=1.0,
            rule=namespace_of(key),
            kind=StepKind.CARRIES,
            via=(key,),
            first_seen=claim.first_seen,
        )
        for claim in reading.claims.values()
        for key in claim.identifiers
        if key in inside
    ]


def _oldest(members: Iterable[str], reading: Reading) -> str:
    """The member with the oldest evidence; of several the first by name, records before identifiers."""
    return min(members, key=lambda m: (reading.members.get(m) or NEVER, m not in reading.claims, m))
