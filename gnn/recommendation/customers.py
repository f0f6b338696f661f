"""What customers did, as of a moment: the customer's side of every factor.

A customer has no parameters of its own: a new or an anonymous one is what it did so far, this session included.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnn.data.catalogue import UNKNOWN
from gnn.data.interactions import SECONDS_PER_DAY, Floats, Interactions, Matrix, halving, to_seconds
from gnn.recommendation.peers.ease import recent_query
from gnn.recommendation.settings import Settings
from gnn.recommendation.shop import Shop, rows_to_one

FREQUENT: Final = timedelta(weeks=16)
LATELY: Final = timedelta(weeks=4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Customers:
    """The customer's side of every factor, a row for each customer.

    Attributes:
        query: recent items, views included, shape ``(customers, items)``.
        taken: 1 where an item was bought.
        frequency: days on which an item was bought, halving in 16 weeks.
        lately: the same, halving in 4 weeks.
        last: days since an item was last bought, plus 1.
        due: the time since an item was last bought over the mean time between purchases, which is the time since the first over
            their number: 1 is about due.
        leanings: for each of the shop's groups, what share of the customer's items was of it, shape ``(customers, groups)``.
        at_places: what share of the customer's rows was at each place, shape ``(customers, places)``.
        price: mean relative price of the customer's items, shape ``(customers,)``.
        activity: log of recent purchases, shape ``(customers,)``.
        vectors: in each of the shop's spaces, shape ``(customers, width)``.
    """

    query: Matrix
    taken: Matrix
    frequency: Matrix
    lately: Matrix
    last: Matrix
    due: Matrix
    leanings: tuple[Matrix, ...]
    at_places: Matrix
    price: Floats
    activity: Floats
    vectors: tuple[Floats, ...]

    def block(self, rows: NDArray[np.integer]) -> "Customers":
        """Some of the customers, in that order."""
        return Customers(
            query=self.query[rows],
            taken=self.taken[rows],
            frequency=self.frequency[rows],
            lately=self.lately[rows],
            last=self.last[rows],
            due=self.due[rows],
            leanings=tuple(leaning[rows] for leaning in self.leanings),
            at_places=self.at_places[rows],
            price=self.price[rows],
            activity=self.activity[rows],
            vectors=tuple(vectors[rows] for vectors in self.vectors),
        )


def look_at(shop: Shop, history: Interactions, at: datetime, settings: Settings, *, place: str | None = None) -> Customers:
    """What every customer had done before a moment.

    Args:
        shop: whose items and places they are.
        history: rows of the shop's catalogue; those at or after the moment are left out.
        at: the moment.
        settings: of the model.
        place: where all customers are now; where not given, or unknown to the shop, the places that each went to count.
    """
    history = history.before(at)
    visits = history.visits()
    bought = visits.purchases()
    leaning = visits.weighed(halving(visits.age_days(at), settings.half_life) * visits.strength)
    weight = np.asarray(leaning.sum(axis=1)).ravel()
    lately = bought.weighed(halving(bought.age_days(at), LATELY))
    last, due = _pace(bought, at)
    query = recent_query(history, at)
    return Customers(
        query=query,
        taken=history.taken(),
        frequency=bought.weighed(halving(bought.age_days(at), FREQUENT)),
        lately=lately,
        last=last,
        due=due,
        leanings=tuple(rows_to_one(leaning @ group.incidence) for group in shop.groups),
        at_places=_here(shop, history, place) if place in shop.places else _at_places(history, at, settings),
        price=np.divide(leaning @ shop.relative_price, weight, out=np.zeros(len(weight), dtype=np.float32), where=weight > 0),
        activity=np.log1p(np.asarray(lately.sum(axis=1), dtype=np.float32)).ravel(),
        vectors=tuple(space.place(query) for space in shop.spaces.values()),
    )


def _pace(bought: Interactions, at: datetime) -> tuple[Matrix, Matrix]:
    """Days since each item was last bought, plus 1, and how due it is."""
    key = bought.customer.astype(np.int64) * len(bought.catalogue) + bought.item
    order = np.lexsort((bought.at, key))
    _, first, counts = np.unique(key[order], return_index=True, return_counts=True)
    oldest, newest = order[first], order[first + counts - 1]
    age = (to_seconds(at) - bought.at) / SECONDS_PER_DAY + 1
    where = (bought.customer[newest], bought.item[newest])
    last = age[newest].astype(np.float32)
    due = (age[newest] * counts / age[oldest]).astype(np.float32)
    return sp.csr_matrix((last, where), shape=bought.shape), sp.csr_matrix((due, where), shape=bought.shape)


def _here(shop: Shop, history: Interactions, place: str | None) -> Matrix:
    here = np.zeros((len(history.customers), len(shop.places)), dtype=np.float32)
    here[:, np.flatnonzero(shop.places == place)] = 1.0
    return sp.csr_matrix(here)


def _at_places(history: Interactions, at: datetime, settings: Settings) -> Matrix:
    placed = history.where(history.place != UNKNOWN)
    weights = halving(placed.age_days(at), settings.half_life)
    shape = (len(history.customers), len(history.places))
    rows = sp.csr_matrix((weights, (placed.customer, placed.place)), shape=shape, dtype=np.float32)
    return rows_to_one(rows)
