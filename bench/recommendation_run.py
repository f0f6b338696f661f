"""One model at one cutoff, in a process of its own, so that its processor time and its memory are its own."""

import resource
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from gnn.data.interactions import Floats, Interactions
from gnn.recommendation.customers import look_at
from gnn.recommendation.evaluation import Measured, Scores, Target, measure
from gnn.recommendation.fitting import fit_shop
from gnn.recommendation.peers.als import fit_als
from gnn.recommendation.peers.ease import Ease, fit_ease, recent_query
from gnn.recommendation.peers.lightgcn import fit_lightgcn
from gnn.recommendation.peers.personal import Personal, fit_personal
from gnn.recommendation.peers.popularity import fit_popularity
from gnn.recommendation.ranker import Ranker
from gnn.recommendation.settings import Settings
from gnn.recommendation.training import candidates_at, earlier_cutoffs, moment, train

K: Final = 20
ONE_BY_ONE: Final = 50
BEHIND: Final = 0.2
"""What EASE counts behind personal frequency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One run: which model, of which data, from where on its targets lie, and with which seed."""

    system: str
    interactions: Interactions
    cutoff: datetime
    settings: Settings
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one run measured.

    Attributes:
        measured: by target.
        cpu_seconds: of fitting, all threads together; for Kindred all of training, its earlier cutoffs included.
        peak_bytes: the most resident memory of the process, the data included.
        inference_ms: median wall time of scoring the catalogue for one customer.
    """

    measured: Mapping[Target, Measured]
    cpu_seconds: float
    peak_bytes: int
    inference_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Blend:
    """Personal frequency with EASE behind it."""

    personal: Personal
    ease: Ease

    def scores(self, block: NDArray[np.integer]) -> Floats:
        """Scores of the catalogue, shape ``(block, items)``."""
        return self.personal.scores(block) + np.float32(BEHIND) * self.ease.scores(block)


def run(task: Task) -> Result:
    """Fit the model on what lies before the cutoff and measure it on what lies in the horizon after it."""
    torch.set_num_threads(1)
    rows = task.interactions.of_items(candidates_at(task.interactions, task.cutoff, task.settings))
    history = rows.before(task.cutoff)
    started = time.process_time()
    scores = SYSTEMS[task.system](task, history)
    cpu_seconds = time.process_time() - started
    taken, targets = history.taken(), rows.between(task.cutoff, task.cutoff + task.settings.horizon).taken()
    return Result(
        measured={target: measure(scores, taken=taken, targets=targets, target=target, k=K) for target in Target},
        cpu_seconds=cpu_seconds,
        peak_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        inference_ms=_one_by_one(scores, np.flatnonzero(np.diff(targets.indptr))[:ONE_BY_ONE]),
    )


def _one_by_one(scores: Scores, customers: NDArray[np.int64]) -> float:
    spent = []
    for customer in customers:
        started = time.perf_counter()
        scores(np.array([customer]))
        spent.append(time.perf_counter() - started)
    return 1000 * float(np.median(spent))


def _popularity(task: Task, history: Interactions) -> Scores:
    return fit_popularity(history, task.cutoff).scores


def _personal(task: Task, history: Interactions) -> Scores:
    return fit_personal(history, task.cutoff, fit_popularity(history, task.cutoff)).scores


def _ease(task: Task, history: Interactions) -> Scores:
    return fit_ease(history, task.cutoff).scores


def _blend(task: Task, history: Interactions) -> Scores:
    personal = fit_personal(history, task.cutoff, fit_popularity(history, task.cutoff))
    return Blend(personal=personal, ease=fit_ease(history, task.cutoff)).scores


def _als(task: Task, history: Interactions) -> Scores:
    return fit_als(recent_query(history, task.cutoff), seed=task.seed).scores


def _lightgcn(task: Task, history: Interactions) -> Scores:
    return fit_lightgcn(history.taken(), seed=task.seed).scores


def _kindred(task: Task, history: Interactions) -> Scores:
    past = task.interactions.before(task.cutoff)
    moments = [
        moment(past, cutoff, task.settings, seed=task.seed) for cutoff in earlier_cutoffs(past, task.cutoff, task.settings)
    ]
    network = train(moments, task.settings, seed=task.seed)
    shop = fit_shop(history, task.cutoff, task.settings, seed=task.seed)
    return Ranker(network=network, shop=shop, customers=look_at(shop, history, task.cutoff, task.settings)).scores


SYSTEMS: Final[Mapping[str, Callable[[Task, Interactions], Scores]]] = {
    "popularity": _popularity,
    "personal frequency": _personal,
    "EASE": _ease,
    "personal frequency + 0.2 EASE": _blend,
    "implicit ALS": _als,
    "LightGCN": _lightgcn,
    "kindred": _kindred,
}
BY_CHANCE: Final = frozenset({"implicit ALS", "LightGCN", "kindred"})
"""Models that a seed changes."""
