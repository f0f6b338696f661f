"""Dwellings: which stated addresses are one building in several spellings, which unit of it, and where each individual lives.

An individual lives where it said last (see ``moves``). Among the spellings of that address the one counts that its own records
and its namesakes, then everybody, use most: a slip of the pen is no move.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from graph.identity.homes.arrays import Index, connected, keyed, unkeyed, within
from graph.identity.homes.moves import Moves
from graph.identity.homes.residents import Place, Residents
from graph.identity.homes.spellings import SLIP_EDITS, edits_between, same_building
from graph.model.home import Spelling, spelled
from graph.model.street import Address, parse

NO_CODES: Mapping[Spelling, Set[str]] = MappingProxyType({})
MAX_ADDRESSES = 12
"""Addresses of one individual that are still compared with each other."""


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
    spellings: list[Spelling]
    """For each building its first spelling."""
    uncompared: frozenset[str]
    """Blocks of so many spellings that they were not compared with each other."""

    @property
    def whole(self) -> "Dwellings":
        """The same, with every building one dwelling."""
        return replace(self, unit=np.zeros_like(self.unit))


def dwellings_of(
    residents: Residents,
    moves: Moves | None = None,
    uncompared: frozenset[str] | None = None,
    codes: Mapping[Spelling, Set[str]] = NO_CODES,
) -> tuple[Dwellings, Moves]:
    """Find the buildings and where each individual lives now.

    Args:
        residents: the individuals.
        moves: what is known of moves; None to learn it.
        uncompared: blocks with too many spellings to be compared; None to count them.
        codes: the postal codes of addresses in their cities, where more are known than these individuals state.

    Returns:
        The dwellings, and by what moves they were found.
    """
    parsed = [parse(place.street) for place in residents.places]
    spelling_of_place, spellings = _spellings(residents.places, parsed, codes)
    building_of_spelling, crowded = same_building(spellings, uncompared)
    building_of_place = building_of_spelling[spelling_of_place]
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
    first = np.unique(building_of_spelling, return_index=True)[1].tolist()
    found = Dwellings(
        building=building,
        unit=unit,
        names=names,
        keys=keys,
        spellings=[spellings[number] for number in first],
        uncompared=crowded,
    )
    return found, learnt


def _spellings(places: list[Place], parsed: list[Address], codes: Mapping[Spelling, Set[str]]) -> tuple[Index, list[Spelling]]:
    """Number of the spelling of each place, and the spellings in the order of their first places."""
    exact: dict[Spelling, int] = {}
    of_place = np.zeros(len(places), dtype=np.int64)
    for number, (area, address) in enumerate(zip(_areas(places, parsed, codes), parsed, strict=True)):
        of_place[number] = exact.setdefault(spelled(area, address), len(exact))
    return of_place, list(exact)


def _areas(places: list[Place], parsed: list[Address], known: Mapping[Spelling, Set[str]]) -> list[str]:
    """The postal code of each place; where only the city is stated, the code that all others state for that address there."""
    codes: dict[Spelling, set[str]] = {}
    for place, address in zip(places, parsed, strict=True):
        if place.postal_code and place.city:
            codes.setdefault(spelled(place.city, address), set()).add(place.postal_code)
    areas = []
    for place, address in zip(places, parsed, strict=True):
        here = spelled(place.city, address)
        found = known.get(here, codes.get(here, ())) if not place.postal_code else ()
        areas.append(next(iter(found)) if len(found) == 1 else place.area)
    return areas


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
    edits = edits_between([names[number] for number in low.tolist()], [names[number] for number in high.tolist()], SLIP_EDITS)
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
