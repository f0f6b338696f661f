"""The match model: Fellegi-Sunter weights against every relation that two people may have.

A pair of records is of one person (a *match*) or of two people in one of the relations of ``relations``. For each of these
classes every field has a distribution over its levels of agreement, independent of the other fields given the class (Fellegi
and Sunter 1969, "A Theory for Record Linkage"). What makes fields dependent in life - people of one home share an address and
a name, namesakes have similar e-mail addresses - is a class of its own, so that agreement which such a relation explains
counts for little. Agreement on a rare value says more than on a common one: among people who do not share the field, a value
that a share ``f`` of all records has agrees with probability proportional to ``f`` (Winkler 2000, "Frequency-Based Matching in
Fellegi-Sunter Model of Record Linkage").
"""

from dataclasses import dataclass

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from graph.identity.matching.comparer import Compared
from graph.identity.matching.fields import LEVELS, Meaning
from graph.identity.matching.linkage import PairEvidence, against_all
from graph.identity.matching.relations import SHARED, Relation

Floats = NDArray[np.float64]
Index = NDArray[np.int64]
MOST_LEVELS = max(len(levels.names) for levels in LEVELS.values())


@dataclass(frozen=True, slots=True)
class MatchModel:
    """Everything that scores a pair of records. All probabilities are natural logarithms."""

    fields: tuple[str, ...]
    meanings: tuple[Meaning, ...]
    sources: tuple[str, ...]
    relations: tuple[Relation, ...]
    """Strangers first."""
    match: Floats
    """(fields, levels): probability of each level among matches; a field's levels come first in its row."""
    others: Floats
    """(relations, fields, levels): the same for each relation."""
    prior_match: Floats
    """(sources, sources): that a random pair is of one person."""
    prior_relation: Floats
    """(relations,): that a random pair of two people is in the relation."""
    alone: Floats
    """(sources, sources): for two sources without duplicates, that a record of either has no match in the other; else 0."""

    @property
    def shared(self) -> NDArray[np.bool_]:
        """(relations, fields): whether people of the relation share the field, whose rarity then says nothing."""
        return np.array([[meaning in SHARED[relation] for meaning in self.meanings] for relation in self.relations])


@dataclass(frozen=True, slots=True)
class Likelihoods:
    """Log likelihoods of pairs, priors included."""

    match: Floats
    """(pairs,)"""
    others: Floats
    """(pairs, relations)"""

    @property
    def log_odds(self) -> Floats:
        """Log odds of a match against all relations of two people together."""
        return against_all(self.match[:, None] - self.others)


def likelihoods(model: MatchModel, compared: Compared, source_left: Index, source_right: Index) -> Likelihoods:
    """Score compared pairs, given the numbers of their records' sources."""
    match = model.prior_match[source_left, source_right]
    others = np.log1p(-np.minimum(np.exp(match), 0.99))[:, None] + model.prior_relation[None, :]
    _add_fields(compared.levels, compared.rarity, model.match, model.others, model.shared, match, others)
    return Likelihoods(match, others)


@njit(parallel=True, cache=True)
def _add_fields(
    levels: NDArray[np.int8],
    rarity: NDArray[np.float32],
    of_match: Floats,
    of_others: Floats,
    shared: NDArray[np.bool_],
    match: Floats,
    others: Floats,
) -> None:
    for pair in prange(len(levels)):
        for field in range(levels.shape[1]):
            level = levels[pair, field]
            if level >= 0:
                match[pair] += of_match[field, level]
                for relation in range(others.shape[1]):
                    others[pair, relation] += of_others[relation, field, level]
                    if not shared[relation, field]:
                        others[pair, relation] += rarity[pair, field]


def pair_evidence(model: MatchModel, compared: Compared, source_left: Index, source_right: Index) -> PairEvidence:
    """What compared pairs say, field by field and relation by relation."""
    levels = compared.levels
    with np.errstate(invalid="ignore"):
        # A field has fewer levels than the table: nothing is at those beyond.
        ratio = model.match[None, :, :] - model.others
    weights = np.zeros((*levels.shape, len(model.relations)), dtype=np.float32)
    _weigh(levels, compared.rarity, ratio, model.shared, weights)
    stated = levels >= 0
    match = model.prior_match[source_left, source_right]
    different = np.log1p(-np.minimum(np.exp(match), 0.99))
    prior = (match - different - model.alone[source_left, source_right])[:, None] - model.prior_relation[None, :]
    return PairEvidence(weights, stated, prior.astype(np.float32))


@njit(parallel=True, cache=True)
def _weigh(
    levels: NDArray[np.int8],
    rarity: NDArray[np.float32],
    ratio: Floats,
    shared: NDArray[np.bool_],
    weights: NDArray[np.float32],
) -> None:
    for pair in prange(len(levels)):
        for field in range(levels.shape[1]):
            level = levels[pair, field]
            if level >= 0:
                for relation in range(weights.shape[2]):
                    weight = ratio[relation, field, level]
                    if not shared[relation, field]:
                        weight -= rarity[pair, field]
                    weights[pair, field, relation] = weight
