"""How well a partition of records agrees with the truth: pairwise and B-cubed precision, recall and F1.

Everything comes from the contingency table ``n[i, j]``, how many records lie in true cluster ``i`` and in found cluster ``j``, so
no pair of records is ever compared.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import comb, fsum


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Precision, recall and their harmonic mean, each between 0 and 1."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 0 where both are 0 (van Rijsbergen 1979, with beta = 1)."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """A found partition against the truth, over the truth's records."""

    records: int
    true_clusters: int
    found_clusters: int
    true_pairs: int
    found_pairs: int
    shared_pairs: int
    """Pairs that are together in both."""
    largest_found: int
    """Records in the largest found cluster."""
    pairwise: Agreement
    b_cubed: Agreement
    missing: tuple[str, ...]
    """The truth's records that the found partition does not name, sorted; each is scored as a cluster of its own."""
    unknown: tuple[str, ...]
    """Records of the found partition that the truth does not name, sorted; not scored."""


def score(*, truth: Mapping[str, str], found: Mapping[str, str]) -> Quality:
    """Score a found partition, record to cluster, against the true one.

    Pairwise (Christen, Data Matching, 2012, section 7.2): with ``TP = sum C(n[i, j], 2)``, the pairs together in both,
    ``precision = TP / sum C(|found j|, 2)`` and ``recall = TP / sum C(|true i|, 2)``. Where there is no found pair nothing found
    is wrong, so precision is 1; where there is no true pair nothing was missed, so recall is 1.

    B-cubed (Bagga and Baldwin 1998; Amigo et al. 2009): the mean over records of the share of its found cluster that is truly
    with it, ``precision = sum n[i, j]^2 / |found j| / N``, and of its true cluster that was found with it,
    ``recall = sum n[i, j]^2 / |true i| / N``.

    Raises:
        ValueError: the truth names no record.
    """
    if not truth:
        raise ValueError("the truth names no record")
    missing = tuple(sorted(record for record in truth if record not in found))
    # A tuple cannot equal any found cluster's name, so a missing record is alone whatever the clusters are called.
    clusters: dict[str, object] = {record: found.get(record, ("alone", record)) for record in truth}

    true_sizes = Counter(truth.values())
    found_sizes = Counter(clusters.values())
    cells = Counter((truth[record], clusters[record]) for record in truth)

    shared_pairs = _pairs(cells.values())
    true_pairs = _pairs(true_sizes.values())
    found_pairs = _pairs(found_sizes.values())
    total = len(truth)
    return Quality(
        records=total,
        true_clusters=len(true_sizes),
        found_clusters=len(found_sizes),
        true_pairs=true_pairs,
        found_pairs=found_pairs,
        shared_pairs=shared_pairs,
        largest_found=max(found_sizes.values()),
        pairwise=Agreement(
            precision=shared_pairs / found_pairs if found_pairs else 1.0,
            recall=shared_pairs / true_pairs if true_pairs else 1.0,
        ),
        b_cubed=Agreement(
            precision=fsum(count * count / found_sizes[cluster] for (_, cluster), count in cells.items()) / total,
            recall=fsum(count * count / true_sizes[person] for (person, _), count in cells.items()) / total,
        ),
        missing=missing,
        unknown=tuple(sorted(record for record in found if record not in truth)),
    )


def _pairs(sizes: Iterable[int]) -> int:
    return sum(comb(size, 2) for size in sizes)
