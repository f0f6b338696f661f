"""Candidate pairs: records that have something rare in common.

Every field gives blocking keys (values, beginnings, sounds, sorted letters, parts of dates). Records that share a key of a small
block are candidates. Where a key's block is too large it is taken together with a key of another field. Of all its candidates a
record keeps those with which it shares the rarest values.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import jellyfish
import numpy as np
from numpy.typing import NDArray

from graph.identity.matching.fields import Meaning
from graph.identity.matching.records import Column, Records

Pairs = NDArray[np.int64]
"""Rows of (left, right), record numbers, left < right, distinct, sorted."""

MAX_BLOCK = 40
"""Records of one block that are compared with each other; larger blocks are divided by a second key."""
PER_RECORD = 12
"""Candidates that a record keeps."""
MORE_VALUES = 4
"""Values of a record, beyond the first of a field, that make keys."""
FLUSH_PAIRS = 16_000_000


@dataclass(frozen=True, slots=True)
class Key:
    """One blocking key of all records: ``codes`` is -1 where a record has none."""

    field: str
    name: str
    texts: Sequence[str]
    """What each code stands for, sorted."""
    codes: NDArray[np.int32]
    bits: NDArray[np.float32]
    """For each code how much agreeing on it says: log2 of one over the share of records that have it."""
    sizes: NDArray[np.int32]
    """For each code the number of records that have it."""


def candidates(records: Records, *, per_record: int = PER_RECORD, max_block: int = MAX_BLOCK) -> Pairs:
    """The pairs worth comparing."""
    count = len(records)
    keys = list(blocking_keys(records))
    found = np.empty(0, dtype=np.int64)
    buffer: list[NDArray[np.int64]] = []
    waiting = 0
    for pairs in _blocks(keys, count, max_block):
        buffer.append(pairs)
        waiting += len(pairs)
        if waiting > FLUSH_PAIRS:
            found = _distinct(np.concatenate([found, *buffer]))
            buffer, waiting = [], 0
    found = _distinct(np.concatenate([found, *buffer]))
    left, right = np.divmod(found, count)
    keep = _rarest(left, right, rarity(keys, left, right), per_record)
    return np.column_stack([left[keep], right[keep]])


def _distinct(pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    # numpy sorts integers several times faster than its unique() hashes them.
    pairs.sort()
    return pairs[np.r_[True, pairs[1:] != pairs[:-1]]] if len(pairs) else pairs


def blocking_keys(records: Records) -> Iterator[Key]:
    """All keys of all fields."""
    for column in records.columns.values():
        for name, make in KEYS.get(column.meaning, {}).items():
            yield from _key(column, name, make, len(records))
    given, family = records.columns.get("given_name"), records.columns.get("family_name")
    if given is not None and family is not None:
        yield _unordered_names(given, family, len(records))


def _key(column: Column, name: str, make: Callable[[str], str], count: int) -> Iterator[Key]:
    made = [make(value) for value in column.values]
    distinct = sorted(set(made) - {""})
    if not distinct:
        return
    number_of = {value: number for number, value in enumerate(distinct)}
    code_of = np.fromiter((number_of.get(value, -1) for value in made), dtype=np.int32, count=len(made))
    yield _sized(column.name, f"{column.name}:{name}", distinct, np.where(column.codes >= 0, code_of[column.codes], -1), count)
    if len(column.more):
        # Of a record that states several values each makes a key of its own: one more pass for the second, the third, ...
        order = np.argsort(column.more[:, 0], kind="stable")
        more = column.more[order]
        position = np.arange(len(more)) - np.searchsorted(more[:, 0], more[:, 0])
        for rank in range(min(int(position.max()) + 1, MORE_VALUES)):
            rows = more[position == rank]
            codes = np.where(column.codes >= 0, code_of[column.codes], -1)
            codes[rows[:, 0]] = code_of[rows[:, 1]]
            yield _sized(column.name, f"{column.name}:{name}:{rank + 2}", distinct, codes, count)


def _sized(field: str, name: str, texts: Sequence[str], codes: NDArray[np.int32], count: int) -> Key:
    sizes = np.bincount(codes[codes >= 0], minlength=1).astype(np.int32)
    return Key(field=field, name=name, texts=texts, codes=codes.astype(np.int32), bits=bits_of(sizes, count), sizes=sizes)


def bits_of(sizes: NDArray[np.int32], count: int) -> NDArray[np.float32]:
    """How much agreeing on a key says that ``sizes`` of ``count`` records have."""
    bits: NDArray[np.float32] = np.log2(count / np.maximum(sizes, 2)).astype(np.float32)
    return bits


def _unordered_names(given: Column, family: Column, count: int) -> Key:
    both = np.flatnonzero((given.codes >= 0) & (family.codes >= 0))
    words = [
        " ".join(sorted((given.values[g], family.values[f])))
        for g, f in zip(given.codes[both].tolist(), family.codes[both].tolist(), strict=True)
    ]
    codes = np.full(count, -1, dtype=np.int32)
    distinct: list[str] = []
    if words:
        found, codes[both] = np.unique(np.array(words, dtype=object), return_inverse=True)
        distinct = found.tolist()
    return _sized("names", "names:unordered", distinct, codes, count)


def _blocks(keys: Sequence[Key], count: int, max_block: int) -> Iterator[NDArray[np.int64]]:
    large: list[tuple[Key, NDArray[np.int64]]] = []
    for key in keys:
        yield from pairs_of(key.codes.astype(np.int64), count, max_block)
        within = (key.codes >= 0) & (np.where(key.codes >= 0, key.sizes[key.codes], 0) > max_block)
        if within.any():
            large.append((key, np.where(within, key.codes, -1).astype(np.int64)))
    for (first, left), (second, right) in combinations(large, 2):
        if first.field != second.field:
            both = np.where((left >= 0) & (right >= 0), left * (int(right.max()) + 1) + right, -1)
            yield from pairs_of(both, count, max_block)


def pairs_of(codes: NDArray[np.int64], count: int, max_block: int) -> Iterator[NDArray[np.int64]]:
    """Pairs of records within blocks of 2 to ``max_block`` records of equal code, as ``left * count + right``."""
    having = np.flatnonzero(codes >= 0)
    if len(having) < 2:
        return
    order = np.argsort(codes[having], kind="stable")
    record, code = having[order], codes[having][order]
    starts = np.flatnonzero(np.r_[True, code[1:] != code[:-1]])
    sizes = np.diff(np.r_[starts, len(code)])
    size = np.repeat(sizes, sizes)
    good = (size > 1) & (size <= max_block)
    record, code = record[good], code[good]
    for distance in range(1, max_block):
        if len(code) <= distance:
            return
        same = code[distance:] == code[:-distance]
        if not same.any():
            return
        # Within a block the records are in ascending order, so the left one is the smaller.
        yield record[:-distance][same] * count + record[distance:][same]


def rarity(keys: Sequence[Key], left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.float32]:
    """How much two records have in common, in bits: of each field the rarest key on which they agree."""
    total = np.zeros(len(left), dtype=np.float32)
    by_field: dict[str, list[Key]] = {}
    for key in keys:
        by_field.setdefault(key.field, []).append(key)
    for of_field in by_field.values():
        best = np.zeros(len(left), dtype=np.float32)
        both = np.zeros(len(left), dtype=bool)
        for key in of_field:
            code, other = key.codes[left], key.codes[right]
            both |= (code >= 0) & (other >= 0)
            same = (code == other) & (code >= 0)
            best = np.maximum(best, np.where(same, key.bits[code], 0))
        total += np.where(both & (best == 0), -DISAGREEMENT_BITS, best)
    return total


DISAGREEMENT_BITS = np.float32(2.0)


def _rarest(left: NDArray[np.int64], right: NDArray[np.int64], bits: NDArray[np.float32], per_record: int) -> NDArray[np.bool_]:
    """The pairs that are among the best ``per_record`` of either record."""
    keep = np.zeros(len(left), dtype=bool)
    for end in (left, right):
        order = np.lexsort((-bits, end))
        ends = end[order]
        starts = np.flatnonzero(np.r_[True, ends[1:] != ends[:-1]])
        rank = np.arange(len(ends)) - np.repeat(starts, np.diff(np.r_[starts, len(ends)]))
        keep[order[rank < per_record]] = True
    return keep


def _beginning(length: int) -> Callable[[str], str]:
    return lambda value: value[:length] if len(value) >= length else ""


def _end(length: int) -> Callable[[str], str]:
    return lambda value: value[-length:] if len(value) >= length else ""


def _letters(value: str) -> str:
    return "".join(sorted(value))


def _whole(value: str) -> str:
    return value


def _local(value: str) -> str:
    return value.partition("@")[0]


_NUMBER = re.compile(r"\d+")


def _house_number(value: str) -> str:
    found = _NUMBER.match(value)
    return found.group() if found else ""


def _street_name(value: str) -> str:
    return re.sub(r"^\d+\s*", "", value)[:5]


_NAME: Mapping[str, Callable[[str], str]] = {
    "whole": _whole,
    "sound": jellyfish.metaphone,
    "letters": _letters,
    "beginning": _beginning(3),
    "end": _end(4),
    "initial": _beginning(1),
}

KEYS: Mapping[Meaning, Mapping[str, Callable[[str], str]]] = {
    Meaning.GIVEN_NAME: _NAME,
    Meaning.FAMILY_NAME: _NAME,
    Meaning.FULL_NAME: {"whole": _whole, "letters": _letters},
    Meaning.BIRTH_DATE: {
        "whole": _whole,
        "year_month": lambda value: value[:6],
        "month_day": lambda value: value[4:],
        "year_day": lambda value: value[:4] + value[6:],
        "year": lambda value: value[:4],
    },
    Meaning.EMAIL: {
        "whole": _whole,
        "local": _local,
        "beginning": lambda value: _local(value)[:4],
        "letters": _letters,
        "domain": lambda value: value.partition("@")[2],
    },
    Meaning.PHONE: {"whole": _whole, "beginning": _beginning(6), "end": _end(4)},
    Meaning.IDENTIFIER: {"whole": _whole, "beginning": _beginning(5), "end": _end(4)},
    Meaning.STREET: {
        "whole": _whole,
        "number": _house_number,
        "name": _street_name,
        "beginning": _beginning(9),
    },
    Meaning.POSTAL_CODE: {"whole": _whole, "area": _beginning(3)},
    Meaning.CITY: {"whole": _whole, "beginning": _beginning(3)},
}
