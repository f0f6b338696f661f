"""What the data at hand say of homes, learnt without labels.

Two independent views make it possible (Blum and Mitchell 1998): people at one address with one surname are a home almost always,
so whatever else homes show (a telephone in common, how ages differ) can be counted on them, as ``m`` of Fellegi and Sunter
(1969) on matches; strangers are all pairs, as ``u``. With these the doubtful pairs, above all those with two surnames, are
judged: the rate at which they have a telephone in common, divided by that of certain homes, is the share of homes among them.
"""

from dataclasses import dataclass, replace

import numpy as np

from graph.identity.homes.arrays import Flags, Floats, Index, keyed, runs
from graph.identity.homes.dwellings import Dwellings
from graph.identity.homes.pairs import AGREES, DIFFERS, Pairs, Surroundings
from graph.identity.homes.residents import Residents, namespaces_of
from graph.identity.policy import HomeEvidence

MAX_ANCHOR_RESIDENTS = 8
RELIABLE_FROM = 0.5
"""Probability of one home from which a shared identifier counts as a view of its own."""
MIN_ANCHORS = 50
"""Certain homes, able to share an identifier, below which the rate of sharing is not believed."""
AGE_GAPS = (5.0, 10.0, 18.0, 26.0, 36.0, 46.0, 61.0)
"""Upper ends of the classes of age difference, in years."""
ADULT_FROM = 18.0
AGE_PSEUDO = 50.0
AGE_CLIP_BITS = 2.0
NAME_CLASSES = 3
"""Dwellings of two surnames, of three, of more."""
SHARE_STEPS = (5e-4, 2e-3)
"""Steps of a surname's frequency between which namesakes of one area are told apart."""


@dataclass(frozen=True, slots=True, eq=False)
class HomeModel:
    """Probabilities that were learnt; each shrunk to the policy's where there is little to count."""

    reliable: Floats
    """Probability of one home for a pair that shares an identifier: by namespace (in ``namespaces``' order) and by whether their
    surnames agree (0 no, 1 yes)."""
    namespaces: list[str]
    sharing_rate: float
    """Share of the certain homes' pairs that have a reliable identifier in common, of those that could; NaN where not known."""
    two_surnames: Floats
    """Probability of one home for residents with two surnames: by name class and whether both have kin there (0 no, 1 yes)."""
    ages: Floats
    """Bits by class of ages and sexes (see ``age_class``)."""
    families: float
    """Share of the surnames at dwellings of several people that two or more of them have."""
    namesakes: Floats
    """Probability that somebody whose street is not known lives with the only namesakes of its area, by class of frequency."""

    def __eq__(self, other: object) -> bool:
        """Whether every probability is the same; one that is not known equals one that is not known."""
        return (
            isinstance(other, HomeModel)
            and self.namespaces == other.namespaces
            and all(
                np.array_equal(mine, others, equal_nan=True)
                for mine, others in zip(self._probabilities(), other._probabilities(), strict=True)
            )
        )

    __hash__ = None  # type: ignore[assignment]

    def _probabilities(self) -> tuple[Floats, ...]:
        found = (self.reliable, self.sharing_rate, self.two_surnames, self.ages, self.families, self.namesakes)
        return tuple(np.asarray(each, dtype=np.float64) for each in found)

    def over(self, namespaces: list[str], home: HomeEvidence) -> "HomeModel":
        """The model for identifiers of these namespaces; of those that it never saw, what the policy says."""
        place = {name: number for number, name in enumerate(self.namespaces)}
        rows = [self.reliable[place[name]] if name in place else np.repeat(home.shared[name], 2) for name in namespaces]
        return replace(self, namespaces=namespaces, reliable=np.array(rows, dtype=np.float64).reshape(-1, 2))


def bits(probability: Floats) -> Floats:
    """Log odds to base two of probabilities, those beyond 2^-10 of 0 or 1 clipped."""
    clipped = np.clip(probability, 2.0**-10, 1 - 2.0**-10)
    found: Floats = np.log2(clipped / (1 - clipped))
    return found


def shrunk(hits: Floats | Index, number: Floats | Index, prior: Floats | float, weight: float) -> Floats:
    """Share of hits, as if ``weight`` more had been counted at the prior share (posterior mean under a Beta prior)."""
    found: Floats = (hits + weight * np.asarray(prior)) / (number + weight)
    return found


def name_class(surnames: Index) -> Index:
    """Class of dwellings by how many surnames live there."""
    found: Index = np.clip(surnames, 2, NAME_CLASSES + 1) - 2
    return found


def share_class(share: Floats) -> Index:
    """Class of surnames by their frequency."""
    return np.searchsorted(np.array(SHARE_STEPS), share, side="right").astype(np.int64)


def age_class(left: Index, right: Index, residents: Residents) -> Index:
    """Class of pairs by age difference, whether both are adult, and sexes (same, other, unknown); -1 where an age is unknown.

    Ages are those at the time of the newest evidence.
    """
    year = 1970 + residents.now / (365.25 * 86_400)
    one, other = residents.born[left], residents.born[right]
    gap = np.searchsorted(np.array(AGE_GAPS), np.abs(one - other), side="right")
    adult = (year - np.fmax(one, other) >= ADULT_FROM).astype(np.int64)
    sexes = residents.sex[left].astype(np.int64), residents.sex[right].astype(np.int64)
    sex = np.where((sexes[0] < 0) | (sexes[1] < 0), 2, (sexes[0] != sexes[1]).astype(np.int64))
    return np.where(np.isnan(one) | np.isnan(other), -1, (gap * 2 + adult) * 3 + sex)


AGE_CLASSES = (len(AGE_GAPS) + 1) * 2 * 3


@dataclass(frozen=True, slots=True)
class Sharing:
    """Rows of pairs that have an identifier in common, with its namespace."""

    left: Index
    right: Index
    identifier: Index
    namespace: Index
    surname: Index
    """1 where the surnames agree, else 0."""


def learn(
    residents: Residents,
    dwellings: Dwellings,
    pairs: Pairs,
    around: Surroundings,
    sharing: Sharing,
    shares: Floats,
    home: HomeEvidence,
) -> HomeModel:
    """Learn from pairs of co-residents and pairs that share identifiers."""
    namespaces = namespaces_of(residents.identifiers)[1]
    reliable = _reliable(dwellings, sharing, namespaces, home)
    anchors = _anchors(pairs, around)
    rate, two_surnames = _two_surnames(residents, pairs, around, sharing, reliable, anchors, home)
    several = around.residents > 1
    return HomeModel(
        reliable=reliable,
        namespaces=namespaces,
        sharing_rate=rate,
        two_surnames=two_surnames,
        ages=_ages(residents, pairs, anchors),
        families=float(shrunk(around.families[several].sum(), around.surnames[several].sum(), 0.5, 2.0)),
        namesakes=_namesakes(residents, dwellings, shares, home),
    )


def _anchors(pairs: Pairs, around: Surroundings) -> Flags:
    """Pairs that are one home almost surely: one surname, at a dwelling where there is no other and that is not crowded."""
    slot = around.slot[pairs.left]
    found: Flags = (
        (pairs.surname == AGREES)
        & (slot == around.slot[pairs.right])
        & (around.surnames[slot] == 1)
        & (around.residents[slot] <= MAX_ANCHOR_RESIDENTS)
    )
    return found


def _reliable(dwellings: Dwellings, sharing: Sharing, namespaces: list[str], home: HomeEvidence) -> Floats:
    """How often those who share an identifier live at one building, of those whose buildings are known."""
    known = (dwellings.building[sharing.left] >= 0) & (dwellings.building[sharing.right] >= 0)
    together = dwellings.building[sharing.left] == dwellings.building[sharing.right]
    cell = sharing.namespace * 2 + sharing.surname
    number = np.bincount(cell[known], minlength=2 * len(namespaces))
    hits = np.bincount(cell[known & together], minlength=2 * len(namespaces))
    prior = np.repeat([home.shared[name] for name in namespaces], 2)
    return shrunk(hits, number, prior, home.prior_pairs).reshape(-1, 2)


def _two_surnames(
    residents: Residents,
    pairs: Pairs,
    around: Surroundings,
    sharing: Sharing,
    reliable: Floats,
    anchors: Flags,
    home: HomeEvidence,
) -> tuple[float, Floats]:
    """The rate of sharing in certain homes, and by it the share of homes among residents with two surnames.

    Were all ``N`` pairs of a class homes, ``N r`` of them would share an identifier; ``X`` do, so the share is ``X / (N r)``.
    """
    prior = np.stack([np.array(home.two_surnames), np.full(NAME_CLASSES, home.two_families)], axis=1)
    believed = reliable.mean(axis=1) >= RELIABLE_FROM if len(reliable) else np.zeros(0, dtype=np.bool_)
    namespace = namespaces_of(residents.identifiers)[0]
    able = np.zeros(len(residents), dtype=np.bool_)
    if len(namespace):
        rows = believed[namespace[residents.shared[:, 1]]]
        able[residents.shared[rows, 0]] = True
    both_able = able[pairs.left] & able[pairs.right]
    rows = believed[sharing.namespace] if len(sharing.namespace) else np.zeros(0, dtype=np.bool_)
    shares = np.isin(keyed(pairs.left, pairs.right), keyed(sharing.left[rows], sharing.right[rows]))
    certain = anchors & both_able
    if certain.sum() < MIN_ANCHORS or not (certain & shares).any():
        return float("nan"), prior
    rate = float((certain & shares).sum() / certain.sum())
    slot = around.slot[pairs.left]
    doubtful = both_able & (pairs.surname == DIFFERS) & (slot == around.slot[pairs.right])
    cell = name_class(around.surnames[slot]) * 2 + (around.kin[pairs.left] & around.kin[pairs.right])
    number = np.bincount(cell[doubtful], minlength=2 * NAME_CLASSES)
    hits = np.bincount(cell[doubtful & shares], minlength=2 * NAME_CLASSES)
    return rate, np.clip(
        shrunk(hits, (number * rate).astype(np.float64), prior.reshape(-1), home.prior_shares), 0.0, 0.98
    ).reshape(-1, 2)


def _ages(residents: Residents, pairs: Pairs, anchors: Flags) -> Floats:
    """Log ratio of how often a class of ages is found in certain homes and between strangers."""
    at_home = age_class(pairs.left[anchors], pairs.right[anchors], residents)
    m = np.bincount(at_home[at_home >= 0], minlength=AGE_CLASSES).astype(np.float64)
    u = _ages_of_strangers(residents)
    ratio = (m + AGE_PSEUDO * u) / (m.sum() + AGE_PSEUDO) / np.maximum(u, 2.0**-20)
    found: Floats = np.where(u > 0, np.clip(np.log2(np.maximum(ratio, 2.0**-10)), -AGE_CLIP_BITS, AGE_CLIP_BITS), 0.0)
    return found


def _ages_of_strangers(residents: Residents) -> Floats:
    """Share of each class of ages among all pairs of individuals: every year of birth and sex with every other, as they occur."""
    known = ~np.isnan(residents.born)
    kinds, counts = np.unique(
        np.stack([np.floor(residents.born[known]), residents.sex[known].astype(np.float64)], axis=1), axis=0, return_counts=True
    )
    one, other = np.divmod(np.arange(len(kinds) ** 2), max(len(kinds), 1))
    typical = replace(residents, born=kinds[:, 0], sex=kinds[:, 1].astype(np.int8))
    weight = counts[one].astype(np.float64) * counts[other]
    return np.bincount(age_class(one, other, typical), weights=weight, minlength=AGE_CLASSES) / max(float(weight.sum()), 1.0)


def namesakes_of_areas(residents: Residents, dwellings: Dwellings) -> tuple[Index, Index, Index]:
    """Distinct rows of area and surname (keyed), building and how many individuals of that name live there."""
    rows = residents.named_at[dwellings.building[residents.named_at[:, 0]] >= 0]
    person, group = rows[:, 0], keyed(rows[:, 2], rows[:, 1])
    order = np.lexsort((dwellings.building[person], group))
    group, building = group[order], dwellings.building[person][order]
    bounds = runs(group, building)
    return group[bounds[:-1]], building[bounds[:-1]], np.diff(bounds)


def _namesakes(residents: Residents, dwellings: Dwellings, shares: Floats, home: HomeEvidence) -> Floats:
    """Leave one out: of those whose building is known and whose other namesakes in the area live at one, how many live there."""
    group, _, number = namesakes_of_areas(residents, dwellings)
    _, which, counts = np.unique(group, return_inverse=True, return_counts=True)
    buildings = counts[which]
    kind = share_class(shares[group & 0xFFFFFFFF])
    hits = np.bincount(kind, weights=np.where((buildings == 1) & (number > 1), number, 0), minlength=len(SHARE_STEPS) + 1)
    misses = np.bincount(kind, weights=np.where((buildings == 2) & (number == 1), 1, 0), minlength=len(SHARE_STEPS) + 1)
    return shrunk(hits, (hits + misses).astype(np.float64), home.namesakes, home.prior_pairs)
