"""Average linkage over weighted pairs (Sokal and Michener 1958): who is one home, given the log odds of pairs."""

import heapq
from itertools import pairwise

import numpy as np

from graph.identity.homes.arrays import Floats, Index, connected, runs


def average_linkage(left: Index, right: Index, weight: Floats, count: int, *, missing: float) -> Index:
    """Join the two clusters with the greatest average weight, while it is above zero.

    A chain of links holds nothing together: what is not given between two clusters weighs ``missing``. Of equal averages the pair
    of clusters with the smallest members is joined first. Returns the cluster of each member, numbered by its first member.
    """
    positive = weight > 0
    component = connected(left[positive], right[positive], count)
    sizes = np.bincount(component, minlength=1)
    inside = component[left] == component[right]
    agreed = np.bincount(component[left[positive]], minlength=len(sizes))
    # Where every pair is for it, average linkage joins all; the greedy way is for the others.
    whole = agreed == sizes * (sizes - 1) // 2
    cluster = np.where(whole[component], component, len(sizes) + np.arange(count))
    rows = np.flatnonzero(inside & ~whole[component[left]])
    rows = rows[np.argsort(component[left[rows]], kind="stable")]
    for first, last in pairwise(runs(component[left[rows]]).tolist()):
        part = rows[first:last]
        for member, joined in _greedy(left[part].tolist(), right[part].tolist(), weight[part].tolist(), missing).items():
            cluster[member] = len(sizes) + joined
    names, position = np.unique(cluster, return_inverse=True)
    first_of = np.full(len(names), count, dtype=np.int64)
    np.minimum.at(first_of, position, np.arange(count))
    return np.unique(first_of[position], return_inverse=True)[1].astype(np.int64)


def _greedy(left: list[int], right: list[int], weight: list[float], missing: float) -> dict[int, int]:
    """The cluster of each member of one component, named by its first member."""
    near: dict[int, dict[int, tuple[float, int]]] = {}
    for one, other, value in zip(left, right, weight, strict=True):
        near.setdefault(one, {})[other] = (value, 1)
        near.setdefault(other, {})[one] = (value, 1)
    members = {member: [member] for member in near}
    queue = [(-value, one, other, 1, 1) for one, other, value in zip(left, right, weight, strict=True) if value > 0]
    heapq.heapify(queue)
    while queue:
        _, one, other, size_one, size_other = heapq.heappop(queue)
        # An entry is stale once either cluster was joined with a third.
        if len(members.get(one, ())) != size_one or len(members.get(other, ())) != size_other:
            continue
        kept, gone = near[one], near.pop(other)
        del kept[other], gone[one]
        members[one] += members.pop(other)
        for third, (value, number) in gone.items():
            known, times = kept.get(third, (0.0, 0))
            kept[third] = (value + known, number + times)
            del near[third][other]
        size = len(members[one])
        for third, (value, number) in kept.items():
            near[third][one] = (value, number)
            every = size * len(members[third])
            average = (value + missing * (every - number)) / every
            if average > 0:
                low, high = min(one, third), max(one, third)
                heapq.heappush(queue, (-average, low, high, len(members[low]), len(members[high])))
    return {member: cluster for cluster, joined in members.items() for member in joined}
