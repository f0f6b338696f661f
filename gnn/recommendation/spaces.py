"""Spaces in which customers lie near what they are likely to take: a customer's vector is made of what it did, untrained."""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from gnn.data.interactions import Floats, Matrix


class Space(Protocol):
    """Vectors of items, and the way from a customer's items to its vector; nearness is the inner product."""

    @property
    def items(self) -> Floats:
        """Shape ``(items, width)``."""
        ...

    def place(self, query: Matrix) -> Floats:
        """Vectors of customers, shape ``(customers, width)``, from their weighted items, shape ``(customers, items)``."""
        ...


@dataclass(frozen=True, kw_only=True)
class FactorisedSpace:
    """The item factors of implicit alternating least squares (Hu, Koren and Volinsky, ICDM 2008).

    Attributes:
        items: shape ``(items, width)``.
        alpha: confidence of a unit of weight.
        regularisation: lambda.
    """

    items: Floats
    alpha: float
    regularisation: float

    def place(self, query: Matrix) -> Floats:
        """One half-step of the alternation: each customer's least-squares vector, the items held fast.

        With confidence ``c = alpha * weight`` of the items taken and 1 of all others, the vector solves
        ``(Y'Y + lambda I + sum (c - 1) y y') x = sum c y``.
        """
        width = self.items.shape[1]
        common = self._common
        placed = np.zeros((query.shape[0], width), dtype=np.float32)
        for row in range(query.shape[0]):
            start, end = query.indptr[row], query.indptr[row + 1]
            if start == end:
                continue
            taken = self.items[query.indices[start:end]]
            confidence = np.float32(self.alpha) * query.data[start:end]
            placed[row] = np.linalg.solve(common + taken.T @ (taken * (confidence - 1)[:, None]), confidence @ taken)
        return placed

    @cached_property
    def _common(self) -> Floats:
        """What everybody's equations have in common, shape ``(width, width)``."""
        found: Floats = self.items.T @ self.items + self.regularisation * np.eye(self.items.shape[1], dtype=np.float32)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedSpace:
    """The space of the item encoder: a customer is the direction of the sum of the vectors of what it took.

    Attributes:
        taken: the vector that an item adds to a customer, shape ``(items, width)``.
        items: the vector that a customer who wants the item lies near, same shape.
    """

    taken: Floats
    items: Floats

    def place(self, query: Matrix) -> Floats:
        """Sums of the vectors of the items, each of length 1; a customer who took nothing is at 0."""
        summed = np.asarray(query @ self.taken, dtype=np.float32)
        length = np.linalg.norm(summed, axis=1, keepdims=True)
        return np.divide(summed, length, out=np.zeros_like(summed), where=length > 0)
