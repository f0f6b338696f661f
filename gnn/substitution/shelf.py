"""What a shop teaches about its items at a cutoff: the side of substitution that no customer is part of."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import svds

from gnn.data.catalogue import UNKNOWN, Catalogue
from gnn.data.interactions import Floats, Interactions, Matrix
from gnn.errors import InteractionsError
from gnn.substitution.needs import Need, wider
from gnn.substitution.pairs import Pairs, count_pairs
from gnn.substitution.settings import SubstitutionSettings
from gnn.substitution.switches import find_switches

SHORT: Final = timedelta(weeks=2)
LONG: Final = timedelta(weeks=8)
PRICED: Final = timedelta(weeks=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The items of a shop as of a cutoff.

    Attributes:
        cutoff: nothing at or after it is in here.
        catalogue: the items.
        needs: the need, then coarser category levels.
        pairs: counts of pairs.
        lately: customers of each item in the last 8 weeks, shape ``(items,)``.
        latest: in the last 2 weeks.
        ever: ever.
        log_price: logarithm of the median unit price of the last 12 weeks, of all time where it was not sold in them, NaN where
            unknown.
        places: ids of the places.
        at_place: customers' days of each item at each place in the last 8 weeks, shape ``(places, items)``.
        space: a unit vector of each item, or zeros, made of who bought it, shape ``(items, width)``.
        rarity: what an item counts for in a customer's place in that space, shape ``(items,)``.
    """

    cutoff: datetime
    catalogue: Catalogue
    needs: tuple[Need, ...]
    pairs: Pairs
    lately: Floats
    latest: Floats
    ever: Floats
    log_price: Floats
    places: NDArray[np.str_]
    at_place: Matrix
    space: Floats
    rarity: Floats


def fit_shelf(history: Interactions, cutoff: datetime, settings: SubstitutionSettings) -> Shelf:
    """Learn the items from everything before the cutoff.

    Args:
        history: rows of the catalogue; those at or after the cutoff are left out.
        cutoff: where the past ends.
        settings: of the model.

    Raises:
        InteractionsError: there is no purchase before the cutoff, or the items have no category.
    """
    history = history.before(cutoff).purchases()
    if not len(history):
        raise InteractionsError(f"there are no purchases before {cutoff.date()}")
    needs = wider(history.catalogue)
    grouping = needs[0].grouping
    recent = history.between(cutoff - LONG, cutoff)
    space, rarity = _space(history, settings)
    return Shelf(
        cutoff=cutoff,
        catalogue=history.catalogue,
        needs=needs,
        pairs=count_pairs(history, grouping, find_switches(history, grouping, settings.rule)),
        lately=_customers(recent),
        latest=_customers(history.between(cutoff - SHORT, cutoff)),
        ever=_customers(history),
        log_price=_log_price(history, cutoff),
        places=history.places,
        at_place=_at_place(recent),
        space=space,
        rarity=rarity,
    )


def _customers(rows: Interactions) -> Floats:
    return np.asarray(rows.taken().sum(axis=0), dtype=np.float32).ravel()


def _log_price(history: Interactions, cutoff: datetime) -> Floats:
    size = len(history.catalogue)
    late, early = (_medians(rows, size) for rows in (history.between(cutoff - PRICED, cutoff), history))
    return np.log(np.where(np.isfinite(late), late, early)).astype(np.float32)


def _medians(rows: Interactions, size: int) -> Floats:
    """The lower median unit price of each item, NaN where none is known."""
    known = np.isfinite(rows.unit_price)
    item, price = rows.item[known], rows.unit_price[known]
    order = np.lexsort((price, item))
    counts = np.bincount(item, minlength=size)
    ends = np.cumsum(counts)
    sold = counts > 0
    medians = np.full(size, np.nan, dtype=np.float32)
    medians[sold] = price[order][(ends - counts + (counts - 1) // 2)[sold]]
    return medians


def _at_place(rows: Interactions) -> Matrix:
    visits = rows.visits()
    visits = visits.where(visits.place != UNKNOWN)
    shape = (len(rows.places), len(rows.catalogue))
    ones = np.ones(len(visits), dtype=np.float32)
    counts = sp.csr_matrix((ones, (visits.place, visits.item)), shape=shape, dtype=np.float32)
    counts.sum_duplicates()
    counts.sort_indices()
    return counts


def _space(history: Interactions, settings: SubstitutionSettings) -> tuple[Floats, Floats]:
    """Right singular vectors of log counts, weighed by rarity, customers scaled to 1.

    S. Deerwester et al., "Indexing by Latent Semantic Analysis", JASIS 41(6), 1990, with customers for documents.
    """
    visits = history.visits()
    counts = visits.weighed(np.ones(len(visits), dtype=np.float32))
    customers = np.bincount(counts.indices, minlength=counts.shape[1])
    placed = customers >= settings.least_customers
    buyers = int((np.diff(counts.indptr) > 0).sum())
    rarity = np.where(placed, np.log(buyers / np.maximum(customers, 1)), 0.0).astype(np.float32)
    counts.data = np.log1p(counts.data)
    weighed = sp.csr_matrix(counts @ sp.diags(rarity), dtype=np.float32)
    length = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1))).ravel()
    scaled = sp.diags(np.divide(1.0, length, out=np.zeros(len(length)), where=length > 0)) @ weighed
    width = min(settings.space, min(scaled.shape) - 1, int(placed.sum()) - 1)
    if width < 1 or not scaled.nnz:
        return np.zeros((counts.shape[1], 1), dtype=np.float32), rarity
    start = np.ones(min(scaled.shape), dtype=np.float32)
    _, strength, vectors = svds(sp.csr_matrix(scaled, dtype=np.float32), k=width, v0=start)
    vectors = (vectors * np.sqrt(strength)[:, None]).T
    norm = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, norm, out=np.zeros_like(vectors), where=norm > 1e-8).astype(np.float32), rarity
