"""Dwellings: which stated addresses are one building in several spellings, which unit of it, and where each individual lives.

An individual lives where it said last (see ``moves``). Among the spellings of that address the one counts that its own records
and its namesakes, then everybody, use most: a slip of the pen is no move.
"""

from dataclasses import dataclass, replace

import numpy as np
from rapidfuzz.distance import DamerauLevenshtein
from rapidfuzz.process import cpdist

from graph.identity.homes.arrays import Index, connected, keyed, unkeyed, within
from graph.identity.homes.moves import Moves
from graph.identity.homes.residents import Place, Residents

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
LONG_NAME = 10
MAX_BLOCK = 200
"""Spellings of one number in one area that are still compared with each other."""
MAX_ADDRESSES = 12
"""Addresses of one individual that are still compared with each other."""
SLIP_EDITS = 2
"""Edits between two spellings of one person's address, number and area included."""


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


@dataclass(frozen=True, slots=True)
class Dwellings:
    """Where individuals live."""

    building: Index
    """For each individual the number of its building, -1 where it is not known."""
    unit: Index
    """For each individual the number of its unit (0: none is stated), comparable within one building."""
    names: list[str]
    """For each building its most stated spelling, street and area."""
    keys: list[str]
    """For each building the identifier of its most stated spelling, empty where it has none."""

    @property
    def whole(self) -> "Dwellings":
        """The same, with every building one dwelling."""
        return replace(self, unit=np.zeros_like(self.unit))


def dwellings_of(residents: Residents, moves: Moves | None = None) -> tuple[Dwellings, Moves]:
    """Find the buildings and where each individual lives now; ``moves`` is what is known of moves, None to learn it.

    Returns the dwellings, and by what moves they were found.
    """
    parsed = [parse(place.street) for place in residents.places]
    building_of_place = _buildings(residents.places, parsed)
    count = int(building_of_place.max()) + 1 if len(building_of_place) else 0
    names, keys = [""] * count, [""] * count
    stated_times = np.bincount(residents.stated[:, 1], minlength=len(residents.places))
    # Of several assignments the last counts: the most stated place, of several such the first.
    for number in np.lexsort((-np.arange(len(residents.places)), stated_times)).tolist():
        place = residents.places[number]
        names[building_of_place[number]] = f"{place.street}|{place.area}"
        keys[building_of_place[number]] = place.key or keys[building_of_place[number]]
    building, learnt = _homes(residents, building_of_place, names, moves)
    unit = _units(residents, parsed, building_of_place, building)
    return Dwellings(building=building, unit=unit, names=names, keys=keys), learnt


def _buildings(places: list[Place], parsed: list[Address]) -> Index:
    """Number of the building of each place: one area, one house number, names at most a slip of the pen apart."""
    areas = _areas(places, parsed)
    exact: dict[tuple[str, str, str], int] = {}
    of_place = np.zeros(len(places), dtype=np.int64)
    for number, (area, address) in enumerate(zip(areas, parsed, strict=True)):
        of_place[number] = exact.setdefault((area, address.number, address.name), len(exact))
    keys = list(exact)
    blocks: dict[tuple[str, str], list[int]] = {}
    for number, (area, house, _) in enumerate(keys):
        if house:
            blocks.setdefault((area, house), []).append(number)
    left: list[int] = []
    right: list[int] = []
    for block in blocks.values():
        if 1 < len(block) <= MAX_BLOCK:
            for position, one in enumerate(block):
                for other in block[position + 1 :]:
                    left.append(one)
                    right.append(other)
    names = [name for _, _, name in keys]
    ones, others = [names[number] for number in left], [names[number] for number in right]
    edits = _edits(ones, others, LONG_NAME // 3)
    shortest = np.array([min(len(one), len(other)) for one, other in zip(ones, others, strict=True)], dtype=np.int64)
    same = (edits <= 1) & (shortest >= LONG_NAME // 2) | (edits <= SLIP_EDITS) & (shortest >= LONG_NAME)
    return connected(np.array(left, dtype=np.int64)[same], np.array(right, dtype=np.int64)[same], len(keys))[of_place]


def _areas(places: list[Place], parsed: list[Address]) -> list[str]:
    """The postal code of each place; where only the city is stated, the code that all others state for that address there."""
    codes: dict[tuple[str, str, str], set[str]] = {}
    for place, address in zip(places, parsed, strict=True):
        if place.postal_code and place.city:
            codes.setdefault((place.city, address.number, address.name), set()).add(place.postal_code)
    areas = []
    for place, address in zip(places, parsed, strict=True):
        known = codes.get((place.city, address.number, address.name), set()) if not place.postal_code else set()
        areas.append(next(iter(known)) if len(known) == 1 else place.area)
    return areas


def _edits(left: list[str], right: list[str], cutoff: int) -> Index:
    """Damerau-Levenshtein distance of pairs; beyond the cutoff, one more than it."""
    if not left:
        return np.zeros(0, dtype=np.int64)
    found = cpdist(left, right, scorer=DamerauLevenshtein.distance, score_cutoff=cutoff, dtype=np.int32)
    return np.asarray(found, dtype=np.int64)


def _homes(residents: Residents, building_of_place: Index, names: list[str], known: Moves | None) -> tuple[Index, Moves]:
    """The building where each individual lives, in the spelling that is best supported; -1 where it states none."""
    home = np.full(len(residents), -1, dtype=np.int64)
    if not len(residents.stated):
        return home, known or Moves()
    # One row for each individual and building, with how often it was stated and by how many others of the same name.
    key, row_of_statement, times = np.unique(
        keyed(residents.stated[:, 0], building_of_place[residents.stated[:, 1]]), return_inverse=True, return_counts=True
    )
    person, building = unkeyed(key)
    backing = times + _namesakes(residents, person, building)
    everybody = np.bincount(building, minlength=len(names))[building]
    # What is a slip of the pen apart is one address of this individual.
    one, other = within(person, MAX_ADDRESSES)
    asked, which = np.unique(
        keyed(np.minimum(building[one], building[other]), np.maximum(building[one], building[other])), return_inverse=True
    )
    low, high = unkeyed(asked)
    edits = _edits([names[number] for number in low.tolist()], [names[number] for number in high.tolist()], SLIP_EDITS)
    slip = (edits <= SLIP_EDITS)[which]
    address = connected(one[slip], other[slip], len(key))
    order = np.lexsort((-building, everybody, backing, address))
    spelling = np.empty(len(key), dtype=np.int64)
    spelling[address[order]] = building[order]
    chosen = spelling[address]
    # Of statements at one moment the best supported comes last, as if it were the newest.
    statements = np.lexsort(
        (
            -building[row_of_statement],
            everybody[row_of_statement],
            backing[row_of_statement],
            residents.stated_at,
            residents.stated[:, 0],
        )
    )
    who, where, when = residents.stated[statements, 0], chosen[row_of_statement[statements]], residents.stated_at[statements]
    home[who] = where
    changed = np.unique(who[1:][(who[1:] == who[:-1]) & (where[1:] != where[:-1])])
    starts, ends = np.searchsorted(who, changed), np.searchsorted(who, changed, side="right")
    histories = [
        list(zip(when[first:last].tolist(), where[first:last].tolist(), strict=True))
        for first, last in zip(starts.tolist(), ends.tolist(), strict=True)
    ]
    moves = known or Moves()
    for history in histories if known is None else ():
        moves.learn(history)
    home[changed] = [moves.home(history) for history in histories]
    return home, moves


def _namesakes(residents: Residents, person: Index, building: Index) -> Index:
    """For each row of an individual and a building, how many others of its surname stated the building; its best surname."""
    first = np.searchsorted(residents.surname_of[:, 0], np.arange(len(residents) + 1))
    number = np.diff(first)[person]
    row = np.repeat(np.arange(len(person)), number)
    surname = residents.surname_of[
        np.repeat(first[person], number) + np.arange(len(row)) - np.repeat(np.cumsum(number) - number, number), 1
    ]
    _, which, counts = np.unique(keyed(building[row], surname), return_inverse=True, return_counts=True)
    found = np.zeros(len(person), dtype=np.int64)
    np.maximum.at(found, row, counts[which] - 1)
    return found


def _units(residents: Residents, parsed: list[Address], building_of_place: Index, home: Index) -> Index:
    """The unit that each individual stated last for its building."""
    values = sorted({address.unit for address in parsed} | {""})
    number_of = {value: number for number, value in enumerate(values)}
    unit_of_place = np.array([number_of[address.unit] for address in parsed], dtype=np.int64)
    unit = np.zeros(len(residents), dtype=np.int64)
    if not len(residents.stated):
        return unit
    person, place = residents.stated[:, 0], residents.stated[:, 1]
    here = np.flatnonzero((building_of_place[place] == home[person]) & (unit_of_place[place] > 0))
    order = here[np.lexsort((-unit_of_place[place[here]], residents.stated_at[here]))]
    unit[person[order]] = unit_of_place[place[order]]
    return unit
