"""What matching expects of its own precision and recall, without a label."""

from collections.abc import Mapping
from math import log, sqrt

import numpy as np

from graph.identity.matching.matching import Matching

Z_95 = 1.96
"""Standard deviations of a normal distribution that hold 95 % of it on both sides of its mean."""


def estimates(matching: Matching) -> Mapping[str, object]:
    """Expected pairwise precision and recall, each with an interval of 95 %.

    Each merge of two clusters was made at some log odds, hence with a calibrated probability p of being right, and joined n
    pairs, which are right or wrong together. Precision is the expected share of right pairs, sum(n p) / sum(n). Its variance is
    that of the merges, sum(n^2 p (1 - p)) / sum(n)^2, and that of the calibration's slope and offset, by the delta method. Recall
    relates the expected right pairs to the number of matches that the model expects among all pairs, with the same deviation.
    """
    odds, pairs, calibration = matching.linkage.odds, matching.linkage.pairs.astype(np.float64), matching.calibration
    found: dict[str, object] = {
        "method": METHOD,
        "linked_pairs": int(pairs.sum()),
        "threshold_bits": round(matching.threshold / log(2), 3),
        "calibration": {"slope": round(calibration.slope, 4), "offset": round(calibration.offset, 4)},
        "witnesses": dict(calibration.witnesses),
        "labels": calibration.labels,
    }
    if not len(pairs):
        return {**found, "precision": None, "recall": None}
    p = calibration.probability(odds)
    right, linked = float((pairs * p).sum()), float(pairs.sum())
    uncertain = pairs * p * (1 - p)
    gradient = np.array([float((uncertain * odds).sum()), float(uncertain.sum())])
    variance = float((pairs * uncertain).sum()) + float(gradient @ np.array(calibration.covariance) @ gradient)
    deviation = sqrt(max(variance, 0.0))
    expected = max(_expected_matches(matching), right)
    return {
        **found,
        "precision": _interval(right / linked, deviation / linked),
        "recall": _interval(right / expected, deviation / expected),
    }


METHOD = "calibrated posterior of each merge"


def _interval(value: float, deviation: float) -> dict[str, float]:
    return {
        "value": round(value, 5),
        "low": round(max(0.0, value - Z_95 * deviation), 5),
        "high": round(min(1.0, value + Z_95 * deviation), 5),
    }


def _expected_matches(matching: Matching) -> float:
    sizes = np.bincount(matching.records.source, minlength=len(matching.records.sources)).astype(np.float64)
    in_all = np.outer(sizes, sizes)
    np.fill_diagonal(in_all, sizes * (sizes - 1) / 2)
    return float(np.triu(in_all * np.exp(matching.model.prior_match)).sum())
