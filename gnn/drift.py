"""How far a shop has moved away from what a recommender was trained on."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from gnn.data.interactions import Interactions
from gnn.errors import InteractionsError
from gnn.recommendation.model import Recommender

GROUPS: Final = 10
LITTLE: Final = 0.1
MUCH: Final = 0.25
"""The usual bounds of the stability index: below the first little has changed, above the second much."""
LEAST_SHARE: Final = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What has changed since a cutoff.

    Attributes:
        purchases: since the cutoff.
        unknown: the share of them of products that the recommender does not know.
        stability: the population stability index of the known products, in ten groups that had equal shares when it was trained.
    """

    purchases: int
    unknown: float
    stability: float

    @property
    def verdict(self) -> str:
        """In words."""
        if self.stability < LITTLE:
            return "little has changed"
        return "something has changed" if self.stability < MUCH else "much has changed: train again"


def drift(recommender: Recommender, interactions: Interactions, *, until: datetime) -> Drift:
    """Compare what is bought since the recommender's cutoff with what was when it was trained.

    The index is ``sum over groups of (now - then) * ln(now / then)`` of their shares (Siddiqi, Credit Risk Scorecards, 2006).

    Args:
        recommender: as stored.
        interactions: all that is known by now.
        until: where to end.

    Raises:
        InteractionsError: nothing was bought since.
    """
    since = interactions.between(recommender.shop.cutoff, until).purchases()
    if not len(since):
        raise InteractionsError(f"from {recommender.shop.cutoff} to {until} nobody bought anything")
    known = recommender.renumbered(since)
    then = np.expm1(recommender.shop.columns[:, 0].astype(np.float64))
    now = np.asarray(known.taken().sum(axis=0), dtype=np.float64).ravel()
    order = np.argsort(-then, kind="stable")
    reached = np.cumsum(then[order]) / max(then.sum(), 1e-12)
    group = np.empty(len(then), dtype=np.int64)
    group[order] = np.minimum((reached * GROUPS - 1e-9).astype(np.int64), GROUPS - 1)
    shares = [np.bincount(group, weights=counts, minlength=GROUPS) / max(counts.sum(), 1e-12) for counts in (then, now)]
    before, after = (np.maximum(share, LEAST_SHARE) for share in shares)
    return Drift(
        purchases=len(since),
        unknown=1.0 - len(known) / len(since),
        stability=float(((after - before) * np.log(after / before)).sum()),
    )
