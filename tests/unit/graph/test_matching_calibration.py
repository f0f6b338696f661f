"""Calibration of scores by witnesses and by stewards' labels; the estimates and the threshold that follow from it."""

from datetime import UTC, datetime, timedelta
from math import log

import numpy as np
import pytest
from numpy.typing import NDArray

from graph.identity.matching.calibration import CERTAIN, FEWEST_LABELS, NO_LABELS, Labels, Witness, calibrate
from graph.identity.matching.linkage import Linkage
from graph.identity.matching.matching import EVEN, _threshold_for
from graph.identity.scoring_matcher import labels_of
from graph.model.claim import Assertion
from graph.model.identity import Purpose

Floats = NDArray[np.float64]
AMONG_STRANGERS = 0.9
AMONG_MATCHES = 0.01


def witness(slope: float, offset: float, *, pairs: int = 200_000, seed: int = 1) -> Witness:
    """A birth date whose pairs are right with the probability that slope and offset say."""
    chance = np.random.default_rng(seed)
    odds = np.concatenate([chance.uniform(-4, CERTAIN, pairs), chance.uniform(CERTAIN + 0.01, 30, pairs // 10)])
    right = chance.random(len(odds)) < np.where(odds > CERTAIN, 1.0, 1 / (1 + np.exp(-(slope * odds + offset))))
    contradicts = chance.random(len(odds)) < np.where(right, AMONG_MATCHES, AMONG_STRANGERS)
    return Witness(field="birth_date", odds=odds, contradicts=contradicts, among_strangers=AMONG_STRANGERS)


@pytest.mark.parametrize(("slope", "offset"), [(1.0, 0.0), (0.5, 0.8), (0.7, -1.0)])
def test_witnesses_tell_how_far_odds_can_be_trusted(slope: float, offset: float) -> None:
    found = calibrate([witness(slope, offset)])
    assert (found.slope, found.offset) == (pytest.approx(slope, abs=0.03), pytest.approx(offset, abs=0.06))
    assert found.witnesses == {"birth_date": 200_000}
    # Even chances are where slope * odds + offset is 0.
    assert found.threshold == pytest.approx(-offset / slope, abs=0.15)
    assert found.probability(np.array([found.threshold]))[0] == pytest.approx(0.5)


def test_odds_are_taken_as_they_are_where_nobody_can_tell() -> None:
    few = witness(0.5, 0.8, pairs=100)
    blind = Witness(field="given_name", odds=few.odds, contradicts=np.ones(len(few.odds), dtype=bool), among_strangers=0.9)
    for witnesses in ([], [few], [blind]):
        found = calibrate(witnesses)
        assert (found.slope, found.offset, found.witnesses) == (pytest.approx(1.0), pytest.approx(0.0, abs=1e-6), {})


def labels(number: int, *, same: bool) -> Labels:
    return Labels(odds=np.full(number, 1.0), same=np.full(number, same, dtype=np.bool_))


def test_labels_of_stewards_move_what_is_expected_from_a_number_on() -> None:
    assert calibrate([], labels(FEWEST_LABELS - 1, same=False)) == calibrate([], NO_LABELS)
    wrong, right = calibrate([], labels(FEWEST_LABELS, same=False)), calibrate([], labels(FEWEST_LABELS, same=True))
    one = np.array([1.0])
    # Odds of e to 1 are right in 73 % of all cases unless told otherwise.
    untold = calibrate([], NO_LABELS).probability(one)[0]
    assert untold == pytest.approx(1 / (1 + np.exp(-1)))
    assert wrong.probability(one)[0] < 0.5 * untold
    assert right.probability(one)[0] > untold
    assert (wrong.labels, right.labels) == (FEWEST_LABELS, FEWEST_LABELS)


def test_more_labels_leave_less_in_doubt() -> None:
    few, many = (calibrate([], labels(number, same=True)).covariance[1][1] for number in (20, 2_000))
    assert many < few


def linkage(*probabilities: float) -> Linkage:
    """Merges of one pair each, that are right with these probabilities."""
    odds = np.array([log(p / (1 - p)) for p in probabilities])
    return Linkage(np.arange(len(odds) + 1), odds, np.ones(len(odds), dtype=np.int64), np.arange(len(odds)))


def test_the_threshold_rises_until_the_target_is_to_be_expected() -> None:
    as_it_is = calibrate([])
    merges = linkage(0.99, 0.97, 0.80, 0.60)
    # Means of the best one, two, three and four: .99, .98, .92, .84.
    assert _threshold_for(0.83, merges, as_it_is) == EVEN
    assert _threshold_for(0.90, merges, as_it_is) == pytest.approx(log(0.6 / 0.4))
    assert _threshold_for(0.97, merges, as_it_is) == pytest.approx(log(0.8 / 0.2))
    assert _threshold_for(None, merges, as_it_is) == EVEN
    assert _threshold_for(0.999, merges, as_it_is) == EVEN, "nothing reaches it"


def test_the_newest_word_on_a_pair_is_its_label() -> None:
    def say(left: str, right: str, *, same: bool, day: int, purpose: Purpose | None = None) -> Assertion:
        at = datetime(2025, 1, day, tzinfo=UTC) + timedelta(hours=day)
        return Assertion(id=f"a{day}", same=same, left=left, right=right, by="ann", at=at, reason="asked", purpose=purpose)

    found = labels_of(
        [
            say("crm:2", "crm:1", same=True, day=3),
            say("crm:1", "crm:2", same=False, day=1),
            say("crm:1", "crm:3", same=True, day=2, purpose=Purpose.HOUSEHOLD),
        ]
    )
    assert found == {("crm:1", "crm:2"): True}
