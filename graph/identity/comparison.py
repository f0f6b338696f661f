"""Comparison of what two records state, field by field: does it agree, is it close, does it differ, or is one silent?

Names are already normalised (see ``graph.model.evidence.PersonName``). Similarity is Jaro-Winkler (Winkler 1990) by rapidfuzz,
nicknames are those of the ``nicknames`` package.
"""

from datetime import date
from enum import IntEnum
from functools import lru_cache

from nicknames import NickNamer
from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler
from rapidfuzz.fuzz import token_sort_ratio

from graph.identity.policy import Field
from graph.model.claim import Claim

AGREES_FROM = 0.88
"""Jaro-Winkler similarity from which two names are spellings of one; Winkler's own experiments used 0.88 to 0.92."""
DIFFERS_BELOW = 0.78
ORGANIZATION_AGREES_FROM = 88.0
ORGANIZATION_DIFFERS_BELOW = 60.0
_NICKNAMES = NickNamer()


class Outcome(IntEnum):
    """Result of comparing one field."""

    DIFFERS = -1
    SILENT = 0
    """One of the two does not state the field."""
    CLOSE = 1
    """Neither clearly the same nor clearly another: an initial, a likely slip of the pen."""
    AGREES = 2


def compare(field: Field, left: Claim, right: Claim) -> Outcome:
    """Compare one field of two records."""
    match field:
        case Field.GIVEN_NAME:
            return _compare_given(left, right)
        case Field.FAMILY_NAME:
            return _compare_family(left, right)
        case Field.SUFFIX:
            return _exact(left.name.suffix, right.name.suffix)
        case Field.BIRTH_DATE:
            return compare_dates(left.birth_date, right.birth_date)
        case Field.GENDER:
            return _exact(left.gender, right.gender)
        case Field.ADDRESS:
            return compare_addresses(left, right)
        case Field.ENTITY_TYPE:
            return _exact(left.entity_type, right.entity_type)
        case Field.ORGANIZATION_NAME:
            return _compare_organizations(left, right)


def _exact(left: str | None, right: str | None) -> Outcome:
    if not left or not right:
        return Outcome.SILENT
    return Outcome.AGREES if left == right else Outcome.DIFFERS


def _swapped(left: Claim, right: Claim) -> bool:
    """Whether one source wrote the family name first."""
    a, b = left.name, right.name
    if not (a.given and a.family and b.given and b.family):
        return False
    return compare_words(a.given, b.family) is Outcome.AGREES and compare_words(a.family, b.given) is Outcome.AGREES


def _compare_given(left: Claim, right: Claim) -> Outcome:
    outcome = compare_given_names(left.name.given, right.name.given)
    return Outcome.AGREES if outcome is not Outcome.AGREES and _swapped(left, right) else outcome


def _compare_family(left: Claim, right: Claim) -> Outcome:
    outcome = compare_words(left.name.family, right.name.family)
    return Outcome.AGREES if outcome is not Outcome.AGREES and _swapped(left, right) else outcome


@lru_cache(maxsize=200_000)
def compare_given_names(left: str | None, right: str | None) -> Outcome:
    """Compare given names: spellings, nicknames, initials, and one of several given names."""
    if not left or not right:
        return Outcome.SILENT
    if left == right:
        return Outcome.AGREES
    if len(left) == 1 or len(right) == 1:
        return Outcome.CLOSE if _initials(left) & _initials(right) else Outcome.DIFFERS
    if set(left.split()) & set(right.split()) or left.replace(" ", "") == right.replace(" ", ""):
        return Outcome.AGREES
    if are_short_forms(left, right):
        return Outcome.AGREES
    return _by_similarity(left, right)


@lru_cache(maxsize=200_000)
def compare_words(left: str | None, right: str | None) -> Outcome:
    """Compare family names: spellings, and one of several family names."""
    if not left or not right:
        return Outcome.SILENT
    if left == right or set(left.split()) & set(right.split()):
        return Outcome.AGREES
    if left.replace(" ", "") == right.replace(" ", ""):
        return Outcome.AGREES
    return _by_similarity(left, right)


def _by_similarity(left: str, right: str) -> Outcome:
    longest = max(len(left), len(right))
    edits = DamerauLevenshtein.distance(left, right)
    # Jaro-Winkler is harsh on a slip in the first letters; one edit in a word of some length is a slip too.
    if edits <= 1 and min(len(left), len(right)) > 3:
        return Outcome.AGREES
    similarity = JaroWinkler.similarity(left, right)
    # A common beginning does not make two names one: "patrick" and "patricia", "mark" and "marsha".
    if similarity >= AGREES_FROM and edits * 4 < longest:
        return Outcome.AGREES
    return Outcome.CLOSE if similarity >= DIFFERS_BELOW and edits * 2 < longest else Outcome.DIFFERS


@lru_cache(maxsize=50_000)
def _nicknames(name: str) -> frozenset[str]:
    return frozenset(_NICKNAMES.nicknames_of(name))


def _initials(name: str) -> frozenset[str]:
    """The first letters of a name and of its nicknames: "b" may stand for "robert"; of an initial, itself."""
    return frozenset(name[0]) if len(name) == 1 else frozenset({name[0], *(nickname[0] for nickname in _nicknames(name))})


def are_short_forms(left: str, right: str) -> bool:
    """Whether one given name is a short form of the other, or both are of a third: Robert, Bob and Rob."""
    if right in _nicknames(left) or left in _nicknames(right):
        return True
    first, second = frozenset(_NICKNAMES.canonicals_of(left)), frozenset(_NICKNAMES.canonicals_of(right))
    return bool(first & second)


@lru_cache(maxsize=200_000)
def compare_dates(left: date | None, right: date | None) -> Outcome:
    """Compare birth dates; close are those with day and month swapped, or one part or one digit apart."""
    if left is None or right is None:
        return Outcome.SILENT
    if left == right:
        return Outcome.AGREES
    if left.year == right.year and (left.day, left.month) == (right.month, right.day):
        return Outcome.CLOSE
    if is_slip(left.isoformat(), right.isoformat()):
        return Outcome.CLOSE
    parts = (left.year == right.year) + (left.month == right.month) + (left.day == right.day)
    # Two parts alike and a year far apart is a father and his son as easily as a slip.
    return Outcome.CLOSE if parts == 2 and abs(left.year - right.year) < 10 else Outcome.DIFFERS


def is_slip(left: str, right: str) -> bool:
    """Whether two values are one with a slip of the pen: one edit, or two neighbours swapped."""
    return DamerauLevenshtein.distance(left, right, score_cutoff=1) <= 1


def compare_addresses(left: Claim, right: Claim) -> Outcome:
    """Compare postal addresses: the area first, then number and street."""
    a, b = left.address, right.address
    if not (a.street and b.street):
        return Outcome.SILENT
    if a.postal_code and b.postal_code:
        area = Outcome.AGREES if a.postal_code == b.postal_code else Outcome.DIFFERS
        if area is Outcome.DIFFERS and is_slip(a.postal_code, b.postal_code):
            area = Outcome.CLOSE
    else:
        area = compare_words(a.city, b.city)
    street = _compare_streets(a.street, b.street)
    if street is Outcome.AGREES and area is Outcome.AGREES:
        return Outcome.AGREES
    if Outcome.DIFFERS in (street, area):
        return Outcome.DIFFERS
    return Outcome.CLOSE


@lru_cache(maxsize=200_000)
def _compare_streets(left: str, right: str) -> Outcome:
    if left == right:
        return Outcome.AGREES
    numbers_left = {word for word in left.split() if any(c.isdigit() for c in word)}
    numbers_right = {word for word in right.split() if any(c.isdigit() for c in word)}
    if numbers_left and numbers_right and not numbers_left & numbers_right:
        return Outcome.DIFFERS
    similarity = JaroWinkler.similarity(left, right)
    if similarity >= 0.94 and numbers_left == numbers_right:
        return Outcome.AGREES
    return Outcome.DIFFERS if similarity < 0.8 else Outcome.CLOSE


def _compare_organizations(left: Claim, right: Claim) -> Outcome:
    if left.entity_type != "organization" or right.entity_type != "organization":
        return Outcome.SILENT
    if not left.name.full or not right.name.full:
        return Outcome.SILENT
    similarity = token_sort_ratio(left.name.full, right.name.full)
    if similarity >= ORGANIZATION_AGREES_FROM:
        return Outcome.AGREES
    return Outcome.DIFFERS if similarity < ORGANIZATION_DIFFERS_BELOW else Outcome.CLOSE
