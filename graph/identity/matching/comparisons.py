"""Comparison of pairs of records, field by field, to levels of agreement.

Distinct pairs of values are compared once each, by rapidfuzz on all cores: names and places by Jaro-Winkler similarity (Winkler
1990), codes and dates by optimal string alignment distance (an edit is an insertion, deletion, substitution or transposition).
"""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import combinations

import numpy as np
from nicknames import NickNamer
from numpy.typing import NDArray
from rapidfuzz.distance import OSA, JaroWinkler
from rapidfuzz.fuzz import token_sort_ratio
from rapidfuzz.process import cpdist

from graph.identity.matching.fields import LEVELS, Meaning
from graph.identity.matching.records import UNKNOWN, Column, domain_of

Index = NDArray[np.int64]
Floats = NDArray[np.float32]
FEW_PAIRS = 2_000
CHARACTERS_PER_EDIT = 4
"""Characters of which one may be wrong in a code that is taken for a misspelt one."""


def cross_similarity(left: Sequence[str], right: Sequence[str]) -> Floats:
    """Jaro-Winkler similarity of each text of one list with the one at its place in the other, 0 to 1."""
    return np.asarray(cpdist(left, right, scorer=JaroWinkler.similarity, workers=_workers(len(left))), dtype=np.float32)


def _workers(pairs: int) -> int:
    """Threads that compare so many pairs: all cores, but for so few that starting threads takes longer than comparing."""
    return -1 if pairs > FEW_PAIRS else 1


def _initial(value: str) -> str:
    return value[:1]


def _birthday(value: str) -> str:
    return value[4:]


def _area(value: str) -> str:
    return value[:3]


def _local_part(value: str) -> str:
    return value.partition("@")[0]


@dataclass
class Values:
    """Distinct pairs of values of one column, no two of them equal."""

    column: Column
    x: Index
    y: Index
    aliases: frozenset[tuple[str, str]] = field(default_factory=frozenset)

    @property
    def keys(self) -> Index:
        """Each pair as one number: the smaller code * values + the greater one."""
        return np.minimum(self.x, self.y) * len(self.column.values) + np.maximum(self.x, self.y)

    @cached_property
    def left(self) -> list[str]:
        """The one value of each pair."""
        texts: list[str] = self.column.texts[self.x].tolist()
        return texts

    @cached_property
    def right(self) -> list[str]:
        """The other value of each pair."""
        texts: list[str] = self.column.texts[self.y].tolist()
        return texts

    def similarity(self) -> Floats:
        """Jaro-Winkler similarity, 0 to 1."""
        return cross_similarity(self.left, self.right)

    def distance(self) -> Floats:
        """Optimal string alignment distance, in edits."""
        return np.asarray(
            cpdist(self.left, self.right, scorer=OSA.distance, workers=_workers(len(self.x)), dtype=np.int32), dtype=np.float32
        )

    def of(self, part: Callable[[str], str]) -> tuple[NDArray[np.int64], NDArray[np.int64], list[str]]:
        """A part of the values of both sides as numbers of distinct texts (the empty one is number 0)."""
        codes, distinct = self.column.parts(part)
        return codes[self.x], codes[self.y], distinct

    def same_part(self, part: Callable[[str], str]) -> NDArray[np.bool_]:
        """Whether a part that both have is the same."""
        a, b, _ = self.of(part)
        same: NDArray[np.bool_] = (a == b) & (a > 0)
        return same

    def lengths(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Length of both values of each pair."""
        lengths = self.column.lengths
        return lengths[self.x], lengths[self.y]

    def initial(self) -> NDArray[np.bool_]:
        """Whether one is the initial of the other."""
        a, b = self.lengths()
        initial: NDArray[np.bool_] = (np.minimum(a, b) == 1) & self.same_part(_initial)
        return initial


_Level = NDArray[np.int8]


def _choose(conditions: Sequence[NDArray[np.bool_]], levels: Sequence[int], otherwise: int) -> _Level:
    return np.select(list(conditions), list(levels), otherwise).astype(np.int8)


def _by_name(meaning: Meaning, conditions: Mapping[str, NDArray[np.bool_]], otherwise: str = "different") -> _Level:
    """The first level whose condition holds."""
    levels = LEVELS[meaning]
    return _choose(list(conditions.values()), [levels.index(name) for name in conditions], levels.index(otherwise))


_NICKNAMES = NickNamer()


def _one_name(column: Column) -> Index:
    """Pairs of given names that are short forms of one name, as smaller code * values + greater code, sorted."""
    called: dict[str, list[int]] = defaultdict(list)
    for code, name in enumerate(column.values):
        for canonical in {name, *_NICKNAMES.canonicals_of(name)}:
            called[canonical].append(code)
    pairs = {x * len(column.values) + y for codes in called.values() for x, y in combinations(codes, 2)}
    return np.array(sorted(pairs), dtype=np.int64)


@cache
def _initials_of(name: str) -> frozenset[str]:
    """First letters of a given name and of what people of that name are called."""
    return frozenset(each[:1] for each in (name, *_NICKNAMES.nicknames_of(name)))


def _given_name(values: Values) -> _Level:
    similarity = values.similarity()
    initial = values.initial()
    a, b = values.lengths()
    short = (a == 1) | (b == 1)
    for row in np.flatnonzero(short & ~initial).tolist():
        # B. is Robert, who is called Bob.
        ends = values.left[row], values.right[row]
        initial[row] = min(ends, key=len) in _initials_of(max(ends, key=len))
    known = values.column.once(_one_name)
    nickname = (np.append(known, -1)[np.searchsorted(known, values.keys)] == values.keys) & (similarity < 0.92) & ~short
    if values.aliases:
        # Few names have an alias: only pairs of two of them are looked up.
        aliased = {name for pair in values.aliases for name in pair}
        has = np.fromiter((name in aliased for name in values.column.values), dtype=np.bool_, count=len(values.column.values))
        for row in np.flatnonzero(has[values.x] & has[values.y] & ~short).tolist():
            ends = values.left[row], values.right[row]
            nickname[row] |= (min(ends), max(ends)) in values.aliases
    return _by_name(
        Meaning.GIVEN_NAME,
        {
            "initial": initial,
            "spelling": similarity > 0.92,
            "nickname": nickname,
            "similar": similarity > 0.85,
            "resembles": similarity > 0.75,
        },
    )


def _middle_name(values: Values) -> _Level:
    similarity = values.similarity()
    alike = values.same_part(_initial) | (similarity > 0.85)
    return _by_name(Meaning.MIDDLE_NAME, {"initial_or_similar": alike})


def _several_words(column: Column) -> NDArray[np.bool_]:
    """(values,): whether a name has several words."""
    return np.fromiter((" " in name for name in column.values), dtype=np.bool_, count=len(column.values))


def _family_name(values: Values) -> _Level:
    similarity = values.similarity()
    part = np.zeros(len(values.x), dtype=bool)
    several = values.column.once(_several_words)
    for row in np.flatnonzero(several[values.x] | several[values.y]).tolist():
        words, others = set(values.left[row].split()), set(values.right[row].split())
        part[row] = bool({word for word in words & others if len(word) > 2})
    return _by_name(
        Meaning.FAMILY_NAME,
        {
            "initial": values.initial(),
            "spelling": similarity > 0.92,
            "part": part,
            "similar": similarity > 0.85,
            "resembles": similarity > 0.75,
        },
    )


def _full_name(values: Values) -> _Level:
    ratio = (
        np.asarray(cpdist(values.left, values.right, scorer=token_sort_ratio, workers=_workers(len(values.x))), dtype=np.float32)
        / 100
    )
    return _by_name(Meaning.FULL_NAME, {"same_words": ratio > 0.95, "similar": ratio > 0.8})


def _different(meaning: Meaning) -> Callable[[Values], _Level]:
    """For fields whose values are equal or not."""
    return lambda values: np.full(len(values.x), LEVELS[meaning].index("different"), dtype=np.int8)


def _digits(column: Column) -> NDArray[np.uint32]:
    """(values, 8): code points of dates, 0 beyond a text's end."""
    length = len("yyyymmdd")
    return np.array(column.values, dtype=f"<U{length}").view(np.uint32).reshape(-1, length)


def _unknown(column: Column) -> NDArray[np.bool_]:
    """(values,): whether a part of the date is not known."""
    unknown: NDArray[np.bool_] = (column.once(_digits) == ord(UNKNOWN)).any(axis=1)
    return unknown


def _date_parts(column: Column) -> NDArray[np.uint64]:
    """(values, 3): year, month and day as numbers made of their code points, 0 where the text ends before."""
    digits = column.once(_digits).astype(np.uint64)
    place = np.uint64(1) << (16 * np.arange(4, dtype=np.uint64))
    return np.stack([digits[:, part] @ place[: part.stop - part.start] for part in _DATE_PARTS], axis=1)


_DATE_PARTS = (slice(0, 4), slice(4, 6), slice(6, 8))


def _agree_as_known(values: Values) -> NDArray[np.bool_]:
    """Whether a part of either date is not known, and all that both know is the same."""
    unknown, digits = values.column.once(_unknown), values.column.once(_digits)
    agree: NDArray[np.bool_] = unknown[values.x] | unknown[values.y]
    rows = np.flatnonzero(agree)
    a, b = digits[values.x[rows]], digits[values.y[rows]]
    silent = (a == ord(UNKNOWN)) | (b == ord(UNKNOWN)) | (a == 0) | (b == 0)
    agree[rows] = ((a == b) | silent).all(axis=1)
    return agree


def _birth_date(values: Values) -> _Level:
    distance = values.distance()
    parts = values.column.once(_date_parts)
    a, b = parts[values.x], parts[values.y]
    year, month, day = ((a == b) & (a > 0)).T
    swapped = (a[:, 0] == b[:, 0]) & (a[:, 1] == b[:, 2]) & (a[:, 2] == b[:, 1])
    return _by_name(
        Meaning.BIRTH_DATE,
        {
            "known_parts": _agree_as_known(values),
            "one_edit": distance <= 1,
            "day_and_month_swapped": swapped,
            "year_and_month": year & month,
            "year_and_day": year & day,
            "month_and_day": month & day,
            "two_edits": distance <= 2,
            "year": year,
            "three_edits": distance <= 3,
        },
    )


def _code(meaning: Meaning) -> Callable[[Values], _Level]:
    def compare(values: Values) -> _Level:
        distance = values.distance()
        # Of a short code that is another one some characters are the same all the same.
        edits = np.maximum(*values.lengths()) / CHARACTERS_PER_EDIT
        conditions = {
            "one_edit": (distance <= 1) & (edits >= 1),
            "two_edits": (distance <= 2) & (edits >= 2),
            "three_edits": (distance <= 3) & (edits >= 3),
        }
        if meaning is Meaning.POSTAL_CODE:
            area = values.same_part(_area)
            conditions = {
                "one_edit": distance <= 1,
                "same_area": area,
                "two_edits": distance <= 2,
            }
        return _by_name(meaning, conditions)

    return compare


def _email(values: Values) -> _Level:
    distance = values.distance()
    local_a, local_b, locals_ = values.of(_local_part)
    domain_a, domain_b, domains = values.of(domain_of)
    local = _similarity_of(local_a, local_b, locals_)
    # Of domains there are few.
    pairs, place = np.unique(domain_a * len(domains) + domain_b, return_inverse=True)
    domain = _similarity_of(*np.divmod(pairs, len(domains)), domains)[place]
    of_domain, few = values.column.domain_counts, max(12, 0.002 * values.column.stated)
    rare = np.array([0 < of_domain.get(name, 0) <= few for name in domains], dtype=bool)
    return _by_name(
        Meaning.EMAIL,
        {
            "same_local_part": (local_a == local_b) & (local_a > 0),
            "one_edit": distance <= 1,
            "three_edits": distance <= 3,
            "same_rare_domain": (domain_a == domain_b) & (domain_a > 0) & rare[domain_a],
            "similar": (local > 0.88) & (domain > 0.9),
            "similar_local_part": local > 0.88,
            "similar_domain": (domain > 0.92) & (domain_a != domain_b),
        },
    )


def _similarity_of(a: Index, b: Index, texts: Sequence[str]) -> Floats:
    of = np.array(texts, dtype=object)
    return cross_similarity(of[a].tolist(), of[b].tolist())


_NUMBER = re.compile(r"\d+")


def _house_number(value: str) -> str:
    found = _NUMBER.match(value)
    return found.group() if found else ""


def _street(values: Values) -> _Level:
    similarity = values.similarity()
    number = values.same_part(_house_number)
    return _by_name(
        Meaning.STREET,
        {
            "spelling": (similarity > 0.92) & number,
            "similar": (similarity > 0.75) & number,
            "other_number": similarity > 0.92,
            "resembles": similarity > 0.8,
            "same_number": number,
        },
    )


def _city(values: Values) -> _Level:
    similarity = values.similarity()
    return _by_name(Meaning.CITY, {"spelling": similarity > 0.92, "similar": similarity > 0.8})


COMPARISONS: Mapping[Meaning, Callable[[Values], _Level]] = {
    Meaning.GIVEN_NAME: _given_name,
    Meaning.MIDDLE_NAME: _middle_name,
    Meaning.FAMILY_NAME: _family_name,
    Meaning.SUFFIX: _different(Meaning.SUFFIX),
    Meaning.FULL_NAME: _full_name,
    Meaning.BIRTH_DATE: _birth_date,
    Meaning.GENDER: _different(Meaning.GENDER),
    Meaning.EMAIL: _email,
    Meaning.PHONE: _code(Meaning.PHONE),
    Meaning.STREET: _street,
    Meaning.CITY: _city,
    Meaning.REGION: _different(Meaning.REGION),
    Meaning.POSTAL_CODE: _code(Meaning.POSTAL_CODE),
    Meaning.IDENTIFIER: _code(Meaning.IDENTIFIER),
    Meaning.ISSUED: _different(Meaning.ISSUED),
}
"""Levels of pairs of values that are not equal."""


def levels_of_equals(column: Column) -> NDArray[np.int8]:
    """(values,): the level at which each value agrees with itself."""
    levels = LEVELS[column.meaning]
    found = np.full(len(column.values), levels.index("exact"), dtype=np.int8)
    if column.meaning is Meaning.BIRTH_DATE:
        # Entered for want of the day.
        codes, birthdays = column.parts(_birthday)
        if "0101" in birthdays:
            found[codes == birthdays.index("0101")] = levels.index("exact_first_of_january")
    return found
