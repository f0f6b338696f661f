"""Ranking the catalogue for customers, with a trained network or with one of the simple models that it must beat."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gnn.data.interactions import Floats
from gnn.recommendation.customers import Customers
from gnn.recommendation.factors import weigh
from gnn.recommendation.network_weights import NetworkWeights
from gnn.recommendation.shop import Shop

AT_ONCE: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranker:
    """A trained network with the shop and the customers that it ranks for."""

    network: NetworkWeights
    shop: Shop
    customers: Customers

    def scores(self, block: NDArray[np.integer]) -> Floats:
        """Scores of the catalogue for some customers, shape ``(block, items)``."""
        parts = [
            self.network.scores(weigh(self.shop, self.customers.block(block[start : start + AT_ONCE])))
            for start in range(0, len(block), AT_ONCE)
        ]
        return np.concatenate(parts)
