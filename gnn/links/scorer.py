"""The networks in NumPy: how likely two individuals are one person, and what the most doubtful of the networks says."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnn.data.interactions import Floats
from gnn.errors import ModelError
from gnn.links.factors import Factors

REACH = 6.0
"""Standard deviations to which factors are held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkNetwork:
    """Weights of one perceptron: each layer's, shape ``(in, out)``, and its bias, shape ``(out,)``."""

    weights: tuple[Floats, ...]
    biases: tuple[Floats, ...]

    def logits(self, standard: Floats) -> Floats:
        """Of standardised factors, shape ``(pairs,)``."""
        found = standard
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            found = found @ weight + bias
            if layer < len(self.weights) - 1:
                found = np.asarray(found / (1.0 + np.exp(-np.clip(found, -60.0, 60.0))), dtype=np.float32)
        return np.asarray(found[:, 0], dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chances:
    """Probabilities of pairs, shape ``(pairs,)`` each: by all networks together, and by the most doubtful of them."""

    probability: NDArray[np.float64]
    least: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkScorer:
    """A fitted predictor; it holds weights, and no record.

    Attributes:
        names: of the factors, in their order.
        mean: of each factor, shape ``(factors,)``.
        deviation: of each.
        networks: the ensemble.
        slope: of the calibrated log odds over the mean logit.
        offset: the same.
        version: its name in a store, empty outside of one.
    """

    names: tuple[str, ...]
    mean: Floats
    deviation: Floats
    networks: tuple[LinkNetwork, ...]
    slope: float = 1.0
    offset: float = 0.0
    version: str = ""

    def logits(self, factors: Factors) -> Floats:
        """Of every network, before calibration, shape ``(networks, pairs)``.

        Raises:
            ModelError: the factors are not those that it was trained on.
        """
        if factors.names != self.names:
            missing, more = set(self.names) - set(factors.names), set(factors.names) - set(self.names)
            raise ModelError(
                "the records state other fields than those that links were learnt from: "
                f"without {', '.join(sorted(missing)) or '-'}, with {', '.join(sorted(more)) or '-'}"
            )
        standard = np.clip((factors.values - self.mean) / self.deviation, -REACH, REACH)
        return np.stack([network.logits(standard) for network in self.networks])

    def chances(self, factors: Factors) -> Chances:
        """How likely each pair is one person."""
        logits = self.logits(factors).astype(np.float64)
        odds = self.slope * logits + self.offset
        together = self.slope * logits.mean(axis=0) + self.offset
        return Chances(probability=_sigmoid(together), least=_sigmoid(odds.min(axis=0)))


def _sigmoid(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(odds, -60.0, 60.0))))
