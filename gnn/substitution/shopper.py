"""What is known of one shopper: a value handed in with each question, so that a fitted model holds nothing personal."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gnn.data.catalogue import Catalogue
from gnn.data.interactions import SECONDS_PER_DAY, Floats, Interactions, Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Shopper:
    """The purchases of one shopper, one row for each item and day, ordered by day.

    Attributes:
        item: position in the catalogue, shape ``(rows,)``.
        day: days since 1970-01-01 UTC.
        log_price: logarithm of the unit price, NaN where unknown.
    """

    item: Ints
    day: NDArray[np.int64]
    log_price: Floats

    def before(self, day: int) -> "Shopper":
        """What was bought on earlier days."""
        end = int(np.searchsorted(self.day, day))
        return Shopper(item=self.item[:end], day=self.day[:end], log_price=self.log_price[:end])


NOBODY: Final = Shopper(
    item=np.zeros(0, dtype=np.int32), day=np.zeros(0, dtype=np.int64), log_price=np.zeros(0, dtype=np.float32)
)
"""A shopper of whom nothing is known."""


def shopper_of(
    catalogue: Catalogue, *, items: Sequence[str], at: Sequence[int], unit_prices: Sequence[float] | None = None
) -> Shopper:
    """A shopper out of purchases as they are kept elsewhere.

    Args:
        catalogue: of the model; items that it does not have are left out.
        items: the id of each item bought.
        at: when, in seconds since 1970-01-01 UTC.
        unit_prices: for how much; none known where not given.
    """
    position = {item: place for place, item in enumerate(catalogue.ids.tolist())} if items else {}
    found = np.array([position.get(item, -1) for item in items], dtype=np.int32)
    prices = np.full(len(found), np.nan) if unit_prices is None else np.asarray(unit_prices, dtype=np.float64)
    return _shopper(found[found >= 0], np.asarray(at, dtype=np.int64)[found >= 0], prices[found >= 0])


def shoppers_of(interactions: Interactions) -> list[Shopper]:
    """Every customer's purchases, by position of the customer."""
    rows = interactions.purchases()
    order = np.argsort(rows.customer, kind="stable")
    bounds = np.searchsorted(rows.customer[order], np.arange(len(rows.customers) + 1)).tolist()
    item, at, price = rows.item[order], rows.at[order], rows.unit_price[order]
    spans = pairwise(bounds)
    return [_shopper(item[start:end], at[start:end], price[start:end]) for start, end in spans]


def _shopper(item: Ints, at: NDArray[np.int64], price: NDArray[np.floating]) -> Shopper:
    day = at // SECONDS_PER_DAY
    order = np.lexsort((item, day))
    item, day, price = item[order], day[order], price[order]
    first = np.ones(len(item), dtype=bool)
    first[1:] = (item[1:] != item[:-1]) | (day[1:] != day[:-1])
    known = np.where(price > 0, price, np.nan)
    return Shopper(item=item[first], day=day[first], log_price=np.log(known[first]).astype(np.float32))
