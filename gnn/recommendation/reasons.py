"""Why an item is recommended: the family of factors without which it would lose most, in words and with the path.

A family's part is what the score loses when its factors are set to their means, as in occlusion (Zeiler and Fergus, ECCV 2014).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gnn.data.catalogue import UNKNOWN
from gnn.data.interactions import Floats
from gnn.recommendation.customers import Customers
from gnn.recommendation.factors import Factor, Family, factors_of
from gnn.recommendation.network_weights import NetworkWeights
from gnn.recommendation.shop import Shop

EXPLAINING: Final = (Family.TOGETHER, Family.HABIT, Family.POPULAR, Family.GROUP, Family.PLACE, Family.PRICE)


class ReasonKind(StrEnum):
    """What a reason is about."""

    BOUGHT_BEFORE = "bought_before"
    GOES_WITH = "goes_with"
    LEANING = "leaning"
    PLACE = "place"
    PRICE = "price"
    POPULAR = "popular"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One reason, in words that are true by themselves.

    Attributes:
        kind: what it is about.
        text: in words, for people.
        because_of: the item of the customer through which the path goes, if it goes through one.
    """

    kind: ReasonKind
    text: str
    because_of: str | None = None


def reasons_for(
    shop: Shop, customer: Customers, items: NDArray[np.integer], factors: Floats, network: NetworkWeights | None
) -> list[Reason]:
    """A reason for each item.

    Args:
        shop: the item's side.
        customer: one customer.
        items: positions in the catalogue.
        factors: theirs, shape ``(items, factors)``.
        network: what scored them; where None, a simple model did, and what is true of customer and item is said.
    """
    columns = factors_of(shop)
    found = []
    orders = [EXPLAINING] * len(items) if network is None else _by_part(columns, factors, network)
    for position, item in enumerate(items.tolist()):
        said = (_say(shop, customer, item, columns, factors[position], family) for family in orders[position])
        found.append(next((reason for reason in said if reason is not None), _popular(shop, item)))
    return found


def _by_part(columns: tuple[Factor, ...], factors: Floats, network: NetworkWeights) -> list[tuple[Family, ...]]:
    """For each item the families that speak for it, the weightiest first."""
    without = np.repeat(factors[:, None, :], len(EXPLAINING) + 1, axis=1)
    for position, family in enumerate(EXPLAINING):
        of_family = [column for column, factor in enumerate(columns) if factor.family is family and column != network.taken]
        without[:, position + 1, of_family] = network.mean[of_family]
    scores = network.scores(without)
    parts = scores[:, :1] - scores[:, 1:]
    return [
        tuple(EXPLAINING[position] for position in order.tolist() if part[position] > 0)
        for order, part in zip(np.argsort(-parts, axis=1, kind="stable"), parts, strict=True)
    ]


def _say(
    shop: Shop, customer: Customers, item: int, columns: tuple[Factor, ...], factors: Floats, family: Family
) -> Reason | None:
    """The reason of one family in words; None where there is nothing true to say."""
    match family:
        case Family.HABIT:
            return _habit(customer, item)
        case Family.TOGETHER:
            return _together(shop, customer, item)
        case Family.GROUP:
            return _leaning(shop, customer, item)
        case Family.PLACE:
            return _place(columns, factors)
        case Family.PRICE:
            return _price(shop, customer, item)
        case Family.POPULAR | Family.ACTIVITY:
            return _popular(shop, item)


def _habit(customer: Customers, item: int) -> Reason | None:
    days = round(float(customer.last[0, item])) - 1
    if days < 0:
        return None
    when = {0: "today", 1: "yesterday"}.get(days, f"{days} days ago")
    due = float(customer.due[0, item])
    text = f"Bought before, last {when}" + (", and about due again" if 0.7 <= due <= 1.5 else "")
    return Reason(kind=ReasonKind.BOUGHT_BEFORE, text=text)


def _together(shop: Shop, customer: Customers, item: int) -> Reason | None:
    """Through the item of the customer that adds most to the weights, or, where none does, to the nearness in the spaces."""
    query = customer.query
    if not query.nnz:
        return None
    own, weight = query.indices, query.data
    parts = weight * np.asarray(shop.together[own, item].todense()).ravel()
    if parts.max(initial=0) <= 0:
        vectors = next(iter(shop.spaces.values())).items if shop.spaces else np.zeros((len(shop.catalogue), 1), dtype=np.float32)
        parts = weight * (vectors[own] @ vectors[item])
    parts = np.where(own == item, -np.inf, parts)
    best = int(np.argmax(parts))
    if not parts[best] > 0:
        return None
    through = int(own[best])
    seen = "bought" if customer.taken[0, through] else "looked at"
    text = f"Goes with {shop.catalogue.title(through)}, which was {seen}"
    return Reason(kind=ReasonKind.GOES_WITH, text=text, because_of=str(shop.catalogue.ids[through]))


def _leaning(shop: Shop, customer: Customers, item: int) -> Reason | None:
    """The group of the item that the customer leans to most, beside how common it is in the catalogue."""
    best, strongest = None, 0.0
    for position, group in enumerate(shop.groups):
        code = group.grouping.codes[item]
        if code == UNKNOWN:
            continue
        share = float(customer.leanings[position][0, code])
        usual = float(group.usual[code])
        lift = share * float(np.log(share / usual)) if share > usual else 0.0
        if lift > strongest:
            best, strongest = (group.name, group.grouping.names[code], share), lift
    if best is None:
        return None
    name, value, share = best
    return Reason(kind=ReasonKind.LEANING, text=f"{share:.0%} of what was taken lately has this {name}: {value}")


def _place(columns: tuple[Factor, ...], factors: Floats) -> Reason | None:
    at = next((position for position, factor in enumerate(columns) if factor.family is Family.PLACE), None)
    if at is None or factors[at] <= 0:
        return None
    return Reason(
        kind=ReasonKind.PLACE, text=f"Sold {np.exp(factors[at]):.1f} times as often where this customer shops as elsewhere"
    )


def _price(shop: Shop, customer: Customers, item: int) -> Reason | None:
    if not shop.relative_price[item] or not customer.price[0]:
        return None
    return Reason(kind=ReasonKind.PRICE, text="Priced like what this customer usually takes")


def _popular(shop: Shop, item: int) -> Reason:
    customers = round(float(np.expm1(shop.columns[item, 0])))
    return Reason(kind=ReasonKind.POPULAR, text=f"Popular: {customers:,} customers took it in the last 8 weeks")
