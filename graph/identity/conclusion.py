"""From evidence to a partition: each purpose's method over the links that its policy sees."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from graph.identity.household import crowds, read_homes
from graph.identity.operational import attach_identifiers, conclude, read_confirmed
from graph.identity.partition import split_by_cuts
from graph.identity.policy import Policy
from graph.identity.reading import Finding, Link, Reading, members_of_components, read_evidence
from graph.model.claim import EvidenceSet
from graph.model.ids import IdentityId


class Components(Protocol):
    """Finds components and communities of weighted links; see ``graph.repositories.components``."""

    async def components(self, links: Sequence[tuple[str, str, float]]) -> dict[str, int]:
        """The component of each member that has a link."""

    async def communities(self, links: Sequence[tuple[str, str, float]], gamma: float) -> list[tuple[str, ...]]:
        """Communities at a resolution, in order of their first member."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """What a policy concludes from evidence."""

    parts: tuple[tuple[str, ...], ...]
    first_seen: Mapping[str, datetime | None]
    findings: tuple[Finding, ...]


async def conclude_individuals(evidence: EvidenceSet, policy: Policy, components: Components) -> Conclusion:
    """Everything that evidence joins, but for what contradicts itself: WCC, then min cut and Leiden inside components."""
    reading = read_evidence(evidence, policy)

    async def communities(links: Sequence[Link], gamma: float) -> list[tuple[str, ...]]:
        return await components.communities(weighted(links), gamma)

    parts: list[tuple[str, ...]] = []
    findings = list(reading.findings)
    for members, links in await _components_of(reading, components):
        if len(members) == 1:
            parts.append(members)
            continue
        split = await split_by_cuts(members, links, reading, policy, communities=communities)
        parts.extend(split.parts)
        findings.extend(split.findings)
    return Conclusion(parts=tuple(sorted(parts)), first_seen=reading.members, findings=tuple(findings))


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
    parts, findings = conclude(confirmed, policy)
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


async def _components_of(reading: Reading, components: Components) -> list[tuple[tuple[str, ...], list[Link]]]:
    """Components with their links, in the order of their first member."""
    component_of = await components.components(weighted(reading.links))
    links_of: dict[int, list[Link]] = defaultdict(list)
    for link in sorted(reading.links, key=lambda link: (link.left, link.right, link.rule, link.via)):
        links_of[component_of[link.left]].append(link)
    parts = members_of_components(reading.members, component_of)
    return [(part, links_of[component_of[part[0]]] if part[0] in component_of else []) for part in parts]
