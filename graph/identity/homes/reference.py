"""What is known of all individuals when the homes of some are concluded: learnt at once, and held to until it is learnt again."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from graph.identity.homes.arrays import Index
from graph.identity.homes.model import HomeModel
from graph.identity.homes.moves import Moves


@dataclass(frozen=True, slots=True)
class HomeReference:
    """How frequent surnames are, what homes look like, and what becomes of those who move."""

    individuals: int
    surnames: Mapping[str, int]
    """Of the surnames that two individuals or more have, how many have it."""
    moves: Moves
    model: HomeModel
    uncompared: frozenset[str]
    """Blocks of so many spellings of buildings that they are not compared."""
    common_names: frozenset[str]
    """``HomeKeys.namesakes`` of so many records that they say nothing of a home."""
    now: float
    """The time at which ages are counted, seconds since 1970, UTC."""

    def counts(self, surnames: list[str]) -> Index:
        """For each surname how many individuals have it; one that was not known then counts as one individual's."""
        return np.fromiter((self.surnames.get(name, 1) for name in surnames), dtype=np.int64, count=len(surnames))
