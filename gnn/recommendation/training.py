"""Training on rolling cutoffs: what came before a cutoff makes the factors, what came in the horizon after it is foretold."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray

from gnn.data.interactions import Interactions
from gnn.errors import InteractionsError
from gnn.recommendation.customers import Customers, look_at
from gnn.recommendation.factors import factors_of, weigh
from gnn.recommendation.fitting import fit_shop
from gnn.recommendation.network import FactorNetwork, choose, listwise_loss, listwise_weight, standardisation
from gnn.recommendation.network_weights import NetworkWeights
from gnn.recommendation.settings import Settings
from gnn.recommendation.shop import Shop
from gnn.recommendation.team import Team, device, team

SAMPLED_CUSTOMERS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A cutoff to learn at: both sides of the factors before it, and the targets after it, shape ``(customers, items)``."""

    shop: Shop
    customers: Customers
    targets: sp.csr_matrix


def candidates_at(interactions: Interactions, cutoff: datetime, settings: Settings) -> NDArray[np.int32]:
    """The items that can be recommended at a cutoff: those that enough customers had bought before it.

    Raises:
        InteractionsError: there are none.
    """
    items = interactions.before(cutoff).items_of(settings.least_customers)
    if not len(items):
        raise InteractionsError(f"before {cutoff.date()} no item was bought by {settings.least_customers} customers")
    return items


def moment(interactions: Interactions, cutoff: datetime, settings: Settings, *, seed: int) -> Moment:
    """Everything to learn at one cutoff.

    Raises:
        InteractionsError: no item was bought by enough customers before it.
    """
    rows = interactions.of_items(candidates_at(interactions, cutoff, settings))
    history = rows.before(cutoff)
    shop = fit_shop(history, cutoff, settings, seed=seed)
    return Moment(
        shop=shop,
        customers=look_at(shop, history, cutoff, settings),
        targets=rows.between(cutoff, cutoff + settings.horizon).taken(),
    )


def earlier_cutoffs(interactions: Interactions, cutoff: datetime, settings: Settings) -> list[datetime]:
    """The cutoffs to train on: one to ``settings.cutoffs`` horizons before, so that every target lies before ``cutoff``.

    Those with less than a horizon of history are left out.

    Raises:
        InteractionsError: none is left.
    """
    start, _ = interactions.span()
    cutoffs = [cutoff - step * settings.horizon for step in range(settings.cutoffs, 0, -1)]
    found = [each for each in cutoffs if each - settings.horizon >= start]
    if not found:
        raise InteractionsError(f"before {cutoff.date()} there are less than two horizons of {settings.horizon}: from {start}")
    return found


def train(moments: list[Moment], settings: Settings, *, seed: int) -> NetworkWeights:
    """Train both heads together: softmax over all items, and over those new to the customer.

    Args:
        moments: cutoffs of one shop with the same factors.
        settings: of the model.
        seed: of weights, order and samples.
    """
    torch.manual_seed(seed)
    generator = np.random.default_rng(seed)
    together = team()
    network = _new_network(moments, settings, generator).to(device())
    together.begin_alike(network)
    customers = [min(len(_judged(each)), settings.most_customers) for each in moments]
    steps = settings.epochs * sum(-(-count // settings.batch) for count in customers)
    optimiser = torch.optim.AdamW(network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 1.0 / max(steps, 1), total_iters=max(steps, 1))
    for _ in range(settings.epochs):
        for at, block in _batches(moments, settings, generator):
            items = choose(generator, len(at.shop.catalogue), settings.sample)
            loss = _loss(network, at, together.share(block), items, together)
            optimiser.zero_grad()
            loss.backward()
            together.add_gradients(network)
            optimiser.step()
            schedule.step()
    return network.weights()


def _loss(network: FactorNetwork, at: Moment, block: NDArray[np.int64], items: NDArray[np.int64], together: Team) -> torch.Tensor:
    """Of this process's share of a batch: what it adds to the loss of the whole."""
    factors = torch.from_numpy(weigh(at.shop, at.customers.block(block), items)).to(device())
    wanted = torch.from_numpy(at.targets[block][:, items].toarray()).to(device())
    taken = factors[..., network.taken] > 0
    scores = network(factors)
    unseen = wanted.masked_fill(taken, 0.0)
    fresh = listwise_loss(scores.masked_fill(taken, -torch.inf), unseen)
    of_any = together.weighed(listwise_loss(scores, wanted), listwise_weight(wanted))
    return of_any + together.weighed(fresh, listwise_weight(unseen))


def _new_network(moments: list[Moment], settings: Settings, generator: np.random.Generator) -> FactorNetwork:
    samples = []
    for at in moments:
        judged = _judged(at)
        block = generator.choice(judged, min(SAMPLED_CUSTOMERS, len(judged)), replace=False)
        items = choose(generator, len(at.shop.catalogue), settings.sample)
        factors = weigh(at.shop, at.customers.block(block), items)
        samples.append(factors.reshape(-1, factors.shape[-1]))
    mean, deviation = standardisation(np.concatenate(samples))
    return FactorNetwork(factors_of(moments[0].shop), mean, deviation, settings.hidden)


def _judged(at: Moment) -> NDArray[np.int64]:
    """Customers who took something in the horizon."""
    return np.flatnonzero(np.diff(at.targets.indptr) > 0)


def _batches(
    moments: list[Moment], settings: Settings, generator: np.random.Generator
) -> Iterator[tuple[Moment, NDArray[np.int64]]]:
    """The judged customers of every moment once, at most so many of each, in random order; one batch is of one moment."""
    batches = []
    for at in moments:
        order = generator.permutation(_judged(at))[: settings.most_customers]
        batches += [(at, order[start : start + settings.batch]) for start in range(0, len(order), settings.batch)]
    for position in generator.permutation(len(batches)):
        yield batches[position]
