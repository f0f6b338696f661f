"""Popularity: what most customers took lately."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gnn.data.interactions import Floats, Interactions

WINDOW: Final = timedelta(weeks=8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Popularity:
    """Customers of each item in the window, shape ``(items,)``."""

    customers: Floats

    def scores(self, block: NDArray[np.integer]) -> Floats:
        """The same for every customer, shape ``(block, items)``."""
        return np.broadcast_to(self.customers, (len(block), len(self.customers)))


def fit_popularity(history: Interactions, cutoff: datetime, window: timedelta = WINDOW) -> Popularity:
    """Count the customers of each item in the last weeks before the cutoff."""
    recent = history.between(cutoff - window, cutoff).taken()
    return Popularity(customers=np.asarray(recent.sum(axis=0), dtype=np.float32).ravel())
