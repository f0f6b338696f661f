"""Where what shoppers took stands in a ranking of what they could have taken."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gnn.data.interactions import Floats
from gnn.substitution.factors import Question
from gnn.substitution.shopper import Shopper
from gnn.substitution.switches import Switches

OUT_OF_REACH: Final = 1_000_000
"""The rank of an item that is none of the candidates."""

Score = Callable[[Shopper, Question], Floats]
"""A score of each candidate; greater is better. The shopper holds earlier days only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranks:
    """From 0, the rank of what was taken in each switch, shape ``(switches,)``.

    Attributes:
        all: among all candidates.
        new: among those that the customer had never bought; ``OUT_OF_REACH`` where it had bought what it took.
        question_ms: wall-clock time of one ranking.
    """

    all: NDArray[np.int64]
    new: NDArray[np.int64]
    question_ms: float


def rank(score: Score, switches: Switches, candidates: Sequence[NDArray[np.int32]], shoppers: Sequence[Shopper]) -> Ranks:
    """Rank what was taken; of equal scores the earlier item of the catalogue is the better."""
    ranks = np.full((2, len(switches)), OUT_OF_REACH, dtype=np.int64)
    spent = 0.0
    for row in range(len(switches)):
        items, taken, day = candidates[row], int(switches.taken[row]), int(switches.day[row])
        shopper = shoppers[switches.customer[row]].before(day)
        question = Question(product=int(switches.product[row]), candidates=items, day=day, place=int(switches.place[row]))
        if not len(items):
            continue
        started = time.perf_counter()
        scores = score(shopper, question)
        spent += time.perf_counter() - started
        at = int(np.searchsorted(items, taken))
        if at == len(items) or items[at] != taken:
            continue
        better = scores > scores[at]
        better[:at] |= scores[:at] == scores[at]
        ranks[0, row] = better.sum()
        if not switches.known[row]:
            ranks[1, row] = (better & ~np.isin(items, shopper.item)).sum()
    return Ranks(all=ranks[0], new=ranks[1], question_ms=1000 * spent / max(len(switches), 1))
