"""How far scores can be trusted, told without labels by *witnesses*, and better with those that stewards gave.

A pair's log odds are right only as far as its fields are independent given what the two records are to each other, which they
never quite are: odds of a thousand to one may be odds of a hundred to one. A **witness** is a field in which two different people
hardly ever agree (a birth date, a given name, an id). Of pairs scored *without* the witness, the share that it contradicts tells
how many are of two people: with ``d1`` the share that it contradicts among certain matches and ``d0`` among strangers, it is
``p d1 + (1 - p) d0`` where a share ``p`` is right. The calibrated log odds are ``slope * odds + offset`` (Platt 1999,
"Probabilistic Outputs for Support Vector Machines"), fitted by maximum likelihood over all witnesses, held to slope 1 and offset
0 by a prior. A steward's word on a pair is an observation too, of the pair's whole odds.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from graph.identity.matching.fields import LEVELS, OF_MANY_FIELDS, Meaning
from graph.identity.matching.relations import Relation

Floats = NDArray[np.float64]

WITNESSES = frozenset((Meaning.BIRTH_DATE, Meaning.GIVEN_NAME, *OF_MANY_FIELDS))
CERTAIN = 9.0
"""Log odds without the witness from which a pair is taken for a match: one in eight thousand is none."""
CALIBRATED = (-4.0, CERTAIN)
"""Log odds between which pairs are observed; below there are too many strangers to learn of matches, above too few."""
FEWEST_CERTAIN = 200
"""Certain matches that a witness needs."""
FEWEST_OBSERVED = 200
"""Other pairs that a witness needs."""
CELLS = 60
"""Intervals of log odds by which observations are counted together."""
PRIOR_SLOPE = 0.3
PRIOR_OFFSET = 0.7
"""Standard deviations of slope and offset about 1 and 0, before anything is observed."""
LEAST_SLOPE = 0.2
FEWEST_LABELS = 20
"""Pairs that stewards have to label before their labels count here: a few chosen ones say little of all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """What one field says of pairs that were scored without it."""

    field: str
    odds: Floats
    """(pairs,): log odds without the field."""
    contradicts: NDArray[np.bool_]
    """(pairs,)"""
    among_strangers: float
    """Share of the pairs of strangers that it contradicts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Pairs that stewards labelled, each with the log odds that it has by itself."""

    odds: Floats
    same: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.odds)


NO_LABELS = Labels(odds=np.empty(0), same=np.empty(0, dtype=np.bool_))


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Log odds as they are to be taken: ``slope * odds + offset``."""

    slope: float
    offset: float
    covariance: tuple[tuple[float, float], tuple[float, float]]
    """Of slope and offset."""
    witnesses: Mapping[str, int]
    """Fields that were asked, and the pairs that each was asked about."""
    labels: int
    """Pairs of stewards that were used."""

    def probability(self, odds: Floats) -> Floats:
        """Calibrated probability of a match."""
        return _probability(self.slope, self.offset, odds)

    @property
    def threshold(self) -> float:
        """Log odds that are even once calibrated."""
        return -self.offset / self.slope


def calibrate(witnesses: Sequence[Witness], labels: Labels = NO_LABELS) -> Calibration:
    """Fit slope and offset to what the witnesses and the stewards say."""
    cells: list[tuple[Floats, Floats, Floats, float, float]] = []
    asked: dict[str, int] = {}
    for witness in witnesses:
        certain = witness.odds > CERTAIN
        inside = (witness.odds > CALIBRATED[0]) & (witness.odds <= CALIBRATED[1])
        if certain.sum() < FEWEST_CERTAIN or inside.sum() < FEWEST_OBSERVED:
            continue
        among_matches = (float(witness.contradicts[certain].sum()) + 0.5) / (float(certain.sum()) + 1.0)
        if among_matches >= witness.among_strangers:
            continue
        asked[witness.field] = int(inside.sum())
        cells.append((*_cells(witness.odds[inside], witness.contradicts[inside]), among_matches, witness.among_strangers))
    used = labels if len(labels) >= FEWEST_LABELS else NO_LABELS

    def cost(at: Floats) -> float:
        slope, offset = float(at[0]), float(at[1])
        total = ((slope - 1) / PRIOR_SLOPE) ** 2 / 2 + (offset / PRIOR_OFFSET) ** 2 / 2
        for odds, against, number, among_matches, among_strangers in cells:
            right = _probability(slope, offset, odds)
            share = np.clip(right * among_matches + (1 - right) * among_strangers, 1e-9, 1 - 1e-9)
            total -= float((against * np.log(share) + (number - against) * np.log1p(-share)).sum())
        if len(used):
            right = np.clip(_probability(slope, offset, used.odds), 1e-9, 1 - 1e-9)
            total -= float(np.where(used.same, np.log(right), np.log1p(-right)).sum())
        return total

    found = minimize(  # type: ignore[no-untyped-call]
        cost, np.array([1.0, 0.0]), method="L-BFGS-B", bounds=[(LEAST_SLOPE, 3.0), (-5.0, 5.0)]
    )
    slope, offset = (float(value) for value in found.x)
    return Calibration(
        slope=slope,
        offset=offset,
        covariance=_covariance(cost, np.array([slope, offset])),
        witnesses=asked,
        labels=len(used),
    )


def witnesses_of(
    fields: Sequence[str],
    meanings: Sequence[Meaning],
    relations: Sequence[Relation],
    weights: NDArray[np.float32],
    stated: NDArray[np.bool_],
    prior: NDArray[np.float32],
    levels: NDArray[np.int8],
    strangers: Floats,
) -> list[Witness]:
    """The witnesses among the fields of compared pairs.

    Args:
        fields: names of the fields.
        meanings: their meanings.
        relations: the relations, strangers first.
        weights: (pairs, fields, relations), as of ``PairEvidence``.
        stated: (pairs, fields).
        prior: (pairs, relations).
        levels: (pairs, fields).
        strangers: (fields, levels): log probability of each level among strangers.

    Raises:
        ValueError: the first relation is another one.
    """
    if relations[0] is not Relation.STRANGERS:
        raise ValueError(f"the first relation is {relations[0]}, not strangers")
    total = (prior + weights.sum(axis=1)).astype(np.float64)
    found: list[Witness] = []
    for number, (field, meaning) in enumerate(zip(fields, meanings, strict=True)):
        if meaning not in WITNESSES:
            continue
        rows = stated[:, number]
        different = LEVELS[meaning].index("different")
        without = total[rows] - weights[rows, number, :]
        found.append(
            Witness(
                field=field,
                odds=-np.logaddexp.reduce(-without, axis=1),
                contradicts=levels[rows, number] == different,
                among_strangers=float(np.exp(strangers[number, different])),
            )
        )
    return found


def _probability(slope: float, offset: float, odds: Floats) -> Floats:
    probability: Floats = 1 / (1 + np.exp(-np.clip(slope * odds + offset, -500, 500)))
    return probability


def _cells(odds: Floats, contradicts: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """Mean odds, contradictions and number of the pairs of each interval of odds."""
    low, high = CALIBRATED
    place = np.minimum(((odds - low) / (high - low) * CELLS).astype(np.int64), CELLS - 1)
    number = np.bincount(place, minlength=CELLS).astype(np.float64)
    against = np.bincount(place, weights=contradicts, minlength=CELLS)
    mean = np.bincount(place, weights=odds, minlength=CELLS)
    some = number > 0
    return mean[some] / number[some], against[some].astype(np.float64), number[some]


def _covariance(cost: Callable[[Floats], float], at: Floats) -> tuple[tuple[float, float], tuple[float, float]]:
    """Inverse of the curvature of the cost, by differences: Laplace's approximation."""
    step = 1e-3
    curvature = np.empty((2, 2))
    for i in range(2):
        for j in range(2):
            ends = []
            for a, b in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
                moved = at.copy()
                moved[i] += a * step
                moved[j] += b * step
                ends.append(cost(moved))
            curvature[i, j] = (ends[0] - ends[1] - ends[2] + ends[3]) / (4 * step * step)
    inverse = np.linalg.pinv(curvature)
    return (float(inverse[0, 0]), float(inverse[0, 1])), (float(inverse[1, 0]), float(inverse[1, 1]))
