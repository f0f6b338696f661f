"""Weights of pairs of co-residents: log odds, in bits, that two people at one address are one home.

In the form of Fellegi and Sunter (1969): the prior log odds that two residents of this dwelling are one home, and what speaks for
or against it.

- prior, namesakes: a dwelling of ``d`` surnames is about ``d`` homes, so the odds are ``1 / (d - 1)``; at a crowded one times how
  much more often than chance its *other* surnames come in families (an office, a hall: seldom);
- surname agrees: ``log2(m / u)``, with ``m`` the share of pairs in homes that have one and ``u`` how frequent the name is among
  strangers (Winkler 1989: a rare name tells more);
- surnames differ: the share of homes among such pairs (``HomeModel.two_surnames``), and how well the ages fit;
- identifiers in common: the log odds of one home among those who share one of the namespace.
"""

from dataclasses import dataclass

import numpy as np

from graph.identity.homes.arrays import Floats, Index, keyed
from graph.identity.homes.dwellings import Dwellings
from graph.identity.homes.model import HomeModel, Sharing, age_class, bits, name_class
from graph.identity.homes.pairs import AGREES, DIFFERS, Pairs, Surroundings
from graph.identity.homes.residents import Residents
from graph.identity.policy import HomeEvidence

ONE_SURNAME = 0.05
"""Stands for ``d - 1`` where all residents have one surname: relatives next door, two homes in one house."""
OTHERS_PSEUDO = 2.0
UNNAMED_CLIP_BITS = 2.0
"""What an address alone says of somebody without a surname."""
MAX_SHARED_BITS = 6.0
CLIP_BITS = 12.0


@dataclass(frozen=True, slots=True)
class Scores:
    """Weights of pairs and what they are made of, all in bits; ``total`` is clipped to ``CLIP_BITS``."""

    total: Floats
    address: Floats
    """Prior log odds by what is seen around the address; for two surnames, given that they differ."""
    surname: Floats
    ages: Floats
    shared: Floats


def score(
    residents: Residents,
    dwellings: Dwellings,
    pairs: Pairs,
    at_unit: Surroundings,
    at_building: Surroundings,
    sharing: Sharing,
    model: HomeModel,
    home: HomeEvidence,
) -> Scores:
    """Weigh pairs of co-residents."""
    odds, classes, generations = _prior(residents, dwellings, pairs, at_unit, at_building, model, home)
    differs, agrees = pairs.surname == DIFFERS, pairs.surname == AGREES
    address = np.where(differs, bits(model.two_surnames.reshape(-1))[classes], np.log2(odds))
    address = np.where(pairs.surname == 0, np.minimum(address, UNNAMED_CLIP_BITS), address) + generations
    surname = np.where(agrees, np.log2(home.same_surname / pairs.chance), 0.0)
    kind = age_class(pairs.left, pairs.right, residents)
    ages = np.where(agrees | (kind < 0), 0.0, model.ages[kind])
    shared = shared_bits(pairs.left, pairs.right, sharing, model)
    total = np.clip(address + surname + ages + shared, -CLIP_BITS, CLIP_BITS)
    return Scores(total=total, address=address, surname=surname, ages=ages, shared=shared)


def shared_bits(left: Index, right: Index, sharing: Sharing, model: HomeModel) -> Floats:
    """Bits for identifiers in common: of each namespace once, never against."""
    found = np.zeros(len(left))
    if not len(sharing.left):
        return found
    order = np.argsort(keyed(left, right))
    keys = keyed(left, right)[order]
    for namespace in range(len(model.namespaces)):
        rows = sharing.namespace == namespace
        asked = keyed(sharing.left[rows], sharing.right[rows])
        place = np.minimum(np.searchsorted(keys, asked), max(len(keys) - 1, 0))
        hit = keys[place] == asked if len(keys) else np.zeros(len(asked), dtype=np.bool_)
        once = np.zeros(len(left))
        weight = np.clip(bits(model.reliable[namespace]), 0.0, MAX_SHARED_BITS)[sharing.surname[rows]]
        once[order[place[hit]]] = weight[hit]
        found += once
    return found


def _prior(
    residents: Residents,
    dwellings: Dwellings,
    pairs: Pairs,
    at_unit: Surroundings,
    at_building: Surroundings,
    model: HomeModel,
    home: HomeEvidence,
) -> tuple[Floats, Index, Floats]:
    """For each pair: odds by surnames around it, class of ``two_surnames``, and bits for a crowd of one generation."""
    # Who states no unit in a building that has units may be of any of them.
    has_units = np.zeros(len(dwellings.names), dtype=np.bool_)
    has_units[dwellings.building[dwellings.unit > 0]] = True
    same_unit = (dwellings.unit[pairs.left] == dwellings.unit[pairs.right]) & (
        (dwellings.unit[pairs.left] > 0) | ~has_units[dwellings.building[pairs.left]]
    )
    values = []
    for around in (at_building, at_unit):
        slot = around.slot[pairs.left]
        number, surnames = around.residents[slot], around.surnames[slot]
        others = np.maximum(around.families[slot] - (pairs.surname == AGREES), 0)
        usual = (others + OTHERS_PSEUDO * model.families) / (surnames - 1 + OTHERS_PSEUDO) / model.families
        crowded = number >= home.crowded_from
        odds = np.where(crowded, np.minimum(usual, 1.0), 1.0) / np.maximum(surnames - 1, ONE_SURNAME)
        classes = name_class(surnames) * 2 + (around.kin[pairs.left] & around.kin[pairs.right])
        spread = _generations(around, residents)[slot]
        generation = np.where(crowded & (spread < home.one_generation_years), home.one_generation_bits, 0.0)
        values.append((odds, classes, generation))
    (odds, classes, generation), (unit_odds, unit_classes, unit_generation) = values
    return (
        np.where(same_unit, unit_odds, odds),
        np.where(same_unit, unit_classes, classes),
        np.where(same_unit, unit_generation, generation),
    )


def _generations(around: Surroundings, residents: Residents) -> Floats:
    """For each dwelling the years between the tenth and the ninetieth percentile of births; infinite where few are known."""
    known = np.flatnonzero((around.slot >= 0) & ~np.isnan(residents.born))
    order = known[np.lexsort((residents.born[known], around.slot[known]))]
    slot = around.slot[order]
    number = np.bincount(slot, minlength=len(around.residents))
    first = np.cumsum(number) - number
    low, high = first + (0.1 * (number - 1)).astype(np.int64), first + np.ceil(0.9 * (number - 1)).astype(np.int64)
    spread = np.full(len(number), np.inf)
    enough = (number >= 3) & (2 * number >= around.residents)
    spread[enough] = residents.born[order[high[enough]]] - residents.born[order[low[enough]]]
    return spread
