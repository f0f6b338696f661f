"""Given names that are one name, learnt from the records: what several people are called by who are beyond doubt one each.

No list has every short form and every way to write a name down. Where two records are linked by evidence that is strong without
the given names, and these differ all the same, the two names are written down. Names that are so in the clusters of several
people are taken for short forms of each other; a slip of the pen seldom happens three times.
"""

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from graph.identity.matching.comparer import Comparer, chunks
from graph.identity.matching.fields import LEVELS, Meaning
from graph.identity.matching.model import MatchModel, pair_evidence

Index = NDArray[np.int64]
Alias = tuple[str, str]
"""Two given names that are one, the smaller first."""

STRONG = 6.0
"""Natural log odds, without the given names, from which a pair is taken to be of one person: one in four hundred is not."""
FEWEST_PEOPLE = 3
CHUNK = 500_000


def observed_aliases(model: MatchModel, comparer: Comparer, left: Index, right: Index, clusters: Index) -> set[tuple[Alias, int]]:
    """Pairs of given names that differ on linked records, each with the number of the cluster that they were seen in.

    Args:
        model: what the records were scored by.
        comparer: of the records.
        left: record numbers of pairs.
        right: of the same pairs.
        clusters: (records,): cluster of each record; pairs of two clusters say nothing.
    """
    if Meaning.GIVEN_NAME not in model.meanings:
        return set()
    place = model.meanings.index(Meaning.GIVEN_NAME)
    names, how = comparer.columns[place], LEVELS[Meaning.GIVEN_NAME]
    source = comparer.records.source.astype(np.int64)
    linked = np.flatnonzero(clusters[left] == clusters[right])
    found: set[tuple[Alias, int]] = set()
    for part in chunks(len(linked), CHUNK):
        a, b = left[linked[part]], right[linked[part]]
        compared = comparer.compare(a, b)
        unlike = np.flatnonzero(np.isin(compared.levels[:, place], (how.index("resembles"), how.index("different"))))
        a, b = a[unlike], b[unlike]
        evidence = pair_evidence(model, compared.take(unlike), source[a], source[b])
        without = evidence.prior + evidence.weights.sum(axis=1) - evidence.weights[:, place]
        strong = -np.logaddexp.reduce(-without.astype(np.float64), axis=1) > STRONG
        for one, other, cluster in zip(
            names.codes[a[strong]].tolist(), names.codes[b[strong]].tolist(), clusters[a[strong]].tolist(), strict=True
        ):
            pair = sorted((names.values[one], names.values[other]))
            if min(map(len, pair)) > 1:
                found.add(((pair[0], pair[1]), cluster))
    return found


def learnt(observed: Iterable[tuple[Alias, int]]) -> frozenset[Alias]:
    """The pairs of names that were observed in the clusters of enough people."""
    people: dict[Alias, set[int]] = defaultdict(set)
    for alias, cluster in observed:
        people[alias].add(cluster)
    return frozenset(alias for alias, clusters in people.items() if len(clusters) >= FEWEST_PEOPLE)
