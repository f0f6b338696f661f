"""What is known of pairs of items that serve one need: who takes which instead of which, and what is bought together.

J. McAuley et al., "Inferring Networks of Substitutable and Complementary Products", KDD 2015, tell substitutes from complements
by what is bought together and what is looked at instead of it; in baskets, Y. Tian et al., "Extracting complements and
substitutes from sales data: a network perspective", EPJ Data Science 10:45, 2021, take for substitutes what shares contexts and
avoids sharing baskets. So every pair has the times that customers changed from one to the other, the customers of both and the
baskets of both.
"""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnn.data.catalogue import UNKNOWN, Grouping
from gnn.data.interactions import SECONDS_PER_DAY, Interactions, Matrix
from gnn.substitution.switches import Switches


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Counts of pairs within a need, each of shape ``(items, items)``.

    Attributes:
        switched: switches from the product of the row to the item of the column.
        changed: customer's visits of a need with the row's item but not the column's, followed by one with the column's but not
            the row's; a visit of several items counts as one in all.
        customers: customers who bought both; on the diagonal those of the item.
        together: customer's days with both; on the diagonal those with the item.
    """

    switched: Matrix
    changed: Matrix
    customers: Matrix
    together: Matrix


def count_pairs(history: Interactions, need: Grouping, switches: Switches) -> Pairs:
    """Count the pairs of a history.

    Args:
        history: purchases before the cutoff.
        need: the need of each item.
        switches: those of the history.
    """
    items = len(need.codes)
    visits = history.visits()
    visits = visits.where(need.codes[visits.item] != UNKNOWN)
    who = visits.customer.astype(np.int64) * max(len(need.names), 1) + need.codes[visits.item]
    day = visits.at // SECONDS_PER_DAY
    # Rows of one customer and need hold items of one need only, so their products never leave it.
    by_customer = _rows(_numbered(who), visits.item, items)
    by_customer.data[:] = 1.0
    of_days = _numbered(who * (int(day.max(initial=0)) + 1) + day)
    by_day = _rows(of_days, visits.item, items)
    count = by_day.shape[0]
    owner = np.zeros(count, dtype=np.int64)
    owner[of_days] = who
    follows = np.flatnonzero(owner[1:] == owner[:-1])
    earlier, later = by_day[follows], by_day[follows + 1]
    both = earlier.multiply(later).tocsr()
    left, entered = _rows_to_one((earlier - both).tocsr()), _rows_to_one((later - both).tocsr())
    ones = np.ones(len(switches), dtype=np.float32)
    return Pairs(
        switched=_whole(sp.csr_matrix((ones, (switches.product, switches.taken)), shape=(items, items))),
        changed=_whole(left.T @ entered),
        customers=_whole(by_customer.T @ by_customer),
        together=_whole(by_day.T @ by_day),
    )


def _numbered(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.unique(keys, return_inverse=True)[1].astype(np.int64)


def _rows(rows: NDArray[np.int64], items: NDArray[np.int32], width: int) -> Matrix:
    ones = np.ones(len(rows), dtype=np.float32)
    return sp.csr_matrix((ones, (rows, items)), shape=(int(rows.max(initial=-1)) + 1, width), dtype=np.float32)


def _rows_to_one(matrix: Matrix) -> Matrix:
    matrix.eliminate_zeros()
    total = np.asarray(matrix.sum(axis=1)).ravel()
    return sp.csr_matrix(sp.diags(np.divide(1.0, total, out=np.zeros(len(total)), where=total > 0)) @ matrix, dtype=np.float32)


def _whole(matrix: Matrix) -> Matrix:
    kept = sp.csr_matrix(matrix, dtype=np.float32)
    kept.sum_duplicates()
    kept.sort_indices()
    return kept
