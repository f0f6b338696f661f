"""Given names that are one name, learnt from the records: what several people are called by who are beyond doubt one each.

No list has every short form and every way to write a name down. Where two records are linked by evidence that is strong without
the given names, and these differ all the same, the two names are written down. Names that are so in the clusters of several
people are taken for short forms of each other; a slip of the pen seldom happens three times.
"""

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from graph.identity.matching.comparer import Compared, Comparer
from graph.identity.matching.fields import LEVELS, Meaning
from graph.identity.matching.linkage import PairEvidence, against_all
from graph.identity.matching.model import MatchModel
from graph.identity.matching.records import Column

Index = NDArray[np.int64]
Alias = tuple[str, str]
"""Two given names that are one, the smaller first."""

STRONG = 6.0
"""Natural log odds, without the given names, from which a pair is taken to be of one person: one in four hundred is not."""
FEWEST_PEOPLE = 3


def observed_aliases(
    model: MatchModel, comparer: Comparer, left: Index, right: Index, compared: Compared, evidence: PairEvidence, clusters: Index
) -> set[tuple[Alias, int]]:
    """Pairs of given names that differ on linked records, each with the number of the cluster that they were seen in.

    Args:
        model: what the records were scored by.
        comparer: of the records.
        left: record numbers of pairs.
        right: of the same pairs.
        compared: how the pairs agree.
        evidence: what that says.
        clusters: (records,): cluster of each record; pairs of two clusters say nothing.
    """
    if Meaning.GIVEN_NAME not in model.meanings:
        return set()
    place = model.meanings.index(Meaning.GIVEN_NAME)
    names, how = comparer.columns[place], LEVELS[Meaning.GIVEN_NAME]
    unlike = np.isin(compared.levels[:, place], (how.index("resembles"), how.index("different")))
    rows = np.flatnonzero(unlike & (clusters[left] == clusters[right]))
    weights = evidence.weights[rows]
    without = (evidence.prior[rows] + weights.sum(axis=1) - weights[:, place]).astype(np.float64)
    strong = rows[against_all(without) > STRONG]
    a, b = left[strong], right[strong]
    found: set[tuple[Alias, int]] = set()
    for one, other, cluster in zip(names.codes[a].tolist(), names.codes[b].tolist(), clusters[a].tolist(), strict=True):
        pair = sorted((names.values[one], names.values[other]))
        if min(map(len, pair)) > 1:
            found.add(((pair[0], pair[1]), cluster))
    return found


def renamed(names: Column, aliases: frozenset[Alias], left: Index, right: Index) -> Index:
    """Which pairs of records might be compared otherwise for aliases: those of which both state a name that has one."""
    having = {name for alias in aliases for name in alias}
    has = np.array([value in having for value in names.values], dtype=np.bool_)
    states = np.zeros(len(names.codes), dtype=np.bool_)
    stated = names.codes >= 0
    states[stated] = has[names.codes[stated]]
    states[names.more[has[names.more[:, 1]], 0]] = True
    return np.flatnonzero(states[left] & states[right])


def learnt(observed: Iterable[tuple[Alias, int]]) -> frozenset[Alias]:
    """The pairs of names that were observed in the clusters of enough people."""
    people: dict[Alias, set[int]] = defaultdict(set)
    for alias, cluster in observed:
        people[alias].add(cluster)
    return frozenset(alias for alias, clusters in people.items() if len(clusters) >= FEWEST_PEOPLE)
