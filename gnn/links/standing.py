"""Records in the individuals that stand, compared: what links are predicted between, and learnt from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gnn.links.candidates import Candidates, Index, find_candidates
from gnn.links.factors import Factors, weigh
from graph.identity.matching.matching import Matching, match_records
from graph.identity.matching.records import records_of
from graph.model.claim import Claim


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Records and whose they are.

    Attributes:
        matching: the records, compared.
        individual: number of each record's individual, in the order of ``matching.records``.
        found: pairs of individuals that may be one person.
        factors: of these pairs.
    """

    matching: Matching
    individual: Index
    found: Candidates
    factors: Factors


def standing(claims: Sequence[Claim], identity_of: Mapping[str, str] | None = None) -> Standing:
    """Compare records, and find the pairs of their individuals that may be one person.

    Args:
        claims: of the records.
        identity_of: the individual of each record; records that are not in it are individuals of their own. None: the clusters
            that the records are linked to here.
    """
    matching = match_records(records_of(claims))
    if identity_of is None:
        individual = matching.linkage.clusters.astype(np.int64)
    else:
        named = [identity_of.get(record, f"record {record}") for record in matching.records.ids]
        individual = np.unique(np.array(named, dtype=str), return_inverse=True)[1].astype(np.int64)
    found = find_candidates(matching, individual)
    return Standing(matching=matching, individual=individual, found=found, factors=weigh(matching, individual, found))


def most_of(individual: Index, label: Index) -> Index:
    """The label that most records of each individual have, of equals the greatest, shape ``(individuals,)``."""
    labels = int(label.max(initial=-1)) + 1
    pairs, counts = np.unique(individual * labels + label, return_counts=True)
    of, what = np.divmod(pairs, max(labels, 1))
    order = np.lexsort((what, counts, of))
    found = np.zeros(int(individual.max(initial=-1)) + 1, dtype=np.int64)
    found[of[order]] = what[order]
    return found
