"""Implicit alternating least squares, by the ``implicit`` library (Hu, Koren and Volinsky, ICDM 2008)."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from gnn.data.interactions import Floats, Matrix

FACTORS: Final = 32
REGULARISATION: Final = 0.05
ITERATIONS: Final = 15
ALPHA: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Als:
    """Factors of customers and items, shape ``(customers, factors)`` and ``(items, factors)``."""

    customers: Floats
    items: Floats

    def scores(self, block: NDArray[np.integer]) -> Floats:
        """Inner products, shape ``(block, items)``."""
        return self.customers[block] @ self.items.T


def fit_als(
    weights: Matrix, *, seed: int, factors: int = FACTORS, regularisation: float = REGULARISATION, alpha: float = ALPHA
) -> Als:
    """Factorise what customers took, weighted.

    Args:
        weights: shape ``(customers, items)``; the confidence of an item taken is ``alpha * weight``, of any other 1.
        seed: of the first factors.
        factors: their number.
        regularisation: lambda.
        alpha: confidence of a unit of weight.
    """
    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(
            factors=factors, regularization=regularisation, alpha=alpha, iterations=ITERATIONS, random_state=seed
        )
        model.fit(weights, show_progress=False)
    return Als(customers=np.asarray(model.user_factors), items=np.asarray(model.item_factors))
