"""The content hash of a database: what is in it, whatever the order in which it came.

The items of each kind (a label, a relationship type, a purpose) are spread over ``BUCKETS`` by the hash of their keys. A bucket
holds how many there are and the sum of their SHA-256 modulo 2^256, which the order of the items does not change and repetitions
do. The sum tells accidents apart, not forgers: whoever may write both databases could make two sums equal.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

BUCKETS: Final = 256
FORMAT: Final = 2
"""Raised when what is hashed changes: digests of two formats say nothing about each other."""
_MODULUS: Final = 1 << 256


class Section(StrEnum):
    """What kinds of content are compared apart."""

    EVIDENCE = "evidence"
    """What events left."""
    CONCLUSIONS = "conclusions"
    """The partition of each purpose, by members."""
    ACTS = "acts"
    """What stewards asserted and retracted, and the policies that were published."""


@dataclass(frozen=True, slots=True, order=True)
class Kind:
    """A label, a relationship type or a purpose, within its section."""

    section: Section
    name: str

    def __str__(self) -> str:
        return f"{self.section}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One node, relationship, identity or act: what tells it from others of its kind, and all that is said of it, by name."""

    kind: Kind
    key: str
    parts: Mapping[str, bytes]

    @property
    def bucket(self) -> int:
        """Where its key belongs."""
        return hashlib.sha256(self.key.encode()).digest()[0]

    def value(self) -> int:
        """SHA-256 of the key and all parts as a number. Lengths are hashed too, so that no two items read the same."""
        digest = hashlib.sha256()
        for text in (self.key.encode(), *(piece for name in sorted(self.parts) for piece in (name.encode(), self.parts[name]))):
            digest.update(len(text).to_bytes(8, "big"))
            digest.update(text)
        return int.from_bytes(digest.digest(), "big")


@dataclass(frozen=True, slots=True)
class Bucket:
    """How many items, and the sum of their hashes."""

    count: int
    total: int


@dataclass(frozen=True, slots=True)
class KindDigest:
    """All items of a kind."""

    buckets: tuple[Bucket, ...]

    @property
    def count(self) -> int:
        """How many items."""
        return sum(bucket.count for bucket in self.buckets)

    @property
    def hash(self) -> str:
        """SHA-256, in hex, of all buckets."""
        digest = hashlib.sha256()
        for bucket in self.buckets:
            digest.update(bucket.count.to_bytes(8, "big") + bucket.total.to_bytes(32, "big"))
        return digest.hexdigest()


EMPTY: Final = KindDigest(buckets=(Bucket(0, 0),) * BUCKETS)


@dataclass(frozen=True, slots=True)
class Contents:
    """The content hash of a database, kind by kind; a kind that is absent has no items."""

    kinds: Mapping[Kind, KindDigest]

    def of(self, kind: Kind) -> KindDigest:
        """The digest of a kind."""
        return self.kinds.get(kind, EMPTY)

    def hash(self, section: Section) -> str:
        """SHA-256, in hex, of a whole section."""
        digest = hashlib.sha256()
        for kind in sorted(kind for kind, found in self.kinds.items() if kind.section is section and found.count):
            digest.update(f"{kind.name}\0{self.of(kind).hash}\n".encode())
        return digest.hexdigest()

    def differing(self, other: "Contents", sections: Iterable[Section] = tuple(Section)) -> dict[Kind, tuple[int, ...]]:
        """Kinds that are not the same in both, with the numbers of the buckets that differ."""
        asked = frozenset(sections)
        found = {}
        for kind in sorted(kind for kind in {*self.kinds, *other.kinds} if kind.section in asked):
            pairs = zip(self.of(kind).buckets, other.of(kind).buckets, strict=True)
            if different := tuple(number for number, (left, right) in enumerate(pairs) if left != right):
                found[kind] = different
        return found


class Counting:
    """Adds up items as they come; holds ``BUCKETS`` numbers for each kind, however many items there are."""

    def __init__(self) -> None:
        self._counts: dict[Kind, list[int]] = {}
        self._totals: dict[Kind, list[int]] = {}

    def add(self, item: Item) -> None:
        """Count one item."""
        counts = self._counts.setdefault(item.kind, [0] * BUCKETS)
        totals = self._totals.setdefault(item.kind, [0] * BUCKETS)
        number = item.bucket
        counts[number] += 1
        totals[number] = (totals[number] + item.value()) % _MODULUS

    def contents(self) -> Contents:
        """What was counted so far."""
        return Contents(
            {
                kind: KindDigest(tuple(Bucket(*pair) for pair in zip(counts, self._totals[kind], strict=True)))
                for kind, counts in self._counts.items()
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One key of which two databases do not hold the same: in the left alone, in the right alone, or in both otherwise."""

    kind: Kind
    key: str
    left: int
    """How many items of this key the left has."""
    right: int
    names: tuple[str, ...]
    """Of an item that both have once: what is not the same of it."""


def differences(left: Sequence[Item], right: Sequence[Item]) -> list[Difference]:
    """What is not the same in two lists of items of one kind, in the order of their keys."""
    by_key: dict[str, tuple[list[Item], list[Item]]] = {}
    for side, items in enumerate((left, right)):
        for item in items:
            by_key.setdefault(item.key, ([], []))[side].append(item)
    found = []
    for key, (ours, theirs) in sorted(by_key.items()):
        if sorted(item.value() for item in ours) == sorted(item.value() for item in theirs):
            continue
        names: tuple[str, ...] = ()
        if len(ours) == len(theirs) == 1:
            one, other = ours[0].parts, theirs[0].parts
            names = tuple(name for name in sorted({*one, *other}) if one.get(name) != other.get(name))
        found.append(Difference(kind=(ours or theirs)[0].kind, key=key, left=len(ours), right=len(theirs), names=names))
    return found


def to_json(contents: Contents) -> dict[str, Any]:
    """The contents as they are kept in a file."""
    return {
        "format": FORMAT,
        "sections": {section.value: contents.hash(section) for section in Section},
        "kinds": [
            {
                "section": kind.section.value,
                "name": kind.name,
                "count": found.count,
                "hash": found.hash,
                "buckets": [[bucket.count, f"{bucket.total:064x}"] for bucket in found.buckets],
            }
            for kind, found in sorted(contents.kinds.items())
        ],
    }


def from_json(values: Any) -> Contents:
    """The contents that a file holds.

    Raises:
        ValueError: it holds none, or some of another format, or what it says does not add up.
    """
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        observed = values.get("format") if isinstance(values, dict) else type(values).__name__
        raise ValueError(f"the format is {observed!r}, {FORMAT} is understood")
    try:
        kinds = {
            Kind(Section(each["section"]), str(each["name"])): KindDigest(
                tuple(Bucket(int(count), int(total, 16)) for count, total in each["buckets"])
            )
            for each in values["kinds"]
        }
        hashes = {section: values["sections"][section.value] for section in Section}
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"a part is missing or is not what it should be: {error!r}") from error
    if any(len(found.buckets) != BUCKETS for found in kinds.values()):
        raise ValueError(f"a kind has not {BUCKETS} buckets")
    contents = Contents(kinds)
    if any(contents.hash(section) != hashes[section] for section in Section):
        raise ValueError("the buckets do not give the hash that stands beside them")
    return contents
