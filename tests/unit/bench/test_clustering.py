"""Clusters of scored pairs, and the threshold that only who has the labels can choose."""

import pytest

from bench.clustering import Components, best_threshold, components_of

TRUTH = {"a1": "a", "a2": "a", "a3": "a", "b1": "b", "b2": "b", "c1": "c"}


def test_components_hold_what_a_chain_of_pairs_joins() -> None:
    found = components_of([("a1", "a2"), ("a2", "a3"), ("b1", "b2")])
    assert found["a1"] == found["a2"] == found["a3"] != found["b1"] == found["b2"]
    assert "c1" not in found


def test_pairs_inside_components_are_counted_as_they_grow() -> None:
    growing = Components(TRUTH)
    growing.join("a1", "a2")
    growing.join("b1", "b2")
    assert (growing.found_pairs, growing.shared_pairs) == (2, 2)
    # Two and two: four pairs more, none of one person.
    growing.join("a2", "b1")
    assert (growing.found_pairs, growing.shared_pairs) == (6, 2)
    growing.join("a1", "b2")
    assert (growing.found_pairs, growing.shared_pairs) == (6, 2)
    # A record that the truth does not name joins, and counts for nothing.
    growing.join("x", "a1")
    growing.join("x", "a3")
    # Five records of the truth: ten pairs, three of a and one of b.
    assert (growing.found_pairs, growing.shared_pairs) == (10, 4)


def test_the_best_threshold_is_the_one_with_the_highest_f1() -> None:
    # 4 true pairs. At 9: 1 of 1, F1 = 2/5. At 5: a's three and b's one, F1 = 8/8. At 1 all six records: 15 found, F1 = 8/19.
    pairs = [("a1", "a2", 9.0), ("a2", "a3", 5.0), ("b1", "b2", 5.0), ("a1", "b1", 1.0), ("c1", "b1", 1.0)]
    best = best_threshold(pairs, TRUTH)
    assert best.weight == 5.0
    assert len({best.clusters["a1"], best.clusters["a2"], best.clusters["a3"]}) == 1
    assert best.clusters["b1"] == best.clusters["b2"] != best.clusters["a1"]


def test_pairs_of_one_weight_are_joined_together_or_not_at_all() -> None:
    # The right pair and two wrong ones have one weight; joining only the right one is no threshold.
    pairs = [("a1", "a2", 3.0), ("a2", "b1", 3.0), ("b1", "c1", 3.0)]
    assert best_threshold(pairs, TRUTH).clusters.keys() == {"a1", "a2", "b1", "c1"}


def test_without_pairs_there_is_no_threshold() -> None:
    with pytest.raises(ValueError, match="no pair was scored"):
        best_threshold([], TRUTH)
