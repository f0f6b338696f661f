"""Learning the item's side of every factor from what came before a cutoff."""

from datetime import datetime, timedelta
from typing import Final

import numpy as np
import scipy.sparse as sp

from gnn.data.catalogue import UNKNOWN, Catalogue, Grouping
from gnn.data.interactions import Floats, Interactions, Ints, Matrix, halving
from gnn.recommendation.encoder import fit_encoder
from gnn.recommendation.peers.als import REGULARISATION, fit_als
from gnn.recommendation.peers.ease import LAMBDA, ease_weights, recent_query
from gnn.recommendation.settings import Settings
from gnn.recommendation.shop import Group, Shop, rows_to_one
from gnn.recommendation.spaces import FactorisedSpace, Space

SHORT: Final = timedelta(weeks=2)
LONG: Final = timedelta(weeks=8)


def fit_shop(history: Interactions, cutoff: datetime, settings: Settings, *, seed: int) -> Shop:
    """Learn the item's side from everything before the cutoff.

    Args:
        history: rows before the cutoff, of the items that can be recommended; later rows are left out again.
        cutoff: where the past ends.
        settings: of the model.
        seed: of what is learnt by chance.
    """
    history = history.before(cutoff).purchases()
    recent = _customers(history.between(cutoff - LONG, cutoff))
    at_place, everywhere = _places(history, cutoff, settings)
    return Shop(
        cutoff=cutoff,
        catalogue=history.catalogue,
        together=_together(history, settings),
        columns=_columns(history, cutoff, recent),
        groups=tuple(_group(name, grouping, recent) for name, grouping in groupings(history.catalogue)),
        relative_price=_relative_price(history),
        places=history.places,
        at_place=at_place,
        everywhere=everywhere,
        spaces=_spaces(history, cutoff, settings, seed),
    )


def groupings(catalogue: Catalogue) -> list[tuple[str, Grouping]]:
    """Category levels, qualities, and each quality inside the last level but one (the last where there is one only)."""
    levels = list(catalogue.levels.items())
    found = [*levels, *catalogue.qualities.items()]
    if levels:
        inside, level = levels[max(len(levels) - 2, 0)]
        found += [(f"{name} x {inside}", quality.crossed(level)) for name, quality in catalogue.qualities.items()]
    return found


def _customers(rows: Interactions) -> Floats:
    return np.asarray(rows.taken().sum(axis=0), dtype=np.float32).ravel()


def _columns(history: Interactions, cutoff: datetime, recent: Floats) -> Floats:
    latest = _customers(history.between(cutoff - SHORT, cutoff))
    key = history.customer.astype(np.int64) * len(history.catalogue) + history.item
    order = np.lexsort((history.at, key))
    _, first = np.unique(key[order], return_index=True)
    rows = np.zeros(len(history), dtype=bool)
    rows[order[first]] = True
    newcomers = _customers(history.where(rows).between(cutoff - LONG, cutoff))
    trend = np.log1p(latest) - np.log1p(recent)
    return np.stack([np.log1p(recent), trend, np.log1p(_customers(history)), np.log1p(newcomers)], axis=1).astype(np.float32)


def _together(history: Interactions, settings: Settings) -> Matrix:
    taken = history.taken()
    size = taken.shape[1]
    customers = np.asarray(taken.sum(axis=0)).ravel()
    known = np.sort(np.argsort(-customers, kind="stable")[: settings.most_items_together])
    weights = ease_weights(taken[:, known], LAMBDA)
    kept = strongest(weights, settings.neighbours).tocoo()
    return sp.csr_matrix((kept.data, (known[kept.row], known[kept.col])), shape=(size, size), dtype=np.float32)


def strongest(weights: Floats, neighbours: int) -> Matrix:
    """The weights of greatest absolute value in each row, the others 0."""
    rows, columns = weights.shape
    count = min(neighbours, columns)
    if not count:
        return sp.csr_matrix(weights.shape, dtype=np.float32)
    chosen = np.empty((rows, count), dtype=np.int32)
    for start in range(0, rows, 512):
        chosen[start : start + 512] = np.argpartition(-np.abs(weights[start : start + 512]), count - 1, axis=1)[:, :count]
    row = np.repeat(np.arange(rows), count)
    column = chosen.ravel()
    kept = sp.csr_matrix((weights[row, column], (row, column)), shape=weights.shape, dtype=np.float32)
    kept.eliminate_zeros()
    return kept


def _group(name: str, grouping: Grouping, recent: Floats) -> Group:
    known = grouping.codes != UNKNOWN
    customers = recent + 1
    total = np.bincount(grouping.codes[known], weights=customers[known], minlength=len(grouping.names))
    log_share = np.zeros(len(recent), dtype=np.float32)
    log_share[known] = np.log(customers[known] / total[grouping.codes[known]])
    return Group(name=name, grouping=grouping, log_share=log_share)


def _relative_price(history: Interactions) -> Floats:
    """Logarithm of each item's median unit price, less the mean of its group: the last category level but one, or all items."""
    prices = np.log(median_of(history.item, history.unit_price, len(history.catalogue)))
    levels = list(history.catalogue.levels.values())
    codes: Ints = levels[max(len(levels) - 2, 0)].codes if levels else np.zeros(len(prices), dtype=np.int32)
    known = np.isfinite(prices) & (codes != UNKNOWN)
    relative = np.zeros(len(prices), dtype=np.float32)
    if known.any():
        groups = codes[known]
        mean = np.bincount(groups, weights=prices[known]) / np.maximum(np.bincount(groups), 1)
        relative[known] = prices[known] - mean[groups]
    return relative


def median_of(group: Ints, values: Floats, groups: int) -> Floats:
    """The lower median of the known values of each group, NaN where there are none, shape ``(groups,)``."""
    known = np.isfinite(values)
    group, values = group[known], values[known]
    order = np.lexsort((values, group))
    counts = np.bincount(group, minlength=groups)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    median = np.full(groups, np.nan, dtype=np.float32)
    present = counts > 0
    median[present] = values[order][(starts + (counts - 1) // 2)[present]]
    return median


def _places(history: Interactions, cutoff: datetime, settings: Settings) -> tuple[Matrix, Floats]:
    placed = history.where(history.place != UNKNOWN)
    weights = halving(placed.age_days(cutoff), settings.half_life)
    shape = (len(history.places), len(history.catalogue))
    sold = sp.csr_matrix((weights, (placed.place, placed.item)), shape=shape, dtype=np.float32)
    sold.sum_duplicates()
    everywhere = np.asarray(sold.sum(axis=0), dtype=np.float32).ravel()
    return rows_to_one(sold), everywhere / max(float(everywhere.sum()), 1.0)


def _spaces(history: Interactions, cutoff: datetime, settings: Settings, seed: int) -> dict[str, Space]:
    query = recent_query(history, cutoff)
    factorised = fit_als(query, seed=seed, factors=settings.factors, alpha=settings.alpha)
    return {
        "factorised": FactorisedSpace(items=factorised.items, alpha=settings.alpha, regularisation=REGULARISATION),
        "encoded": fit_encoder(query, history.taken(), settings, seed=seed),
    }
