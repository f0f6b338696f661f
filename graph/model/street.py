"""Street lines in their parts: house number, name of the street, unit."""

from dataclasses import dataclass

# USPS Publication 28, appendix C2, and what is said elsewhere.
UNIT_WORDS = frozenset((
    "apartment", "apt", "basement", "bsmt", "building", "bldg", "department", "dept", "flat", "fl", "floor", "frnt", "hngr",
    "hanger", "lobby", "lot", "ofc", "office", "penthouse", "ph", "pier", "rm", "room", "slip", "spc", "ste", "stop", "suite",
    "trailer", "trlr", "unit", "#",
))  # fmt: skip
STREET_TYPES = {
    "aly": "alley", "av": "avenue", "ave": "avenue", "blvd": "boulevard", "cir": "circle", "cl": "close", "cres": "crescent",
    "ct": "court", "dr": "drive", "gdns": "gardens", "gr": "grove", "grn": "green", "hts": "heights", "hwy": "highway",
    "la": "lane", "ln": "lane", "mt": "mount", "pde": "parade", "pk": "park", "pkwy": "parkway", "pl": "place",
    "plz": "plaza", "rd": "road", "sq": "square", "st": "street", "ter": "terrace", "tce": "terrace", "trl": "trail", "wy": "way",
}  # fmt: skip
_DIGITS = frozenset("0123456789")


@dataclass(frozen=True, slots=True)
class Address:
    """A street line in its parts."""

    number: str
    name: str
    """Street name in one word, its type in full: ``parkavenue``."""
    unit: str
    """Empty where none is stated."""


def parse(street: str) -> Address:
    """Split a normalised street line into house number, name and unit.

    The first word with a digit is the number, a word after a unit's designator its unit, and so is a further word with a digit.
    """
    number, unit = "", ""
    words: list[str] = []
    given = street.replace("#", " # ").split()
    following = iter([*given[1:], ""])
    is_unit = False
    for word in given:
        after = next(following)
        if is_unit:
            unit, is_unit = unit or word, False
        elif word in UNIT_WORDS and (_has_digit(after) or len(after) == 1):
            is_unit = True
        elif _has_digit(word) and not number:
            number = word
        elif _has_digit(word) and words and not word.endswith(("st", "nd", "rd", "th")):
            unit = unit or word
        else:
            words.append(word)
    if len(words) > 1 and words[-1] in STREET_TYPES:
        words[-1] = STREET_TYPES[words[-1]]
    return Address(number=number, name="".join(words), unit=unit)


def _has_digit(word: str) -> bool:
    return not _DIGITS.isdisjoint(word)
