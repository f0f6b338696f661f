"""From interactions to a recommender: judged on the newest horizon first, then trained once more with that horizon."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import numpy as np
import scipy.sparse as sp

from gnn.data.interactions import Interactions
from gnn.errors import InteractionsError
from gnn.recommendation.evaluation import Interval, Measured, Target, bootstrap, bootstrap_ratio, measure
from gnn.recommendation.fitting import fit_shop
from gnn.recommendation.floor import FLOOR, FloorRanker
from gnn.recommendation.model import NETWORK, Recommender
from gnn.recommendation.ranker import Ranker
from gnn.recommendation.settings import Settings
from gnn.recommendation.training import Moment, candidates_at, earlier_cutoffs, moment, train

K: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """How one model did on the horizon after a cutoff.

    Attributes:
        recall: mean recall of the first 20 over customers, by target.
        ndcg: the same of NDCG.
        customers: how many were judged, by target.
    """

    recall: Mapping[Target, Interval]
    ndcg: Mapping[Target, Interval]
    customers: Mapping[Target, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A recommender with what was measured of it and of the simple models before.

    Attributes:
        recommender: trained up to the cutoff.
        validated_from: the cutoff, a horizon earlier, at which the models were judged.
        judged: by model: ``network`` and the names of the simple ones.
        lead: the network's any-purchase NDCG over that of the best simple model, with its interval.
    """

    recommender: Recommender
    validated_from: datetime
    judged: Mapping[str, Judged]
    lead: Interval


def train_recommender(interactions: Interactions, cutoff: datetime, settings: Settings, *, version: str, seed: int) -> Trained:
    """Judge the network and the simple models on the horizon before the cutoff, then train on that horizon too.

    Served is whichever had the greatest NDCG on the horizon, the network or a simple model, for either target.

    Args:
        interactions: all that is known; rows at or after the cutoff are left out.
        cutoff: where the past ends, usually now.
        settings: of the model.
        version: names the model.
        seed: of all that chance plays a part in.

    Raises:
        InteractionsError: the history is too short to train and to judge.
    """
    past = interactions.before(cutoff)
    earlier = [*earlier_cutoffs(past, cutoff - settings.horizon, settings), cutoff - settings.horizon]
    moments = [moment(past, each, settings, seed=seed) for each in earlier]
    measured = judge(moments[:-1], some_customers(moments[-1], settings.most_customers, seed=seed), settings, seed=seed)
    if not len(measured[NETWORK][Target.ANY].ndcg):
        raise InteractionsError(
            f"from {earlier[-1]} to {cutoff} nobody took an item that could be recommended: nothing to judge by"
        )
    best = _best(measured, Target.ANY, FLOOR)
    history = past.of_items(candidates_at(past, cutoff, settings))
    recommender = Recommender(
        version=version,
        shop=fit_shop(history, cutoff, settings, seed=seed),
        network=train(moments[-settings.cutoffs :], settings, seed=seed),
        settings=settings,
        served=_best(measured, Target.ANY, measured),
        served_new=_best(measured, Target.NEW, measured),
    )
    return Trained(
        recommender=recommender,
        validated_from=earlier[-1],
        judged={name: _judged(each, seed) for name, each in measured.items()},
        lead=bootstrap_ratio(measured[NETWORK][Target.ANY].ndcg, measured[best][Target.ANY].ndcg, seed=seed),
    )


def _best(measured: Mapping[str, Mapping[Target, Measured]], target: Target, among: Iterable[str]) -> str:
    """The model with the greatest NDCG at a target; the network where nobody could be judged."""
    ndcg = {name: measured[name][target].ndcg for name in among}
    return max(ndcg, key=lambda name: float(ndcg[name].mean()) if len(ndcg[name]) else 0.0)


def some_customers(at: Moment, most: int, *, seed: int) -> Moment:
    """The moment with the targets of at most so many customers, drawn at random; the others are then not judged by."""
    judged = np.flatnonzero(np.diff(at.targets.indptr) > 0)
    if len(judged) <= most:
        return at
    kept = np.zeros(at.targets.shape[0], dtype=np.float32)
    kept[np.random.default_rng(seed).choice(judged, most, replace=False)] = 1.0
    targets = sp.csr_matrix(sp.diags(kept) @ at.targets)
    targets.eliminate_zeros()
    return replace(at, targets=targets)


def judge(training: list[Moment], at: Moment, settings: Settings, *, seed: int) -> dict[str, Mapping[Target, Measured]]:
    """The network, trained on some moments, and the simple models, measured at another."""
    network = train(training, settings, seed=seed)
    rankers: dict[str, Ranker | FloorRanker] = {NETWORK: Ranker(network=network, shop=at.shop, customers=at.customers)}
    rankers |= {name: FloorRanker(name=name, shop=at.shop, customers=at.customers) for name in FLOOR}
    return {name: measure_all(ranker, at) for name, ranker in rankers.items()}


def measure_all(ranker: Ranker | FloorRanker, at: Moment) -> Mapping[Target, Measured]:
    """Both targets of one model at a moment."""
    return {target: measure(ranker.scores, taken=at.customers.taken, targets=at.targets, target=target, k=K) for target in Target}


def _judged(measured: Mapping[Target, Measured], seed: int) -> Judged:
    return Judged(
        recall={target: bootstrap(each.recall, seed=seed) for target, each in measured.items()},
        ndcg={target: bootstrap(each.ndcg, seed=seed) for target, each in measured.items()},
        customers={target: int(np.size(each.ndcg)) for target, each in measured.items()},
    )
