"""Records as columns: each field's distinct values, and for each record the number of its value."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from operator import attrgetter
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from graph.identity.matching.fields import LEVELS, Meaning
from graph.model.claim import Claim
from graph.model.identifier import (
    ANONYMOUS_ID,
    CARD_TOKEN,
    DEVICE_ID,
    EMAIL,
    NAME_BIRTH_DATE,
    PHONE,
    POSTAL_ADDRESS,
    USER_ID,
)

T = TypeVar("T")
Codes = NDArray[np.int32]
UNKNOWN = "_"
"""Stands for a digit of a date that is not known."""
_NOT_COMPARED = frozenset((POSTAL_ADDRESS, NAME_BIRTH_DATE))
"""Identifiers made of fields that are compared by themselves."""
SHARED_BY = 100.0
_ISSUED = frozenset((USER_ID, ANONYMOUS_ID, DEVICE_ID, CARD_TOKEN))
"""Namespaces of ids that software gives and carries."""
LEAST_PHONE_DIGITS = 5
"""Digits from which a text is compared as a phone number."""
PHONE_DIGITS = 10
"""Digits of a phone number, from its end, that are compared: sources differ in whether they write the country's code."""


@dataclass(frozen=True)
class Column:
    """One field of all records.

    ``codes`` has for each record the number of its first value in ``values``, -1 where it is silent. A record that states several
    values has the others in ``more``: rows of (record, code).
    """

    name: str
    meaning: Meaning
    codes: Codes
    values: list[str]
    more: NDArray[np.int32]

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """How many records state each value."""
        stated = np.concatenate([self.codes[self.codes >= 0], self.more[:, 1]])
        return np.bincount(stated, minlength=len(self.values))

    @cached_property
    def shares(self) -> NDArray[np.float64]:
        """Share of the stated values that each value has, were the records part of a population of ``SHARED_BY`` more.

        Of ten records every value is stated by a tenth at least, which says nothing of how rare it is.
        """
        chance = LEVELS[self.meaning].chance
        shares: NDArray[np.float64] = (self.counts.astype(np.float64) + SHARED_BY * chance) / (self.stated + SHARED_BY)
        return shares

    @cached_property
    def stated(self) -> int:
        """How many values records state, each counted as often as it is stated."""
        return int(self.counts.sum())

    @cached_property
    def agreeing(self) -> int:
        """How many pairs of stated values are equal."""
        counts = self.counts
        return int((counts * (counts - 1) // 2).sum())

    @cached_property
    def mean_share(self) -> float:
        """Probability that two random stated values agree: the mean of ``shares`` over what is stated.

        Made of integers, so that it does not depend on the order in which values are counted.
        """
        stated, chance = self.stated, LEVELS[self.meaning].chance
        squares = 2 * self.agreeing + stated
        return (squares + SHARED_BY * chance * stated) / ((stated + SHARED_BY) * max(stated, 1))

    @cached_property
    def domain_counts(self) -> Mapping[str, int]:
        """How many of the stated values are of each domain, for e-mail addresses."""
        found: dict[str, int] = {}
        for value, number in zip(self.values, self.counts.tolist(), strict=True):
            domain = domain_of(value)
            found[domain] = found.get(domain, 0) + number
        return found

    @cached_property
    def texts(self) -> NDArray[np.object_]:
        """(values,): the values, to be taken many at once."""
        return np.array(self.values, dtype=object)

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """(values,): characters of each value."""
        return np.fromiter(map(len, self.values), dtype=np.int64, count=len(self.values))

    def parts(self, part: Callable[[str], str]) -> tuple[NDArray[np.int64], list[str]]:
        """(values,): a part of each value as the number of a distinct text (the empty one is number 0), and these texts.

        What is found is kept: pairs are compared in many chunks, and a part is a function that has a name.
        """
        found = self._parts.get(part)
        if found is None:
            made = [part(value) for value in self.values]
            distinct = sorted({"", *made})
            number = {text: index for index, text in enumerate(distinct)}
            codes = np.fromiter((number[text] for text in made), dtype=np.int64, count=len(made))
            found = self._parts[part] = (codes, distinct)
        return found

    def once(self, make: Callable[["Column"], T]) -> T:
        """What a function makes of this column, made once."""
        if make not in self._made:
            self._made[make] = make(self)
        found: T = self._made[make]
        return found

    @cached_property
    def _parts(self) -> dict[Callable[[str], str], tuple[NDArray[np.int64], list[str]]]:
        return {}

    @cached_property
    def _made(self) -> dict[Callable[["Column"], Any], Any]:
        return {}


def domain_of(email: str) -> str:
    """What follows the first @ of an e-mail address."""
    return email.partition("@")[2]


@dataclass(frozen=True, slots=True)
class Population:
    """How many records there are of each source."""

    sources: tuple[str, ...]
    sizes: NDArray[np.int64]
    """(sources,)"""

    def __len__(self) -> int:
        return int(self.sizes.sum())


@dataclass(frozen=True, slots=True)
class Records:
    """Records to be matched, in the order of their ids."""

    ids: list[str]
    source: Codes
    sources: list[str]
    columns: Mapping[str, Column]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def population(self) -> Population:
        """The records counted by source."""
        return Population(tuple(self.sources), np.bincount(self.source, minlength=len(self.sources)))


def records_of(claims: Iterable[Claim]) -> Records:
    """Columns of what claims state, sorted by record id, so that the order of the claims carries no meaning."""
    ordered = sorted(claims, key=attrgetter("record_id"))
    given = {number: _as_given(claim) for number, claim in enumerate(ordered) if claim.rejected}
    columns = [*_simple(ordered), _birth_dates(ordered, given), *_identifiers(ordered, given)]
    sources = sorted({claim.source for claim in ordered})
    number_of = {source: number for number, source in enumerate(sources)}
    return Records(
        ids=[claim.record_id for claim in ordered],
        source=np.array([number_of[claim.source] for claim in ordered], dtype=np.int32),
        sources=sources,
        columns={column.name: column for column in sorted(columns, key=attrgetter("name")) if column.values},
    )


def _simple(claims: Sequence[Claim]) -> Iterator[Column]:
    """Columns of the fields that have one value."""
    names, addresses = [claim.name for claim in claims], [claim.address for claim in claims]
    for meaning, values in (
        (Meaning.GIVEN_NAME, [name.given for name in names]),
        (Meaning.MIDDLE_NAME, [name.middle for name in names]),
        (Meaning.FAMILY_NAME, [name.family for name in names]),
        (Meaning.SUFFIX, [name.suffix for name in names]),
        (Meaning.FULL_NAME, [name.full for name in names]),
        (Meaning.GENDER, [claim.gender for claim in claims]),
        (Meaning.STREET, [address.street for address in addresses]),
        (Meaning.CITY, [address.city for address in addresses]),
        (Meaning.REGION, [address.region for address in addresses]),
        (Meaning.POSTAL_CODE, [address.postal_code for address in addresses]),
    ):
        yield _of_one_value(meaning.value, meaning, values)


def _birth_dates(claims: Sequence[Claim], given: Mapping[int, "_Given"]) -> Column:
    """Birth dates as eight digits; where none was understood, what was given."""
    text_of: dict[date | None, str] = {born: born.strftime("%Y%m%d") for born in {claim.birth_date for claim in claims} if born}
    values = [text_of.get(claim.birth_date) for claim in claims]
    for record, by_trait in given.items():
        values[record] = values[record] or next(map(_date_digits, by_trait["birthDate"]), None)
    return _of_one_value(Meaning.BIRTH_DATE.value, Meaning.BIRTH_DATE, values)


def _identifiers(claims: Sequence[Claim], given: Mapping[int, "_Given"]) -> Iterator[Column]:
    """A column for each namespace; of e-mail addresses and phones that were not understood, what was given."""
    stated: dict[str, tuple[list[int], list[str]]] = defaultdict(lambda: ([], []))
    for record, claim in enumerate(claims):
        for key in claim.identifiers:
            namespace, _, value = key.partition(":")
            records, values = stated[namespace]
            records.append(record)
            values.append(value)
    for namespace in _NOT_COMPARED:
        stated.pop(namespace, None)
    emails = _with_given(*stated.pop(EMAIL, ([], [])), {number: traits["emails"] for number, traits in given.items()})
    phones = _with_given(*stated.pop(PHONE, ([], [])), {number: traits["phones"] for number, traits in given.items()})
    yield _of_values(EMAIL, Meaning.EMAIL, len(claims), *emails)
    digits = {phone: _phone_digits(phone) for phone in set(phones[1])}
    known = [(record, digits[phone]) for record, phone in zip(*phones, strict=True) if len(digits[phone]) >= LEAST_PHONE_DIGITS]
    yield _of_values(PHONE, Meaning.PHONE, len(claims), [record for record, _ in known], [phone for _, phone in known])
    for namespace, (records, values) in stated.items():
        meaning = Meaning.ISSUED if namespace in _ISSUED else Meaning.IDENTIFIER
        yield _of_values(namespace, meaning, len(claims), records, values)


def _with_given(records: list[int], values: list[str], given: Mapping[int, list[str]]) -> tuple[list[int], list[str]]:
    """Records and their values; of those that have none, what was given and not understood."""
    have = set(records) if given else set()
    for record, texts in given.items():
        if record not in have:
            records.extend([record] * len(texts))
            values.extend(texts)
    return records, values


_Given = Mapping[str, list[str]]


def _as_given(claim: Claim) -> _Given:
    """Values that normalisation refused, by trait: a wrong date or address still resembles the right one."""
    given: dict[str, list[str]] = {"birthDate": [], "emails": [], "phones": []}
    for field, value in claim.rejected:
        trait = field.removeprefix("traits.").partition("[")[0]
        if trait in given and len(value) <= 80:
            given[trait].append(value.strip().casefold() if trait == "emails" else value)
    return given


def _date_digits(value: str) -> str:
    """Eight digits ``yyyymmdd`` of a date that is no date; empty text where it cannot be read so."""
    digits = "".join(character for character in value if character.isdigit())
    return digits if len(digits) == 8 else ""


def _phone_digits(value: str) -> str:
    return "".join(character for character in value if character.isdigit())[-PHONE_DIGITS:]


def _of_one_value(name: str, meaning: Meaning, stated: Sequence[str | None]) -> Column:
    """The column of a field of one value; None and the empty text are none."""
    distinct = sorted(value for value in set(stated) if value)
    number_of: dict[str | None, int] = {value: number for number, value in enumerate(distinct)}
    codes = np.array([number_of.get(value, -1) for value in stated], dtype=np.int32)
    return Column(name=name, meaning=meaning, codes=codes, values=distinct, more=np.empty((0, 2), dtype=np.int32))


def _of_values(name: str, meaning: Meaning, count: int, records: Sequence[int], values: Sequence[str]) -> Column:
    """The column of what ``count`` records state: each record with each of its values, a record's first value first."""
    distinct = sorted(set(values))
    number_of = {value: number for number, value in enumerate(distinct)}
    record = np.array(records, dtype=np.int32)
    code = np.array([number_of[value] for value in values], dtype=np.int32)
    order = np.argsort(record, kind="stable")
    record, code = record[order], code[order]
    is_first = np.r_[True, record[1:] != record[:-1]][: len(record)]
    codes = np.full(count, -1, dtype=np.int32)
    codes[record[is_first]] = code[is_first]
    more = list(dict.fromkeys(zip(record[~is_first].tolist(), code[~is_first].tolist(), strict=True)))
    return Column(name=name, meaning=meaning, codes=codes, values=distinct, more=np.array(more, dtype=np.int32).reshape(-1, 2))
