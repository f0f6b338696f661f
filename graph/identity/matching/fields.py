"""What a record states, by meaning: the fields that are compared, whatever a source calls its columns."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class Meaning(StrEnum):
    """What a field means; blocking keys, comparison levels and training follow from it."""

    GIVEN_NAME = "given_name"
    MIDDLE_NAME = "middle_name"
    FAMILY_NAME = "family_name"
    SUFFIX = "suffix"
    FULL_NAME = "full_name"
    """Compared only where one of two records does not have its name in parts: organisations, scripts without spaces."""
    BIRTH_DATE = "birth_date"
    GENDER = "gender"
    EMAIL = "email"
    PHONE = "phone"
    STREET = "street"
    CITY = "city"
    REGION = "region"
    POSTAL_CODE = "postal_code"
    IDENTIFIER = "identifier"
    """An id that a source or an authority gave: a national id, a passport, a loyalty account."""
    ISSUED = "issued"
    """An id that software gave and carries, of a user, a cookie or a device: nobody types it, and the next is somebody else."""


@dataclass(frozen=True, slots=True)
class Levels:
    """How finely a meaning is compared: names of the levels from the best agreement to none, in their order."""

    names: tuple[str, ...]
    graded: tuple[int, ...] = ()
    """Levels at which the value's frequency counts by half; at level 0 it counts in full."""
    rarity: bool = True
    """Whether agreeing on a rare value says more than agreeing on a common one."""
    shared: float = 0.7
    """Of the pairs of two people whose relation makes them share the value (``relations.SHARED``), the share that is assumed to
    agree as one person's records do, before any record is seen."""
    differs: float = 0.1
    """Share of the pairs of one person that are assumed not to agree at all, before any record is seen."""
    chance: float = 0.01
    """Share of the pairs of strangers that are assumed to agree exactly, before any record is seen."""

    def among_matches(self) -> NDArray[np.float64]:
        """Distribution over the levels that is assumed of one person's records: the better an agreement the more frequent."""
        place = self.index("different")
        shares: NDArray[np.float64] = np.exp(-1.2 * np.arange(len(self.names)))
        shares[place] = 0
        shares = np.maximum(shares, 0.004)
        shares[place] = 0
        if ELSEWHERE in self.names:
            shares[self.index(ELSEWHERE)] = MOVED
        shares *= (1 - self.differs) / shares.sum()
        shares[place] = self.differs
        return shares

    def among_strangers(self) -> NDArray[np.float64]:
        """Distribution over the levels that is assumed of strangers' records."""
        place = self.index("different")
        shares: NDArray[np.float64] = np.full(len(self.names), 0.004)
        shares[0] = self.chance
        if ELSEWHERE in self.names:
            shares[place], place = ONE_PLACE, self.index(ELSEWHERE)
        shares[place] = 0
        shares[place] = 1 - shares.sum()
        return shares

    def index(self, name: str) -> int:
        """The number of a level."""
        return self.names.index(name)


ELSEWHERE = "elsewhere"
"""All that two records state of a place differs. People move, and with the street the town and the postal code become others: the
first of these fields has this level then, and the others are left out, since they say the same once more."""
MOVED = 0.1
"""Share of the pairs of one person that are assumed to be of two places, before any record is seen."""
ONE_PLACE = 0.3
"""Share of the pairs of strangers that are assumed to differ in a part of a place and not in all of it."""
_CODE = ("exact", "one_edit", "two_edits", "three_edits", "different")

LEVELS: dict[Meaning, Levels] = {
    Meaning.GIVEN_NAME: Levels(
        (
            "exact",
            "spelling",
            "similar",
            "initial",
            "nickname",
            "resembles",
            "different",
            "names_swapped",
            "one_name_swapped",
        ),
        graded=(1, 2),
        differs=0.03,
        chance=0.01,
    ),
    Meaning.MIDDLE_NAME: Levels(("exact", "initial_or_similar", "different"), graded=(1,), differs=0.1, chance=0.02),
    Meaning.FAMILY_NAME: Levels(
        ("exact", "spelling", "similar", "initial", "part", "resembles", "different"),
        graded=(1, 2),
        differs=0.06,
        chance=0.002,
    ),
    Meaning.SUFFIX: Levels(("exact", "different"), rarity=False, differs=0.02, chance=0.3),
    Meaning.FULL_NAME: Levels(("exact", "same_words", "similar", "different"), graded=(1,), differs=0.1, chance=0.0005),
    Meaning.BIRTH_DATE: Levels(
        (
            "exact",
            "exact_first_of_january",
            "one_edit",
            "day_and_month_swapped",
            "year_and_month",
            "year_and_day",
            "month_and_day",
            "two_edits",
            "year",
            "three_edits",
            "different",
            "known_parts",
        ),
        rarity=False,
        differs=0.02,
        chance=0.0001,
    ),
    Meaning.GENDER: Levels(("exact", "different"), rarity=False, differs=0.01, chance=0.5),
    Meaning.EMAIL: Levels(
        (
            "exact",
            "same_local_part",
            "one_edit",
            "three_edits",
            "same_rare_domain",
            "similar",
            "similar_local_part",
            "similar_domain",
            "different",
        ),
        graded=(1, 2),
        differs=0.3,
        chance=0.00001,
        shared=0.1,
    ),
    Meaning.PHONE: Levels(_CODE, graded=(1, 2), differs=0.3, chance=0.00001, shared=0.4),
    Meaning.STREET: Levels(
        ("exact", "spelling", "similar", "other_number", "resembles", "same_number", "different", ELSEWHERE),
        graded=(1, 2),
        differs=0.15,
        chance=0.0001,
    ),
    Meaning.CITY: Levels(("exact", "spelling", "similar", "different", ELSEWHERE), graded=(1, 2), differs=0.1, chance=0.02),
    Meaning.REGION: Levels(("exact", "different"), differs=0.1, chance=0.1),
    Meaning.POSTAL_CODE: Levels(
        ("exact", "one_edit", "same_area", "two_edits", "different", ELSEWHERE),
        graded=(1, 2),
        differs=0.15,
        chance=0.005,
    ),
    Meaning.IDENTIFIER: Levels(_CODE, graded=(1, 2), differs=0.3, chance=0.00001),
    Meaning.ISSUED: Levels(("exact", "different"), differs=0.3, chance=0.00001),
}

OF_MANY_FIELDS = frozenset((Meaning.IDENTIFIER, Meaning.ISSUED))
"""Meanings of which records may have several fields."""
IDENTIFYING = OF_MANY_FIELDS | {Meaning.EMAIL, Meaning.PHONE}
"""Meanings of identifiers: of two records that state the same one the score is kept, whatever it is."""
