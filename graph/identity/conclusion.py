"""From evidence to a partition: each purpose's method over the links that its policy sees."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar, assert_never

from graph.identity.confirmed.frequencies import Frequencies
from graph.identity.homes.reference import HomeReference
from graph.identity.household import crowds, read_homes
from graph.identity.individuals import Components, group_individuals
from graph.identity.operational import attach_identifiers, group_confirmed, read_confirmed
from graph.identity.policy import Policy
from graph.identity.reading import Finding
from graph.identity.reference import LEARN, Reference
from graph.model.claim import EvidenceSet
from graph.model.identity import Purpose
from graph.model.ids import IdentityId

T = TypeVar("T")


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
    learnt: HomeReference | Frequencies | None = None
    """What was known of all individuals or records; None of individuals."""


ORDER = (Purpose.INDIVIDUAL, Purpose.HOUSEHOLD, Purpose.OPERATIONAL)
"""Households and operational identities are made of individuals, which therefore come first."""


async def conclude(
    policy: Policy,
    evidence: EvidenceSet,
    components: Components,
    individual_of: Mapping[str, IdentityId],
    reference: Reference = LEARN,
) -> Conclusion:
    """What a policy concludes for its purpose.

    Args:
        policy: the policy.
        evidence: all there is, or with a ``reference`` a part of it.
        components: finds components and communities.
        individual_of: the individual of each member, empty for individuals.
        reference: what is known of all records and individuals; what it lacks is learnt from the evidence.
    """
    match policy.purpose:
        case Purpose.INDIVIDUAL:
            return await conclude_individuals(evidence, policy, components)
        case Purpose.HOUSEHOLD:
            return await conclude_households(evidence, policy, components, individual_of, reference)
        case Purpose.OPERATIONAL:
            return await conclude_operational(evidence, policy, components, individual_of, reference)
        case _:
            assert_never(policy.purpose)


async def conclude_individuals(evidence: EvidenceSet, policy: Policy, components: Components) -> Conclusion:
    """Everything that evidence joins, but for what contradicts itself (see ``graph.identity.individuals``)."""
    found = await group_individuals(evidence, policy, components)
    return Conclusion(parts=found.parts, first_seen=found.first_seen, findings=found.findings)


async def conclude_operational(
    evidence: EvidenceSet,
    policy: Policy,
    components: Components,  # noqa: ARG001 - as individuals are concluded
    individual_of: Mapping[str, IdentityId],
    reference: Reference = LEARN,
) -> Conclusion:
    """Inside each individual only what is confirmed twice (see ``graph.identity.operational``), which needs no ``components``.

    Raises:
        PolicyError: the policy does not say what confirms a join.
    """
    confirmed = read_confirmed(evidence, policy, individual_of, reference.operational)
    parts, findings = group_confirmed(confirmed, policy)
    with_identifiers, first_seen, shared = attach_identifiers(parts, confirmed, policy, individual_of)
    return Conclusion(
        parts=tuple(sorted(with_identifiers)),
        first_seen={**confirmed.reading.members, **first_seen},
        findings=(*confirmed.reading.findings, *findings, *shared),
        learnt=confirmed.statements.frequencies,
    )


async def conclude_households(
    evidence: EvidenceSet,
    policy: Policy,
    components: Components,  # noqa: ARG001 - as individuals are concluded
    individual_of: Mapping[str, IdentityId],
    reference: Reference = LEARN,
) -> Conclusion:
    """Individuals of one home, by average linkage (see ``graph.identity.household``), which needs no ``components``.

    Raises:
        PolicyError: the policy does not say what makes a home.
    """
    homes = read_homes(evidence, policy, individual_of, reference.household)
    return Conclusion(parts=homes.parts, first_seen=homes.first_seen, findings=tuple(crowds(homes)), learnt=homes.reference)
