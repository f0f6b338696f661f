"""EASE: the linear item-to-item model in closed form.

H. Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", WWW 2019: with the Gram matrix ``G = X'X`` and
``P = (G + lambda I)^-1`` the weights are ``B = I - P diag(1 / diag(P))``, that is ``B_ij = -P_ij / P_jj`` off the diagonal and 0
on it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import get_lapack_funcs

from gnn.data.interactions import Floats, Interactions, Matrix, halving

LAMBDA: Final = 300.0
HALF_LIFE: Final = timedelta(weeks=8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ease:
    """A customer's recent items times the weights.

    Attributes:
        query: each customer's items, shape ``(customers, items)``.
        weights: from an item taken (row) to an item scored (column), shape ``(items, items)``.
    """

    query: Matrix
    weights: Floats

    def scores(self, block: NDArray[np.integer]) -> Floats:
        """Scores of the catalogue, shape ``(block, items)``."""
        return np.asarray(self.query[block] @ self.weights, dtype=np.float32)


def fit_ease(history: Interactions, cutoff: datetime, regularisation: float = LAMBDA, half_life: timedelta = HALF_LIFE) -> Ease:
    """Learn the weights from what was ever taken; ask with what was taken lately."""
    return Ease(query=recent_query(history, cutoff, half_life), weights=ease_weights(history.taken(), regularisation))


def recent_query(history: Interactions, cutoff: datetime, half_life: timedelta = HALF_LIFE) -> Matrix:
    """The square root of each customer's days with each item, halving with age: frequent and late counts more, never by far."""
    visits = history.visits()
    query = visits.weighed(halving(visits.age_days(cutoff), half_life) * visits.strength)
    np.sqrt(query.data, out=query.data)
    return query


def ease_weights(taken: Matrix, regularisation: float = LAMBDA) -> Floats:
    """The weights ``B``, shape ``(items, items)``: memory for two such matrices, time of one Cholesky inverse.

    Args:
        taken: 1 where a customer took an item, shape ``(customers, items)``.
        regularisation: lambda.
    """
    gram = np.asfortranarray((taken.T @ taken).toarray(), dtype=np.float32)
    gram[np.diag_indices_from(gram)] += regularisation
    factorise, invert = get_lapack_funcs(("potrf", "potri"), (gram,))
    factor, failed = factorise(gram, lower=1, overwrite_a=1)
    if failed:
        raise np.linalg.LinAlgError(f"the Gram matrix of {taken.shape[1]:,} items is not positive definite")
    inverse, _ = invert(factor, lower=1, overwrite_c=1)
    diagonal = inverse.diagonal().copy()
    lower = np.tril(inverse, -1)
    weights = (lower + lower.T) / -diagonal[None, :]
    return np.ascontiguousarray(weights, dtype=np.float32)
