"""Training on rolling cutoffs: the shelf of before a cutoff, the switches of the horizon after it. The only module with torch."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gnn.data.interactions import Floats, Interactions
from gnn.errors import InteractionsError
from gnn.substitution.factors import Question, factors_of, weigh
from gnn.substitution.needs import needs_of
from gnn.substitution.scorer import Scorer
from gnn.substitution.settings import SubstitutionSettings
from gnn.substitution.shelf import Shelf, fit_shelf
from gnn.substitution.shopper import Shopper, shoppers_of
from gnn.substitution.substitution import Substitution, known_candidates
from gnn.substitution.switches import Switches, find_switches

LEAST_SWITCHES: Final = 50
STANDARD_FROM: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One switch to learn from: the factors of its candidates, shape ``(candidates, factors)``, and which of them was taken."""

    factors: Floats
    taken: int


class Network(nn.Module):
    """The scorer as torch trains it; see :class:`gnn.substitution.scorer.Scorer`."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, mean: Floats, deviation: Floats, hidden: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.from_numpy(mean))
        self.register_buffer("deviation", torch.from_numpy(deviation))
        self.line = nn.Linear(len(mean), 1, bias=False)
        nn.init.zeros_(self.line.weight)
        self.first = nn.Linear(len(mean), hidden) if hidden else None
        self.last = nn.Linear(hidden, 1, bias=False) if hidden else None
        if self.last is not None:
            nn.init.zeros_(self.last.weight)

    def forward(self, factors: Tensor) -> Tensor:
        """Scores, shape ``(...)``, of factors of shape ``(..., factors)``."""
        standard = (factors - self.mean) / self.deviation
        scores = self.line(standard)
        if self.first is not None and self.last is not None:
            scores = scores + self.last(torch.relu(self.first(standard)))
        return torch.as_tensor(scores).squeeze(-1)

    def scorer(self, names: tuple[str, ...]) -> Scorer:
        """The same in NumPy."""
        width = len(names)
        no_hidden = np.zeros((width, 0), dtype=np.float32), np.zeros(0, dtype=np.float32), np.zeros(0, dtype=np.float32)
        first, bias, last = no_hidden
        if self.first is not None and self.last is not None:
            first, bias, last = _numpy(self.first.weight.T), _numpy(self.first.bias), _numpy(self.last.weight[0])
        return Scorer(
            names=names,
            mean=_numpy(self.mean),
            deviation=_numpy(self.deviation),
            line=_numpy(self.line.weight[0]),
            first=first,
            first_bias=bias,
            last=last,
        )


def fit_substitution(interactions: Interactions, cutoff: datetime, settings: SubstitutionSettings, *, seed: int) -> Substitution:
    """Learn what replaces what from everything before a cutoff.

    Args:
        interactions: rows; those at or after the cutoff are left out.
        cutoff: where the past ends.
        settings: of the model.
        seed: of weights, order and samples.

    Raises:
        InteractionsError: the items have no category, or there are fewer than 50 switches to learn from.
    """
    history = interactions.before(cutoff).purchases()
    need = needs_of(history.catalogue)
    switches = find_switches(history, need, settings.rule)
    shoppers = shoppers_of(history)
    generator = np.random.default_rng(seed)
    examples: list[Example] = []
    for step in range(settings.cutoffs, 0, -1):
        start = cutoff - step * settings.horizon
        ahead = switches.between(start, start + settings.horizon)
        if not len(ahead) or not len(history.before(start)):
            continue
        if len(ahead) > settings.most_switches:
            ahead = ahead.where(np.sort(generator.choice(len(ahead), settings.most_switches, replace=False)))
        examples += examples_of(fit_shelf(history, start, settings), shoppers, ahead, settings, generator)
    if len(examples) < LEAST_SWITCHES:
        raise InteractionsError(
            f"{len(examples)} switches in {settings.cutoffs} x {settings.horizon.days} days before {cutoff.date()}; "
            f"at least {LEAST_SWITCHES} are needed"
        )
    names = factors_of(history.catalogue)
    network = train(examples, settings, seed=seed)
    return Substitution(shelf=fit_shelf(history, cutoff, settings), scorer=network.scorer(names), prior=settings.prior)


def examples_of(
    shelf: Shelf, shoppers: list[Shopper], switches: Switches, settings: SubstitutionSettings, generator: np.random.Generator
) -> list[Example]:
    """The factors of switches; those to an item that the shelf did not know yet are left out."""
    found = []
    for customer, product, taken, day, place in zip(
        switches.customer.tolist(),
        switches.product.tolist(),
        switches.taken.tolist(),
        switches.day.tolist(),
        switches.place.tolist(),
        strict=True,
    ):
        candidates = known_candidates(shelf, product)
        if shelf.ever[taken] == 0:
            continue
        if len(candidates) > settings.sample:
            some = generator.choice(candidates[candidates != taken], settings.sample - 1, replace=False)
            candidates = np.sort(np.append(some, np.int32(taken)))
        question = Question(product=product, candidates=candidates, day=day, place=place)
        factors = weigh(shelf, shoppers[customer].before(day), question, settings.prior)
        found.append(Example(factors=factors, taken=int(np.searchsorted(candidates, taken))))
    return found


def train(examples: list[Example], settings: SubstitutionSettings, *, seed: int) -> Network:
    """Softmax over each switch's candidates: the chance of the item that was taken is made as great as it can be."""
    torch.manual_seed(seed)
    generator = np.random.default_rng(seed)
    sample = np.concatenate([examples[at].factors for at in generator.permutation(len(examples))[:STANDARD_FROM]])
    deviation = sample.std(axis=0)
    deviation = np.where(deviation > 1e-6, deviation, 1.0).astype(np.float32)
    network = Network(sample.mean(axis=0).astype(np.float32), deviation, settings.hidden)
    steps = settings.epochs * -(-len(examples) // settings.batch)
    optimiser = torch.optim.AdamW(network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 1.0 / steps, total_iters=steps)
    for _ in range(settings.epochs):
        for factors, owner, taken in _batches(examples, settings.batch, generator):
            loss = listwise_loss(network(torch.from_numpy(factors)), torch.from_numpy(owner), torch.from_numpy(taken))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return network.eval()


def listwise_loss(scores: Tensor, owner: Tensor, taken: Tensor) -> Tensor:
    """Mean cross-entropy of what was taken under the softmax over each switch's candidates.

    Z. Cao et al., "Learning to Rank: From Pairwise Approach to Listwise Approach", ICML 2007, for lists of one relevant item.

    Args:
        scores: of all candidates of all switches, shape ``(rows,)``.
        owner: the switch of each row, from 0, same shape.
        taken: the row of each switch's item that was taken, shape ``(switches,)``.
    """
    greatest = torch.full((len(taken),), -torch.inf).scatter_reduce(0, owner, scores.detach(), "amax")
    total = torch.zeros(len(taken)).index_add(0, owner, torch.exp(scores - greatest[owner]))
    return (torch.log(total) + greatest - scores[taken]).mean()


def _batches(
    examples: list[Example], batch: int, generator: np.random.Generator
) -> Iterator[tuple[Floats, NDArray[np.int64], NDArray[np.int64]]]:
    order = generator.permutation(len(examples))
    for start in range(0, len(order), batch):
        block = [examples[at] for at in order[start : start + batch]]
        sizes = np.array([len(each.factors) for each in block])
        offsets = np.cumsum(sizes) - sizes
        taken = offsets + np.array([each.taken for each in block])
        yield np.concatenate([each.factors for each in block]), np.repeat(np.arange(len(block)), sizes), taken


def _numpy(tensor: Tensor) -> Floats:
    return np.ascontiguousarray(tensor.detach().numpy(), dtype=np.float32)
