"""People and their homes: who is born when, is called what, lives with whom and since when.

Everything is drawn in columns (NumPy arrays with one entry for each person, home or address), the same for the same seed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.population_words import STREET_TYPE_SHARES, STREET_TYPES, Choice, Floats, Ints, Words

Dates = NDArray[np.datetime64]
Bools = NDArray[np.bool_]

NONE = -1
WINDOW = (np.datetime64("2018-01-01"), np.datetime64("2026-01-01"))
"""Records are of this time, and whatever changes in people's lives does so within it."""
HOME_SIZES: Floats = np.array([0.284, 0.336, 0.157, 0.132, 0.062, 0.029])
"""Share of homes with 1 to 6 people: those of the shared set gen_50k_hh, counted in its truth; 2.44 people on average."""
HEAD, PARTNER, CHILD, SHARER = range(4)
HOUSE, APARTMENT, HALL, RETIREMENT = range(4)
BUILDING_HOMES = {APARTMENT: 12, HALL: 80, RETIREMENT: 40}
"""Homes at one street number, on average."""
TWIN_SHARE = 0.04
JUNIOR_SHARE = 0.05
SAME_NAME_SHARE = 0.78
"""Couples that bear one name."""
MARRIED_IN_WINDOW = 0.15
MOVED_SHARE = 0.12
LEFT_HOME_SHARE = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """One entry an address: house number, street, type of street, unit (0: none), town, postal code."""

    number: Ints
    street: Ints
    kind: Ints
    unit: Ints
    town: Ints
    postal_code: Ints

    def __len__(self) -> int:
        return len(self.number)

    def of(self, places: Ints) -> "Addresses":
        """Those at the places."""
        fields = ("number", "street", "kind", "unit", "town", "postal_code")
        return Addresses(**{field: getattr(self, field)[places] for field in fields})

    def followed_by(self, more: "Addresses") -> "Addresses":
        """These, then more."""
        fields = ("number", "street", "kind", "unit", "town", "postal_code")
        return Addresses(**{field: np.concatenate([getattr(self, field), getattr(more, field)]) for field in fields})


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """One entry a person; names are indices into ``Words``, -1 where there is none."""

    home: Ints
    """The home lived in at the end."""
    role: Ints
    female: Bools
    born: Dates
    given: Ints
    """Index among the female or the male names."""
    middle: Ints
    family: Ints
    family_before: Ints
    """The name before marriage, of those who married within the window and took the other's."""
    married: Dates
    """Not a time where the name never changed."""
    junior: Bools
    father: Ints
    """Of a junior the person whose name it bears."""
    twin_of: Ints
    home_before: Ints
    """The parents' home, of those who left it."""
    left: Dates


@dataclass(frozen=True, slots=True, kw_only=True)
class Homes:
    """One entry a home; addresses are indices."""

    dwelling: Ints
    address: Ints
    address_before: Ints
    moved: Dates
    """When it moved from the address before to the present one; not a time where it did not."""
    addresses: Addresses


def make_people(count: int, *, words: Words, chance: np.random.Generator) -> tuple[People, Ints]:
    """``count`` people, and the dwelling of each of their homes."""
    sizes = 1 + Choice(words=np.arange(len(HOME_SIZES)).astype(object), shares=HOME_SIZES / HOME_SIZES.sum()).draw(chance, count)
    homes = int(np.searchsorted(np.cumsum(sizes), count, side="left")) + 1
    sizes = sizes[:homes]
    sizes[-1] -= int(sizes.sum()) - count
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    home = np.repeat(np.arange(homes), sizes)
    place = np.arange(count) - first[home]
    head = first[home]

    role, dwelling = _roles(sizes, home, place, chance)
    female = chance.random(count) < 0.51
    partner = role == PARTNER
    female[partner] = ~female[head[partner]] ^ (chance.random(int(partner.sum())) < 0.04)
    born = _births(role, home, dwelling, sizes, chance)
    twin_of = _twins(role, born, chance)

    given = np.where(female, words.female.draw(chance, count), words.male.draw(chance, count))
    middle_shares = chance.random(count) < 0.45
    middle = np.where(middle_shares, np.where(female, words.female.draw(chance, count), words.male.draw(chance, count)), NONE)
    own = words.surnames.draw(chance, count)
    family = own.copy()
    family[role == CHILD] = own[head[role == CHILD]]
    takes = partner & (chance.random(count) < SAME_NAME_SHARE)
    family[takes] = own[head[takes]]
    weds = takes & (chance.random(count) < MARRIED_IN_WINDOW)
    married = np.where(weds, _moments(chance, count), np.datetime64("NaT"))

    junior, father = _juniors(role, female, home, head, chance)
    given[junior] = given[father[junior]]
    middle[junior] = middle[father[junior]]
    _tell_siblings_apart(given, female, home, words, chance, fixed=junior)

    adult = (role == CHILD) & (born < np.datetime64("2004-01-01")) & (twin_of == NONE) & ~junior
    leaves = adult & (chance.random(count) < LEFT_HOME_SHARE)
    # A twin's twin stays too: both share their home by definition.
    leaves[twin_of[twin_of != NONE]] = False
    home_before = np.where(leaves, home, NONE)
    home = home.copy()
    home[leaves] = homes + np.arange(int(leaves.sum()))
    dwelling = np.concatenate([dwelling, np.where(chance.random(int(leaves.sum())) < 0.5, APARTMENT, HOUSE)])
    people = People(
        home=home,
        role=role,
        female=female,
        born=born,
        given=given,
        middle=middle,
        family=family,
        family_before=np.where(weds, own, NONE),
        married=married,
        junior=junior,
        father=father,
        twin_of=twin_of,
        home_before=home_before,
        left=np.where(leaves, _moments(chance, count), np.datetime64("NaT")),
    )
    return people, dwelling


def make_homes(dwelling: Ints, *, words: Words, chance: np.random.Generator) -> Homes:
    """An address for each home, and one before for those that moved; half of these now belong to somebody else."""
    count = len(dwelling)
    addresses = make_addresses(count, words=words, chance=chance)
    for kind, per_building in BUILDING_HOMES.items():
        inside = np.flatnonzero(dwelling == kind)
        buildings = max(1, round(len(inside) / per_building))
        model = inside[chance.integers(0, buildings, len(inside)) % max(len(inside), 1)] if len(inside) else inside
        for field in ("number", "street", "kind", "town", "postal_code"):
            values = getattr(addresses, field)
            values[inside] = values[model]
        # Flats of one house have numbers of their own: the place among its homes.
        order = np.lexsort((inside, model))
        starts = np.flatnonzero(np.concatenate([[True], np.diff(model[order]) != 0])) if len(inside) else np.zeros(0, np.int64)
        rank = np.arange(len(inside)) - np.repeat(starts, np.diff(np.concatenate([starts, [len(inside)]])))
        addresses.unit[inside[order]] = rank + 1
    free = np.isin(dwelling, (HOUSE, APARTMENT))
    movers = np.flatnonzero(free & (chance.random(count) < MOVED_SHARE))
    before = make_addresses(len(movers), words=words, chance=chance)
    within_town = chance.random(len(movers)) < 0.6
    before.town[within_town] = addresses.town[movers[within_town]]
    before.postal_code[within_town] = addresses.postal_code[movers[within_town]]
    address_before = np.full(count, NONE, dtype=np.int64)
    address_before[movers] = count + np.arange(len(movers))
    taken_over = movers[chance.random(len(movers)) < 0.5]
    others = np.flatnonzero(free)
    if len(others):
        successor = others[chance.integers(0, len(others), len(taken_over))]
        address_before[taken_over] = np.where(successor != taken_over, successor, address_before[taken_over])
    moved = np.full(count, np.datetime64("NaT"), dtype="datetime64[D]")
    moved[movers] = _moments(chance, len(movers))
    return Homes(
        dwelling=dwelling,
        address=np.arange(count),
        address_before=address_before,
        moved=moved,
        addresses=addresses.followed_by(before),
    )


def make_addresses(count: int, *, words: Words, chance: np.random.Generator) -> Addresses:
    """Addresses without units: low house numbers are more frequent than high ones."""
    town = words.towns.draw(chance, count)
    return Addresses(
        number=np.minimum(9_999, 1 + chance.exponential(1_800, count)).astype(np.int64),
        street=words.streets.draw(chance, count),
        kind=Choice(words=np.array(STREET_TYPES, dtype=object), shares=np.array(STREET_TYPE_SHARES)).draw(chance, count),
        unit=np.zeros(count, dtype=np.int64),
        town=town,
        postal_code=words.first_postal_code[town] + (chance.random(count) * words.postal_codes[town]).astype(np.int64),
    )


def _moments(chance: np.random.Generator, count: int) -> Dates:
    days = int((WINDOW[1] - WINDOW[0]).astype(np.int64))
    moments: Dates = WINDOW[0] + chance.integers(180, days - 180, count).astype("timedelta64[D]")
    return moments


def _roles(sizes: Ints, home: Ints, place: Ints, chance: np.random.Generator) -> tuple[Ints, Ints]:
    """Role of each person and dwelling of each home."""
    luck = chance.random(len(sizes))
    couple = np.where(sizes == 2, luck < 0.72, (sizes > 2) & (luck < 0.78))
    sharers = (sizes == 2) & (luck > 0.85)
    role = np.full(len(home), CHILD, dtype=np.int64)
    role[(place == 1) & couple[home]] = PARTNER
    role[(place == 1) & sharers[home]] = SHARER
    role[place == 0] = HEAD
    where = chance.random(len(sizes))
    dwelling = np.where(where < 0.7, HOUSE, APARTMENT)
    dwelling[(sizes == 1) & (where > 0.94)] = HALL
    dwelling[(sizes == 1) & (where > 0.88) & (where <= 0.94)] = RETIREMENT
    dwelling[(sizes == 2) & couple & (where > 0.96)] = RETIREMENT
    return role, dwelling


def _births(role: Ints, home: Ints, dwelling: Ints, sizes: Ints, chance: np.random.Generator) -> Dates:
    homes = len(sizes)
    has_child = np.zeros(homes, dtype=bool)
    has_child[home[role == CHILD]] = True
    low = np.select([dwelling == HALL, dwelling == RETIREMENT, has_child], [1998, 1928, 1950], 1938)
    high = np.select([dwelling == HALL, dwelling == RETIREMENT, has_child], [2007, 1950, 1992], 2003)
    of_head = low + (chance.random(homes) * (high - low + 1)).astype(np.int64)
    year = of_head[home]
    partner, child, sharer = (role == each for each in (PARTNER, CHILD, SHARER))
    year[partner] += np.clip(np.round(chance.normal(0, 4, int(partner.sum()))), -15, 15).astype(np.int64)
    year[child] += chance.integers(19, 39, int(child.sum()))
    year[sharer] += chance.integers(-8, 9, int(sharer.sum()))
    year = np.minimum(year, 2020)
    starts = (year - 1970).astype("datetime64[Y]").astype("datetime64[D]")
    born: Dates = starts + chance.integers(0, 365, len(role)).astype("timedelta64[D]")
    return born


def _twins(role: Ints, born: Dates, chance: np.random.Generator) -> Ints:
    """Makes some children their elder sibling's twin, in ``born``; the twin of each person or -1."""
    count = len(role)
    follows = np.zeros(count, dtype=bool)
    follows[1:] = (role[1:] == CHILD) & (role[:-1] == CHILD)
    twin = follows & (chance.random(count) < TWIN_SHARE)
    twin[1:] &= ~twin[:-1]  # no chains
    at = np.flatnonzero(twin)
    born[at] = born[at - 1]
    twin_of = np.full(count, NONE, dtype=np.int64)
    twin_of[at] = at - 1
    return twin_of


def _juniors(role: Ints, female: Bools, home: Ints, head: Ints, chance: np.random.Generator) -> tuple[Bools, Ints]:
    """Sons that bear their father's name, at most one in a home, and who the father is."""
    sons = np.flatnonzero((role == CHILD) & ~female & ~female[head])
    _, eldest = np.unique(home[sons], return_index=True)
    chosen = sons[eldest][chance.random(len(eldest)) < JUNIOR_SHARE]
    junior = np.zeros(len(role), dtype=bool)
    junior[chosen] = True
    father = np.full(len(role), NONE, dtype=np.int64)
    father[chosen] = head[chosen]
    return junior, father


def _tell_siblings_apart(
    given: Ints, female: Bools, home: Ints, words: Words, chance: np.random.Generator, *, fixed: Bools
) -> None:
    """Draws other names where two of one home and sex have the same; juniors keep theirs."""
    for _ in range(6):
        order = np.lexsort((~fixed, given, female, home))
        same = np.concatenate(
            [[False], (np.diff(home[order]) == 0) & (np.diff(female[order]) == 0) & (np.diff(given[order]) == 0)]
        )
        again = order[same]
        fathers = fixed[order[np.flatnonzero(same) - 1]]
        again = again[~fathers & ~fixed[again]]
        if not len(again):
            return
        drawn = np.where(female[again], words.female.draw(chance, len(again)), words.male.draw(chance, len(again)))
        given[again] = drawn
