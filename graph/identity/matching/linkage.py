"""Which records belong together: agglomerative clustering of a component's records by what their profiles say of each other.

Two clusters are compared as profiles. In each field the evidence between them is the average over those pairs of their records
that state the field (unweighted average linkage, Sokal and Michener 1958, taken field by field): a record that is silent neither
supports nor weakens what the others say, and a bridge of silent records does not join two clusters whose birth dates differ. The
fields' evidence is then weighed against each relation that two people may have, and the two clusters that fit best are joined as
long as the odds are for it. Chains of weak links hold nothing together, as they would in connected components.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

Index = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PairEvidence:
    """What the pairs of records say, natural logarithms; ``pairs`` rows, of ``fields`` fields and ``relations`` relations."""

    weights: NDArray[np.float32]
    """(pairs, fields, relations): log likelihood ratio of a match against the relation; 0 where not stated."""
    stated: NDArray[np.bool_]
    """(pairs, fields): whether both records state the field."""
    prior: NDArray[np.float32]
    """(pairs, relations): log odds of a match against the relation before anything is compared."""

    def take(self, rows: Index) -> "PairEvidence":
        """That of some pairs."""
        return PairEvidence(self.weights[rows], self.stated[rows], self.prior[rows])

    def put(self, rows: Index, evidence: "PairEvidence") -> None:
        """Put what was found anew in the place of what was there."""
        self.weights[rows], self.stated[rows], self.prior[rows] = evidence.weights, evidence.stated, evidence.prior

    @property
    def log_odds(self) -> NDArray[np.float64]:
        """(pairs,): log odds of each pair by itself, against all relations together."""
        return against_all((self.prior + self.weights.sum(axis=1)).astype(np.float64))


@dataclass(frozen=True, slots=True)
class Linkage:
    """What clustering came to."""

    clusters: Index
    """(records,): cluster of each record, numbered in the order of its first record."""
    odds: NDArray[np.float64]
    """(merges,): log odds with which two clusters were joined."""
    pairs: NDArray[np.int64]
    """(merges,): pairs of records that each merge joined."""
    records: Index
    """(merges,): the first record of the cluster that was joined to another; merges are in the order of their components."""


@njit(parallel=True, cache=True)
def against_all(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """(pairs,): log odds against all relations together, given (pairs, relations) those against each: -log(sum(exp(-odds)))."""
    found = np.empty(len(odds))
    for pair in prange(len(odds)):
        found[pair] = _against(odds[pair])
    return found


@njit(cache=True)
def _against(odds: NDArray[np.float64]) -> float:
    """The same of one pair."""
    least = np.inf
    for relation in range(len(odds)):
        least = min(least, odds[relation])
    total = 0.0
    for relation in range(len(odds)):
        total += np.exp(least - odds[relation])
    against: float = least - np.log(total)
    return against


def components(left: Index, right: Index, count: int) -> NDArray[np.int32]:
    """Number of the connected component of each record."""
    graph = coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=(count, count))  # type: ignore[no-untyped-call]
    labels: NDArray[np.int32] = connected_components(graph, directed=False)[1]
    return labels


def profile_linkage(left: Index, right: Index, evidence: PairEvidence, count: int, *, threshold: float = 0.0) -> Linkage:
    """Cluster records, given the evidence of all pairs within their components, while the log odds exceed ``threshold``."""
    component = components(left, right, count)
    sizes = np.bincount(component).astype(np.int64)
    starts = np.r_[0, np.cumsum(sizes)]
    by_component = np.argsort(component, kind="stable")
    place = np.empty(count, dtype=np.int64)
    place[by_component] = np.arange(count) - np.repeat(starts[:-1], sizes)
    order = np.lexsort((right, left, component[left]))
    pair_starts = np.r_[0, np.cumsum(np.bincount(component[left], minlength=len(sizes)))]
    clusters = np.arange(count)
    merge_odds = np.full(count, np.nan)
    merge_pairs = np.zeros(count, dtype=np.int64)
    _link(
        sizes,
        starts,
        pair_starts,
        order,
        place[left],
        place[right],
        evidence.weights,
        evidence.stated,
        evidence.prior,
        threshold,
        clusters,
        merge_odds,
        merge_pairs,
    )
    found = np.empty(count, dtype=np.int64)
    found[by_component] = by_component[clusters]
    merged = np.flatnonzero(merge_pairs)
    return Linkage(_numbered(found), merge_odds[merged], merge_pairs[merged], by_component[merged])


def linked_anew(before: Linkage, rows: Index, left: Index, right: Index, evidence: PairEvidence) -> Linkage:
    """What clustering comes to now that some rows of the evidence are other ones: only their components are clustered again."""
    count = len(before.clusters)
    component = components(left, right, count)
    changed = np.zeros(int(component.max(initial=0)) + 1, dtype=np.bool_)
    changed[component[left[rows]]] = True
    inside = np.flatnonzero(changed[component[left]])
    anew = profile_linkage(left[inside], right[inside], evidence.take(inside), count)
    of_changed = changed[component]
    stays = ~of_changed[before.records]
    records = np.concatenate([before.records[stays], anew.records])
    order = np.lexsort((records, component[records]))
    return Linkage(
        _numbered(np.where(of_changed, count + anew.clusters, before.clusters)),
        np.concatenate([before.odds[stays], anew.odds])[order],
        np.concatenate([before.pairs[stays], anew.pairs])[order],
        records[order],
    )


def _numbered(clusters: Index) -> Index:
    """Clusters by other numbers, in the order of their first record."""
    _, first, cluster = np.unique(clusters, return_index=True, return_inverse=True)
    number = np.empty(len(first), dtype=np.int64)
    number[np.argsort(first)] = np.arange(len(first))
    return number[cluster]


@njit(cache=True)
def _odds(sums, counts, prior, pairs):  # type: ignore[no-untyped-def]
    """Log odds that two clusters are one: the evidence summed over fields, against all relations together."""
    fields, relations = sums.shape
    logs = np.empty(relations)
    for relation in range(relations):
        log = prior[relation] / pairs
        for field in range(fields):
            if counts[field] > 0:
                log += sums[field, relation] / counts[field]
        logs[relation] = log
    return _against(logs)


@njit(parallel=True, cache=True)
def _link(  # type: ignore[no-untyped-def]
    sizes,
    starts,
    pair_starts,
    order,
    place_left,
    place_right,
    weights,
    stated,
    prior,
    threshold,
    clusters,
    merge_odds,
    merge_pairs,
):
    for component in prange(len(sizes)):
        size, start = sizes[component], starts[component]
        if size > 1:
            _link_component(
                order[pair_starts[component] : pair_starts[component + 1]],
                place_left,
                place_right,
                weights,
                stated,
                prior,
                threshold,
                start,
                clusters[start : start + size],
                merge_odds[start : start + size],
                merge_pairs[start : start + size],
            )


@njit(cache=True)
def _link_component(  # type: ignore[no-untyped-def]  # noqa: C901
    rows, place_left, place_right, weights, stated, prior, threshold, start, clusters, merge_odds, merge_pairs
):
    """Cluster one component's records; the arrays to be filled have a place for each of them."""
    size, fields, relations = len(clusters), weights.shape[1], weights.shape[2]
    sums = np.zeros((size, size, fields, relations))
    counts = np.zeros((size, size, fields))
    priors = np.zeros((size, size, relations))
    pairs = np.zeros((size, size))
    odds = np.full((size, size), -np.inf)
    for pair in rows:
        a, b = place_left[pair], place_right[pair]
        for x, y in ((a, b), (b, a)):
            for field in range(fields):
                if stated[pair, field]:
                    counts[x, y, field] = 1
                    for relation in range(relations):
                        sums[x, y, field, relation] = weights[pair, field, relation]
            for relation in range(relations):
                priors[x, y, relation] = prior[pair, relation]
            pairs[x, y] = 1
        odds[a, b] = odds[b, a] = _odds(sums[a, b], counts[a, b], priors[a, b], 1.0)
    alive = np.ones(size, dtype=np.bool_)
    cluster = np.arange(size)
    while True:
        best, a, b = threshold, -1, -1
        for x in range(size):
            if alive[x]:
                for y in range(x + 1, size):
                    if alive[y] and odds[x, y] > best:
                        best, a, b = odds[x, y], x, y
        if a < 0:
            break
        alive[b] = False
        merge_odds[b] = best
        merge_pairs[b] = int(pairs[a, b])
        for x in range(size):
            if cluster[x] == b:
                cluster[x] = a
            if alive[x] and x != a:
                sums[a, x] += sums[b, x]
                counts[a, x] += counts[b, x]
                priors[a, x] += priors[b, x]
                pairs[a, x] += pairs[b, x]
                sums[x, a] = sums[a, x]
                counts[x, a] = counts[a, x]
                priors[x, a] = priors[a, x]
                pairs[x, a] = pairs[a, x]
                if pairs[a, x] > 0:
                    odds[a, x] = odds[x, a] = _odds(sums[a, x], counts[a, x], priors[a, x], pairs[a, x])
    for x in range(size):
        clusters[x] = start + cluster[x]
