"""What replaces what: a fitted value, and the question that is asked of it, in NumPy alone."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gnn.data.catalogue import UNKNOWN
from gnn.data.interactions import SECONDS_PER_DAY, Floats, Ints, to_seconds
from gnn.errors import ModelError
from gnn.substitution.factors import Question, weigh
from gnn.substitution.floor import FLOOR
from gnn.substitution.reasons import Basis, Reasons
from gnn.substitution.scorer import Scorer
from gnn.substitution.shelf import Shelf
from gnn.substitution.shopper import NOBODY, Shopper

COUNT: Final = 3
NETWORK: Final = "network"


@dataclass(frozen=True, slots=True, kw_only=True)
class Substitution:
    """A fitted model; it holds counts of items and pairs, and no customer.

    Attributes:
        shelf: the shop's side, as of its cutoff.
        scorer: what weighs the factors; None where there was too little to learn from.
        prior: imagined observations of a pair.
        served: what ranks, ``network`` or the name of a simple way of ``FLOOR`` that did better.
        version: its name in a store, empty outside of one.
    """

    shelf: Shelf
    scorer: Scorer | None
    prior: float
    served: str = NETWORK
    version: str = ""

    def scores(self, shopper: Shopper, question: Question) -> Floats:
        """A score of each candidate, shape ``(candidates,)``.

        Raises:
            ModelError: the network is to rank, and there is none.
        """
        known = shopper.before(question.day)
        if self.served != NETWORK:
            return FLOOR[self.served](self.shelf, known, question)
        if self.scorer is None:
            raise ModelError("the network is to rank, and none was learnt")
        return self.scorer.scores(weigh(self.shelf, known, question, self.prior))


@dataclass(frozen=True, slots=True, kw_only=True)
class Substitute:
    """One replacement.

    Attributes:
        item: its id.
        title: its name for people.
        chance: that the shopper, who takes one of the candidates, takes this one; None where the network did not rank.
        reasons: why, in words, the most telling first.
        basis: what the ranking rests on.
    """

    item: str
    title: str
    chance: float | None
    reasons: tuple[str, ...]
    basis: Basis


def substitutes(
    fitted: Substitution,
    product: str,
    shopper: Shopper = NOBODY,
    *,
    at: datetime,
    count: int = COUNT,
    out_of_stock: Collection[str] = (),
    place: str | None = None,
    agree_on: Collection[str] = (),
    category: str | None = None,
) -> tuple[Substitute, ...]:
    """The replacements that a shopper is most likely to accept, the best first.

    Items of the product's need come first. Where nobody ever bought the product, they come by how often the shopper bought
    them, then by popularity. Where they are too few, those of the coarser categories follow in that order, at last those of
    the whole shop; each one's reason says so.

    Args:
        fitted: the model.
        product: the id of the product that is not there.
        shopper: what is known of the shopper; nothing by default.
        at: the moment of the question; what the shopper bought on that day or later is left out.
        count: how many, at most.
        out_of_stock: ids of items that are not to be offered.
        place: the id of the store; not known where not given, or where the model has no such place.
        agree_on: names of qualities (such as ``diet``) that a replacement has to share with the product; an item or product of
            which the quality is unknown does not agree with anything.
        category: the name of a group of any category level, for a product that the catalogue does not have.

    Raises:
        ModelError: the catalogue has no such quality.
    """
    shelf = fitted.shelf
    position = position_of(shelf.catalogue.ids, product)
    day = to_seconds(at) // SECONDS_PER_DAY
    known = shopper.before(day)
    where = position_of(shelf.places, place)
    allowed = _allowed(shelf, position, out_of_stock, agree_on)
    chosen: list[Substitute] = []
    for basis, group, items in _circles(shelf, position, category):
        candidates = items[allowed[items]]
        if not len(candidates) or len(chosen) >= count:
            continue
        allowed[candidates] = False
        question = Question(product=position, candidates=candidates, day=day, place=where)
        learnt = basis is Basis.LEARNT
        scores = fitted.scores(known, question) if learnt else plain(shelf, known, candidates)
        chances = np.exp(scores - scores.max())
        chances /= chances.sum()
        reasons = Reasons(shelf, known, question, basis=basis, group=group)
        for best in np.argsort(-scores, kind="stable")[: count - len(chosen)].tolist():
            item = int(candidates[best])
            chosen.append(
                Substitute(
                    item=str(shelf.catalogue.ids[item]),
                    title=shelf.catalogue.title(item),
                    chance=float(chances[best]) if learnt and fitted.served == NETWORK else None,
                    reasons=reasons.of(best),
                    basis=basis,
                )
            )
    return tuple(chosen)


def known_candidates(shelf: Shelf, product: int) -> Ints:
    """The items of a product's need that were ever sold, without the product."""
    need = shelf.needs[0]
    items = need.items(int(need.grouping.codes[product]))
    return items[(shelf.ever[items] > 0) & (items != product)]


def position_of(ids: NDArray[np.str_], wanted: str | None) -> int:
    """Where an id is, ``UNKNOWN`` where it is not."""
    found = np.flatnonzero(ids == wanted)
    return int(found[0]) if wanted is not None and len(found) else UNKNOWN


def plain(shelf: Shelf, shopper: Shopper, candidates: Ints) -> Floats:
    """How many days the shopper bought each candidate, and behind that its customers of the last 8 weeks."""
    own = np.bincount(shopper.item, minlength=len(shelf.catalogue))[candidates]
    return np.asarray(own + shelf.lately[candidates] / (float(shelf.lately.max(initial=0)) + 1.0), dtype=np.float32)


def _allowed(shelf: Shelf, product: int, out_of_stock: Collection[str], agree_on: Collection[str]) -> NDArray[np.bool_]:
    allowed = shelf.ever > 0
    if product != UNKNOWN:
        allowed[product] = False
    if out_of_stock:
        allowed &= ~np.isin(shelf.catalogue.ids, list(out_of_stock))
    for name in agree_on:
        if name not in shelf.catalogue.qualities:
            raise ModelError(f"the catalogue has no quality {name}; it has {', '.join(shelf.catalogue.qualities) or 'none'}")
        codes = shelf.catalogue.qualities[name].codes
        allowed &= (codes != UNKNOWN) & (codes == (UNKNOWN if product == UNKNOWN else codes[product]))
    return allowed


def _circles(shelf: Shelf, product: int, category: str | None) -> Iterator[tuple[Basis, str, Ints]]:
    """The need, the coarser categories and the shop: what the ranking of each rests on, its name and its items."""
    for level, need in enumerate(shelf.needs):
        names = need.grouping.names
        code = int(need.grouping.codes[product]) if product != UNKNOWN else UNKNOWN
        if product == UNKNOWN and category in names:
            code = names.index(category)
        if code == UNKNOWN:
            continue
        learnt = level == 0 and product != UNKNOWN and shelf.ever[product] > 0
        yield (Basis.LEARNT if learnt else Basis.CATEGORY), names[code], need.items(code)
    yield Basis.SHOP, "", np.arange(len(shelf.catalogue), dtype=np.int32)
