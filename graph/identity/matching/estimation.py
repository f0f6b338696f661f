"""Estimation of the match model from the records alone, by expectation maximisation.

Dempster, Laird and Rubin 1977; for record linkage Winkler 1988, "Using the EM Algorithm for Weight Computation in the Fellegi-
Sunter Model of Record Linkage". It runs over *all* pairs: those that are no candidates count as strangers, whose distribution
is known from random pairs and, for exact agreement, from the values' counts. So there are no training rules to choose. How
likely a pair is a match before anything is compared is estimated for each pair of sources by itself, so that a source without
duplicates is found to have none. What is assumed before any record is seen (``fields``) decides in a graph of ten records and
is forgotten in one of thousands.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from graph.identity.matching.comparer import Compared
from graph.identity.matching.fields import LEVELS
from graph.identity.matching.model import MOST_LEVELS, MatchModel, likelihoods
from graph.identity.matching.records import Column, Population
from graph.identity.matching.relations import RATE, SHARED, TIED, relations_of

Floats = NDArray[np.float64]
Index = NDArray[np.int64]

MOST_ITERATIONS = 200
TOLERANCE = 1e-4
"""Change of a probability at which the estimation has settled."""
PRIOR_PAIRS = 300.0
"""Pairs by which the distribution among matches is held to what is assumed before any record is seen."""
PRIOR_RELATED = 30.0
"""The same for a relation."""
PRIOR_STRANGERS = 1_000.0
"""The same for strangers."""
UNEXPLAINED = 0.02
"""Of the pairs that agree exactly on a field at least this share is taken to be chance."""
PRIOR_MATCHES = 2.0
"""Matches by which the rate of matches of a pair of sources is held to the rate of all."""
POPULATION = 10_000
"""A graph of fewer records is taken to be a part of a population of so many: its first two records are not bound to be one."""
MOST_IN_RELATION = 0.2
"""Share of all pairs that a relation has at most."""
DUPLICATES = 0.001
"""A source of which no more than this share of the records has a match within it is taken to have no duplicates."""
FEW_RECORDS = 500
"""Of a source with fewer records nothing is concluded about duplicates."""
MOST_MATCHED = 0.8
"""The share of matched records that counts at most: those that are left over are left over for a reason, such as more errors."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Compared pairs with the numbers of their records' sources."""

    compared: Compared
    source_left: Index
    source_right: Index


@dataclass(frozen=True, slots=True)
class Observed:
    """Everything that the estimation is made from."""

    population: Population
    columns: tuple[Column, ...]
    candidates: Sample
    share: float
    """Share of all candidates that ``candidates`` has."""
    random: Sample
    all_pairs: bool
    """Whether the random pairs are all pairs there are; matches among them are then not counted as strangers."""


def estimate(observed: Observed) -> MatchModel:
    """Estimate the model."""
    estimation = _Estimation(observed)
    model = estimation.assumed()
    for _ in range(MOST_ITERATIONS):
        before, model = model, estimation.improve(model)
        if max(_change(before.match, model.match), _change(before.prior_relation, model.prior_relation)) < TOLERANCE:
            break
    return model


def _change(before: Floats, after: Floats) -> float:
    return float(np.abs(np.exp(after) - np.exp(before)).max(initial=0.0))


class _Estimation:
    def __init__(self, observed: Observed) -> None:
        self._observed = observed
        self._population, self._columns = observed.population, observed.columns
        self._meanings = tuple(column.meaning for column in self._columns)
        self._relations = relations_of(frozenset(self._meanings))
        self._sizes = self._population.sizes.astype(np.float64)
        self._pairs = np.outer(self._sizes, self._sizes)
        np.fill_diagonal(self._pairs, self._sizes * (self._sizes - 1) / 2)
        self._in_all = max(float(np.triu(self._pairs).sum()), 1.0)
        self._among_matches = _rows([LEVELS[meaning].among_matches() for meaning in self._meanings])
        self._among_strangers = _rows([LEVELS[meaning].among_strangers() for meaning in self._meanings])
        self._shared = np.array([LEVELS[meaning].shared for meaning in self._meanings]).reshape(-1, 1)
        stated = np.array([column.stated for column in self._columns], dtype=np.float64)
        self._agreeing = np.array([column.agreeing for column in self._columns], dtype=np.float64)
        self._stated = np.maximum(stated * (stated - 1) / 2, 1.0)
        self._rare = np.array([LEVELS[meaning].rarity for meaning in self._meanings], dtype=np.bool_)

    def assumed(self) -> MatchModel:
        """What is assumed before any record is seen, with strangers as the random pairs show them."""
        random = self._observed.random
        innocent = np.ones((len(random.compared), 1))
        if self._observed.all_pairs:
            # Where most records are of a few people, most random pairs are no strangers.
            innocent = _classes(self._assuming(self._among_strangers), random)[:, 1:2]
        counted = _count(random.compared.levels, innocent)[0]
        return self._assuming(_normal(counted + PRIOR_STRANGERS * self._among_strangers))

    def _assuming(self, stranger: Floats) -> MatchModel:
        """The model that is assumed, given the strangers' distribution (fields, levels)."""
        related = self._assumed_of_relations(stranger)
        others = np.array(
            [
                [
                    related[number] if meaning in SHARED[relation] else stranger[number]
                    for number, meaning in enumerate(self._meanings)
                ]
                for relation in self._relations
            ]
        ).reshape(len(self._relations), len(self._meanings), MOST_LEVELS)
        none = np.zeros(self._pairs.shape)
        rate = 1 / max(len(self._population), POPULATION)
        found = np.array([RATE[relation] for relation in self._relations]) * rate * self._in_all
        prior = np.full(self._pairs.shape, np.log(rate))
        return self._model(match=self._among_matches, others=others, prior_match=prior, found=found, matches=none)

    def improve(self, model: MatchModel) -> MatchModel:
        """One iteration: the class of each pair from the model, then the model from the classes of the pairs."""
        sample = self._observed.candidates
        classes = _classes(model, sample)
        counts = _count(sample.compared.levels, classes) / self._observed.share
        match = _normal(counts[0] + PRIOR_PAIRS * self._among_matches)
        stranger = self._strangers(model, counts)
        others = np.empty_like(model.others)
        related = self._assumed_of_relations(stranger)
        for number, relation in enumerate(self._relations):
            free = _normal(counts[1 + number] + PRIOR_RELATED * related)
            for field, meaning in enumerate(self._meanings):
                if meaning in TIED[relation]:
                    others[number, field] = match[field]
                else:
                    others[number, field] = free[field] if meaning in SHARED[relation] else stranger[field]
        matches = self._by_sources(sample, classes[:, 0]) / self._observed.share
        return self._model(
            match=match,
            others=others,
            prior_match=self._log_rates(matches),
            found=classes[:, 1:].sum(axis=0) / self._observed.share,
            matches=matches,
        )

    def _assumed_of_relations(self, stranger: Floats) -> Floats:
        """(fields, levels): what is assumed of two people who share a field for what they are to each other."""
        return self._shared * self._among_matches + (1 - self._shared) * stranger

    def _strangers(self, model: MatchModel, counts: Floats) -> Floats:
        """(fields, levels): distribution of the levels among strangers."""
        stranger = np.exp(model.others[0])
        if self._observed.all_pairs:
            random = self._observed.random
            innocent = _classes(model, random)[:, 1:2]
            stranger = _normal(_count(random.compared.levels, innocent)[0] + PRIOR_STRANGERS * self._among_strangers)
        # All pairs that agree exactly are counted by the values' sizes; those that no match and no relation explains are chance.
        explained = counts[0, :, 0].copy()
        for number, relation in enumerate(self._relations):
            sharing = np.array([meaning in SHARED[relation] for meaning in self._meanings])
            explained += np.where(sharing, counts[1 + number, :, 0], 0)
        unexplained = np.maximum(self._agreeing - explained, UNEXPLAINED * self._agreeing)
        chance = (unexplained + PRIOR_STRANGERS * self._among_strangers[:, 0]) / (self._stated + PRIOR_STRANGERS)
        rest = stranger[:, 1:] * ((1 - chance) / stranger[:, 1:].sum(axis=1))[:, None]
        strangers: Floats = np.where(self._rare[:, None], np.column_stack([chance, rest]), stranger)
        return strangers

    def _by_sources(self, sample: Sample, weight: Floats) -> Floats:
        size = len(self._sizes)
        ends = sample.source_left * size + sample.source_right
        flat = np.bincount(ends, weights=weight, minlength=size * size).reshape(size, size).astype(np.float64)
        both: Floats = flat + flat.T
        np.fill_diagonal(both, np.diag(flat))
        return both

    def _rate(self, matches: Floats) -> float:
        """Share of all pairs that are matches, held to that of a population."""
        assumed = 1 / max(len(self._population), POPULATION)
        return float((np.triu(matches).sum() + PRIOR_MATCHES) / (self._in_all + PRIOR_MATCHES / assumed))

    def _log_rates(self, matches: Floats) -> Floats:
        """Log rate of matches of each pair of sources, held to the rate of all."""
        rates: Floats = np.log((matches + PRIOR_MATCHES) / (self._pairs + PRIOR_MATCHES / self._rate(matches)))
        return rates

    def _alone(self, matches: Floats) -> Floats:
        """How rare it is that a record has no match, of each pair of sources without duplicates.

        Where each record has at most one match, the odds that two are one are to be taken against both having none, not against
        their being a random pair: n / ((n1 - n) (n2 - n)) in place of n / (n1 n2), for n matches among n1 and n2 records (Sadinle
        2017, "Bayesian Estimation of Bipartite Matchings for Record Linkage").
        """
        unique = (np.diag(matches) <= DUPLICATES * self._sizes) & (self._sizes >= FEW_RECORDS)
        share = np.minimum(matches / np.maximum(self._sizes, 1)[:, None], MOST_MATCHED)
        alone: Floats = np.where(np.outer(unique, unique), np.log1p(-share) + np.log1p(-share.T), 0.0)
        np.fill_diagonal(alone, 0.0)
        return alone

    def _model(self, *, match: Floats, others: Floats, prior_match: Floats, found: Floats, matches: Floats) -> MatchModel:
        # In a relation are assumed to be so many pairs for each match.
        held = PRIOR_MATCHES * np.array([RATE[relation] for relation in self._relations[1:]])
        shares = np.minimum((found[1:] + held) / (self._in_all + PRIOR_MATCHES / self._rate(matches)), MOST_IN_RELATION)
        with np.errstate(divide="ignore"):
            return MatchModel(
                fields=tuple(column.name for column in self._columns),
                meanings=self._meanings,
                sources=self._population.sources,
                relations=self._relations,
                match=np.log(match),
                others=np.log(others),
                prior_match=prior_match,
                prior_relation=np.log(np.r_[1 - shares.sum(), shares]),
                alone=self._alone(matches),
            )


def _classes(model: MatchModel, sample: Sample) -> Floats:
    """(pairs, 1 + relations): probability of a match and of each relation."""
    scored = likelihoods(model, sample.compared, sample.source_left, sample.source_right)
    logs = np.column_stack([scored.match, scored.others])
    logs -= logs.max(axis=1)[:, None]
    shares: Floats = np.exp(logs)
    classes: Floats = shares / shares.sum(axis=1)[:, None]
    return classes


@njit(cache=True)
def _count(levels: NDArray[np.int8], weights: Floats) -> Floats:
    """(classes, fields, levels): sum of the weights, (pairs, classes), of the pairs at each level."""
    counts = np.zeros((weights.shape[1], levels.shape[1], MOST_LEVELS))
    for pair in range(levels.shape[0]):
        for field in range(levels.shape[1]):
            level = levels[pair, field]
            if level >= 0:
                for number in range(weights.shape[1]):
                    counts[number, field, level] += weights[pair, number]
    return counts


def _rows(distributions: list[Floats]) -> Floats:
    table = np.zeros((len(distributions), MOST_LEVELS))
    for row, distribution in zip(table, distributions, strict=True):
        row[: len(distribution)] = distribution
    return table


def _normal(weights: Floats) -> Floats:
    shares: Floats = weights / weights.sum(axis=-1)[..., None]
    return shares
