"""Who took what, when and for how much: the one shape that every model here learns from."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnn.data.catalogue import Catalogue
from gnn.errors import InteractionsError

SECONDS_PER_DAY = 86_400
PURCHASE = 1.0
"""The strength of a purchase."""

Matrix = sp.csr_matrix
Floats = NDArray[np.float32]
Ints = NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interactions:
    """Rows of one customer taking one item at one time, in no particular order.

    Attributes:
        customers: the ids of the customers, distinct; ``customer`` points into them.
        catalogue: the items; ``item`` points into it.
        customer: shape ``(rows,)``.
        item: shape ``(rows,)``.
        at: seconds since 1970-01-01 UTC, shape ``(rows,)``.
        quantity: how many were taken, shape ``(rows,)``; 1 where it was not said.
        strength: how much a row says, shape ``(rows,)``: 1 for a purchase, less for a look.
        unit_price: what one of them cost, in the shop's currency, shape ``(rows,)``; NaN where it is unknown or not positive.
        place: where it was taken (a store, a channel), shape ``(rows,)``, ``-1`` where unknown; points into ``places``.
        places: the ids of the places.
    """

    customers: NDArray[np.str_]
    catalogue: Catalogue
    customer: Ints
    item: Ints
    at: NDArray[np.int64]
    quantity: Floats
    strength: Floats
    unit_price: Floats
    place: Ints
    places: NDArray[np.str_]

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.at)

    @property
    def shape(self) -> tuple[int, int]:
        """Customers and items."""
        return len(self.customers), len(self.catalogue)

    def span(self) -> tuple[datetime, datetime]:
        """The first and the last moment.

        Raises:
            InteractionsError: there are no rows.
        """
        if not len(self):
            raise InteractionsError("there are no interactions")
        return from_seconds(int(self.at.min())), from_seconds(int(self.at.max()))

    def where(self, rows: NDArray[np.bool_]) -> "Interactions":
        """The rows for which ``rows`` is true; customers, items and places stay as they are."""
        return Interactions(
            customers=self.customers,
            catalogue=self.catalogue,
            customer=self.customer[rows],
            item=self.item[rows],
            at=self.at[rows],
            quantity=self.quantity[rows],
            strength=self.strength[rows],
            unit_price=self.unit_price[rows],
            place=self.place[rows],
            places=self.places,
        )

    def before(self, cutoff: datetime) -> "Interactions":
        """What was known at a cutoff: rows strictly before it."""
        return self.where(self.at < to_seconds(cutoff))

    def between(self, start: datetime, end: datetime) -> "Interactions":
        """Rows at or after ``start`` and before ``end``."""
        return self.where((self.at >= to_seconds(start)) & (self.at < to_seconds(end)))

    def of_items(self, items: NDArray[np.integer]) -> "Interactions":
        """Only these items, numbered anew in the order given; rows of others are left out."""
        position = np.full(len(self.catalogue), -1, dtype=np.int32)
        position[items] = np.arange(len(items), dtype=np.int32)
        moved = position[self.item]
        kept = self.where(moved >= 0)
        return Interactions(
            customers=kept.customers,
            catalogue=self.catalogue.take(items),
            customer=kept.customer,
            item=moved[moved >= 0],
            at=kept.at,
            quantity=kept.quantity,
            strength=kept.strength,
            unit_price=kept.unit_price,
            place=kept.place,
            places=kept.places,
        )

    def items_of(self, at_least_customers: int) -> NDArray[np.int32]:
        """The items that at least so many different customers took, ascending."""
        return np.flatnonzero(np.asarray(self.taken().sum(axis=0)).ravel() >= at_least_customers).astype(np.int32)

    def purchases(self) -> "Interactions":
        """Rows that are purchases."""
        return self.where(self.strength >= PURCHASE)

    def taken(self) -> Matrix:
        """1 where a customer bought an item, shape ``(customers, items)``."""
        bought = self.purchases()
        matrix = bought.weighed(np.ones(len(bought), dtype=np.float32))
        matrix.data[:] = 1.0
        return matrix

    def weighed(self, weights: Floats) -> Matrix:
        """The sum of the weights of each customer's rows of each item, shape ``(customers, items)``."""
        matrix = sp.csr_matrix((weights, (self.customer, self.item)), shape=self.shape, dtype=np.float32)
        matrix.sum_duplicates()
        return matrix

    def visits(self) -> "Interactions":
        """One row for each customer, item and day, the strongest: what is bought thrice in one basket was decided once."""
        days = self.at // SECONDS_PER_DAY
        key = (self.customer.astype(np.int64) * len(self.catalogue) + self.item) * (int(days.max(initial=0)) + 1) + days
        strongest = np.argsort(-self.strength, kind="stable")
        _, first = np.unique(key[strongest], return_index=True)
        rows = np.zeros(len(self), dtype=bool)
        rows[strongest[first]] = True
        return self.where(rows)

    def age_days(self, cutoff: datetime) -> Floats:
        """How long before a cutoff each row was, in days."""
        return ((to_seconds(cutoff) - self.at) / SECONDS_PER_DAY).astype(np.float32)


def to_seconds(at: datetime) -> int:
    """Seconds since 1970-01-01 UTC of a moment that knows its offset.

    Raises:
        InteractionsError: the moment has no offset.
    """
    if at.tzinfo is None:
        raise InteractionsError(f"the moment {at.isoformat()} says no offset from UTC")
    return int(at.timestamp())


def from_seconds(seconds: int) -> datetime:
    """The moment so many seconds after 1970-01-01 UTC."""
    return datetime.fromtimestamp(seconds, tz=UTC)


def halving(age_days: Floats, half_life: timedelta) -> Floats:
    """Weights that halve with each half-life of age."""
    half_life_days = half_life / timedelta(days=1)
    return np.exp2(-age_days / np.float32(half_life_days)).astype(np.float32)
