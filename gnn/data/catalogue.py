"""What can be recommended: items with the groups that they belong to."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

UNKNOWN = -1

Codes = NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """One way to group items, such as by category or by brand.

    Attributes:
        codes: the group of each item, shape ``(items,)``; ``UNKNOWN`` where nothing is known.
        names: the name of each group, in words for a reason; ``codes`` points into it.
    """

    codes: Codes
    names: tuple[str, ...]

    @staticmethod
    def of(values: NDArray[np.object_]) -> "Grouping":
        """Group items by the text that each has; None, NaN and blank text are unknown."""
        known = np.array([isinstance(value, str) and bool(value.strip()) for value in values], dtype=bool)
        codes = np.full(len(values), UNKNOWN, dtype=np.int32)
        names, inverse = np.unique(values[known].astype(str), return_inverse=True)
        codes[known] = inverse.astype(np.int32)
        return Grouping(codes=codes, names=tuple(names.tolist()))

    def take(self, items: NDArray[np.integer]) -> "Grouping":
        """The same groups for a choice of items."""
        return Grouping(codes=self.codes[items], names=self.names)

    def crossed(self, other: "Grouping") -> "Grouping":
        """Items that agree in both groupings; unknown where either is."""
        both = (self.codes != UNKNOWN) & (other.codes != UNKNOWN)
        pair = self.codes.astype(np.int64) * max(len(other.names), 1) + other.codes
        codes = np.full(len(pair), UNKNOWN, dtype=np.int32)
        pairs, inverse = np.unique(pair[both], return_inverse=True)
        codes[both] = inverse.astype(np.int32)
        width = max(len(other.names), 1)
        names = tuple(f"{self.names[value // width]} {other.names[value % width]}" for value in pairs.tolist())
        return Grouping(codes=codes, names=names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The items of a shop.

    Attributes:
        ids: each item's id, shape ``(items,)``, distinct.
        levels: category levels from the coarsest to the finest (department, category, kind).
        qualities: groupings that cut across categories (brand, size, label).
        titles: each item's name for people, empty where unknown.
    """

    ids: NDArray[np.str_]
    levels: Mapping[str, Grouping] = field(default_factory=dict)
    qualities: Mapping[str, Grouping] = field(default_factory=dict)
    titles: NDArray[np.str_] | None = None

    def __len__(self) -> int:
        """How many items there are."""
        return len(self.ids)

    def take(self, items: NDArray[np.integer]) -> "Catalogue":
        """The catalogue of a choice of items, in that order."""
        return Catalogue(
            ids=self.ids[items],
            levels={name: grouping.take(items) for name, grouping in self.levels.items()},
            qualities={name: grouping.take(items) for name, grouping in self.qualities.items()},
            titles=None if self.titles is None else self.titles[items],
        )

    def title(self, item: int) -> str:
        """An item's name for people, its id where it has none."""
        given = "" if self.titles is None else str(self.titles[item])
        return given or str(self.ids[item])
