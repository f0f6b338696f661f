"""An inductive encoder of customers and items: a step of message passing from items to customers, trained on hidden items.

A customer has no parameters: it is the direction of the sum of its items' vectors, as in the mean aggregator of GraphSAGE
(Hamilton et al., NeurIPS 2017). A random share of each customer's items is hidden and to be foretold from the rest by a softmax
over the catalogue, as in Mult-DAE (Liang et al., WWW 2018).
"""

import warnings
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch_geometric.nn import MessagePassing, SimpleConv

from gnn.data.interactions import Floats, Matrix
from gnn.recommendation.settings import Settings
from gnn.recommendation.spaces import EncodedSpace
from gnn.recommendation.team import Team, device, team

BATCH: Final = 256
LEARNING_RATE: Final = 5e-3
DECAY: Final = 1e-4
SPREAD: Final = 0.05
SHARPNESS: Final = 5.0
HIDDEN_SHARE: Final = (0.1, 0.8)
LEAST_ITEMS: Final = 5
"""Customers of fewer items teach nothing: there is too little left when some are hidden."""


# Torch says on first use that CSR is in beta; what is used of it here is tested.
warnings.filterwarnings("ignore", message="Sparse CSR tensor support is in beta")


class Encoder(nn.Module):
    """Scores of the catalogue for customers made of their items.

    Args:
        popularity: the share of each item in what was taken, shape ``(items,)``, none 0.
        width: of the vectors.
    """

    def __init__(self, popularity: Floats, width: int) -> None:
        super().__init__()
        self.taken = nn.Parameter(torch.randn(len(popularity), width) * SPREAD)
        self.wanted = nn.Parameter(torch.randn(len(popularity), width) * SPREAD)
        self.bias = nn.Parameter(torch.from_numpy(np.log(popularity)))
        self.sharpness = nn.Parameter(torch.tensor(SHARPNESS))
        self.gather: MessagePassing = SimpleConv(aggr="sum")  # type: ignore[abstract]

    def forward(self, query: Tensor) -> Tensor:
        """Scores, shape ``(customers, items)``, from weighted items, sparse CSR of the same shape."""
        customers = nn.functional.normalize(self.gather((self.taken, None), query), dim=1)
        return self.sharpness * customers @ self.wanted.T + self.bias


def fit_encoder(query: Matrix, taken: Matrix, settings: Settings, *, seed: int) -> EncodedSpace:
    """Train the encoder on what customers took before a cutoff.

    Args:
        query: weighted items of each customer, shape ``(customers, items)``.
        taken: 1 where a customer took an item, same shape.
        settings: of the model.
        seed: of the vectors, the order and the hiding.
    """
    torch.manual_seed(seed)
    generator = np.random.default_rng(seed)
    counts = np.asarray(taken.sum(axis=0), dtype=np.float32).ravel() + 1
    together = team()
    encoder = Encoder(counts / counts.sum(), settings.width).to(device())
    together.begin_alike(encoder)
    learners = np.flatnonzero(np.diff(query.indptr) >= LEAST_ITEMS)
    steps = settings.encoder_epochs * -(-min(len(learners), settings.most_encoded) // BATCH)
    optimiser = torch.optim.Adam(encoder.parameters(), lr=LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 1.0 / max(steps, 1), total_iters=max(steps, 1))
    for _ in range(settings.encoder_epochs):
        order = generator.permutation(learners)[: settings.most_encoded]
        for start in range(0, len(order), BATCH):
            loss = _hidden_items_loss(encoder, query[order[start : start + BATCH]], generator, together)
            optimiser.zero_grad()
            loss.backward()
            together.add_gradients(encoder)
            optimiser.step()
            schedule.step()
    with torch.no_grad():
        return EncodedSpace(taken=encoder.taken.cpu().numpy().copy(), items=(encoder.sharpness * encoder.wanted).cpu().numpy())


def _hidden_items_loss(encoder: Encoder, query: Matrix, generator: np.random.Generator, together: Team) -> Tensor:
    """Of this process's share of a batch; what is hidden is drawn for the whole of it, so that all draw alike."""
    hidden = _hide(query, generator)
    shown, asked = query.copy(), query.copy()
    shown.data = query.data * ~hidden
    asked.data = hidden.astype(np.float32)
    own = together.share(np.arange(query.shape[0]))
    shown, asked = shown[own], asked[own]
    shown.eliminate_zeros()
    seen = torch.from_numpy(shown.toarray() > 0).to(device())
    wanted = torch.from_numpy(asked.toarray()).to(device())
    chances = torch.log_softmax(encoder(to_torch(shown).to(device())).masked_fill(seen, -torch.inf), dim=1).masked_fill(seen, 0.0)
    foretold = -((chances * wanted).sum(dim=1) / wanted.sum(dim=1).clamp(min=1)).sum() / query.shape[0]
    size = (encoder.taken.square().sum() + encoder.wanted.square().sum()) / encoder.taken.shape[1]
    return foretold + DECAY * size / together.size


def _hide(query: Matrix, generator: np.random.Generator) -> NDArray[np.bool_]:
    """Which entries to hide: of each customer another share."""
    least, most = HIDDEN_SHARE
    share = generator.uniform(least, most, query.shape[0])
    return generator.random(query.nnz) < np.repeat(share, np.diff(query.indptr))


def to_torch(matrix: Matrix) -> Tensor:
    """A sparse matrix in torch, CSR."""
    return torch.sparse_csr_tensor(
        torch.from_numpy(matrix.indptr.astype(np.int64)),
        torch.from_numpy(matrix.indices.astype(np.int64)),
        torch.from_numpy(matrix.data.astype(np.float32)),
        size=matrix.shape,
        check_invariants=True,
    )
