"""A substitution to serve: the network judged beside the simple ways on the newest weeks, and the best of them put forward."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Final

import numpy as np

from gnn.data.interactions import Interactions
from gnn.errors import InteractionsError
from gnn.recommendation.evaluation import Interval, bootstrap_ratio
from gnn.substitution.floor import FLOOR
from gnn.substitution.needs import needs_of
from gnn.substitution.ranks import Score, rank
from gnn.substitution.settings import SubstitutionSettings
from gnn.substitution.shelf import fit_shelf
from gnn.substitution.shopper import shoppers_of
from gnn.substitution.substitution import COUNT, NETWORK, Substitution, known_candidates
from gnn.substitution.switches import find_switches
from gnn.substitution.training import fit_substitution

SIMPLE: Final = "own frequency, then popularity"
"""What ranks where there are no switches to judge by: it needs the least to be known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedSubstitution:
    """A substitution with what it was chosen by.

    Attributes:
        substitution: the best of what was judged.
        validated_from: the cutoff that it was judged at; what was judged had learnt nothing from later.
        hits: by name, how often what was taken was among the first three, means over switches, intervals over customers.
        switches: how many were judged by.
        not_learnt: why there is no network, empty where there is one.
    """

    substitution: Substitution
    validated_from: datetime
    hits: Mapping[str, Interval]
    switches: int
    not_learnt: str = ""


def train_substitution(
    interactions: Interactions, cutoff: datetime, settings: SubstitutionSettings, *, version: str, seed: int
) -> TrainedSubstitution:
    """Learn what replaces what, and choose between the network and the simple ways.

    The judgement comes first, on the horizon before the cutoff by what was known before it; then the network learns from
    everything up to the cutoff.

    Args:
        interactions: rows; those at or after the cutoff are left out.
        cutoff: where the past ends.
        settings: of the model.
        version: its name.
        seed: of weights, order, samples and resampling.

    Raises:
        InteractionsError: there is no purchase before the cutoff, or the items have no category.
    """
    history = interactions.before(cutoff)
    earlier = cutoff - settings.horizon
    hits, switches = _judge(history, earlier, settings, seed=seed)
    fitted, not_learnt = _fit(history, cutoff, settings, seed=seed)
    served = best_of(hits, learnt=fitted.scorer is not None)
    return TrainedSubstitution(
        substitution=replace(fitted, served=served, version=version),
        validated_from=earlier,
        hits=hits,
        switches=switches,
        not_learnt=not_learnt,
    )


def best_of(hits: Mapping[str, Interval], *, learnt: bool) -> str:
    """The name of what had the most hits, of equals the first.

    Args:
        hits: of what was judged; where nothing was, the simplest way that asks for the least is taken.
        learnt: whether there is a network to serve.
    """
    able = {name: interval.mean for name, interval in hits.items() if learnt or name != NETWORK}
    return max(able, key=lambda name: able[name], default=SIMPLE)


def _fit(history: Interactions, cutoff: datetime, settings: SubstitutionSettings, *, seed: int) -> tuple[Substitution, str]:
    """A substitution, and why it has no network."""
    shelf = fit_shelf(history, cutoff, settings)
    try:
        return fit_substitution(history, cutoff, settings, seed=seed), ""
    except InteractionsError as error:
        return Substitution(shelf=shelf, scorer=None, prior=settings.prior, served=SIMPLE), str(error)


def _judge(
    history: Interactions, cutoff: datetime, settings: SubstitutionSettings, *, seed: int
) -> tuple[dict[str, Interval], int]:
    """Hits among the first three of the network, where there is one, and of the simple ways, on the switches after a cutoff."""
    switches = find_switches(history, needs_of(history.catalogue), settings.rule).between(cutoff, cutoff + settings.horizon)
    if not len(switches) or not len(history.before(cutoff).purchases()):
        return {}, 0
    fitted, _ = _fit(history, cutoff, settings, seed=seed)
    systems: dict[str, Score] = {} if fitted.scorer is None else {NETWORK: fitted.scores}
    systems |= {name: partial(simple, fitted.shelf) for name, simple in FLOOR.items()}
    candidates = [known_candidates(fitted.shelf, product) for product in switches.product.tolist()]
    shoppers = shoppers_of(history)
    _, customer = np.unique(switches.customer, return_inverse=True)
    each = np.bincount(customer).astype(np.float64)
    found = {}
    for name, score in systems.items():
        hit = rank(score, switches, candidates, shoppers).all < COUNT
        found[name] = bootstrap_ratio(np.bincount(customer, weights=hit).astype(np.float64), each, seed=seed)
    return found, len(switches)
