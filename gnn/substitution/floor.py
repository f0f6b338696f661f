"""The simple ways to rank what could replace a product.

The network is judged beside them, and where one of them does better, it is served.
"""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from gnn.data.interactions import Floats, Matrix
from gnn.substitution.factors import FREQUENT_DAYS, Question, row_on
from gnn.substitution.shelf import Shelf
from gnn.substitution.shopper import Shopper

PRIOR: Final = 5.0
BEHIND: Final = 1e-3

Rank = Callable[[Shelf, Shopper, Question], Floats]
"""A score of each candidate; greater is better. The shopper holds earlier days only."""


def popularity(shelf: Shelf, _: Shopper, question: Question) -> Floats:
    """Customers of the last 8 weeks."""
    lately, ever = shelf.lately[question.candidates], shelf.ever[question.candidates]
    return np.asarray(lately + BEHIND * ever, dtype=np.float32)


def popularity_at_place(shelf: Shelf, shopper: Shopper, question: Question) -> Floats:
    """Sales of the store in the last 8 weeks, with 5 more that are spread as the chain sells."""
    sold = row_on(shelf.at_place, question.place, question.candidates)
    return sold + np.float32(PRIOR) * _share(popularity(shelf, shopper, question))


def co_occurrence(shelf: Shelf, shopper: Shopper, question: Question) -> Floats:
    """Customers who bought both over the root of the product of each one's (cosine), popularity behind it."""
    both = row_on(shelf.pairs.customers, question.product, question.candidates)
    root = np.sqrt(np.maximum(shelf.ever[question.product] * shelf.ever[question.candidates], 1.0))
    return np.asarray(both / root + BEHIND * _share(popularity(shelf, shopper, question)), dtype=np.float32)


def switches(shelf: Shelf, shopper: Shopper, question: Question) -> Floats:
    """Past switches from the product, with 5 more that are spread as the category sells."""
    return _shrunk(shelf.pairs.switched, shelf, shopper, question)


def changes(shelf: Shelf, shopper: Shopper, question: Question) -> Floats:
    """Past changes between visits from the product, with 5 more that are spread as the category sells."""
    return _shrunk(shelf.pairs.changed, shelf, shopper, question)


def own(shelf: Shelf, shopper: Shopper, question: Question) -> Floats:
    """The shopper's days with each, halving in 16 weeks, popularity behind it."""
    return _own(shopper, question) + np.float32(BEHIND) * _share(popularity(shelf, shopper, question))


def own_then_changes(shelf: Shelf, shopper: Shopper, question: Question) -> Floats:
    """The same, changes behind it."""
    return _own(shopper, question) + np.float32(BEHIND) * _share(changes(shelf, shopper, question))


FLOOR: Final[Mapping[str, Rank]] = {
    "popularity in category": popularity,
    "popularity in category and store": popularity_at_place,
    "co-occurrence": co_occurrence,
    "switch counts": switches,
    "change counts": changes,
    "own frequency, then popularity": own,
    "own frequency, then changes": own_then_changes,
}


def _share(values: Floats) -> Floats:
    return values / max(float(values.sum()), 1e-9)


def _shrunk(matrix: Matrix, shelf: Shelf, shopper: Shopper, question: Question) -> Floats:
    return row_on(matrix, question.product, question.candidates) + np.float32(PRIOR) * _share(
        popularity(shelf, shopper, question)
    )


def _own(shopper: Shopper, question: Question) -> Floats:
    weights = np.exp2((shopper.day - question.day) / FREQUENT_DAYS)
    bought = np.zeros(len(question.candidates), dtype=np.float32)
    if len(bought):
        at = np.minimum(np.searchsorted(question.candidates, shopper.item), len(bought) - 1)
        np.add.at(bought, at, np.where(question.candidates[at] == shopper.item, weights, 0.0).astype(np.float32))
    return bought
