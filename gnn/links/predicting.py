"""The links that are predicted: likely by all networks, between the two records that say most, with what they say."""

from dataclasses import dataclass

import numpy as np

from gnn.links.candidates import Candidates, Index
from gnn.links.factors import RECORDS
from gnn.links.scorer import LinkScorer
from gnn.links.standing import Standing
from graph.identity.matching.matching import score_pairs
from graph.identity.matching.scored import explained


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictedLink:
    """Two records of two individuals that are likely to be one person.

    Attributes:
        left: id of the one record, the smaller.
        right: of the other.
        probability: that the two individuals are one person.
        least: the same by the most doubtful network.
        comparisons: how the two records compare, field by field; see ``graph.model.scored_match.Comparisons``.
        alternatives: how many other individuals were looked at for either of the two.
    """

    left: str
    right: str
    probability: float
    least: float
    comparisons: str
    alternatives: int


def predict_links(stands: Standing, scorer: LinkScorer, *, least_probability: float) -> list[PredictedLink]:
    """The predicted links, likeliest first; where the networks do not all find a pair likely, nothing is said of it.

    Args:
        stands: the records and whose they are.
        scorer: the predictor.
        least_probability: of each network.

    Raises:
        ModelError: the records state other fields than those that the predictor was trained on.
    """
    chances = scorer.chances(stands.factors)
    rows = np.flatnonzero(chances.least >= least_probability)
    rows = rows[np.argsort(-chances.probability[rows], kind="stable")]
    left, right = _best_records(stands, rows)
    others = _alternatives(stands.found)[rows].tolist()
    found = explained(stands.matching, left, right) if len(rows) else []
    return [
        PredictedLink(
            left=match.left,
            right=match.right,
            probability=float(chances.probability[row]),
            least=float(chances.least[row]),
            comparisons=match.comparisons,
            alternatives=other,
        )
        for row, match, other in zip(rows.tolist(), found, others, strict=True)
    ]


def _best_records(stands: Standing, rows: Index) -> tuple[Index, Index]:
    """Of each pair of individuals, the two records with the greatest odds, the smaller number first."""
    members: list[list[int]] = [[] for _ in range(stands.found.individuals)]
    for record, individual in enumerate(stands.individual.tolist()):
        if len(members[individual]) < RECORDS:
            members[individual].append(record)
    crossed = [
        (place, min(one, other), max(one, other))
        for place, row in enumerate(rows.tolist())
        for one in members[stands.found.left[row]]
        for other in members[stands.found.right[row]]
    ]
    place, left, right = np.array(crossed, dtype=np.int64).reshape(-1, 3).T
    odds = score_pairs(stands.matching.model, stands.matching.comparer, left, right)
    order = np.lexsort((-odds, place))
    first = order[np.searchsorted(place[order], np.arange(len(rows)))]
    return left[first], right[first]


def _alternatives(found: Candidates) -> Index:
    ends = np.bincount(np.concatenate([found.left, found.right]), minlength=found.individuals)
    return np.asarray(ends[found.left] + ends[found.right] - 2)
