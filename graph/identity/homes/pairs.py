"""Pairs of individuals that may share a home, at one building or with an identifier in common, and how their surnames compare."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler
from rapidfuzz.process import cpdist

from graph.identity.homes.arrays import Flags, Floats, Index, connected, keyed, unkeyed, within
from graph.identity.homes.dwellings import Dwellings
from graph.identity.homes.residents import Residents

AGREES, SILENT, DIFFERS = 1, 0, -1
CROWD = 24
"""Residents of a building up to which all are compared with each other; beyond it only namesakes are."""
MAX_NAMESAKES = 24
"""Namesakes of a crowded building up to which they are compared with each other."""
NAMES_ALIKE_FROM = 0.88
"""Jaro-Winkler similarity; Winkler's own experiments used 0.88 to 0.92."""
SHARE_PSEUDO = 100.0
"""A surname's frequency is counted as if the individuals were part of a population of so many more."""
RARE = 1e-3


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is seen around individuals at their dwelling: in a building without units the building, else the unit."""

    slot: Index
    """Number of each individual's dwelling, -1 where unknown."""
    residents: Index
    """For each dwelling, how many individuals live there."""
    surnames: Index
    """For each dwelling, how many families of names live there, spellings and double names counted once; at least 1."""
    families: Index
    """For each dwelling, how many of those names are of two individuals or more."""
    kin: Flags
    """For each individual, whether another of its name lives at its dwelling."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of individuals, ``left`` below ``right``, sorted and distinct."""

    left: Index
    right: Index
    surname: NDArray[np.int8]
    """1 some surnames agree, -1 none does, 0 one of the two has none."""
    chance: Floats
    """Probability that two strangers' surnames agree as these do; 1 where they do not."""

    def __len__(self) -> int:
        return len(self.left)


def surname_counts(residents: Residents) -> Index:
    """How many of these individuals have each surname."""
    return np.bincount(residents.surname_of[:, 1], minlength=len(residents.surnames))


def surname_shares(counts: Index, individuals: int) -> Floats:
    """How likely somebody else has each surname: its share of the individuals but for one who has it."""
    return ((np.maximum(counts - 1, 0) + SHARE_PSEUDO * RARE) / (individuals + SHARE_PSEUDO)).astype(np.float64)


def co_residents(residents: Residents, dwellings: Dwellings) -> tuple[Index, Index]:
    """Pairs at one building and not in two different units: everybody up to ``CROWD`` residents, beyond it namesakes."""
    left, right = within(dwellings.building, CROWD)
    sizes = np.bincount(dwellings.building[dwellings.building >= 0], minlength=len(dwellings.names) + 1)
    crowded = (dwellings.building >= 0) & (sizes[dwellings.building] > CROWD)
    # In a crowd, people of one unit and namesakes.
    unit = dwellings.building * (int(dwellings.unit.max(initial=0)) + 1) + dwellings.unit
    more = [within(np.where(crowded & (dwellings.unit > 0), unit, -1), CROWD)]
    rows = residents.surname_of[crowded[residents.surname_of[:, 0]]]
    names = keyed(dwellings.building[rows[:, 0]], rows[:, 1])
    first, second = within(np.unique(names, return_inverse=True)[1] if len(names) else names, MAX_NAMESAKES)
    more.append((rows[first, 0], rows[second, 0]))
    left = np.concatenate([left, *(one for one, _ in more)])
    right = np.concatenate([right, *(other for _, other in more)])
    apart = (left == right) | (dwellings.unit[left] > 0) & (dwellings.unit[right] > 0) & (
        dwellings.unit[left] != dwellings.unit[right]
    )
    return unkeyed(np.unique(keyed(np.minimum(left, right), np.maximum(left, right))[~apart]))


def compared(left: Index, right: Index, residents: Residents, shares: Floats) -> Pairs:
    """Compare the surnames of pairs; an individual may have several, of which one that agrees is enough."""
    first = np.searchsorted(residents.surname_of[:, 0], np.arange(len(residents) + 1))
    number = np.diff(first)
    surname = np.where((number[left] > 0) & (number[right] > 0), DIFFERS, SILENT).astype(np.int8)
    chance = np.ones(len(left))
    many = number[left] * number[right]
    pair = np.repeat(np.arange(len(left)), many)
    offset = np.arange(len(pair)) - np.repeat(np.cumsum(many) - many, many)
    one = residents.surname_of[first[left[pair]] + offset // np.maximum(number[right[pair]], 1), 1]
    other = residents.surname_of[first[right[pair]] + offset % np.maximum(number[right[pair]], 1), 1]
    same = one == other
    alike = same.copy()
    asked, which = np.unique(keyed(np.minimum(one, other), np.maximum(one, other))[~same], return_inverse=True)
    alike[~same] = _alike(*unkeyed(asked), residents.surnames)[which]
    # A name that merely resembles the other is found by chance more often than the name itself.
    of_strangers = np.maximum(shares[one], shares[other]) * np.where(same, 1.0, 3.0)
    np.minimum.at(chance, pair[alike], of_strangers[alike])
    surname[pair[alike]] = AGREES
    return Pairs(left=left, right=right, surname=surname, chance=chance)


def _alike(left: Index, right: Index, names: list[str]) -> Flags:
    """Whether two surnames are spellings of one, or one is part of the other (a double name)."""
    ones, others = [names[number] for number in left.tolist()], [names[number] for number in right.tolist()]
    if not ones:
        return np.zeros(0, dtype=np.bool_)
    edits = cpdist(ones, others, scorer=DamerauLevenshtein.distance, score_cutoff=2, dtype=np.int32)
    similarity = cpdist(ones, others, scorer=JaroWinkler.similarity, score_cutoff=NAMES_ALIKE_FROM, dtype=np.float32)
    shortest = np.array([min(len(one), len(other)) for one, other in zip(ones, others, strict=True)])
    parts = np.array(
        [
            (" " in one or " " in other) and not set(one.split()).isdisjoint(other.split())
            for one, other in zip(ones, others, strict=True)
        ],
        dtype=np.bool_,
    )
    spelling = (
        (similarity >= NAMES_ALIKE_FROM) & (shortest >= 4) | (edits <= 1) & (shortest >= 4) | (edits <= 2) & (shortest >= 6)
    )
    found: Flags = spelling | parts
    return found


def surroundings(residents: Residents, dwellings: Dwellings, pairs: Pairs) -> Surroundings:
    """Count who lives at each dwelling, from the compared pairs of co-residents."""
    has_home = dwellings.building >= 0
    unit = keyed(dwellings.building, dwellings.unit)
    slot = np.full(len(residents), -1, dtype=np.int64)
    values, slot[has_home] = np.unique(unit[has_home], return_inverse=True)
    agree = (pairs.surname == AGREES) & (slot[pairs.left] == slot[pairs.right])
    name = connected(pairs.left[agree], pairs.right[agree], len(residents))
    named = np.zeros(len(residents), dtype=np.bool_)
    named[residents.surname_of[:, 0]] = True
    counted = has_home & named
    groups, sizes = np.unique(keyed(slot[counted], name[counted]), return_counts=True)
    of_slot = groups >> 32
    kin = np.bincount(name, minlength=len(residents))[name] > 1
    return Surroundings(
        slot=slot,
        residents=np.bincount(slot[has_home], minlength=len(values)),
        surnames=np.maximum(np.bincount(of_slot, minlength=len(values)), 1),
        families=np.bincount(of_slot[sizes > 1], minlength=len(values)),
        kin=kin,
    )


def sharing(residents: Residents, *, max_holders: int) -> tuple[Index, Index]:
    """Pairs of rows of ``Residents.shared`` with one identifier, sorted; identifiers of more holders say nothing."""
    first, second = within(residents.shared[:, 1], max_holders)
    order = np.lexsort((residents.shared[first, 1], residents.shared[second, 0], residents.shared[first, 0]))
    return first[order], second[order]
