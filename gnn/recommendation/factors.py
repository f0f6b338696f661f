"""The factors of a customer and an item: what the network weighs, and what a reason is given in."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gnn.data.catalogue import UNKNOWN
from gnn.data.interactions import Floats, Matrix
from gnn.recommendation.customers import Customers
from gnn.recommendation.shop import ITEM_COLUMNS, Shop

FLOOR: Final = 1e-4
"""Least share of a group: what a customer never took is not impossible."""
PLACE_FLOOR: Final = 1e-7
WEIGHT_BOUNDS: Final = (-0.2, 3.0)


class Family(StrEnum):
    """What a factor is about, for reasons in words."""

    TOGETHER = "together"
    HABIT = "habit"
    POPULAR = "popular"
    GROUP = "group"
    PLACE = "place"
    PRICE = "price"
    ACTIVITY = "activity"


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """One column of the factors; ``group`` is the position among the shop's groups, if it is about one."""

    name: str
    family: Family
    group: int | None = None


def factors_of(shop: Shop) -> tuple[Factor, ...]:
    """The columns that :func:`weigh` returns, in their order."""
    found = [Factor(name=name, family=Family.TOGETHER) for name in ("together", *shop.spaces)]
    found += [Factor(name=name, family=Family.HABIT) for name in ("frequency", "lately", "taken", "since", "due")]
    found += [Factor(name=name, family=Family.POPULAR) for name in ITEM_COLUMNS]
    for position, group in enumerate(shop.groups):
        found.append(Factor(name=f"{group.name} leaning", family=Family.GROUP, group=position))
        found.append(Factor(name=f"{group.name} share", family=Family.POPULAR, group=position))
    if len(shop.places):
        found.append(Factor(name="place", family=Family.PLACE))
    found.append(Factor(name="price", family=Family.PRICE))
    found.append(Factor(name="activity", family=Family.ACTIVITY))
    return tuple(found)


def weigh(shop: Shop, customers: Customers, items: NDArray[np.integer] | None = None) -> Floats:
    """The factors of customers and items.

    Args:
        shop: the item's side.
        customers: the customer's side; a block of at most some hundred rows, since the result is dense.
        items: positions in the catalogue; all where not given.

    Returns:
        Shape ``(customers, items, factors)``; columns as :func:`factors_of` says.
    """
    whole = items is None
    items = np.arange(len(shop.catalogue)) if items is None else items
    rows = customers.taken.shape[0]
    columns = factors_of(shop)
    # Column after column, seen as rows: each is written, and read by the network's product, without a stride.
    out = np.empty((len(columns), rows, len(items)), dtype=np.float32)

    def dense(matrix: Matrix) -> Floats:
        found: Floats = (matrix if whole else matrix[:, items]).toarray()
        return found

    taken = dense(customers.taken)
    together = dense(customers.query @ shop.together)
    values: list[Floats] = [
        np.clip(together, *WEIGHT_BOUNDS),
        *(vectors @ space.items[items].T for vectors, space in zip(customers.vectors, shop.spaces.values(), strict=True)),
        np.log1p(dense(customers.frequency)),
        np.log1p(dense(customers.lately)),
        taken,
        np.log1p(dense(customers.last)),
        np.log1p(dense(customers.due)),
        *(np.broadcast_to(shop.columns[items, column], taken.shape) for column in range(len(ITEM_COLUMNS))),
    ]
    for group, leaning in zip(shop.groups, customers.leanings, strict=True):
        codes = group.grouping.codes[items]
        share = (
            np.log(leaning.toarray() + np.float32(FLOOR))[:, np.maximum(codes, 0)] if leaning.shape[1] else np.zeros_like(taken)
        )
        values += [
            np.where(codes == UNKNOWN, np.float32(np.log(FLOOR)), share),
            np.broadcast_to(group.log_share[items], taken.shape),
        ]
    if len(shop.places):
        here = dense(customers.at_places @ shop.at_place)
        values.append(np.log((here + PLACE_FLOOR) / (shop.everywhere[items] + PLACE_FLOOR)))
    values.append(np.abs(shop.relative_price[items] - customers.price[:, None]))
    values.append(np.broadcast_to(customers.activity[:, None], taken.shape))
    for column, value in enumerate(values):
        out[column] = value
    return np.moveaxis(out, 0, 2)
