"""Households: individuals who share a home, concluded from address, surname, ages and what people of one home have in common.

The method and its formulas are in ``docs/identity.md``. What is learnt, it learns from all the evidence it is given; so
the same evidence yields the same households, in whatever order it comes.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise

import numpy as np

from graph.identity.homes.arrays import Floats, Index, keyed, runs, several
from graph.identity.homes.dwellings import Dwellings, dwellings_of
from graph.identity.homes.linkage import average_linkage
from graph.identity.homes.model import HomeModel, Sharing, bits, learn
from graph.identity.homes.pairs import (
    AGREES,
    Pairs,
    Surroundings,
    co_residents,
    compared,
    sharing,
    surname_counts,
    surname_shares,
    surroundings,
)
from graph.identity.homes.placing import Pointers, place, pointers_of
from graph.identity.homes.reference import HomeReference
from graph.identity.homes.residents import Residents, namespaces_of, residents_of
from graph.identity.homes.score import Scores, score
from graph.identity.policy import HomeEvidence, Policy, PolicyError
from graph.identity.reading import Finding
from graph.model.claim import Assertion, EvidenceSet, namespace_of
from graph.model.home import Spelling
from graph.model.ids import IdentityId

SECONDS_PER_DAY = 86_400.0
ASSERTED_BITS = 1e9
"""More than the evidence of any number of pairs: a steward's word."""
ASSERTED_APART_BITS = -1e15
"""That two are no home outweighs any number of words that each of them is one with others."""


@dataclass(frozen=True, slots=True)
class Stewards:
    """What stewards assert of pairs of individuals: the newest word on each."""

    same: tuple[Index, Index]
    different: tuple[Index, Index]
    assertions: Mapping[tuple[int, int], Assertion]


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What is known of those around the individuals that homes are concluded of."""

    silent: frozenset[str] = frozenset()
    """Identifiers that say nothing of a home, since too many have them."""
    codes: Mapping[Spelling, Set[str]] = field(default_factory=dict)
    """For addresses in their cities all postal codes that anybody states."""


NOTHING_AROUND = Around()


@dataclass(frozen=True, slots=True)
class Homes:
    """Everything that was worked out about the individuals' homes."""

    residents: Residents
    dwellings: Dwellings
    around: Surroundings
    pairs: Pairs
    scores: Scores
    sharing: Sharing
    pointers: Pointers
    model: HomeModel
    stewards: Stewards
    household: Index
    """Number of each individual's household."""
    crowded_from: int
    """Individuals at one address from which it is reported, unless they are one household."""
    reference: HomeReference
    """What is known of all individuals."""

    @property
    def parts(self) -> tuple[tuple[str, ...], ...]:
        """The households, each the sorted ids of its individuals."""
        order = np.argsort(self.household, kind="stable")
        ids = [self.residents.ids[number] for number in order.tolist()]
        bounds = runs(self.household[order]).tolist()
        return tuple(sorted(tuple(sorted(ids[first:last])) for first, last in pairwise(bounds)))

    @property
    def first_seen(self) -> dict[str, datetime]:
        """When each individual was first seen."""
        return dict(zip(self.residents.ids, self.residents.first_seen, strict=True))


def read_homes(
    evidence: EvidenceSet,
    policy: Policy,
    individual_of: Mapping[str, IdentityId],
    reference: HomeReference | None = None,
    around: Around = NOTHING_AROUND,
) -> Homes:
    """Work out who lives with whom. Whoever has a record of a person is in one household, if alone.

    Args:
        evidence: all there is; where a ``reference`` is given, some of it.
        policy: what makes a home.
        individual_of: record to its individual.
        reference: what is known of all individuals; None to learn it from these.
        around: what is known beyond the evidence.

    Raises:
        PolicyError: the policy does not say what makes a home.
    """
    home = policy.home
    if home is None:
        raise PolicyError(f"policy {policy.id} has no [home]")
    residents = residents_of(
        evidence,
        individual_of,
        is_shared=lambda key: namespace_of(key) in home.shared and key not in around.silent and not policy.blocked.holds(key),
        common_names=None if reference is None else reference.common_names,
    )
    if reference is not None:
        residents = replace(residents, now=reference.now)
    moves, uncompared = (None, None) if reference is None else (reference.moves, reference.uncompared)
    dwellings, moves = dwellings_of(residents, moves, uncompared, around.codes)
    counts = surname_counts(residents) if reference is None else reference.counts(residents.surnames)
    individuals = len(residents) if reference is None else reference.individuals
    shares = surname_shares(counts, individuals)
    pairs = compared(*co_residents(residents, dwellings), residents, shares)
    at_unit = surroundings(residents, dwellings, pairs)
    at_building = surroundings(residents, dwellings.whole, pairs) if dwellings.unit.any() else at_unit
    common = _sharing(residents, dwellings, shares, home)
    if reference is None:
        model = learn(residents, dwellings, pairs, at_unit, common, shares, home)
    else:
        model = reference.model.over(namespaces_of(residents.identifiers)[1], home)
    scores = score(residents, dwellings, pairs, at_unit, at_building, common, model, home)
    pointers = pointers_of(residents, dwellings, common, shares, model)
    stewards = _stewards(evidence.assertions, policy, residents, individual_of)
    household = _linked(residents, dwellings, pairs, scores, common, model, stewards, home)
    return Homes(
        residents=residents,
        dwellings=dwellings,
        around=at_unit,
        pairs=pairs,
        scores=scores,
        sharing=common,
        pointers=pointers,
        model=model,
        stewards=stewards,
        household=place(pointers, household, home, apart=stewards.different),
        crowded_from=home.crowded_from,
        reference=reference
        or HomeReference(
            individuals=individuals,
            surnames=several(residents.surnames, counts),
            moves=moves,
            model=model,
            uncompared=dwellings.uncompared,
            common_names=residents.common_names,
            now=residents.now,
        ),
    )


def crowds(homes: Homes) -> list[Finding]:
    """Addresses where many live who are not one household: blocks of flats, halls, offices."""
    building = homes.dwellings.building
    known = building >= 0
    number = np.bincount(building[known], minlength=len(homes.dwellings.names))
    different = np.unique(np.stack([building[known], homes.household[known]], axis=1), axis=0)
    households = np.bincount(different[:, 0], minlength=len(number))
    return [
        Finding(
            reason="generic",
            detail=f"address of {number[each]} individuals in {households[each]} households",
            members=(homes.dwellings.keys[each],),
        )
        for each in np.flatnonzero((number >= homes.crowded_from) & (households > 1)).tolist()
        if homes.dwellings.keys[each]
    ]


def _sharing(residents: Residents, dwellings: Dwellings, shares: Floats, home: HomeEvidence) -> Sharing:
    """Pairs that have an identifier in common, but for what changed hands: a pause, other names and no address in common."""
    first, second = sharing(residents, max_holders=home.max_individuals_per_value)
    left, right = residents.shared[first, 0], residents.shared[second, 0]
    surname = (compared(left, right, residents, shares).surname == AGREES).astype(np.int64)
    span = residents.shared_span
    pause = np.maximum(span[first, 0] - span[second, 1], span[second, 0] - span[first, 1])
    together = (dwellings.building[left] >= 0) & (dwellings.building[left] == dwellings.building[right])
    kept = (surname == 1) | together | (pause <= home.recycled_after_days * SECONDS_PER_DAY)
    identifier = residents.shared[first[kept], 1]
    namespace = namespaces_of(residents.identifiers)[0]
    return Sharing(
        left=left[kept],
        right=right[kept],
        identifier=identifier,
        namespace=namespace[identifier],
        surname=surname[kept],
    )


def _stewards(
    assertions: Sequence[Assertion], policy: Policy, residents: Residents, individual_of: Mapping[str, IdentityId]
) -> Stewards:
    """Assertions about individuals, or about members of them; those inside one individual say nothing of homes."""
    number_of = {identity_id: number for number, identity_id in enumerate(residents.ids)}
    newest: dict[tuple[int, int], Assertion] = {}
    for assertion in sorted(assertions, key=lambda each: (each.at, each.id)):
        # Two people may well be one home: only what was said of homes counts.
        if assertion.purpose is policy.purpose:
            ends = [number_of.get(individual_of.get(member, IdentityId(member))) for member in (assertion.left, assertion.right)]
            left, right = ends
            if left is not None and right is not None and left != right:
                newest[min(left, right), max(left, right)] = assertion

    def ends_of(*, same: bool) -> tuple[Index, Index]:
        found = np.array(sorted(pair for pair, each in newest.items() if each.same is same), dtype=np.int64).reshape(-1, 2)
        return found[:, 0], found[:, 1]

    return Stewards(same=ends_of(same=True), different=ends_of(same=False), assertions=newest)


def _linked(
    residents: Residents,
    dwellings: Dwellings,
    pairs: Pairs,
    scores: Scores,
    common: Sharing,
    model: HomeModel,
    stewards: Stewards,
    home: HomeEvidence,
) -> Index:
    """Households by average linkage over co-residents, and those without an address who share an identifier."""
    unplaced = (dwellings.building[common.left] < 0) & (dwellings.building[common.right] < 0)
    between = bits(model.reliable)[common.namespace[unplaced], common.surname[unplaced]] - bits(np.array(home.min_place))
    same, different = stewards.same, stewards.different
    left = np.concatenate([same[0], different[0], pairs.left, common.left[unplaced]])
    right = np.concatenate([same[1], different[1], pairs.right, common.right[unplaced]])
    asserted = [np.full(len(same[0]), ASSERTED_BITS), np.full(len(different[0]), ASSERTED_APART_BITS)]
    weight = np.concatenate([*asserted, scores.total, between])
    # Of several weights of one pair the first counts: a steward's word.
    first = np.unique(keyed(left, right), return_index=True)[1]
    return average_linkage(left[first], right[first], weight[first], len(residents), missing=home.unseen_bits)
