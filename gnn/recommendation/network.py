"""The network that weighs the factors: one head for what a customer has taken before, one for what is new to it."""

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gnn.data.interactions import Floats
from gnn.recommendation.factors import Factor, Family
from gnn.recommendation.network_weights import HeadWeights, NetworkWeights

TAKEN: Final = "taken"


class Head(nn.Module):
    """A straight line and a small perceptron over the same standardised factors; the perceptron begins at nothing."""

    def __init__(self, factors: int, hidden: int) -> None:
        super().__init__()
        self.line = nn.Linear(factors, 1)
        self.first = nn.Linear(factors, hidden)
        self.second = nn.Linear(hidden, hidden)
        self.last = nn.Linear(hidden, 1)
        nn.init.zeros_(self.last.weight)

    def forward(self, factors: Tensor) -> Tensor:
        """Scores, shape ``(...)``, of factors of shape ``(..., factors)``."""
        hidden = torch.relu(self.second(torch.relu(self.first(factors))))
        return (self.line(factors) + self.last(hidden)).squeeze(-1)

    def weights(self) -> HeadWeights:
        """The same in NumPy."""
        return HeadWeights(
            line=_numpy(self.line.weight[0]),
            first=_numpy(self.first.weight.T),
            first_bias=_numpy(self.first.bias),
            second=_numpy(self.second.weight.T),
            second_bias=_numpy(self.second.bias),
            last=_numpy(self.last.weight[0]),
            bias=(self.line.bias + self.last.bias).item(),
        )


class FactorNetwork(nn.Module):
    """Scores of customers and items from their factors.

    Args:
        factors: the columns, one of which says whether the customer has taken the item.
        mean: of each column over a sample, shape ``(factors,)``.
        deviation: standard deviation of each column, same shape.
        hidden: width of the hidden layers.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, factors: tuple[Factor, ...], mean: Floats, deviation: Floats, hidden: int) -> None:
        super().__init__()
        self.taken = [factor.name for factor in factors].index(TAKEN)
        self.names = tuple(factor.name for factor in factors)
        self.register_buffer("mean", torch.from_numpy(np.asarray(mean, dtype=np.float32)))
        self.register_buffer("deviation", torch.from_numpy(np.asarray(deviation, dtype=np.float32)))
        habits = torch.tensor([factor.family is Family.HABIT for factor in factors])
        self.register_buffer("news", (~habits).float(), persistent=False)
        self.repeat = Head(len(factors), hidden)
        self.new = Head(len(factors), hidden)

    def forward(self, factors: Tensor) -> Tensor:
        """Scores, shape ``(customers, items)``; their softmax over the catalogue is the chance of being the next item taken.

        Args:
            factors: shape ``(customers, items, factors)``, as they are.
        """
        taken = factors[..., self.taken] > 0
        standard = (factors - self.mean) / self.deviation
        scores = self.new(standard * self.get_buffer("news"))
        if bool(taken.any()):
            scores = scores.clone()
            scores[taken] = self.repeat(standard[taken])
        return scores

    def weights(self) -> NetworkWeights:
        """The same in NumPy."""
        return NetworkWeights(
            names=self.names,
            taken=self.taken,
            mean=_numpy(self.mean),
            deviation=_numpy(self.deviation),
            news=_numpy(self.get_buffer("news")),
            repeat=self.repeat.weights(),
            new=self.new.weights(),
        )


def _numpy(tensor: Tensor) -> Floats:
    return np.ascontiguousarray(tensor.detach().cpu().numpy(), dtype=np.float32)


def standardisation(sample: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each column; a column that never varies counts as varying by 1.

    Args:
        sample: shape ``(rows, factors)``.
    """
    deviation = sample.std(axis=0)
    return sample.mean(axis=0), np.where(deviation > 1e-6, deviation, 1.0).astype(np.float32)


def listwise_loss(scores: Tensor, wanted: Tensor) -> Tensor:
    """Cross-entropy of each customer's targets under the softmax over the items, weighed by the root of their number.

    Args:
        scores: shape ``(customers, items)``; items that do not compete are at minus infinity.
        wanted: 1 where the item was taken afterwards, same shape; 0 where it does not compete.
    """
    counts = wanted.sum(dim=1)
    judged = counts > 0
    if not bool(judged.any()):
        return scores.sum() * 0.0
    chances = torch.log_softmax(scores[judged], dim=1).masked_fill(wanted[judged] == 0, 0.0)
    weights = counts[judged].sqrt()
    return -(chances.sum(dim=1) / counts[judged] * weights).sum() / weights.sum()


def listwise_weight(wanted: Tensor) -> Tensor:
    """What the customers of :func:`listwise_loss` weigh together: the roots of their targets' numbers, added up."""
    return wanted.sum(dim=1).sqrt().sum()


def choose(generator: np.random.Generator, items: int, sample: int) -> NDArray[np.int64]:
    """A random part of the catalogue, ascending: the softmax over it stands for that over the whole."""
    if sample >= items:
        return np.arange(items)
    return np.sort(generator.choice(items, sample, replace=False))
