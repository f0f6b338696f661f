"""What the three policies conclude of evidence, from scratch and without a server."""

import asyncio
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import networkx as nx

from graph.identity.conclusion import Conclusion, conclude_households, conclude_individuals, conclude_operational
from graph.identity.policy import load_policy
from graph.identity.reference import LEARN, Reference
from graph.identity.scoring_matcher import match_evidence
from graph.model.claim import EvidenceSet
from graph.model.identity import Purpose
from graph.model.ids import IdentityId

T = TypeVar("T")
Partition = frozenset[frozenset[str]]
"""Groups of members; those of households are individuals, told by the frozen set of their own members' names in order."""

POLICIES = {purpose: load_policy(purpose) for purpose in Purpose}
INDIVIDUAL, HOUSEHOLD, OPERATIONAL = (POLICIES[purpose] for purpose in Purpose)


class NetworkxComponents:
    """Components and communities without a server."""

    async def components(self, links: Sequence[tuple[str, str, float]]) -> dict[str, int]:
        graph = nx.Graph((left, right) for left, right, _ in links)
        return {member: number for number, part in enumerate(nx.connected_components(graph)) for member in part}

    async def communities(self, links: Sequence[tuple[str, str, float]], gamma: float) -> list[tuple[str, ...]]:
        graph = nx.Graph()
        for left, right, weight in sorted(links):
            graph.add_edge(left, right, weight=weight)
        found = nx.community.louvain_communities(graph, resolution=gamma, seed=1)
        return sorted(tuple(sorted(part)) for part in found)


def scored(evidence: EvidenceSet) -> EvidenceSet:
    """The evidence with scores made from scratch, as the policy asks for them."""
    return match_evidence(evidence, target_precision=INDIVIDUAL.target_precision)


def at_once(work: Coroutine[Any, Any, T]) -> T:
    """Run what waits for nothing outside of this process."""
    return asyncio.run(work)


def individuals(evidence: EvidenceSet) -> Conclusion:
    return at_once(conclude_individuals(evidence, INDIVIDUAL, NetworkxComponents()))


def named(parts: Sequence[Sequence[str]], *, salt: int = 0) -> dict[str, IdentityId]:
    """Member to an id of its part, such as a resolver would make; another ``salt`` puts the ids into another order."""
    return {
        member: IdentityId(f"ind_{(number * 7919 + salt * 104729) % 1_000_003:07}")
        for number, part in enumerate(parts)
        for member in part
    }


def households(evidence: EvidenceSet, individual_of: Mapping[str, IdentityId], reference: Reference = LEARN) -> Conclusion:
    return at_once(conclude_households(evidence, HOUSEHOLD, NetworkxComponents(), individual_of, reference))


def operational(evidence: EvidenceSet, individual_of: Mapping[str, IdentityId], reference: Reference = LEARN) -> Conclusion:
    return at_once(conclude_operational(evidence, OPERATIONAL, NetworkxComponents(), individual_of, reference))


def conclusions(evidence: EvidenceSet, *, salt: int = 0, reference: Reference = LEARN) -> dict[Purpose, Partition]:
    """The partitions of all purposes that the evidence yields; with a ``reference``, by what it says of everybody."""
    individual_of = named(individuals(evidence).parts, salt=salt)
    return {
        Purpose.INDIVIDUAL: partition(individual_of),
        Purpose.HOUSEHOLD: homes(households(evidence, individual_of, reference).parts, individual_of),
        Purpose.OPERATIONAL: frozenset(frozenset(part) for part in operational(evidence, individual_of, reference).parts),
    }


def partition(identity_of: Mapping[str, str]) -> Partition:
    """The groups of members of one identity."""
    groups: dict[str, set[str]] = {}
    for member, identity in identity_of.items():
        groups.setdefault(identity, set()).add(member)
    return frozenset(frozenset(group) for group in groups.values())


def homes(parts: Iterable[Iterable[str]], individual_of: Mapping[str, str]) -> Partition:
    """Households by the members of their individuals: ids of individuals differ from one installation to the next."""
    members: dict[str, list[str]] = {}
    for member, identity in individual_of.items():
        members.setdefault(identity, []).append(member)
    return frozenset(frozenset(" ".join(sorted(members.get(person, [f"nobody: {person}"]))) for person in part) for part in parts)
