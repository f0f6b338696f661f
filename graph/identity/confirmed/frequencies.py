"""How often records state a value: what tells how much two of them say by agreeing on it.

Counted over all records at once, and held to until it is counted again. So what is concluded of some of the records, as an event
arrives, is what would be concluded of all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from graph.identity.homes.arrays import Index


@dataclass(frozen=True, slots=True)
class FieldFrequencies:
    """One field."""

    stated: int
    """How many records state it."""
    several: Mapping[str, int]
    """Of the values that two records or more state, how many do."""

    def counts(self, values: Sequence[str]) -> Index:
        """For each value how many records state it; a value that was not known then counts as stated once."""
        several = self.several
        return np.fromiter((several.get(value, 1) for value in values), dtype=np.int64, count=len(values))


NOTHING = FieldFrequencies(stated=0, several={})


@dataclass(frozen=True, slots=True)
class Frequencies:
    """What operational identities need to know of all records."""

    records: int
    """Records whose individual is known."""
    fields: Mapping[str, FieldFrequencies]
    """By the name of the field, see ``Statements``."""

    def of(self, field: str) -> FieldFrequencies:
        """A field, which no record may have stated then."""
        return self.fields.get(field, NOTHING)
