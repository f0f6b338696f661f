"""Clusters of scored pairs: connected components, at one threshold or at the one that the labels say is best."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import comb

Pair = tuple[str, str]


class Components:
    """Connected components that grow, with the pairs inside them counted against a truth as they do."""

    def __init__(self, truth: Mapping[str, str] | None = None) -> None:
        self._truth = truth or {}
        self._parent: dict[str, str] = {}
        self._size: dict[str, int] = {}
        self._persons: dict[str, dict[str, int]] = {}
        self.found_pairs = 0
        """Pairs of the truth's records that are in one component."""
        self.shared_pairs = 0
        """Of these, pairs of one person."""

    def root(self, record: str) -> str:
        """The record that stands for its component."""
        if record not in self._parent:
            self._parent[record] = record
            known = record in self._truth
            self._size[record] = int(known)
            self._persons[record] = {self._truth[record]: 1} if known else {}
            return record
        while (above := self._parent[record]) != record:
            self._parent[record] = record = self._parent[above]
        return record

    def join(self, left: str, right: str) -> None:
        """Make one component of two."""
        one, other = self.root(left), self.root(right)
        if one == other:
            return
        if len(self._persons[one]) < len(self._persons[other]):
            one, other = other, one
        self.found_pairs += self._size[one] * self._size[other]
        mine = self._persons[one]
        for person, number in self._persons.pop(other).items():
            self.shared_pairs += mine.get(person, 0) * number
            mine[person] = mine.get(person, 0) + number
        self._size[one] += self._size.pop(other)
        self._parent[other] = one

    def clusters(self) -> dict[str, str]:
        """Record to the record that stands for its component."""
        return {record: self.root(record) for record in self._parent}


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """The threshold with the highest pairwise F1 of the components, known only to who has the labels."""

    weight: float
    """Pairs of at least this weight are joined."""
    clusters: Mapping[str, str]


def components_of(pairs: Iterable[Pair]) -> dict[str, str]:
    """Connected components of pairs: record to the record that stands for its component; records in no pair are not there."""
    found = Components()
    for left, right in pairs:
        found.join(left, right)
    return found.clusters()


def best_threshold(pairs: Sequence[tuple[str, str, float]], truth: Mapping[str, str]) -> Best:
    """The best threshold by the labels, of all that are a weight of a pair.

    Args:
        pairs: left, right, weight, in any order.
        truth: record to person; F1 is pairwise over these records.

    Raises:
        ValueError: there are no pairs.
    """
    if not pairs:
        raise ValueError("no pair was scored")
    sizes: dict[str, int] = {}
    for person in truth.values():
        sizes[person] = sizes.get(person, 0) + 1
    true_pairs = sum(comb(size, 2) for size in sizes.values())
    ordered = sorted(pairs, key=lambda pair: -pair[2])
    growing = Components(truth)
    best, best_f1 = ordered[0][2], -1.0
    for place, (left, right, weight) in enumerate(ordered):
        growing.join(left, right)
        if place + 1 < len(ordered) and ordered[place + 1][2] == weight:
            continue
        # Harmonic mean of precision and recall: 2 TP / (found + true).
        f1 = 2 * growing.shared_pairs / max(growing.found_pairs + true_pairs, 1)
        if f1 > best_f1:
            best, best_f1 = weight, f1
    return Best(weight=best, clusters=components_of((left, right) for left, right, weight in ordered if weight >= best))
