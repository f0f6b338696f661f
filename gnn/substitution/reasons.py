"""Why an item is offered as a replacement, in words and from counts that can be checked."""

from enum import StrEnum
from typing import Final

import numpy as np

from gnn.data.catalogue import UNKNOWN
from gnn.substitution.factors import Question, row_on, same
from gnn.substitution.shelf import Shelf
from gnn.substitution.shopper import Shopper

MOST: Final = 4
LEAST_SWITCHED: Final = 2
LEAST_BOUGHT: Final = 3
USUAL_SHARE: Final = 0.5
SAME_PRICE: Final = 0.01


class Basis(StrEnum):
    """What a ranking rests on, from the most to the least that is known."""

    LEARNT = "learnt"
    CATEGORY = "category"
    SHOP = "shop"


class Reasons:
    """Writes the reasons of one question's candidates.

    Args:
        shelf: the shop's side.
        shopper: what was bought on earlier days.
        question: the product and its candidates.
        basis: what the ranking rests on.
        group: the name of the candidates' group, empty where they are the whole shop.
    """

    def __init__(self, shelf: Shelf, shopper: Shopper, question: Question, *, basis: Basis, group: str) -> None:
        self._shelf = shelf
        self._shopper = shopper
        self._question = question
        self._basis = basis
        self._group = group
        self._switched = row_on(shelf.pairs.switched, question.product, question.candidates)
        product = question.product
        every = shelf.pairs.switched
        self._absences = 0 if product == UNKNOWN else int(every.data[every.indptr[product] : every.indptr[product + 1]].sum())
        self._at_place = row_on(shelf.at_place, question.place, question.candidates)
        self._agreement = {name: same(of, product, question.candidates) for name, of in shelf.catalogue.qualities.items()}

    def of(self, at: int) -> tuple[str, ...]:
        """The reasons for the candidate at a position, the most telling first; at least one."""
        own, pair = self._own(at), self._pair(at)
        found = [reason for reason in (own, pair, self._likeness(at), self._usual(at), self._placed(at)) if reason]
        if self._basis is not Basis.LEARNT:
            return (self._unknown(), *found[: MOST - 1])
        return tuple(found[:MOST]) or (f"bought by {self._lately(at)} of {self._group} in the last 8 weeks",)

    def _unknown(self) -> str:
        where = f"popular in {self._group}" if self._group else "popular in the shop"
        return f"what replaces this product is not known: {where}"

    def _lately(self, at: int) -> str:
        return f"{int(self._shelf.lately[self._question.candidates[at]]):,} customers"

    def _own(self, at: int) -> str:
        times = int((self._shopper.item == self._question.candidates[at]).sum())
        return f"you bought it {_times(times)}" if times else ""

    def _pair(self, at: int) -> str:
        taken = int(self._switched[at])
        if taken < LEAST_SWITCHED:
            return ""
        return f"taken {taken} of the {self._absences} times that shoppers went without their usual one"

    def _likeness(self, at: int) -> str:
        agreed = [name.replace("_", " ") for name, values in self._agreement.items() if values[at] > 0]
        parts = [f"same {_listed(agreed)}"] if agreed else []
        price = self._price(at)
        return ", ".join([*parts, price] if price else parts)

    def _price(self, at: int) -> str:
        question, prices = self._question, self._shelf.log_price
        if question.product == UNKNOWN:
            return ""
        ratio = float(np.exp(prices[question.candidates[at]] - prices[question.product]))
        if not np.isfinite(ratio):
            return ""
        if abs(ratio - 1.0) < SAME_PRICE:
            return "same price"
        return f"{abs(ratio - 1.0):.0%} {'dearer' if ratio > 1 else 'cheaper'}"

    def _usual(self, at: int) -> str:
        item = self._question.candidates[at]
        found = []
        for name, grouping in self._shelf.catalogue.qualities.items():
            if grouping.codes[item] == UNKNOWN or self._agreement[name][at] > 0:
                continue
            mine = grouping.codes[self._shopper.item[np.isin(self._shopper.item, self._question.candidates)]]
            if len(mine) >= LEAST_BOUGHT and float((mine == grouping.codes[item]).mean()) >= USUAL_SHARE:
                found.append(name.replace("_", " "))
        return f"your usual {_listed(found)}" if found else ""

    def _placed(self, at: int) -> str:
        return "sold in this store in the 8 weeks before" if self._at_place[at] else ""


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
