"""From evidence to a partition: each purpose's method over the links that its policy sees."""

import asyncio
from collections import defaultdict
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar, assert_never

from graph.identity.household import crowds, read_homes
from graph.identity.operational import attach_identifiers, group_confirmed, read_confirmed
from graph.identity.partition import over_unique_limits, split_by_cuts
from graph.identity.policy import Policy
from graph.identity.reading import Finding, Link, Reading, read_evidence
from graph.model.claim import EvidenceSet, Match
from graph.model.explanation import StepKind
from graph.model.identity import Purpose
from graph.model.ids import IdentityId

T = TypeVar("T")


class Components(Protocol):
    """Finds components and communities of weighted links; see ``graph.repositories.components``."""

    async def components(self, links: Sequence[tuple[str, str, float]]) -> dict[str, int]:
        """The component of each member that has a link."""

    async def communities(self, links: Sequence[tuple[str, str, float]], gamma: float) -> list[tuple[str, ...]]:
        """Communities at a resolution, in order of their first member."""


class OnLoop:
    """Components that are found on an event loop by those who conclude in another thread."""

    def __init__(self, components: Components, loop: asyncio.AbstractEventLoop) -> None:
        self._components = components
        self._loop = loop

    async def components(self, links: Sequence[tuple[str, str, float]]) -> dict[str, int]:
        """The component of each member that has a link."""
        return await self._there(self._components.components(links))

    async def communities(self, links: Sequence[tuple[str, str, float]], gamma: float) -> list[tuple[str, ...]]:
        """Communities at a resolution, in order of their first member."""
        return await self._there(self._components.communities(links, gamma))

    async def _there(self, work: Coroutine[Any, Any, T]) -> T:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """What a policy concludes from evidence."""

    parts: tuple[tuple[str, ...], ...]
    first_seen: Mapping[str, datetime | None]
    findings: tuple[Finding, ...]


ORDER = (Purpose.INDIVIDUAL, Purpose.HOUSEHOLD, Purpose.OPERATIONAL)
"""Households and operational identities are made of individuals, which therefore come first."""


async def conclude(
    policy: Policy, evidence: EvidenceSet, components: Components, individual_of: Mapping[str, IdentityId]
) -> Conclusion:
    """What a policy concludes for its purpose; ``individual_of`` has the individual of each member, empty for individuals."""
    match policy.purpose:
        case Purpose.INDIVIDUAL:
            return await conclude_individuals(evidence, policy, components)
        case Purpose.HOUSEHOLD:
            return await conclude_households(evidence, policy, components, individual_of)
        case Purpose.OPERATIONAL:
            return await conclude_operational(evidence, policy, components, individual_of)
        case _:
            assert_never(policy.purpose)


async def conclude_individuals(evidence: EvidenceSet, policy: Policy, components: Components) -> Conclusion:
    """Everything that evidence joins, but for what contradicts itself.

    Scored matches and the identifiers that records state make *settled* groups. Only what other evidence - identifiers seen
    together, stewards - joins beyond them, or what a limit or a steward contradicts, is looked into: WCC over the groups, then
    min cut and Leiden inside a component.
    """
    reading = read_evidence(evidence, policy)

    async def communities(links: Sequence[Link], gamma: float) -> list[tuple[str, ...]]:
        return await components.communities(weighted(links), gamma)

    group_of, members_of = _settled(reading)
    between = {
        (min(ends), max(ends)): link
        for link in reading.links
        if (ends := (group_of[link.left], group_of[link.right])) and ends[0] != ends[1]
    }
    component_of = await components.components([(left, right, link.weight) for (left, right), link in sorted(between.items())])
    wholes: dict[str | int, list[str]] = defaultdict(list)
    for group in sorted(members_of):
        wholes[component_of.get(group, group)].append(group)
    kept_apart = reading.kept_apart
    questioned = {
        whole
        for whole, groups in wholes.items()
        if len(groups) > 1 or _is_questioned([m for group in groups for m in members_of[group]], reading, policy, kept_apart)
    }
    whole_of = {group: whole for whole, groups in wholes.items() for group in groups}
    links_of: dict[str | int, list[Link]] = defaultdict(list)
    for link in sorted(reading.links, key=lambda link: (link.left, link.right, link.rule, link.via)):
        if (whole := whole_of[group_of[link.left]]) in questioned:
            links_of[whole].append(link)
    parts: list[tuple[str, ...]] = []
    findings = list(reading.findings)
    for whole, groups in wholes.items():
        members = tuple(sorted(member for group in groups for member in members_of[group]))
        if whole not in questioned:
            parts.append(members)
            continue
        split = await split_by_cuts(members, links_of[whole], reading, policy, communities=communities)
        parts.extend(split.parts)
        findings.extend(split.findings)
    findings.extend(_doubtful(reading, parts))
    return Conclusion(parts=tuple(sorted(parts)), first_seen=reading.members, findings=tuple(findings))


def _settled(reading: Reading) -> tuple[dict[str, str], dict[str, list[str]]]:
    """Members grouped by scored matches and by what records state: the group of each, named by its first member; and back."""
    parent = {member: member for member in reading.members}

    def root(member: str) -> str:
        while (above := parent[member]) != member:
            parent[member] = member = parent[above]
        return member

    for link in reading.links:
        if link.kind in (StepKind.MATCHES, StepKind.CARRIES, StepKind.SHARES):
            left, right = root(link.left), root(link.right)
            if left != right:
                parent[max(left, right)] = min(left, right)
    members_of: dict[str, list[str]] = defaultdict(list)
    for member in sorted(parent):
        members_of[root(member)].append(member)
    return {member: group for group, members in members_of.items() for member in members}, members_of


def _is_questioned(members: Sequence[str], reading: Reading, policy: Policy, kept_apart: frozenset[str]) -> bool:
    """Whether anything could contradict that these members are one person."""
    if len(members) == 1:
        return False
    records = [member for member in members if member in reading.claims]
    return (
        len(members) > policy.limits.max_members
        or any(not reading.verdicts.same_group(records[0], record) for record in records[1:])
        or not kept_apart.isdisjoint(members)
        or bool(over_unique_limits(members, reading, policy))
    )


def _doubtful(reading: Reading, parts: Sequence[tuple[str, ...]]) -> list[Finding]:
    """Parts that were kept apart by a narrow margin, each two of them by the pair that speaks most for joining them."""
    if not reading.doubtful:
        return []
    part_of = {member: number for number, part in enumerate(parts) for member in part}
    best: dict[tuple[int, int], Match] = {}
    for match in sorted(reading.doubtful, key=lambda match: (-match.match_weight, match.left, match.right)):
        ends = part_of[match.left], part_of[match.right]
        if ends[0] != ends[1]:
            best.setdefault((min(ends), max(ends)), match)
    return [
        Finding(
            reason="doubtful",
            detail=f"scored {match.match_weight:+.1f} bits and kept apart",
            members=(match.left, match.right),
        )
        for match in best.values()
    ]


async def conclude_operational(
    evidence: EvidenceSet,
    policy: Policy,
    components: Components,  # noqa: ARG001 - as individuals are concluded
    individual_of: Mapping[str, IdentityId],
) -> Conclusion:
    """Inside each individual only what is confirmed twice (see ``graph.identity.operational``), which needs no ``components``.

    Raises:
        PolicyError: the policy does not say what confirms a join.
    """
    confirmed = read_confirmed(evidence, policy, individual_of)
    parts, findings = group_confirmed(confirmed, policy)
    with_identifiers, first_seen, shared = attach_identifiers(parts, confirmed, policy, individual_of)
    return Conclusion(
        parts=tuple(sorted(with_identifiers)),
        first_seen={**confirmed.reading.members, **first_seen},
        findings=(*confirmed.reading.findings, *findings, *shared),
    )


async def conclude_households(
    evidence: EvidenceSet,
    policy: Policy,
    components: Components,  # noqa: ARG001 - as individuals are concluded
    individual_of: Mapping[str, IdentityId],
) -> Conclusion:
    """Individuals of one home, by average linkage (see ``graph.identity.household``), which needs no ``components``.

    Raises:
        PolicyError: the policy does not say what makes a home.
    """
    homes = read_homes(evidence, policy, individual_of)
    return Conclusion(parts=homes.parts, first_seen=homes.first_seen, findings=tuple(crowds(homes)))


def weighted(links: Sequence[Link]) -> list[tuple[str, str, float]]:
    """Links as GDS takes them."""
    return [(link.left, link.right, link.weight) for link in links]
