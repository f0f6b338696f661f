"""How good a ranking of the catalogue is, for each customer, with intervals by bootstrap over customers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Scores = Callable[[NDArray[np.integer]], Floats]
"""Scores of the whole catalogue for a block of customers, shape ``(customers, items)``; greater is better."""

BLOCK: Final = 256


class Target(StrEnum):
    """What counts as a hit: anything taken after the cutoff, or only what the customer had never taken before."""

    ANY = "any"
    NEW = "new"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Recall and NDCG of each customer who has at least one target, shape ``(customers,)`` each.

    Attributes:
        customers: who they are, ascending.
        recall: the share of the customer's targets among the first ``k``.
        ndcg: normalised discounted cumulative gain of the first ``k`` with binary relevance and discount ``1 / log2(rank + 1)``
            (Järvelin and Kekäläinen, ACM TOIS 20(4), 2002).
    """

    customers: NDArray[np.int64]
    recall: NDArray[np.float64]
    ndcg: NDArray[np.float64]


def measure(scores: Scores, *, taken: sp.csr_matrix, targets: sp.csr_matrix, target: Target, k: int) -> Measured:
    """Rank the catalogue for every customer and compare with what was taken afterwards.

    Args:
        scores: the model.
        taken: what each customer had taken before the cutoff, shape ``(customers, items)``.
        targets: what each customer took after it, same shape.
        target: with ``NEW``, items taken before are neither ranked nor targets.
        k: the length of the ranking.
    """
    wanted = targets.astype(bool)
    if target is Target.NEW:
        wanted = (wanted > wanted.multiply(taken.astype(bool))).tocsr()
    counts = np.asarray(wanted.sum(axis=1)).ravel()
    judged = np.flatnonzero(counts > 0)
    discounts = 1.0 / np.log2(np.arange(2, k + 2))
    best = np.cumsum(discounts)
    recall, ndcg = np.empty(len(judged)), np.empty(len(judged))
    for start in range(0, len(judged), BLOCK):
        block = judged[start : start + BLOCK]
        ranked = np.array(scores(block), dtype=np.float32, copy=True)
        if target is Target.NEW:
            ranked[taken[block].toarray() > 0] = -np.inf
        hits = np.take_along_axis(wanted[block].toarray(), top(ranked, k), axis=1)
        end = start + len(block)
        recall[start:end] = hits.sum(axis=1) / counts[block]
        ndcg[start:end] = (hits * discounts[: hits.shape[1]]).sum(axis=1) / best[np.minimum(counts[block], k) - 1]
    return Measured(customers=judged, recall=recall, ndcg=ndcg)


def top(scores: Floats, k: int) -> NDArray[np.int64]:
    """The ``k`` best columns of each row, best first; of equal scores the earlier column."""
    k = min(k, scores.shape[1])
    chosen = np.sort(np.argpartition(-scores, k - 1, axis=1)[:, :k], axis=1)
    order = np.argsort(-np.take_along_axis(scores, chosen, axis=1), axis=1, kind="stable")
    return np.take_along_axis(chosen, order, axis=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A mean with the interval that holds it in 95 of 100 resamples."""

    mean: float
    low: float
    high: float


def bootstrap(values: NDArray[np.float64], *, seed: int, resamples: int = 1000) -> Interval:
    """The mean over customers with its 95 % percentile interval (Efron, Annals of Statistics 7(1), 1979).

    Args:
        values: one figure of each customer, shape ``(customers,)``.
        seed: of the resampling.
        resamples: how many.
    """
    if not len(values):
        return Interval(mean=float("nan"), low=float("nan"), high=float("nan"))
    drawn = np.random.default_rng(seed).multinomial(len(values), np.full(len(values), 1 / len(values)), size=resamples)
    low, high = np.percentile(drawn @ values / len(values), [2.5, 97.5])
    return Interval(mean=float(values.mean()), low=float(low), high=float(high))


def bootstrap_ratio(ours: NDArray[np.float64], theirs: NDArray[np.float64], *, seed: int, resamples: int = 1000) -> Interval:
    """The ratio of two means over the same customers, with its 95 % interval: each resample draws customers, not figures.

    Args:
        ours: one figure of each customer, shape ``(customers,)``; for several runs over the same customers, their mean.
        theirs: the same customers' figures of the other model.
        seed: of the resampling.
        resamples: how many.
    """
    drawn = np.random.default_rng(seed).multinomial(len(ours), np.full(len(ours), 1 / len(ours)), size=resamples)
    below = drawn @ theirs
    low, high = np.percentile((drawn @ ours)[below > 0] / below[below > 0], [2.5, 97.5])
    return Interval(mean=float(ours.mean() / theirs.mean()), low=float(low), high=float(high))


def over_seeds(runs: Sequence[Measured]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Each customer's mean recall and mean NDCG over runs with different seeds."""
    return np.mean([run.recall for run in runs], axis=0), np.mean([run.ndcg for run in runs], axis=0)
