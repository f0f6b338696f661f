"""Switches: visits in which a customer took something else of the same need where the usual product was due.

The definition uses customers, categories and days only: no price, brand, place or count of other customers, so that it favours
no way of ranking.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gnn.data.catalogue import UNKNOWN, Grouping
from gnn.data.interactions import SECONDS_PER_DAY, Interactions, Ints, to_seconds
from gnn.substitution.settings import SwitchRule

AROUND: Final = timedelta(days=3)
BEFORE: Final = timedelta(weeks=8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """Rows of one customer taking one item instead of another, ordered by day.

    Attributes:
        customer: position of the customer, shape ``(rows,)``.
        product: the item that was due and not bought.
        taken: the item bought instead.
        day: days since 1970-01-01 UTC.
        place: where, ``-1`` where unknown.
        known: on how many earlier days the customer had bought ``taken``; 0 is new to the customer.
    """

    customer: Ints
    product: Ints
    taken: Ints
    day: NDArray[np.int64]
    place: Ints
    known: Ints

    def __len__(self) -> int:
        """How many there are."""
        return len(self.day)

    def where(self, rows: NDArray[np.bool_] | NDArray[np.integer]) -> "Switches":
        """Some of the rows."""
        return replace(
            self,
            customer=self.customer[rows],
            product=self.product[rows],
            taken=self.taken[rows],
            day=self.day[rows],
            place=self.place[rows],
            known=self.known[rows],
        )

    def between(self, start: datetime, end: datetime) -> "Switches":
        """Rows whose whole day lies at or after ``start`` and that begin before ``end``."""
        first = -(-to_seconds(start) // SECONDS_PER_DAY)
        return self.where((self.day >= first) & (self.day * SECONDS_PER_DAY < to_seconds(end)))


def find_switches(interactions: Interactions, need: Grouping, rule: SwitchRule) -> Switches:
    """Every switch in the purchases.

    For each customer and need, day by day: the *product* is the item bought on most earlier days (of equal ones the later in
    the catalogue), if those are at least ``rule.habit``. The time since the last of them has to be between ``rule.due_from`` and
    ``rule.due_until`` times the mean time between them. If the day's purchases of the need are exactly one item,
    and another one, that is a switch. So a customer, need and day gives one switch at most.

    Args:
        interactions: purchases; other rows are left out.
        need: the need of each item of the catalogue; items of unknown need are left out.
        rule: the limits.
    """
    visits = interactions.purchases().visits()
    visits = visits.where(need.codes[visits.item] != UNKNOWN)
    day, codes = visits.at // SECONDS_PER_DAY, need.codes[visits.item]
    order = np.lexsort((visits.item, day, codes, visits.customer))
    key = visits.customer[order].astype(np.int64) * max(len(need.names), 1) + codes[order]
    bounds = np.flatnonzero(np.diff(key, prepend=-1, append=-1))
    rows: list[tuple[int, int, int]] = []
    items, days = visits.item[order], day[order]
    for start, end in pairwise(bounds.tolist()):
        if end - start > rule.habit:
            rows += [(start + at, product, known) for at, product, known in _of_one(items[start:end], days[start:end], rule)]
    at, product, known = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    found = Switches(
        customer=visits.customer[order][at],
        product=product.astype(np.int32),
        taken=items[at],
        day=days[at],
        place=visits.place[order][at],
        known=known.astype(np.int32),
    )
    return found.where(np.argsort(found.day, kind="stable"))


def _of_one(items: Ints, days: NDArray[np.int64], rule: SwitchRule) -> Iterator[tuple[int, int, int]]:
    """The switches of one customer and need: position of the row, product, and earlier days with the item taken."""
    bought: dict[int, tuple[int, int, int]] = {}
    usual, times = UNKNOWN, 0
    bounds = np.flatnonzero(np.diff(days, prepend=-1, append=-1)).tolist()
    listed, days_listed = items.tolist(), days.tolist()
    for start, end in pairwise(bounds):
        today, basket = days_listed[start], listed[start:end]
        if times >= rule.habit and len(basket) == 1 and basket[0] != usual:
            _, first, last = bought[usual]
            passed = (today - last) * (times - 1) / (last - first)
            if rule.due_from <= passed <= rule.due_until:
                yield start, usual, bought.get(basket[0], (0, 0, 0))[0]
        for item in basket:
            count, first, _ = bought.get(item, (0, today, today))
            bought[item] = (count + 1, first, today)
            if (count + 1, item) > (times, usual):
                usual, times = item, count + 1


def likely_stock_outs(interactions: Interactions, switches: Switches, *, expected: float) -> NDArray[np.bool_]:
    """Switches at a place that sold none of the product for 3 days before and after, where it used to sell it.

    From the sales of the 8 weeks before those days, at least ``expected`` were to be seen in the 7 days. If sales were random in
    time (Poisson), ``exp(-expected)`` of such weeks would be empty all the same: this is evidence, not proof. For judging only,
    since it looks at the days after.
    """
    bought = interactions.purchases()
    bought = bought.where(bought.place != UNKNOWN)
    width = len(interactions.catalogue)
    day = bought.at // SECONDS_PER_DAY
    span = int(day.max(initial=0)) + 1_000
    sold = np.sort((bought.place.astype(np.int64) * width + bought.item) * span + day)
    around, before = AROUND.days, BEFORE.days
    base = (switches.place.astype(np.int64) * width + switches.product) * span + switches.day

    def count(first: int, last: int) -> NDArray[np.int64]:
        return np.searchsorted(sold, base + last, side="right") - np.searchsorted(sold, base + first)

    usual = count(-before - around, -around - 1) * (2 * around + 1) / before
    return (switches.place != UNKNOWN) & (usual >= expected) & (count(-around, around) == 0)
