"""Placing those whose address is not known: with the household that an identifier, or the only namesakes of the area, point to.

Somebody is placed where the evidence reaches the policy's probability and points to one household alone.
"""

from dataclasses import dataclass

import numpy as np

from graph.identity.homes.arrays import Floats, Index, keyed, runs
from graph.identity.homes.dwellings import Dwellings
from graph.identity.homes.model import HomeModel, Sharing, bits, namesakes_of_areas, share_class
from graph.identity.homes.residents import Residents
from graph.identity.policy import HomeEvidence

AMBIGUOUS_BITS = 2.0
"""How far the best household must be ahead of the second best."""


@dataclass(frozen=True, slots=True)
class Pointers:
    """Evidence that an individual of unknown address lives with another whose address is known."""

    left: Index
    """The individual to be placed."""
    right: Index
    weight: Floats
    """Bits."""
    kind: Index
    """Number of the namespace; one more than there are stands for namesakes of the area."""


def pointers_of(residents: Residents, dwellings: Dwellings, sharing: Sharing, shares: Floats, model: HomeModel) -> Pointers:
    """Every pointer from those without an address to those with one."""
    unknown = dwellings.building < 0
    weight = bits(model.reliable)[sharing.namespace, sharing.surname]
    forward = unknown[sharing.left] & ~unknown[sharing.right]
    backward = ~unknown[sharing.left] & unknown[sharing.right]
    person, namesake, share = _namesakes(residents, dwellings, shares)
    return Pointers(
        left=np.concatenate([sharing.left[forward], sharing.right[backward], person]),
        right=np.concatenate([sharing.right[forward], sharing.left[backward], namesake]),
        weight=np.concatenate([weight[forward], weight[backward], bits(model.namesakes)[share_class(share)]]),
        kind=np.concatenate(
            [
                sharing.namespace[forward],
                sharing.namespace[backward],
                np.full(len(person), len(model.namespaces), dtype=np.int64),
            ]
        ),
    )


def _namesakes(residents: Residents, dwellings: Dwellings, shares: Floats) -> tuple[Index, Index, Floats]:
    """Individuals without a street and one of the namesakes that, in their area, live at one building only.

    Returns numbers of individuals, of namesakes, and shares of their surnames.
    """
    group, building, _ = namesakes_of_areas(residents, dwellings)
    groups, first, number = np.unique(group, return_index=True, return_counts=True)
    only = np.full(len(groups), -1, dtype=np.int64)
    only[number == 1] = building[first[number == 1]]
    rows = residents.named_at
    living = dwellings.building[rows[:, 0]] >= 0
    asking = rows[~living]
    wanted = keyed(asking[:, 2], asking[:, 1])
    spot = np.minimum(np.searchsorted(groups, wanted), max(len(groups) - 1, 0))
    found = (groups[spot] == wanted) & (only[spot] >= 0) if len(groups) else np.zeros(len(wanted), dtype=np.bool_)
    # The first namesake of the area at that building stands for all.
    there = keyed(rows[living, 2], rows[living, 1])
    order = np.argsort(there, kind="stable")
    first_there = np.searchsorted(there[order], wanted[found])
    return asking[found, 0], rows[living, 0][order[first_there]], shares[asking[found, 1]]


def place(pointers: Pointers, household: Index, home: HomeEvidence, *, apart: tuple[Index, Index]) -> Index:
    """Join the households of those without an address to the one that they point to; returns the household of each individual.

    Evidence of one kind counts once, of several kinds adds up. The households of the pairs ``apart`` are not joined.
    """
    if not len(pointers.left):
        return household
    from_, to = household[pointers.left], household[pointers.right]
    cell = np.stack([from_, to, pointers.kind], axis=1)
    cells, which = np.unique(cell, axis=0, return_inverse=True)
    strongest = np.full(len(cells), -np.inf)
    np.maximum.at(strongest, which.reshape(-1), pointers.weight)
    pairs, which = np.unique(keyed(cells[:, 0], cells[:, 1]), return_inverse=True)
    total = np.bincount(which, weights=strongest, minlength=len(pairs))
    source, target = pairs >> 32, pairs & 0xFFFFFFFF
    order = np.lexsort((target, -total, source))
    bounds = runs(source[order])
    starts, best = bounds[:-1], order[bounds[:-1]]
    second = np.full(len(starts), -np.inf)
    has_second = np.diff(bounds) > 1
    second[has_second] = total[order[starts[has_second] + 1]]
    chosen = (total[best] >= bits(np.array(home.min_place))) & (total[best] - second >= AMBIGUOUS_BITS)
    source_apart, target_apart = household[apart[0]], household[apart[1]]
    forbidden = np.concatenate([keyed(source_apart, target_apart), keyed(target_apart, source_apart)])
    chosen &= ~np.isin(pairs[best], forbidden)
    unmoved = np.arange(int(household.max()) + 1)
    moved = unmoved.copy()
    moved[source[best[chosen]]] = target[best[chosen]]
    # Of two that are kept apart and point to one household, neither goes there.
    meeting = moved[source_apart] == moved[target_apart]
    for parted in (source_apart[meeting], target_apart[meeting]):
        moved[parted] = unmoved[parted]
    return moved[household]
