"""From records to clusters of one person each: candidates, comparison, estimation, completion, linkage."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.identity.matching.candidates import candidates
from graph.identity.matching.comparer import Comparer, chunks
from graph.identity.matching.estimation import Observed, Sample, estimate
from graph.identity.matching.linkage import Linkage, PairEvidence, components, profile_linkage
from graph.identity.matching.model import MatchModel, likelihoods, pair_evidence
from graph.identity.matching.records import Records

Index = NDArray[np.int64]
Floats = NDArray[np.float64]

RANDOM_PAIRS = 1_000_000
SAMPLED_CANDIDATES = 400_000
CHUNK = 1_000_000
"""Pairs that are compared at once."""
CONNECTING = -2.0
"""Log odds from which a pair counts as a connection: clusters are looked for among records that such pairs connect."""
LARGEST_COMPONENT = 120
"""Records among which clusters are looked for at once; larger components are taken apart at their weakest connections."""


@dataclass(frozen=True, slots=True)
class Matching:
    """What matching came to. Pairs are of record numbers, left < right, sorted; all pairs of each component are there."""

    records: Records
    comparer: Comparer
    model: MatchModel
    candidates: int
    left: Index
    right: Index
    log_odds: Floats
    """(pairs,): of each pair by itself, natural logarithm."""
    linkage: Linkage

    @property
    def linked(self) -> NDArray[np.bool_]:
        """(pairs,): whether the two records were found to be of one person."""
        clusters = self.linkage.clusters
        linked: NDArray[np.bool_] = clusters[self.left] == clusters[self.right]
        return linked


def match_records(records: Records, *, seed: int = 0, stage: Callable[[str], None] = lambda _: None) -> Matching:
    """Match records with each other. Equal records give equal results; ``stage`` is told what begins."""
    comparer = Comparer(records)
    stage("candidates")
    pairs = candidates(records)
    left, right = pairs[:, 0], pairs[:, 1]
    stage("estimate")
    model = estimate(_observe(comparer, left, right, np.random.default_rng(seed)))
    stage("score")
    odds = score_pairs(model, comparer, left, right)
    stage("link")
    left, right = complete(left, right, odds, len(records))
    linkage, odds = _link(model, comparer, left, right)
    return Matching(records, comparer, model, len(pairs), left, right, odds, linkage)


def _observe(comparer: Comparer, left: Index, right: Index, random: np.random.Generator) -> Observed:
    records = comparer.records
    size = min(len(left), SAMPLED_CANDIDATES)
    rows = np.sort(random.choice(len(left), size, replace=False)) if size < len(left) else np.arange(len(left))
    count = len(records)
    in_all = count * (count - 1) // 2
    if in_all <= RANDOM_PAIRS:
        ends = np.triu_indices(count, 1)
        a, b = ends[0].astype(np.int64), ends[1].astype(np.int64)
    else:
        drawn = random.integers(0, count, (2, RANDOM_PAIRS))
        drawn = drawn[:, drawn[0] != drawn[1]]
        a, b = drawn.min(axis=0), drawn.max(axis=0)
    return Observed(
        records=records,
        columns=comparer.columns,
        candidates=_sample(comparer, left[rows], right[rows]),
        share=size / max(len(left), 1) if size else 1.0,
        random=_sample(comparer, a, b),
        all_pairs=in_all <= RANDOM_PAIRS,
    )


def _sample(comparer: Comparer, left: Index, right: Index) -> Sample:
    source = comparer.records.source.astype(np.int64)
    return Sample(comparer.compare(left, right), source[left], source[right])


def score_pairs(model: MatchModel, comparer: Comparer, left: Index, right: Index) -> Floats:
    """Log odds (natural) that each pair of record numbers is of one person."""
    odds = np.empty(len(left))
    for part in chunks(len(left), CHUNK):
        sample = _sample(comparer, left[part], right[part])
        scored = likelihoods(model, sample.compared, sample.source_left, sample.source_right).log_odds
        odds[part] = scored - model.alone[sample.source_left, sample.source_right]
    return odds


def complete(left: Index, right: Index, odds: Floats, count: int) -> tuple[Index, Index]:
    """All pairs of records within each component of the pairs whose odds connect."""
    connecting, least = odds > CONNECTING, CONNECTING
    component = components(left[connecting], right[connecting], count)
    sizes = np.bincount(component)
    while sizes.max(initial=0) > LARGEST_COMPONENT:
        least += 1
        connecting &= ~((sizes[component[left]] > LARGEST_COMPONENT) & (odds <= least))
        component = components(left[connecting], right[connecting], count)
        sizes = np.bincount(component)
    order = np.argsort(component, kind="stable").astype(np.int64)
    ordered = component[order]
    ends: list[tuple[Index, Index]] = []
    for distance in range(1, int(sizes.max(initial=1))):
        same = ordered[distance:] == ordered[:-distance]
        ends.append((order[:-distance][same], order[distance:][same]))
    a = np.concatenate([end[0] for end in ends]) if ends else np.empty(0, dtype=np.int64)
    b = np.concatenate([end[1] for end in ends]) if ends else np.empty(0, dtype=np.int64)
    key = np.sort(a * count + b)
    return key // max(count, 1), key % max(count, 1)


def _link(model: MatchModel, comparer: Comparer, left: Index, right: Index) -> tuple[Linkage, Floats]:
    """Clusters, given all pairs of each component; and the log odds of each pair by itself."""
    parts = [_evidence(model, comparer, left[part], right[part]) for part in chunks(len(left), CHUNK)]
    evidence = PairEvidence(*(np.concatenate(arrays) for arrays in zip(*[_arrays(p) for p in parts], strict=True)))
    return profile_linkage(left, right, evidence, len(comparer.records)), evidence.log_odds


def _evidence(model: MatchModel, comparer: Comparer, left: Index, right: Index) -> PairEvidence:
    sample = _sample(comparer, left, right)
    return pair_evidence(model, sample.compared, sample.source_left, sample.source_right)


def _arrays(evidence: PairEvidence) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.float32]]:
    return evidence.weights, evidence.stated, evidence.prior
