"""Pairs of records compared field by field, and what the rarity of what they agree on adds."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numba import get_num_threads
from numpy.typing import NDArray

from graph.identity.matching.comparisons import COMPARISONS, FEW_PAIRS, Values, cross_similarity, levels_of_equals
from graph.identity.matching.fields import ELSEWHERE, LEVELS, OF_MANY_FIELDS, Meaning
from graph.identity.matching.records import Column, Records

Index = NDArray[np.int64]
Codes = NDArray[np.int32]
CHUNK = 1_000_000
"""Pairs that are compared at once."""
SILENT = -1
"""Level of a pair of which one record is silent on the field."""
SWAPPED_SIMILARITY = 0.9
SWAPPED_LENGTH = 4
"""Letters from which a name in the other's place may be misspelt."""


@dataclass(frozen=True, slots=True)
class Compared:
    """How pairs of records agree; (pairs, fields) each."""

    levels: NDArray[np.int8]
    """Level of agreement; ``SILENT`` where a record does not state the field."""
    rarity: NDArray[np.float32]
    """Natural logarithm of how much more often strangers agree on this value than on the average one; negative for rare values.

    0 where rarity does not count at the level.
    """

    def __len__(self) -> int:
        return len(self.levels)

    def take(self, rows: NDArray[np.bool_] | Index) -> "Compared":
        """Some of the pairs."""
        return Compared(self.levels[rows], self.rarity[rows])

    def put(self, rows: Index, compared: "Compared") -> None:
        """Put what was compared anew in the place of what was there."""
        self.levels[rows], self.rarity[rows] = compared.levels, compared.rarity


@dataclass(frozen=True, slots=True)
class Comparer:
    """Compares pairs of records on every field that any of them states."""

    records: Records
    aliases: frozenset[tuple[str, str]] = frozenset()
    """Pairs of given names that were learnt to be one name, the smaller first."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """The fields that are compared, in their order."""
        return tuple(column for column in self.records.columns.values() if column.meaning in COMPARISONS)

    def compare(self, left: Index, right: Index) -> Compared:
        """Agreement of each pair of record numbers."""
        columns = self.columns
        levels = np.full((len(left), len(columns)), SILENT, dtype=np.int8)
        rarity = np.zeros((len(left), len(columns)), dtype=np.float32)
        place: dict[Meaning, int] = {
            column.meaning: number for number, column in enumerate(columns) if column.meaning not in OF_MANY_FIELDS
        }
        without_parts = _without_parts(columns, place, left, right)

        def put(number: int) -> None:
            if columns[number].meaning is Meaning.FULL_NAME:
                # The whole name says nothing beyond its parts where both records have the parts.
                rows = without_parts
                levels[rows, number], rarity[rows, number] = _best(columns[number], left[rows], right[rows], self.aliases)
            else:
                levels[:, number], rarity[:, number] = _best(columns[number], left, right, self.aliases)

        if len(left) > FEW_PAIRS:
            # Sorting and comparing texts, most of the work, let other threads run.
            with ThreadPoolExecutor(get_num_threads()) as threads:
                list(threads.map(put, range(len(columns))))
        else:
            for number in range(len(columns)):
                put(number)
        compared = Compared(levels, rarity)
        if Meaning.GIVEN_NAME in place and Meaning.FAMILY_NAME in place:
            _swapped_names(columns, place, compared, left, right)
        _elsewhere(place, compared)
        return compared

    def compare_all(self, left: Index, right: Index) -> Compared:
        """Agreement of any number of pairs, compared in chunks."""
        parts = [self.compare(left[part], right[part]) for part in chunks(len(left), CHUNK)] or [self.compare(left, right)]
        return Compared(np.concatenate([part.levels for part in parts]), np.concatenate([part.rarity for part in parts]))


def chunks(count: int, size: int) -> Iterator[slice]:
    """Slices of at most ``size`` that cover ``count``."""
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def _best(
    column: Column, left: Index, right: Index, aliases: frozenset[tuple[str, str]]
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Agreement on a column; of records with several values the pair of values that agrees best counts, then the rarest."""
    levels, rarity = _agreement(column, column.codes[left], column.codes[right], aliases)
    if not len(column.more):
        return levels, rarity
    several = np.zeros(len(column.codes), dtype=np.bool_)
    several[column.more[:, 0]] = True
    rows = np.flatnonzero((several[left] | several[right]) & (levels != SILENT))
    if len(rows):
        row, a, b = _all_values(column, rows, left, right)
        of_values, how_rare = _agreement(column, a, b, aliases)
        order = np.lexsort((how_rare, of_values, row))
        chosen = order[np.r_[True, row[order][1:] != row[order][:-1]]]
        levels[row[chosen]] = of_values[chosen]
        rarity[row[chosen]] = how_rare[chosen]
    return levels, rarity


def _all_values(column: Column, rows: Index, left: Index, right: Index) -> tuple[Index, Codes, Codes]:
    """Every combination of the values of the two records of each row: the row, the left code, the right code."""
    values: dict[int, list[int]] = {}
    for record, code in column.more.tolist():
        values.setdefault(record, []).append(code)
    found: list[tuple[int, int, int]] = []
    for row in rows.tolist():
        i, j = int(left[row]), int(right[row])
        found.extend(
            (row, x, y) for x in (int(column.codes[i]), *values.get(i, ())) for y in (int(column.codes[j]), *values.get(j, ()))
        )
    table = np.array(found, dtype=np.int64)
    return table[:, 0], table[:, 1].astype(np.int32), table[:, 2].astype(np.int32)


def _agreement(
    column: Column, a: Codes, b: Codes, aliases: frozenset[tuple[str, str]]
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Level and rarity of pairs of values, given by their numbers; each distinct pair is compared once."""
    levels = np.full(len(a), SILENT, dtype=np.int8)
    rarity = np.zeros(len(a), dtype=np.float32)
    equal = np.flatnonzero((a == b) & (a >= 0))
    value = a[equal]
    levels[equal] = column.once(levels_of_equals)[value]
    rarity[equal] = _more_often(column, levels[equal], column.shares[value])
    unequal = np.flatnonzero((a != b) & (a >= 0) & (b >= 0))
    if len(unequal):
        x, y = np.minimum(a[unequal], b[unequal]).astype(np.int64), np.maximum(a[unequal], b[unequal])
        key = x * len(column.values) + y
        order = np.argsort(key)
        ordered = key[order]
        first = np.r_[True, ordered[1:] != ordered[:-1]]
        inverse = np.empty(len(key), dtype=np.int64)
        inverse[order] = np.cumsum(first) - 1
        distinct_x, distinct_y = np.divmod(ordered[first], len(column.values))
        level = COMPARISONS[column.meaning](Values(column, distinct_x, distinct_y, aliases))
        levels[unequal] = level[inverse]
        more_often = _more_often(column, level, np.maximum(column.shares[distinct_x], column.shares[distinct_y]))
        rarity[unequal] = more_often[inverse]
    return levels, rarity


def _more_often(column: Column, level: NDArray[np.int8], shares: NDArray[np.float64]) -> NDArray[np.float32]:
    """The rarity of pairs of values at a level, given the share of the more frequent value of each; see ``Compared.rarity``."""
    how = LEVELS[column.meaning]
    if not how.rarity:
        return np.zeros(len(level), dtype=np.float32)
    more_often = np.log(shares / column.mean_share)
    rarity: NDArray[np.float64] = np.where(level == 0, more_often, np.where(np.isin(level, how.graded), more_often / 2, 0.0))
    return rarity.astype(np.float32)


def _swapped_names(columns: tuple[Column, ...], place: dict[Meaning, int], compared: Compared, left: Index, right: Index) -> None:
    """Where names differ, see whether one record has them the other way round; then the given name alone tells of both."""
    g, f = place[Meaning.GIVEN_NAME], place[Meaning.FAMILY_NAME]
    unlike = np.ones(len(left), dtype=np.bool_)
    for number, meaning in ((g, Meaning.GIVEN_NAME), (f, Meaning.FAMILY_NAME)):
        how = LEVELS[meaning]
        unlike &= np.isin(compared.levels[:, number], (SILENT, how.index("resembles"), how.index("different")))
    rows = np.flatnonzero(unlike)
    if not len(rows):
        return
    one_way = _crossed(columns[g], columns[f], left[rows], right[rows])
    other_way = _crossed(columns[g], columns[f], right[rows], left[rows])
    how = LEVELS[Meaning.GIVEN_NAME]
    compared.levels[rows[one_way & other_way], g] = how.index("names_swapped")
    compared.levels[rows[one_way ^ other_way], g] = how.index("one_name_swapped")
    swapped = rows[one_way | other_way]
    compared.rarity[swapped, g] = 0
    compared.levels[swapped, f] = SILENT
    compared.rarity[swapped, f] = 0


def _crossed(given: Column, family: Column, a: Index, b: Index) -> NDArray[np.bool_]:
    """Whether the given name of ``a`` is the family name of ``b``; short ones have to be equal, lest Ada be Adams."""
    x, y = given.codes[a].astype(np.int64), family.codes[b].astype(np.int64)
    found = np.zeros(len(a), dtype=np.bool_)
    stated = np.flatnonzero((x >= 0) & (y >= 0))
    if len(stated):
        key, inverse = np.unique(x[stated] * len(family.values) + y[stated], return_inverse=True)
        i, j = np.divmod(key, len(family.values))
        long = np.minimum(given.lengths[i], family.lengths[j]) >= SWAPPED_LENGTH
        similar = cross_similarity(given.texts[i].tolist(), family.texts[j].tolist())
        found[stated] = (np.where(long, similar, np.floor(similar)) > SWAPPED_SIMILARITY)[inverse]
    return found


_PLACES: Mapping[Meaning, tuple[str, ...]] = {
    Meaning.STREET: ("resembles", "same_number", "different"),
    Meaning.POSTAL_CODE: ("two_edits", "different"),
    Meaning.CITY: ("different",),
}
"""The fields that tell a place, the most telling first, and the levels at which they tell of another one."""


def _elsewhere(place: dict[Meaning, int], compared: Compared) -> None:
    """Where everything that two records state of a place is another one, one field tells so for all."""
    fields = [(place[meaning], meaning) for meaning in _PLACES if meaning in place]
    if len(fields) < 2:
        return
    stated = np.column_stack([compared.levels[:, number] != SILENT for number, _ in fields])
    other = np.column_stack(
        [
            np.isin(compared.levels[:, number], [LEVELS[meaning].index(name) for name in _PLACES[meaning]])
            for number, meaning in fields
        ]
    )
    rows = np.flatnonzero((stated == other).all(axis=1) & (stated.sum(axis=1) > 1))
    first = stated[rows].argmax(axis=1)
    for position, (number, meaning) in enumerate(fields):
        compared.levels[rows, number] = np.where(first == position, LEVELS[meaning].index(ELSEWHERE), SILENT)
        compared.rarity[rows, number] = 0
    if (region := place.get(Meaning.REGION)) is not None:
        differs = rows[compared.levels[rows, region] == LEVELS[Meaning.REGION].index("different")]
        compared.levels[differs, region] = SILENT


def _without_parts(columns: tuple[Column, ...], place: dict[Meaning, int], left: Index, right: Index) -> Index:
    """The pairs that have neither given names nor family names on both sides."""
    without = np.ones(len(left), dtype=np.bool_)
    for meaning in (Meaning.GIVEN_NAME, Meaning.FAMILY_NAME):
        if (number := place.get(meaning)) is not None:
            codes = columns[number].codes
            without &= (codes[left] < 0) | (codes[right] < 0)
    return np.flatnonzero(without)
