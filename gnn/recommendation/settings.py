"""The settings of the recommender: chosen on validation weeks, the same for every shop but for what its size asks."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from gnn.data.interactions import Interactions

LEAST_HORIZONS: Final = 6
"""A shop's history holds at least so many horizons: to train, to validate and to have had a past before."""
LEAST_SHARE: Final = 0.008
LEAST_CUSTOMERS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the recommender is built and trained.

    Attributes:
        horizon: how far ahead it recommends; training and judging look at what was taken in so much time after a cutoff.
        cutoffs: how many earlier cutoffs, one horizon apart, it trains on.
        least_customers: items that fewer customers took are not recommended.
        half_life: of what a customer leans to (groups, places).
        neighbours: item-to-item weights kept for each item.
        most_items_together: only so many of the most taken items get item-to-item weights, which takes memory with the square.
        factors: width of the factorised space.
        alpha: confidence of a unit of weight in the factorised space.
        width: of the encoded space.
        encoder_epochs: passes over the customers for the encoded space, at each cutoff.
        hidden: width of the network's hidden layers.
        epochs: passes over the customers of all training cutoffs.
        most_customers: so many customers of each cutoff at most are learnt from in one pass, drawn anew for each, and so many are
            judged by at most.
        most_encoded: the same for the encoded space.
        batch: customers in one step.
        sample: items in one step: the softmax is over a random part of the catalogue of this size.
        learning_rate: of Adam at the first step; it falls to 0 in equal steps.
        weight_decay: of Adam.
    """

    horizon: timedelta = timedelta(weeks=6)
    cutoffs: int = 3
    least_customers: int = 20
    half_life: timedelta = timedelta(weeks=12)
    neighbours: int = 200
    most_items_together: int = 12_000
    factors: int = 32
    alpha: float = 5.0
    width: int = 64
    encoder_epochs: int = 8
    hidden: int = 64
    epochs: int = 8
    most_customers: int = 5_000
    most_encoded: int = 20_000
    batch: int = 32
    sample: int = 4_000
    learning_rate: float = 3e-3
    weight_decay: float = 1e-5


def settings_for(interactions: Interactions, settings: Settings | None = None) -> Settings:
    """The settings for a shop: a shorter horizon where its history is short, fewer customers of an item where it has few.

    Args:
        interactions: all that is known.
        settings: what to begin with; the defaults where not given.

    Raises:
        InteractionsError: there are no rows.
    """
    settings = settings or Settings()
    start, end = interactions.span()
    customers = round(LEAST_SHARE * len(interactions.customers))
    return replace(
        settings,
        horizon=min(settings.horizon, (end - start) / LEAST_HORIZONS),
        least_customers=max(LEAST_CUSTOMERS, min(settings.least_customers, customers)),
    )
