"""Personal frequency: what this customer takes, the more the later; behind it what is popular."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gnn.data.interactions import Floats, Interactions, Matrix, halving
from gnn.recommendation.peers.popularity import Popularity

HALF_LIFE: Final = timedelta(weeks=16)
BEHIND: Final = 1e-3
"""Weight of the most popular item: less than one purchase of a year ago has, so that it only orders what was never taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Personal:
    """Days on which each customer took each item, halving with age, and popularity behind."""

    frequency: Matrix
    popularity: Popularity

    def scores(self, block: NDArray[np.integer]) -> Floats:
        """Scores of the catalogue, shape ``(block, items)``."""
        behind = self.popularity.customers / max(float(self.popularity.customers.max(initial=0)), 1.0)
        return np.asarray(self.frequency[block].toarray() + np.float32(BEHIND) * behind, dtype=np.float32)


def fit_personal(history: Interactions, cutoff: datetime, popularity: Popularity, half_life: timedelta = HALF_LIFE) -> Personal:
    """Weigh each day on which a customer took an item by its age."""
    visits = history.visits()
    return Personal(frequency=visits.weighed(halving(visits.age_days(cutoff), half_life)), popularity=popularity)
