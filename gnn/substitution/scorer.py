"""The scorer in NumPy: a straight line and a small perceptron over standardised factors."""

from dataclasses import dataclass

import numpy as np

from gnn.data.interactions import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorer:
    """Weights as the training left them.

    Attributes:
        names: the factors, in their order.
        mean: of each factor over the training sample, shape ``(factors,)``.
        deviation: standard deviation of each, same shape.
        line: weight of each, same shape.
        first: of the hidden layer, shape ``(factors, hidden)``; ``hidden`` is 0 where there is none.
        first_bias: shape ``(hidden,)``.
        last: shape ``(hidden,)``.
    """

    names: tuple[str, ...]
    mean: Floats
    deviation: Floats
    line: Floats
    first: Floats
    first_bias: Floats
    last: Floats

    def scores(self, factors: Floats) -> Floats:
        """A score of each candidate, shape ``(candidates,)``; greater is better, and its softmax is the chance of being taken.

        Args:
            factors: shape ``(candidates, factors)``, as they are.
        """
        standard = (factors - self.mean) / self.deviation
        hidden = np.maximum(standard @ self.first + self.first_bias, 0.0)
        return np.asarray(standard @ self.line + hidden @ self.last, dtype=np.float32)
