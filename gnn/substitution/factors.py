"""The factors of a shopper, a product and each item that could replace it: what the scorer weighs."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from gnn.data.catalogue import UNKNOWN, Catalogue, Grouping
from gnn.data.interactions import Floats, Ints, Matrix
from gnn.substitution.shelf import Shelf
from gnn.substitution.shopper import Shopper

FREQUENT_DAYS: Final = 112.0
LATELY_DAYS: Final = 28.0
NEVER_DAYS: Final = 400.0
AGREEMENT_PRIOR: Final = 2.0
PRICE_PRIOR: Final = 3.0
PLACE_PRIOR: Final = 10.0
OWN: Final = ("own frequency", "own lately", "own ever", "own since", "own share", "own last")
PAIR: Final = ("switched", "changed", "customers", "cosine", "together", "space")
POPULAR: Final = ("lately", "trend", "ever")
PLACE: Final = ("at place", "seen at place")
PRICE: Final = ("price apart", "dearer", "price of shopper")
ABOUT: Final = ("taste", "near own", "changed from own", "loyalty", "variety")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is to be replaced, when and where.

    Attributes:
        product: position of the product in the catalogue, ``UNKNOWN`` where it is not in there.
        candidates: what may replace it, ascending, without the product; shape ``(candidates,)``.
        day: days since 1970-01-01 UTC.
        place: position of the place, ``UNKNOWN`` where it is not known.
    """

    product: int
    candidates: Ints
    day: int
    place: int


def factors_of(catalogue: Catalogue) -> tuple[str, ...]:
    """The names of the columns that :func:`weigh` returns, in their order."""
    same = tuple(f"same {name}" for name in catalogue.qualities)
    habit = tuple(f"usual {name}" for name in catalogue.qualities)
    return (*OWN, *PAIR, *POPULAR, *PLACE, *PRICE, *ABOUT, *same, *habit)


def weigh(shelf: Shelf, shopper: Shopper, question: Question, prior: float) -> Floats:
    """The factors of each candidate.

    Args:
        shelf: the shop's side.
        shopper: what was bought on days before the question's.
        question: the product and its candidates.
        prior: imagined observations of a pair, spread as the category sells.

    Returns:
        Shape ``(candidates, factors)``; columns as :func:`factors_of` says. Where nothing is known of the shopper or the product
        the columns about it are the same for all candidates.
    """
    candidates, product = question.candidates, question.product
    share = shelf.lately[candidates] + np.float32(0.5)
    share = share / max(float(share.sum()), 1e-9)
    group = _coarse(shelf)
    near = shopper.item[group.codes[shopper.item] == _group_of(group, question)] if len(shopper.item) else shopper.item
    columns = [
        *_own(shopper, question),
        *_pair(shelf, question, share, prior),
        *_popular(shelf, candidates, share),
        *_place(shelf, question, share),
        *_price(shelf, shopper, question),
        *_about(shelf, shopper, question, share, prior),
    ]
    qualities = shelf.catalogue.qualities.values()
    columns += [same(grouping, product, candidates) for grouping in qualities]
    columns += [_usual(grouping, near, candidates, share) for grouping in qualities]
    return np.stack(columns, axis=1).astype(np.float32)


def same(grouping: Grouping, product: int, candidates: Ints) -> Floats:
    """1 where a candidate agrees with the product, -1 where it differs, 0 where either is unknown."""
    codes = grouping.codes[candidates]
    if product == UNKNOWN or grouping.codes[product] == UNKNOWN:
        return np.zeros(len(candidates), dtype=np.float32)
    agree = np.where(codes == grouping.codes[product], 1.0, -1.0)
    return np.where(codes == UNKNOWN, 0.0, agree).astype(np.float32)


def row_on(matrix: Matrix, row: int, candidates: Ints) -> Floats:
    """One row of a matrix with sorted indices, at the candidates; zeros for the row ``UNKNOWN``."""
    values = np.zeros(len(candidates), dtype=np.float32)
    if row == UNKNOWN or not len(candidates):
        return values
    start, end = matrix.indptr[row], matrix.indptr[row + 1]
    columns = matrix.indices[start:end]
    at = np.minimum(np.searchsorted(candidates, columns), len(candidates) - 1)
    here = candidates[at] == columns
    values[at[here]] = matrix.data[start:end][here]
    return values


def _coarse(shelf: Shelf) -> Grouping:
    """The groups in which a shopper's habits are looked for: the level above the need, or the need."""
    levels = list(shelf.catalogue.levels.values())
    return levels[max(len(levels) - 2, 0)]


def _group_of(group: Grouping, question: Question) -> int:
    """The product's group, else that of the first candidate; a value no item has where both are unknown."""
    code = UNKNOWN if question.product == UNKNOWN else int(group.codes[question.product])
    if code == UNKNOWN and len(question.candidates):
        code = int(group.codes[question.candidates[0]])
    return code if code != UNKNOWN else UNKNOWN - 1


def _own(shopper: Shopper, question: Question) -> list[Floats]:
    candidates, count = question.candidates, len(question.candidates)
    at = np.minimum(np.searchsorted(candidates, shopper.item), max(count - 1, 0))
    here = candidates[at] == shopper.item if count else np.zeros(0, dtype=bool)
    at, age = at[here], (question.day - shopper.day[here]).astype(np.float64)
    frequent = np.bincount(at, weights=np.exp2(-age / FREQUENT_DAYS), minlength=count)
    lately = np.bincount(at, weights=np.exp2(-age / LATELY_DAYS), minlength=count)
    since = np.full(count, NEVER_DAYS)
    np.minimum.at(since, at, age)
    last = np.zeros(count)
    if len(at):
        last[at[age == age.min()]] = 1.0
    total = frequent.sum()
    ever = (np.bincount(at, minlength=count) > 0).astype(np.float64)
    return [np.log1p(frequent), np.log1p(lately), ever, np.log1p(since), np.log((frequent + 0.05) / (total + 1.0)), last]


def _pair(shelf: Shelf, question: Question, share: Floats, prior: float) -> list[Floats]:
    candidates, product = question.candidates, question.product
    if product == UNKNOWN:
        return [np.zeros(len(candidates), dtype=np.float32)] * len(PAIR)
    pairs = shelf.pairs
    switched, changed = (row_on(matrix, product, candidates) for matrix in (pairs.switched, pairs.changed))
    customers, together = (row_on(matrix, product, candidates) for matrix in (pairs.customers, pairs.together))
    ours, theirs = float(shelf.ever[product]), shelf.ever[candidates]
    expected = ours * theirs / max(float(shelf.ever[candidates].sum()), 1.0)
    return [
        np.log((switched + prior * share) / (switched.sum() + prior) / share),
        np.log((changed + prior * share) / (changed.sum() + prior) / share),
        np.log((customers + 1.0) / (expected + 1.0)),
        customers / np.sqrt(np.maximum(ours * theirs, 1.0)),
        np.log((together + 1.0) / (customers + 1.0)),
        shelf.space[candidates] @ shelf.space[product],
    ]


def _popular(shelf: Shelf, candidates: Ints, share: Floats) -> list[Floats]:
    lately = shelf.lately[candidates]
    return [np.log(share), np.log1p(shelf.latest[candidates]) - np.log1p(lately), np.log1p(shelf.ever[candidates])]


def _place(shelf: Shelf, question: Question, share: Floats) -> list[Floats]:
    sold = row_on(shelf.at_place, question.place, question.candidates)
    here = (sold + PLACE_PRIOR * share) / (sold.sum() + PLACE_PRIOR)
    return [np.log(here / share), (sold > 0).astype(np.float32)]


def _price(shelf: Shelf, shopper: Shopper, question: Question) -> list[Floats]:
    prices = shelf.log_price[question.candidates]
    usual = float(np.nanmean(prices)) if np.isfinite(prices).any() else 0.0
    theirs = np.float32(np.nan) if question.product == UNKNOWN else shelf.log_price[question.product]
    dearer = np.nan_to_num(prices - theirs, nan=0.0)
    at = np.searchsorted(question.candidates, shopper.item)
    same_need = np.zeros(len(shopper.item), dtype=bool)
    if len(question.candidates):
        same_need = question.candidates[np.minimum(at, len(question.candidates) - 1)] == shopper.item
    paid = shopper.log_price[same_need | (shopper.item == question.product)]
    paid = paid[np.isfinite(paid)]
    level = float((paid - usual).sum()) / (len(paid) + PRICE_PRIOR)
    return [np.abs(dearer), dearer, np.abs(np.nan_to_num(prices - usual, nan=0.0) - level)]


def _about(shelf: Shelf, shopper: Shopper, question: Question, share: Floats, prior: float) -> list[Floats]:
    """How near the candidates are to all that the shopper buys; and two columns that are the same for all candidates."""
    candidates = question.candidates
    items, counts = np.unique(shopper.item, return_counts=True)
    vector = (np.log1p(counts) * shelf.rarity[items]) @ shelf.space[items]
    length = float(np.linalg.norm(vector))
    taste = np.zeros(len(candidates), dtype=np.float32)
    if length > 0:
        taste = (shelf.space[candidates] @ vector / length).astype(np.float32)
    mine = np.isin(items, candidates)
    others = int(counts[mine].sum())
    product = int(counts[items == question.product].sum())
    near, changed = _from_own(shelf, items[mine | (items == question.product)], question, share, prior)
    loyalty = np.full_like(taste, (product + 1.0) / (product + others + 2.0))
    return [taste, near, changed, loyalty, np.full_like(taste, np.log1p(others))]


def _from_own(shelf: Shelf, items: Ints, question: Question, share: Floats, prior: float) -> tuple[Floats, Floats]:
    """The mean cosine of customers with the shopper's items of the need, and the changes from those taken together."""
    candidates = question.candidates
    cosine = np.zeros(len(candidates), dtype=np.float32)
    changed = np.zeros(len(candidates), dtype=np.float32)
    ever = np.maximum(shelf.ever, 1.0)
    for item in items.tolist():
        both = row_on(shelf.pairs.customers, item, candidates)
        # An item is no evidence for itself: that the shopper bought it is counted elsewhere.
        both[candidates == item] = 0.0
        cosine += both / np.sqrt(ever[item] * ever[candidates])
        changed += row_on(shelf.pairs.changed, item, candidates)
    lift = (changed + prior * share) / (changed.sum() + prior) / share
    return (cosine / max(len(items), 1)).astype(np.float32), np.log(lift).astype(np.float32)


def _usual(grouping: Grouping, near: Ints, candidates: Ints, share: Floats) -> Floats:
    """Log of how much more often than the shop's customers the shopper takes a candidate's group; 0 where either is unknown."""
    codes = grouping.codes[candidates]
    known = codes != UNKNOWN
    mine = grouping.codes[near]
    mine = mine[mine != UNKNOWN]
    if not known.any() or not len(mine):
        return np.zeros(len(candidates), dtype=np.float32)
    width = len(grouping.names)
    usual = np.bincount(codes[known], weights=share[known], minlength=width) / share[known].sum()
    counted = np.bincount(mine, minlength=width)
    expected = usual[np.maximum(codes, 0)] + 1e-9
    lift = (counted[np.maximum(codes, 0)] + AGREEMENT_PRIOR * expected) / (len(mine) + AGREEMENT_PRIOR) / expected
    return np.where(known, np.log(lift), 0.0).astype(np.float32)
