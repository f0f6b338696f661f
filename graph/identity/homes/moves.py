"""Where somebody lives who has stated several addresses: at the newest, unless the data show that such news do not last.

A person who moved belongs to the new home. Sources are not always up to date, though: an address that was stated once, after
another had been stated several times, is a move in some data and a stale or borrowed address in others. Which of the two can be
counted without labels: of all individuals who stood like that at some moment of the past, how many stated the new address again
next, and how many went back?
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

MAX_RUN = 3
"""Longer runs of one address count as this long."""
PRIOR_RETURNS = 0.2
PRIOR_WEIGHT = 10.0

Statement = tuple[float, int]
"""Time and building."""
Situation = tuple[int, int]
"""How often the newest address was stated in a row, and how often the most stated one before it; both up to ``MAX_RUN``."""


class Moves:
    """How often people return from a new address to the one that they stated most before."""

    def __init__(self, counts: Mapping[Situation, tuple[int, int]] | None = None) -> None:
        self._counts: dict[Situation, tuple[int, int]] = dict(counts or {})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Moves) and self._counts == other._counts

    __hash__ = None  # type: ignore[assignment]

    @property
    def counts(self) -> Mapping[Situation, tuple[int, int]]:
        """Of each situation, how many stayed and how many returned."""
        return self._counts

    def learn(self, statements: Sequence[Statement]) -> None:
        """Count what one individual did next, at every moment of its past; ``statements`` are in the order of time."""
        for seen, (moment, _) in enumerate(statements):
            if seen == 0 or statements[seen - 1][0] == moment:
                continue
            newest, situation, before = _stand(statements[:seen])
            if situation is None:
                continue
            following = statements[seen][1]
            stayed, returned = self._counts.get(situation, (0, 0))
            if following in (newest, before):
                self._counts[situation] = (stayed + (following == newest), returned + (following == before))

    def returns(self, situation: Situation) -> float:
        """Probability of a return (posterior mean under a Beta prior)."""
        stayed, returned = self._counts.get(situation, (0, 0))
        return (returned + PRIOR_RETURNS * PRIOR_WEIGHT) / (returned + stayed + PRIOR_WEIGHT)

    def home(self, statements: Sequence[Statement]) -> int:
        """The building where an individual lives, by its statements in the order of time."""
        newest, situation, before = _stand(statements)
        return before if situation is not None and self.returns(situation) > 0.5 else newest


def _stand(statements: Sequence[Statement]) -> tuple[int, Situation | None, int]:
    """The newest address, the situation and the address most stated before; no situation where there is no other address."""
    newest = statements[-1][1]
    run = 1
    for (_, earlier), (_, later) in pairwise(reversed(statements)):
        if earlier != later:
            break
        run += 1
    counts: dict[int, int] = defaultdict(int)
    for _, building in statements[: len(statements) - run]:
        if building != newest:
            counts[building] += 1
    if not counts:
        return newest, None, newest
    before = min(counts, key=lambda building: (-counts[building], building))
    return newest, (min(run, MAX_RUN), min(counts[before], MAX_RUN)), before
