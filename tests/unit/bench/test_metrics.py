"""Quality of a partition, worked by hand and checked against a brute-force count of pairs."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.metrics import Agreement, score

PARTITIONS = st.integers(min_value=1, max_value=14).flatmap(
    lambda size: st.tuples(
        st.lists(st.sampled_from("abcd"), min_size=size, max_size=size),
        st.lists(st.sampled_from(["w", "x", "y", "z", None]), min_size=size, max_size=size),
    )
)


def test_a_split_and_a_wrong_join_by_hand() -> None:
    # Truth {1 2 3} {4 5}; found {1 2} {3 4 5}.
    quality = score(truth=dict(zip("12345", "AAABB", strict=True)), found=dict(zip("12345", "xxyyy", strict=True)))
    # True pairs 12 13 23 45, found pairs 12 34 35 45, in both 12 45.
    assert (quality.true_pairs, quality.found_pairs, quality.shared_pairs) == (3 + 1, 1 + 3, 2)
    assert quality.pairwise.precision == pytest.approx(2 / 4)
    assert quality.pairwise.recall == pytest.approx(2 / 4)
    assert quality.pairwise.f1 == pytest.approx(0.5)
    # Of its found cluster: 1 and 2 have 2/2, 3 has 1/3, 4 and 5 have 2/3.
    assert quality.b_cubed.precision == pytest.approx((1 + 1 + 1 / 3 + 2 / 3 + 2 / 3) / 5)
    # Of its true cluster: 1 and 2 have 2/3, 3 has 1/3, 4 and 5 have 2/2.
    assert quality.b_cubed.recall == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1 + 1) / 5)
    assert (quality.true_clusters, quality.found_clusters, quality.largest_found) == (2, 2, 3)


def test_nothing_joined_is_precise_and_finds_nothing() -> None:
    quality = score(truth={"1": "A", "2": "A"}, found={"1": "x", "2": "y"})
    assert quality.pairwise == Agreement(precision=1.0, recall=0.0)
    assert quality.pairwise.f1 == 0.0
    assert quality.b_cubed == Agreement(precision=1.0, recall=0.5)


def test_records_not_clustered_stand_alone_and_are_named() -> None:
    quality = score(truth={"1": "A", "2": "A", "3": "B"}, found={"1": "x", "9": "x"})
    assert quality.missing == ("2", "3")
    assert quality.unknown == ("9",)
    assert quality.found_clusters == 3
    assert quality.found_pairs == 0


def test_no_truth_is_an_error() -> None:
    with pytest.raises(ValueError, match="names no record"):
        score(truth={}, found={"1": "x"})


@given(PARTITIONS)
def test_agrees_with_counting_every_pair(partitions: tuple[list[str], list[str | None]]) -> None:
    true_labels, found_labels = partitions
    truth = {str(index): label for index, label in enumerate(true_labels)}
    found = {str(index): label for index, label in enumerate(found_labels) if label is not None}
    together = {
        record: {other for other in truth if other == record or (record in found and found.get(other) == found[record])}
        for record in truth
    }
    same = {record: {other for other in truth if truth[other] == truth[record]} for record in truth}
    pairs = list(combinations(truth, 2))
    true_pairs = {pair for pair in pairs if pair[1] in same[pair[0]]}
    found_pairs = {pair for pair in pairs if pair[1] in together[pair[0]]}

    quality = score(truth=truth, found=found)

    assert quality.shared_pairs == len(true_pairs & found_pairs)
    assert quality.pairwise.precision == pytest.approx(len(true_pairs & found_pairs) / len(found_pairs) if found_pairs else 1)
    assert quality.pairwise.recall == pytest.approx(len(true_pairs & found_pairs) / len(true_pairs) if true_pairs else 1)
    overlap = {record: len(together[record] & same[record]) for record in truth}
    assert quality.b_cubed.precision == pytest.approx(sum(overlap[r] / len(together[r]) for r in truth) / len(truth))
    assert quality.b_cubed.recall == pytest.approx(sum(overlap[r] / len(same[r]) for r in truth) / len(truth))
    assert quality.found_clusters == len({frozenset(cluster) for cluster in together.values()})
