"""The simple models that the network must beat, out of the same factors: what is served where it does not."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gnn.data.interactions import Floats
from gnn.recommendation.customers import Customers
from gnn.recommendation.factors import factors_of, weigh
from gnn.recommendation.peers.personal import BEHIND
from gnn.recommendation.shop import Shop

Column = Callable[[str], Floats]
EASE_BEHIND: Final = 0.2


def _popularity(column: Column) -> Floats:
    return column("popularity")


def _personal(column: Column) -> Floats:
    customers = np.expm1(column("popularity"))
    most = np.maximum(customers.max(axis=-1, keepdims=True, initial=0), 1.0)
    return np.expm1(column("frequency")) + np.float32(BEHIND) * customers / most


def _ease(column: Column) -> Floats:
    return column("together")


def _personal_and_ease(column: Column) -> Floats:
    return _personal(column) + np.float32(EASE_BEHIND) * column("together")


def _als(column: Column) -> Floats:
    return column("factorised")


FLOOR: Final[Mapping[str, Callable[[Column], Floats]]] = {
    "popularity": _popularity,
    "personal frequency": _personal,
    "EASE": _ease,
    "personal frequency + 0.2 EASE": _personal_and_ease,
    "implicit ALS": _als,
}


def floor_scores(name: str, names: Sequence[str], factors: Floats) -> Floats:
    """Scores of one of the simple models.

    Args:
        name: a key of ``FLOOR``.
        names: of the factors, in order.
        factors: shape ``(customers, items, factors)``.

    Returns:
        Shape ``(customers, items)``.
    """
    return FLOOR[name](lambda column: factors[..., names.index(column)])


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorRanker:
    """One of the simple models with the shop and the customers that it ranks for."""

    name: str
    shop: Shop
    customers: Customers

    def scores(self, block: NDArray[np.integer]) -> Floats:
        """Scores of the catalogue for some customers, shape ``(block, items)``."""
        names = [factor.name for factor in factors_of(self.shop)]
        return floor_scores(self.name, names, weigh(self.shop, self.customers.block(block)))
