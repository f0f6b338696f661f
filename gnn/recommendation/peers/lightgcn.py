"""LightGCN with Bayesian personalised ranking, by PyTorch Geometric (He et al., SIGIR 2020)."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch_geometric.nn.models.lightgcn import LightGCN

from gnn.data.interactions import Floats, Matrix
from gnn.recommendation.encoder import to_torch

WIDTH: Final = 64
LAYERS: Final = 3
STEPS: Final = 300
PAIRS: Final = 65_536
LEARNING_RATE: Final = 1e-2
DECAY: Final = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphFactors:
    """Vectors of customers and items after propagation, shape ``(customers, width)`` and ``(items, width)``."""

    customers: Floats
    items: Floats

    def scores(self, block: NDArray[np.integer]) -> Floats:
        """Inner products, shape ``(block, items)``."""
        return self.customers[block] @ self.items.T


def fit_lightgcn(taken: Matrix, *, seed: int, steps: int = STEPS) -> GraphFactors:
    """Train on pairs of an item that a customer took and one drawn at random.

    Args:
        taken: 1 where a customer took an item, shape ``(customers, items)``.
        seed: of the vectors and the pairs.
        steps: of Adam, over the whole graph each.
    """
    torch.manual_seed(seed)
    generator = np.random.default_rng(seed)
    customers, items = taken.shape
    adjacency = _normalised(taken)
    model = LightGCN(customers + items, WIDTH, LAYERS)
    for layer in model.convs:
        setattr(layer, "normalize", False)  # noqa: B010, the adjacency is normalised already
    rows, columns = taken.nonzero()
    optimiser = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    for _ in range(steps):
        pairs = generator.integers(len(rows), size=PAIRS)
        who = torch.from_numpy(rows[pairs].astype(np.int64))
        took = torch.from_numpy(columns[pairs].astype(np.int64)) + customers
        other = torch.from_numpy(generator.integers(items, size=PAIRS)) + customers
        vectors = model.get_embedding(adjacency)
        wanted = (vectors[who] * vectors[took]).sum(dim=1)
        unwanted = (vectors[who] * vectors[other]).sum(dim=1)
        nodes = torch.cat([who, took, other])
        loss = model.recommendation_loss(wanted, unwanted, node_id=nodes, lambda_reg=DECAY)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        placed = model.get_embedding(adjacency).numpy()
    return GraphFactors(customers=placed[:customers], items=placed[customers:])


def _normalised(taken: Matrix) -> Tensor:
    """The symmetric adjacency of customers and items, each edge over the root of the product of its ends' degrees."""
    adjacency = sp.bmat([[None, taken], [taken.T, None]], format="csr", dtype=np.float32)
    degrees = np.asarray(adjacency.sum(axis=1)).ravel()
    scale = sp.diags(np.divide(1.0, np.sqrt(degrees), out=np.zeros_like(degrees), where=degrees > 0))
    return to_torch(sp.csr_matrix(scale @ adjacency @ scale))
