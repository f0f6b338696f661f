"""Pairs of individuals that may be one person, of those that resolution kept apart."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from graph.identity.matching.candidates import candidates
from graph.identity.matching.matching import Matching, score_pairs

Index = NDArray[np.int64]

PER_RECORD: Final = 20
"""Other records that each record is compared with: more than resolution takes, for links that it may have missed."""
LEAST_ODDS: Final = -9.0
"""Natural log odds of the best two records below which two individuals are not looked at."""
PER_INDIVIDUAL: Final = 12
"""Others that an individual is looked at with, the likeliest; a pair stays where either side keeps it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Pairs of individuals.

    Attributes:
        left: number of the first individual of each pair, shape ``(pairs,)``.
        right: of the other, greater.
        odds: natural log odds of the best two records, shape ``(pairs,)``.
        individuals: how many there are.
    """

    left: Index
    right: Index
    odds: NDArray[np.float64]
    individuals: int

    def __len__(self) -> int:
        """How many pairs there are."""
        return len(self.left)


def find_candidates(matching: Matching, individual: Index) -> Candidates:
    """The pairs of individuals with records that have something rare in common.

    Args:
        matching: the records and the model that scores them.
        individual: number of each record's individual, from 0, shape ``(records,)``.
    """
    pairs = candidates(matching.records, per_record=PER_RECORD)
    left = np.concatenate([pairs[:, 0], matching.left])
    right = np.concatenate([pairs[:, 1], matching.right])
    apart = individual[left] != individual[right]
    left, right = left[apart], right[apart]
    odds = score_pairs(matching.model, matching.comparer, left, right)
    likely = odds >= LEAST_ODDS
    one, other, odds = individual[left[likely]], individual[right[likely]], odds[likely]
    count = int(individual.max(initial=-1)) + 1
    key = np.minimum(one, other) * count + np.maximum(one, other)
    order = np.lexsort((-odds, key))
    key, odds = key[order], odds[order]
    first = np.r_[True, key[1:] != key[:-1]][: len(key)]
    left, right, odds = *np.divmod(key[first], max(count, 1)), odds[first]
    kept = np.minimum(place_of(left, right, odds, count), place_of(right, left, odds, count)) < PER_INDIVIDUAL
    return Candidates(left=left[kept], right=right[kept], odds=odds[kept], individuals=count)


def place_of(of: Index, with_whom: Index, odds: NDArray[np.floating], count: int) -> Index:
    """From 0, the place of each pair among all pairs of ``of``, the greatest odds first, shape ``(pairs,)``.

    Args:
        of: whose pairs are counted; pairs have it on either side.
        with_whom: the other side.
        odds: of each pair.
        count: of individuals.
    """
    pairs = len(of)
    ends, scores = np.concatenate([of, with_whom]), np.concatenate([odds, odds])
    order = np.lexsort((-scores, ends))
    starts = np.searchsorted(ends[order], np.arange(count))
    place = np.empty(2 * pairs, dtype=np.int64)
    place[order] = np.arange(2 * pairs) - starts[ends[order]]
    return place[:pairs]
