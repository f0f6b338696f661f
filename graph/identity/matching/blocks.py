"""Blocks of records that share a key, and of each record's fellows in them those with which it shares the rarest values.

Compiled, and with no pair in memory but those that are kept: a record's fellows are gathered, weighed and forgotten.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numba import get_num_threads, njit, prange
from numpy.typing import NDArray

Codes = NDArray[np.int32]
Floats = NDArray[np.float32]
Index = NDArray[np.int64]

DISAGREEMENT_BITS = np.float32(2.0)
"""Taken off for a field that both records state and of which they share no key."""
MOST_IN_BLOCK = 255
"""Records of a block, at most: how many come after one of them is kept in a byte."""
FELLOWS = 4_096
"""Fellows of a record that are gathered before they are weighed."""
CODES_PER_LINE = 16
"""Of what the processor reads from memory at once."""
CHUNK = 4_096
"""Records that one thread looks at before another takes the next ones."""


@dataclass(frozen=True, slots=True)
class Key:
    """One blocking key of all records: ``codes`` is -1 where a record has none."""

    field: str
    name: str
    texts: Sequence[str]
    """What each code stands for, sorted."""
    codes: Codes
    bits: Floats
    """For each code how much agreeing on it says: log2 of one over the share of records that have it."""
    sizes: Codes
    """For each code the number of records that have it."""


def bits_of(sizes: Codes, count: int) -> Floats:
    """How much agreeing on a key says that ``sizes`` of ``count`` records have."""
    bits: Floats = np.log2(count / np.maximum(sizes, 2)).astype(np.float32)
    return bits


@dataclass(frozen=True, slots=True)
class KeyTable:
    """All keys side by side; those of one field are neighbours."""

    codes: Codes
    """(records, keys), row by row: what two records share is read from two places."""
    bits: Floats
    """Of all keys, one after the other."""
    offsets: Index
    """(keys,): where each key's bits begin."""
    fields: Index
    """(keys,): number of each key's field."""
    sizes: Codes
    """Laid out like ``bits``."""

    @classmethod
    def of(cls, keys: Sequence[Key]) -> "KeyTable":
        """Lay out keys."""
        number_of = {field: number for number, field in enumerate(dict.fromkeys(key.field for key in keys))}
        # One field's keys together, in the order in which they are given.
        ordered = sorted(keys, key=lambda key: number_of[key.field])
        lengths = [len(key.bits) for key in ordered]
        return cls(
            codes=np.column_stack([key.codes for key in ordered]) if ordered else np.empty((0, 0), dtype=np.int32),
            bits=np.concatenate([np.empty(0, dtype=np.float32), *(key.bits for key in ordered)]),
            offsets=np.cumsum([0, *lengths[:-1]], dtype=np.int64),
            fields=np.array([number_of[key.field] for key in ordered], dtype=np.int64),
            sizes=np.concatenate([np.empty(0, dtype=np.int32), *(key.sizes for key in ordered)]),
        )


def rarity(keys: Sequence[Key], left: Index, right: Index) -> Floats:
    """How much two records have in common, in bits: of each field the rarest key on which they agree."""
    table = KeyTable.of(keys)
    found = np.zeros(len(left), dtype=np.float32)
    if table.codes.size:
        _rarity(table.codes, table.bits, table.offsets, table.fields, left, right, found)
    return found


Blocks = tuple[Codes, NDArray[np.uint8], Index, Index]
"""Members of all blocks, those of a block in ascending order; of each how many of its block come after it; and of each record the
places at which it is a member, from ``starts[record]`` to ``starts[record + 1]`` of the last."""


def all_blocks(table: KeyTable, count: int, max_block: int) -> Blocks:
    """Blocks of 2 to ``max_block`` records: of one key, and where a key's block is larger, with another field's key in common."""
    codes = np.asfortranarray(table.codes)
    keys = codes.shape[1]
    lengths = np.diff(np.r_[table.offsets, len(table.sizes)])
    sizes = [table.sizes[offset : offset + length] for offset, length in zip(table.offsets, lengths, strict=True)]
    with ThreadPoolExecutor(get_num_threads()) as threads:
        orders = list(threads.map(lambda key: _ordered(codes[:, key], sizes[key]), range(keys)))
        large = list(threads.map(lambda key: _large(codes[:, key], sizes[key], max_block), range(keys)))
        found = list(threads.map(lambda key: _single(orders[key], codes[:, key], max_block), range(keys)))

        def cross(pair: tuple[int, int]) -> "_Found":
            # Records are at hand in the order of the one of many values; few are soon counted.
            few, many = sorted(pair, key=lambda key: lengths[key])
            return _crossed(orders[many], codes[:, many], codes[:, few], large[many], large[few], int(lengths[few]), max_block)

        crossed = [
            (one, other)
            for one, other in combinations([key for key in range(keys) if large[key].any()], 2)
            if table.fields[one] != table.fields[other]
        ]
        found.extend(threads.map(cross, crossed))
    members, after = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
    return members, after, *_places(members, count)


_Found = tuple[Codes, NDArray[np.uint8]]


@njit(cache=True, nogil=True)
def _ordered(codes: Codes, sizes: Codes) -> Codes:
    """The records that have a code, by code and then by number, given how many have each."""
    filled = np.zeros(len(sizes) + 1, dtype=np.int64)
    for code in range(len(sizes)):
        filled[code + 1] = filled[code] + sizes[code]
    order = np.empty(filled[-1], dtype=np.int32)
    for record in range(len(codes)):
        code = codes[record]
        if code >= 0:
            order[filled[code]] = record
            filled[code] += 1
    return order


@njit(cache=True, nogil=True)
def _large(codes: Codes, sizes: Codes, max_block: int) -> NDArray[np.bool_]:
    """(records,): whether a record's block is too large."""
    large = np.zeros(len(codes), dtype=np.bool_)
    for record in range(len(codes)):
        code = codes[record]
        large[record] = code >= 0 and sizes[code] > max_block
    return large


@njit(cache=True, nogil=True)
def _single(order: Codes, codes: Codes, max_block: int) -> _Found:
    """Blocks of equal code, given the records in the order of their codes."""
    grouped = np.empty(len(order), dtype=np.int64)
    for place in range(len(order)):
        grouped[place] = codes[order[place]]
    return _good(order, grouped, max_block)


@njit(cache=True, nogil=True)
def _crossed(
    order: Codes,
    ordered: Codes,
    counted: Codes,
    ordered_large: NDArray[np.bool_],
    counted_large: NDArray[np.bool_],
    values: int,
    max_block: int,
) -> _Found:
    """Blocks of records that are in a large block of both keys: in the order of the one, sorted by counting by the other."""
    starts = np.zeros(values + 1, dtype=np.int64)
    for place in range(len(order)):
        record = order[place]
        if ordered_large[record] and counted_large[record]:
            starts[counted[record] + 1] += 1
    for value in range(values):
        starts[value + 1] += starts[value]
    records = np.empty(starts[values], dtype=np.int32)
    grouped = np.empty(starts[values], dtype=np.int64)
    for place in range(len(order)):
        record = order[place]
        if ordered_large[record] and counted_large[record]:
            at = starts[counted[record]]
            starts[counted[record]] += 1
            records[at] = record
            grouped[at] = np.int64(counted[record]) << 32 | np.int64(ordered[record])
    return _good(records, grouped, max_block)


@njit(cache=True, nogil=True)
def _good(records: Codes, grouped: Index, max_block: int) -> _Found:
    """Of blocks of equal numbers, which lie together, those of 2 to ``max_block`` records; negative numbers are none."""
    members = np.empty(len(records), dtype=np.int32)
    after = np.empty(len(records), dtype=np.uint8)
    kept = start = 0
    while start < len(records):
        end = start + 1
        while end < len(records) and grouped[end] == grouped[start]:
            end += 1
        if grouped[start] >= 0 and 2 <= end - start <= max_block:
            for place in range(start, end):
                members[kept] = records[place]
                after[kept] = end - 1 - place
                kept += 1
        start = end
    return members[:kept].copy(), after[:kept].copy()


@njit(cache=True)
def _places(members: Codes, count: int) -> tuple[Index, Index]:
    """Where each record is a member: the places of record ``r`` from ``starts[r]`` to ``starts[r + 1]``."""
    starts = np.zeros(count + 1, dtype=np.int64)
    for place in range(len(members)):
        starts[members[place] + 1] += 1
    for record in range(count):
        starts[record + 1] += starts[record]
    filled = starts[:-1].copy()
    places = np.empty(len(members), dtype=np.int64)
    for place in range(len(members)):
        record = members[place]
        places[filled[record]] = place
        filled[record] += 1
    return starts, places


@njit(cache=True)
def _look_up(own: Codes, bits: Floats, offsets: Index, found: Floats) -> None:
    """How much agreeing with a record says in each key, 0 where it has none."""
    for key in range(len(own)):
        found[key] = bits[offsets[key] + own[key]] if own[key] >= 0 else np.float32(0.0)


@njit(cache=True)
def _in_common(one: Codes, bits: Floats, other: Codes, fields: Index) -> np.float32:
    """How much two records have in common, in bits, given what agreeing with the one says in each key."""
    total = best = np.float32(0.0)
    both = False
    field = -1
    for key in range(len(one)):
        if fields[key] != field:
            total += -DISAGREEMENT_BITS if both and best == 0 else best
            field, best, both = fields[key], np.float32(0.0), False
        if one[key] >= 0 and other[key] >= 0:
            both = True
            if one[key] == other[key]:
                best = max(best, bits[key])
    total += -DISAGREEMENT_BITS if both and best == 0 else best
    return total


@njit(cache=True)
def _fetch(records: Codes, codes: Codes, kept: Codes, worth: Floats, found: Codes) -> np.float32:
    """Look at what will be needed of some records in one go: the processor then waits for memory once, not each time."""
    looked = np.float32(0.0)
    for record in records:
        for key in range(0, codes.shape[1], CODES_PER_LINE):
            looked += codes[record, key]
        looked += kept[record, 0] + worth[record, 0] + found[record]
    return looked


@njit(cache=True)
def _fetch_blocks(places: Index, members: Codes, after: NDArray[np.uint8]) -> int:
    """The same for places of blocks."""
    looked = 0
    for place in places:
        looked += members[place] + after[place]
    return looked


@njit(parallel=True, cache=True)
def _rarity(  # type: ignore[no-untyped-def]
    codes, bits, offsets, fields, left, right, found
) -> None:
    for pair in prange(len(left)):
        own = codes[left[pair]]
        own_bits = np.empty(len(own), dtype=np.float32)
        _look_up(own, bits, offsets, own_bits)
        found[pair] = _in_common(own, own_bits, codes[right[pair]], fields)


def rarest(blocks: Blocks, table: KeyTable, per_record: int) -> tuple[Codes, Codes]:
    """Of each record the fellows after it, and those before it, with which it has most in common; of equals the first.

    Returns:
        Two of (records, per_record): numbers of records, -1 where there are no more.
    """
    later, earlier, worth = _rarest(*blocks, table.codes, table.bits, table.offsets, table.fields, per_record, get_num_threads())
    return later, _best_of(earlier, worth)


@njit(parallel=True, cache=True)
def _rarest(
    members: Codes,
    after: NDArray[np.uint8],
    starts: Index,
    places: Index,
    codes: Codes,
    bits: Floats,
    offsets: Index,
    fields: Index,
    per_record: int,
    threads: int,
) -> tuple[Codes, Codes, Floats]:
    """The best fellows after each record, and those before it that each thread found (threads, records, per_record).

    A pair is weighed once, by whoever has its first record, and put down for both; so each thread keeps lists of its own.
    """
    count = len(starts) - 1
    later = np.full((count, per_record), -1, dtype=np.int32)
    earlier = np.full((threads, count, per_record), -1, dtype=np.int32)
    worth_earlier = np.full((threads, count, per_record), -np.inf, dtype=np.float32)
    for thread in prange(threads):
        seen = np.full(count, -1, dtype=np.int32)
        worth = np.empty(per_record, dtype=np.float32)
        kept_earlier, worth_of, found_earlier = earlier[thread], worth_earlier[thread], np.zeros(count, dtype=np.int32)
        own_bits = np.empty(codes.shape[1], dtype=np.float32)
        fellows = np.empty(FELLOWS, dtype=np.int32)
        for chunk in range(thread, (count + CHUNK - 1) // CHUNK, threads):
            for record in range(chunk * CHUNK, min(count, (chunk + 1) * CHUNK)):
                own = codes[record]
                _look_up(own, bits, offsets, own_bits)
                found = waiting = 0
                _fetch_blocks(places[starts[record] : starts[record + 1]], members, after)
                for entry in range(starts[record], starts[record + 1]):
                    place = places[entry]
                    # Within a block records ascend: those after this one are the later ones.
                    for at in range(place + 1, place + after[place] + 1):
                        other = members[at]
                        if seen[other] != record:
                            seen[other] = record
                            fellows[waiting] = other
                            waiting += 1
                    if waiting > FELLOWS - MOST_IN_BLOCK or entry == starts[record + 1] - 1:
                        _fetch(fellows[:waiting], codes, kept_earlier, worth_of, found_earlier)
                        for other in fellows[:waiting]:
                            value = _in_common(own, own_bits, codes[other], fields)
                            found = _keep(later[record], worth, found, other, value)
                            before = found_earlier[other]
                            found_earlier[other] = _keep(kept_earlier[other], worth_of[other], before, record, value)
                        waiting = 0
    return later, earlier, worth_earlier


@njit(parallel=True, cache=True)
def _best_of(kept: Codes, worth: Floats) -> Codes:
    """The best of several lists for each record, given (lists, records, places), each best first."""
    lists, count, places = kept.shape
    best = np.full((count, places), -1, dtype=np.int32)
    for record in prange(count):
        of_best = np.empty(places, dtype=np.float32)
        found = 0
        for one in range(lists):
            for place in range(places):
                if kept[one, record, place] < 0:
                    break
                found = _keep(best[record], of_best, found, kept[one, record, place], worth[one, record, place])
    return best


@njit(cache=True)
def _keep(kept: Codes, worth: Floats, found: int, other: int, value: np.float32) -> int:
    """Put a record where it belongs among the best, if it does; returns how many there are."""
    place = found
    while place > 0 and (worth[place - 1] < value or (worth[place - 1] == value and kept[place - 1] > other)):
        place -= 1
    if place >= len(kept):
        return found
    for at in range(min(found, len(kept) - 1), place, -1):
        kept[at], worth[at] = kept[at - 1], worth[at - 1]
    kept[place], worth[place] = other, value
    return min(found + 1, len(kept))
