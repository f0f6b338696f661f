"""Small tools over columns of numbers."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

Index = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def keyed(left: Index, right: Index) -> Index:
    """One number for each pair of numbers below 2**31, ordered as the pairs are."""
    return (left << 32) | right


def unkeyed(key: Index) -> tuple[Index, Index]:
    """The pairs of ``keyed``."""
    return key >> 32, key & 0xFFFFFFFF


def runs(*columns: Index) -> Index:
    """Bounds of the runs of equal rows: where each begins, then the length of the whole; ``[0]`` of nothing."""
    changes = [np.diff(column) != 0 for column in columns]
    starts = np.flatnonzero(np.logical_or.reduce(changes)) + 1
    return np.concatenate([np.zeros(min(len(columns[0]), 1), dtype=np.int64), starts, [len(columns[0])]])


def within(group: Index, limit: int) -> tuple[Index, Index]:
    """All pairs of positions with the same non-negative group, but for groups of more than ``limit``; the lower one first."""
    order = np.argsort(group, kind="stable")
    order = order[group[order] >= 0]
    bounds = runs(group[order])
    starts, sizes = bounds[:-1], np.diff(bounds)
    lefts, rights = [order[:0]], [order[:0]]
    for size in np.unique(sizes[(sizes > 1) & (sizes <= limit)]).tolist():
        members = order[starts[sizes == size][:, None] + np.arange(size)]
        one, other = np.triu_indices(size, 1)
        lefts.append(members[:, one].reshape(-1))
        rights.append(members[:, other].reshape(-1))
    left, right = np.concatenate(lefts), np.concatenate(rights)
    return np.minimum(left, right), np.maximum(left, right)


def connected(left: Index, right: Index, count: int) -> Index:
    """Number of the connected component of each of ``count`` members, given pairs of them."""
    graph = coo_matrix((np.ones(len(left), dtype=np.int8), (left, right)), shape=(count, count))  # type: ignore[no-untyped-call]
    found: Index = connected_components(graph, directed=False)[1].astype(np.int64)
    return found


def several(values: Sequence[str], counts: Index) -> dict[str, int]:
    """Of values and their counts those that were counted more than once."""
    rows = np.flatnonzero(counts > 1).tolist()
    return {values[row]: int(counts[row]) for row in rows}
