"""What a shop teaches about its items at a cutoff: the item's side of every factor.

Each factor is one metapath of the graph of customers, items, groups and places, propagated beforehand and fed to a small
network, as in SIGN (Frasca et al., 2020) and SeHGNN (Yang et al., AAAI 2023): training needs no neighbour sampling, and a
customer is what it did.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnn.data.catalogue import UNKNOWN, Catalogue, Grouping
from gnn.data.interactions import Floats, Matrix
from gnn.recommendation.spaces import Space

ITEM_COLUMNS: Final = ("popularity", "trend", "ever", "newcomers")


@dataclass(frozen=True, kw_only=True)
class Group:
    """One grouping of the items.

    Attributes:
        name: such as ``category``, or ``brand x category``.
        grouping: the group of each item.
        log_share: the logarithm of the item's share of its group's recent customers, shape ``(items,)``; 0 where the group is
            unknown.
    """

    name: str
    grouping: Grouping
    log_share: Floats

    @cached_property
    def incidence(self) -> Matrix:
        """1 where an item is of a group, shape ``(items, groups)``."""
        codes = self.grouping.codes
        items = np.flatnonzero(codes != UNKNOWN)
        ones = np.ones(len(items), dtype=np.float32)
        return sp.csr_matrix((ones, (items, codes[items])), shape=(len(codes), len(self.grouping.names)))

    @cached_property
    def usual(self) -> Floats:
        """The share of all items that each group has, shape ``(groups,)``."""
        codes = self.grouping.codes
        counts = np.bincount(codes[codes != UNKNOWN], minlength=len(self.grouping.names))
        return (counts / max(len(codes), 1)).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """The item's side of every factor, as of a cutoff.

    Attributes:
        cutoff: nothing at or after it is in here.
        catalogue: the items that can be recommended.
        together: EASE weights from an item taken (row) to an item scored (column), the strongest of each row, shape
            ``(items, items)``.
        columns: ``ITEM_COLUMNS`` of each item, shape ``(items, 4)``: log customers lately, log of late against latest, log
            customers ever, log customers who took it for the first time lately.
        groups: the groupings in use.
        relative_price: log unit price less the mean of its price group, shape ``(items,)``; 0 where unknown.
        places: ids of the places.
        at_place: the share of each item in what a place sold, shape ``(places, items)``.
        everywhere: the share of each item in what all places sold, shape ``(items,)``.
        spaces: by name.
    """

    cutoff: datetime
    catalogue: Catalogue
    together: Matrix
    columns: Floats
    groups: tuple[Group, ...]
    relative_price: Floats
    places: NDArray[np.str_]
    at_place: Matrix
    everywhere: Floats
    spaces: Mapping[str, Space]


def rows_to_one(matrix: Matrix) -> Matrix:
    """Divide each row by its sum; rows of zeros stay."""
    total = np.asarray(matrix.sum(axis=1)).ravel()
    scale = np.divide(1.0, total, out=np.zeros_like(total, dtype=np.float64), where=total > 0)
    return sp.csr_matrix(sp.diags(scale) @ matrix, dtype=np.float32)
