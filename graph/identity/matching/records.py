"""Records as columns: each field's distinct values, and for each record the number of its value."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from graph.identity.matching.fields import LEVELS, Meaning
from graph.model.claim import Claim, namespace_of
from graph.model.identifier import EMAIL, NAME_BIRTH_DATE, PHONE, POSTAL_ADDRESS

T = TypeVar("T")
Codes = NDArray[np.int32]
UNKNOWN = "_"
"""Stands for a digit of a date that is not known."""
_NOT_COMPARED = frozenset((POSTAL_ADDRESS, NAME_BIRTH_DATE))
"""Identifiers made of fields that are compared by themselves."""
SHARED_BY = 100.0
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
    ordered = sorted(claims, key=lambda claim: claim.record_id)
    stated: dict[str, list[Sequence[str]]] = {}
    meanings: dict[str, Meaning] = {}

    def put(name: str, meaning: Meaning, record: int, values: Sequence[str]) -> None:
        if values:
            column = stated.get(name)
            if column is None:
                column = stated[name] = [()] * len(ordered)
                meanings[name] = meaning
            column[record] = values

    for number, claim in enumerate(ordered):
        for name, meaning, values in _fields(claim):
            put(name, meaning, number, values)
    sources = sorted({claim.source for claim in ordered})
    number_of = {source: number for number, source in enumerate(sources)}
    return Records(
        ids=[claim.record_id for claim in ordered],
        source=np.array([number_of[claim.source] for claim in ordered], dtype=np.int32),
        sources=sources,
        columns={name: column_of(name, meanings[name], stated[name]) for name in sorted(stated)},
    )


def _fields(claim: Claim) -> Iterable[tuple[str, Meaning, Sequence[str]]]:
    name, address = claim.name, claim.address
    for meaning, value in (
        (Meaning.GIVEN_NAME, name.given),
        (Meaning.MIDDLE_NAME, name.middle),
        (Meaning.FAMILY_NAME, name.family),
        (Meaning.SUFFIX, name.suffix),
        (Meaning.FULL_NAME, name.full),
        (Meaning.GENDER, claim.gender),
        (Meaning.STREET, address.street),
        (Meaning.CITY, address.city),
        (Meaning.REGION, address.region),
        (Meaning.POSTAL_CODE, address.postal_code),
    ):
        if value:
            yield meaning.value, meaning, (value,)
    given = _as_given(claim)
    birth_date = claim.birth_date.strftime("%Y%m%d") if claim.birth_date else next(map(_date_digits, given["birthDate"]), "")
    if birth_date:
        yield Meaning.BIRTH_DATE.value, Meaning.BIRTH_DATE, (birth_date,)
    values: dict[str, list[str]] = defaultdict(list)
    for key in claim.identifiers:
        namespace = namespace_of(key)
        if namespace not in _NOT_COMPARED:
            values[namespace].append(key[len(namespace) + 1 :])
    emails = values.pop(EMAIL, []) or [value.strip().casefold() for value in given["emails"]]
    if emails:
        yield EMAIL, Meaning.EMAIL, emails
    phones = [_phone_digits(value) for value in values.pop(PHONE, []) or given["phones"]]
    if phones := [phone for phone in phones if len(phone) > 4]:
        yield PHONE, Meaning.PHONE, phones
    for namespace in values:
        yield namespace, Meaning.IDENTIFIER, values[namespace]


def _as_given(claim: Claim) -> Mapping[str, list[str]]:
    """Values that normalisation refused, by trait: a wrong date or address still resembles the right one."""
    given: dict[str, list[str]] = {"birthDate": [], "emails": [], "phones": []}
    for field, value in claim.rejected:
        trait = field.removeprefix("traits.").partition("[")[0]
        if trait in given and len(value) <= 80:
            given[trait].append(value)
    return given


def _date_digits(value: str) -> str:
    """Eight digits ``yyyymmdd`` of a date that is no date; empty text where it cannot be read so."""
    digits = "".join(character for character in value if character.isdigit())
    return digits if len(digits) == 8 else ""


def _phone_digits(value: str) -> str:
    return "".join(character for character in value if character.isdigit())[-PHONE_DIGITS:]


def column_of(name: str, meaning: Meaning, stated: Sequence[Sequence[str]]) -> Column:
    """The column of what each record states of a field, its first value first."""
    distinct = sorted({value for values in stated for value in values})
    number_of = {value: number for number, value in enumerate(distinct)}
    codes = np.fromiter((number_of[values[0]] if values else -1 for values in stated), dtype=np.int32, count=len(stated))
    more = [
        (record, number_of[value])
        for record, values in enumerate(stated)
        if len(values) > 1
        for value in dict.fromkeys(values[1:])
    ]
    return Column(name=name, meaning=meaning, codes=codes, values=distinct, more=np.array(more, dtype=np.int32).reshape(-1, 2))
