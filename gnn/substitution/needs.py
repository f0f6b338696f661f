"""Which items serve the same need, and which come next where those are too few."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gnn.data.catalogue import UNKNOWN, Catalogue, Grouping
from gnn.errors import InteractionsError


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Groups of items that can stand in for each other.

    Attributes:
        grouping: the group of each item.
        order: items of known groups, by group and then ascending, shape ``(known,)``.
        starts: where each group begins in ``order``, shape ``(groups + 1,)``.
    """

    grouping: Grouping
    order: NDArray[np.int32]
    starts: NDArray[np.int64]

    @staticmethod
    def of(grouping: Grouping) -> "Need":
        """Index the items by their group."""
        order = np.argsort(grouping.codes, kind="stable").astype(np.int32)
        order = order[grouping.codes[order] != UNKNOWN]
        starts = np.searchsorted(grouping.codes[order], np.arange(len(grouping.names) + 1))
        return Need(grouping=grouping, order=order, starts=starts.astype(np.int64))

    def items(self, group: int) -> NDArray[np.int32]:
        """The items of a group, ascending; none of ``UNKNOWN``."""
        if group == UNKNOWN:
            return self.order[:0]
        return self.order[self.starts[group] : self.starts[group + 1]]


def needs_of(catalogue: Catalogue) -> Grouping:
    """The finest category level, crossed with the one above it: names such as ``PREMIUM`` mean something else in each.

    Raises:
        InteractionsError: the items have no category.
    """
    levels = list(catalogue.levels.values())
    if not levels:
        raise InteractionsError("the items have no category: what can stand in for an item is of the same one")
    return levels[-1].crossed(levels[-2]) if len(levels) > 1 else levels[-1]


def wider(catalogue: Catalogue) -> tuple[Need, ...]:
    """The need, then every coarser category level, for products of which the need has too few items."""
    levels = list(catalogue.levels.values())
    return tuple(Need.of(grouping) for grouping in (needs_of(catalogue), *reversed(levels[:-1])))
