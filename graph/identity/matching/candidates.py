"""Candidate pairs: records that have something rare in common.

Every field gives blocking keys (values, beginnings, sounds, sorted letters, parts of dates). Records that share a key of a small
block are candidates. Where a key's block is too large it is taken together with a key of another field. Of all its candidates a
record keeps those with which it shares the rarest values.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

import jellyfish
import numpy as np
from numpy.typing import NDArray

from graph.identity.matching.blocks import Key, KeyTable, all_blocks, bits_of, rarest
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


def candidates(records: Records, *, per_record: int = PER_RECORD, max_block: int = MAX_BLOCK) -> Pairs:
    """The pairs worth comparing.

    Memory: some ten bytes for each block that a record is in, of which there are a hundred or two.
    """
    count = len(records)
    table = KeyTable.of(list(blocking_keys(records)))
    if not count or not table.codes.shape[1]:
        return np.empty((0, 2), dtype=np.int64)
    blocks = all_blocks(table, count, max_block)
    later, earlier = rarest(blocks, table, per_record)
    record = np.repeat(np.arange(count), per_record)
    left = np.concatenate([record[later.ravel() >= 0], earlier[earlier >= 0]]).astype(np.int64)
    right = np.concatenate([later[later >= 0], record[earlier.ravel() >= 0]]).astype(np.int64)
    return np.column_stack(np.divmod(_distinct(left * count + right), count))


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
    Meaning.ISSUED: {"whole": _whole},
    Meaning.STREET: {
        "whole": _whole,
        "number": _house_number,
        "name": _street_name,
        "beginning": _beginning(9),
    },
    Meaning.POSTAL_CODE: {"whole": _whole, "area": _beginning(3)},
    Meaning.CITY: {"whole": _whole, "beginning": _beginning(3)},
}
