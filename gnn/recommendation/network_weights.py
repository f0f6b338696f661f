"""The trained network in NumPy: what a server of recommendations needs, without torch."""

from dataclasses import dataclass

import numpy as np

from gnn.data.interactions import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadWeights:
    """A straight line and a perceptron of two hidden layers over the same standardised factors.

    Attributes:
        line: shape ``(factors,)``.
        first: shape ``(factors, hidden)``; ``first_bias`` of shape ``(hidden,)``.
        second: shape ``(hidden, hidden)``; ``second_bias`` of shape ``(hidden,)``.
        last: shape ``(hidden,)``.
        bias: of the line and the last layer together.
    """

    line: Floats
    first: Floats
    first_bias: Floats
    second: Floats
    second_bias: Floats
    last: Floats
    bias: float

    def scores(self, factors: Floats) -> Floats:
        """Scores, shape ``(rows,)``, of standardised factors, shape ``(rows, factors)``."""
        hidden = np.maximum(factors @ self.first + self.first_bias, 0)
        hidden = np.maximum(hidden @ self.second + self.second_bias, 0)
        return np.asarray(factors @ self.line + hidden @ self.last + np.float32(self.bias), dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkWeights:
    """Both heads, with how the factors are standardised.

    Attributes:
        names: of the factors, in order.
        taken: the column that says whether the customer has taken the item.
        mean: of each column, shape ``(factors,)``; ``deviation`` alike.
        news: 1 for the columns that the head for new items looks at, shape ``(factors,)``.
        repeat: for items that the customer has taken before.
        new: for the others.
    """

    names: tuple[str, ...]
    taken: int
    mean: Floats
    deviation: Floats
    news: Floats
    repeat: HeadWeights
    new: HeadWeights

    def scores(self, factors: Floats) -> Floats:
        """Scores, shape ``(customers, items)``; their softmax over the catalogue is the chance of being the next item taken.

        Args:
            factors: shape ``(customers, items, factors)``, as :func:`gnn.recommendation.factors.weigh` gives them.
        """
        customers, items, columns = factors.shape
        rows = factors.reshape(-1, columns)
        taken = rows[:, self.taken] > 0
        standard = (rows - self.mean) / self.deviation
        # Rows of what was taken go through the head for new items too: leaving them out would copy all others.
        scores = self.new.scores(standard * self.news)
        if taken.any():
            scores[taken] = self.repeat.scores(standard[taken])
        return scores.reshape(customers, items)
