"""What is known of all records when a batch of them is matched: how many there are, and how often each value is stated.

How much agreeing on a value says depends on how often all records state it. Records of a batch bring the counts of their own
values with them (``MeasuredColumn``); what concerns the whole of a field is small and is in the ``Survey``.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.identity.matching.candidates import KEYS, MORE_VALUES
from graph.identity.matching.fields import Meaning
from graph.identity.matching.records import Column, Population, Records


@dataclass(frozen=True, slots=True)
class Field:
    """A field that records state."""

    name: str
    meaning: Meaning


@dataclass(frozen=True, slots=True)
class FieldTotals:
    """What all records together state of a field."""

    field: Field
    stated: int
    """Values stated, each as often as it is."""
    agreeing: int
    """Pairs of equal stated values."""
    more: int
    """Values beyond its first that a record states at most, ``MORE_VALUES`` if there are more."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One blocking key of all records; of a record with several values, of one of them."""

    field: str
    name: str
    first: str
    """Name of the key of the first values, which is this one unless it is of the second, the third, ..."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What is known of all records; fields by name, each stated by some record."""

    population: Population
    totals: tuple[FieldTotals, ...]

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields, in the order of a record's values."""
        return tuple(total.field for total in self.totals)

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The blocking keys, named as ``candidates.blocking_keys`` names them, in its order."""
        found: list[Slot] = []
        for total in self.totals:
            for name in KEYS.get(total.field.meaning, {}):
                base = f"{total.field.name}:{name}"
                found.append(Slot(total.field.name, base, base))
                found.extend(Slot(total.field.name, f"{base}:{rank + 2}", base) for rank in range(total.more))
        if {"given_name", "family_name"} <= {total.field.name for total in self.totals}:
            found.append(Slot("names", "names:unordered", "names:unordered"))
        return tuple(found)


@dataclass(frozen=True)
class MeasuredColumn(Column):
    """A field of a batch of records, with what all records state of it in place of what the batch does."""

    totals: FieldTotals
    value_counts: NDArray[np.int64]
    """(values,): how many records of all state each value."""
    domains: Mapping[str, int]
    """How many of all stated values are of each domain that the batch has."""

    @property
    def counts(self) -> NDArray[np.int64]:
        """How many records of all state each value."""
        return self.value_counts

    @property
    def stated(self) -> int:
        """How many values all records state."""
        return self.totals.stated

    @property
    def agreeing(self) -> int:
        """How many pairs of the values that all records state are equal."""
        return self.totals.agreeing

    @property
    def domain_counts(self) -> Mapping[str, int]:
        """How many of the values that all records state are of each domain that the batch has."""
        return self.domains


def survey_of(records: Records) -> Survey:
    """The survey of records that are all in memory."""

    def totals(column: Column) -> FieldTotals:
        several = np.bincount(column.more[:, 0]).max(initial=0) if len(column.more) else 0
        return FieldTotals(Field(column.name, column.meaning), column.stated, column.agreeing, min(int(several), MORE_VALUES))

    return Survey(records.population, tuple(totals(column) for column in records.columns.values()))


def columns_of(survey: Survey) -> tuple[Column, ...]:
    """The fields without any record, for what needs their totals alone."""
    none = np.empty(0, dtype=np.int32)
    return tuple(
        MeasuredColumn(
            name=total.field.name,
            meaning=total.field.meaning,
            codes=none,
            values=[],
            more=none.reshape(0, 2),
            totals=total,
            value_counts=none.astype(np.int64),
            domains={},
        )
        for total in survey.totals
    )
