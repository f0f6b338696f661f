"""From records to clusters of one person each: candidates, comparison, estimation, completion, linkage."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from graph.identity.matching.aliases import learnt, observed_aliases, renamed
from graph.identity.matching.calibration import Calibration, Labels, calibrate, witnesses_of
from graph.identity.matching.candidates import candidates
from graph.identity.matching.comparer import CHUNK, Compared, Comparer, chunks
from graph.identity.matching.estimation import Observed, Sample, estimate
from graph.identity.matching.fields import Meaning
from graph.identity.matching.linkage import Linkage, PairEvidence, components, linked_anew, profile_linkage
from graph.identity.matching.model import MatchModel, likelihoods, pair_evidence
from graph.identity.matching.records import Records

Index = NDArray[np.int64]
Floats = NDArray[np.float64]

RANDOM_PAIRS = 1_000_000
SAMPLED_CANDIDATES = 400_000
EVEN = 0.0
"""Log odds of even chances."""
CONNECTING = -2.0
"""Log odds from which a pair counts as a connection: clusters are looked for among records that such pairs connect."""
LARGEST_COMPONENT = 120
"""Records among which clusters are looked for at once; larger components are taken apart at their weakest connections."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """Records that were linked. Pairs are of record numbers, left < right, sorted; all pairs of each component are there."""

    records: Records
    comparer: Comparer
    model: MatchModel
    left: Index
    right: Index
    compared: Compared
    """How the pairs agree."""
    log_odds: Floats
    """(pairs,): of each pair by itself, natural logarithm."""
    linkage: Linkage

    @property
    def linked(self) -> NDArray[np.bool_]:
        """(pairs,): whether the two records were found to be of one person."""
        clusters = self.linkage.clusters
        linked: NDArray[np.bool_] = clusters[self.left] == clusters[self.right]
        return linked


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching(Linked):
    """What matching came to."""

    candidates: int
    calibration: Calibration
    threshold: float
    """Log odds, natural, that joining two clusters took."""


def match_records(
    records: Records,
    *,
    seed: int = 0,
    labels: Mapping[tuple[str, str], bool] = MappingProxyType({}),
    target_precision: float | None = None,
    stage: Callable[[str], None] = lambda _: None,
) -> Matching:
    """Match records with each other. Equal arguments give equal results.

    Args:
        records: the records.
        seed: of the draw that the model is estimated from.
        labels: pairs of record ids, the smaller first, that stewards said to be one person (or not).
        target_precision: pairwise precision that is to be expected of the links, calibrated: joining takes more where even odds
            would not reach it. None: even odds do.
        stage: told what begins.
    """
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
    compared = comparer.compare_all(left, right)
    evidence = evidence_of(model, comparer, left, right, compared)
    linkage = profile_linkage(left, right, evidence, len(records))
    if aliases := learnt(observed_aliases(model, comparer, left, right, compared, evidence, linkage.clusters)):
        comparer = replace(comparer, aliases=aliases)
        rows = renamed(records.columns[Meaning.GIVEN_NAME.value], aliases, left, right)
        anew = comparer.compare_all(left[rows], right[rows])
        compared.put(rows, anew)
        evidence.put(rows, evidence_of(model, comparer, left[rows], right[rows], anew))
        linkage = linked_anew(linkage, rows, left, right, evidence)
    stage("calibrate")
    calibration = _calibrate(model, comparer, left, right, labels)
    threshold = _threshold_for(target_precision, linkage, calibration)
    if threshold > EVEN:
        linkage = profile_linkage(left, right, evidence, len(records), threshold=threshold)
    return Matching(
        records=records,
        comparer=comparer,
        model=model,
        candidates=len(pairs),
        left=left,
        right=right,
        compared=compared,
        log_odds=evidence.log_odds,
        linkage=linkage,
        calibration=calibration,
        threshold=threshold,
    )


def _calibrate(
    model: MatchModel, comparer: Comparer, left: Index, right: Index, labels: Mapping[tuple[str, str], bool]
) -> Calibration:
    """Calibrate by an even share of the pairs within components, and by what stewards said."""
    step = max(1, len(left) // SAMPLED_CANDIDATES)
    pairs = sample(comparer, left[::step], right[::step])
    evidence = pair_evidence(model, pairs.compared, pairs.source_left, pairs.source_right)
    witnesses = witnesses_of(
        model.fields,
        model.meanings,
        model.relations,
        evidence.weights,
        evidence.stated,
        evidence.prior,
        pairs.compared.levels,
        model.others[0],
    )
    number_of = {record: number for number, record in enumerate(comparer.records.ids)} if labels else {}
    known = sorted((number_of[a], number_of[b], same) for (a, b), same in labels.items() if a in number_of and b in number_of)
    ends = np.array([(a, b) for a, b, _ in known], dtype=np.int64).reshape(-1, 2)
    said = Labels(
        odds=score_pairs(model, comparer, ends[:, 0], ends[:, 1]), same=np.array([same for *_, same in known], dtype=np.bool_)
    )
    return calibrate(witnesses, said)


def _threshold_for(target: float | None, linkage: Linkage, calibration: Calibration) -> float:
    """The log odds, at least even ones, from which the joins of a linkage reach a precision together."""
    if target is None or not len(linkage.odds):
        return EVEN
    order = np.argsort(-linkage.odds, kind="stable")
    pairs = linkage.pairs[order].astype(np.float64)
    precision = np.cumsum(pairs * calibration.probability(linkage.odds[order])) / np.cumsum(pairs)
    reached = np.flatnonzero(precision >= target)
    if not len(reached) or reached[-1] == len(order) - 1:
        # Where nothing reaches it, no threshold would.
        return EVEN
    return max(EVEN, float(linkage.odds[order[reached[-1] + 1]]))


@dataclass(frozen=True, slots=True)
class Drawn:
    """Which pairs the model is estimated from."""

    candidates: Index
    """Numbers of candidate pairs, ascending, in the order of all candidates by left and right."""
    share: float
    """Share of all candidates that these are."""
    left: Index
    right: Index
    """Random pairs of records."""
    all_pairs: bool
    """Whether the random pairs are all pairs there are."""


def draw(candidate_pairs: int, records: int, random: np.random.Generator) -> Drawn:
    """Draw the pairs that the model is estimated from, given how many candidates and records there are."""
    size = min(candidate_pairs, SAMPLED_CANDIDATES)
    rows = np.sort(random.choice(candidate_pairs, size, replace=False)) if size < candidate_pairs else np.arange(size)
    in_all = records * (records - 1) // 2
    if in_all <= RANDOM_PAIRS:
        ends = np.triu_indices(records, 1)
        a, b = ends[0].astype(np.int64), ends[1].astype(np.int64)
    else:
        drawn = random.integers(0, records, (2, RANDOM_PAIRS))
        drawn = drawn[:, drawn[0] != drawn[1]]
        a, b = drawn.min(axis=0), drawn.max(axis=0)
    share = size / max(candidate_pairs, 1) if size else 1.0
    return Drawn(rows, share, a, b, in_all <= RANDOM_PAIRS)


def _observe(comparer: Comparer, left: Index, right: Index, random: np.random.Generator) -> Observed:
    drawn = draw(len(left), len(comparer.records), random)
    return Observed(
        population=comparer.records.population,
        columns=comparer.columns,
        candidates=sample(comparer, left[drawn.candidates], right[drawn.candidates]),
        share=drawn.share,
        random=sample(comparer, drawn.left, drawn.right),
        all_pairs=drawn.all_pairs,
    )


def sample(comparer: Comparer, left: Index, right: Index) -> Sample:
    """Pairs of record numbers, compared."""
    source = comparer.records.source.astype(np.int64)
    return Sample(comparer.compare(left, right), source[left], source[right])


def score_pairs(model: MatchModel, comparer: Comparer, left: Index, right: Index) -> Floats:
    """Log odds (natural) that each pair of record numbers is of one person."""
    odds = np.empty(len(left))
    for part in chunks(len(left), CHUNK):
        pairs = sample(comparer, left[part], right[part])
        scored = likelihoods(model, pairs.compared, pairs.source_left, pairs.source_right).log_odds
        odds[part] = scored - model.alone[pairs.source_left, pairs.source_right]
    return odds


def complete(left: Index, right: Index, odds: Floats, count: int) -> tuple[Index, Index]:
    """All pairs of records within each component of the pairs whose odds connect."""
    return pairs_within(connected(left, right, odds, count))


def connected(left: Index, right: Index, odds: Floats, count: int) -> NDArray[np.int32]:
    """(records,): component of each record, by the pairs whose odds connect; other pairs make no difference."""
    connecting, least = odds > CONNECTING, CONNECTING
    component = components(left[connecting], right[connecting], count)
    sizes = np.bincount(component)
    while sizes.max(initial=0) > LARGEST_COMPONENT:
        least += 1
        connecting &= ~((sizes[component[left]] > LARGEST_COMPONENT) & (odds <= least))
        component = components(left[connecting], right[connecting], count)
        sizes = np.bincount(component)
    return component


def pairs_within(component: NDArray[np.int32]) -> tuple[Index, Index]:
    """All pairs of records of one component, given the component of each, sorted."""
    count, sizes = len(component), np.bincount(component)
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


def evidence_of(model: MatchModel, comparer: Comparer, left: Index, right: Index, compared: Compared) -> PairEvidence:
    """What compared pairs of record numbers say."""
    source = comparer.records.source.astype(np.int64)
    return pair_evidence(model, compared, source[left], source[right])
