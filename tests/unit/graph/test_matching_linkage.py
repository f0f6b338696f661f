"""Clustering of components: what is clustered again after some evidence changed is what would have been clustered at once."""

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.identity.matching.linkage import PairEvidence, linked_anew, profile_linkage

RECORDS, FIELDS, RELATIONS = 14, 2, 2


def drawn(seed: int, pairs: int) -> PairEvidence:
    random = np.random.default_rng(seed)
    return PairEvidence(
        random.normal(0, 4, (pairs, FIELDS, RELATIONS)).astype(np.float32),
        random.random((pairs, FIELDS)) < 0.8,
        random.normal(-1, 1, (pairs, RELATIONS)).astype(np.float32),
    )


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=RECORDS, max_size=RECORDS), st.integers(0, 2**32), st.data())
def test_clustering_changed_components_again_is_clustering_all(component: list[int], seed: int, data: st.DataObject) -> None:
    pairs = [pair for pair in combinations(range(RECORDS), 2) if component[pair[0]] == component[pair[1]]]
    left, right = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    evidence = drawn(seed, len(pairs))
    before = profile_linkage(left, right, evidence, RECORDS)
    rows = np.array(sorted(data.draw(st.sets(st.integers(0, max(len(pairs) - 1, 0)), max_size=len(pairs)))), dtype=np.int64)
    evidence.put(rows, drawn(seed + 1, len(rows)))
    anew, at_once = linked_anew(before, rows, left, right, evidence), profile_linkage(left, right, evidence, RECORDS)
    assert anew.clusters.tolist() == at_once.clusters.tolist()
    assert anew.odds.tolist() == at_once.odds.tolist()
    assert anew.pairs.tolist() == at_once.pairs.tolist()
    assert anew.records.tolist() == at_once.records.tolist()


def test_two_that_fit_are_joined_and_a_third_that_does_not_is_left() -> None:
    left, right = np.array([0, 0, 1]), np.array([1, 2, 2])
    weights = np.array([6.0, -9.0, -9.0], dtype=np.float32).reshape(3, 1, 1)
    evidence = PairEvidence(weights, np.ones((3, 1), dtype=np.bool_), np.zeros((3, 1), dtype=np.float32))
    linkage = profile_linkage(left, right, evidence, 3)
    assert linkage.clusters.tolist() == [0, 0, 1]
    assert (linkage.odds.tolist(), linkage.pairs.tolist(), linkage.records.tolist()) == ([6.0], [1], [1])
