"""A trained recommender as it is served: NumPy and SciPy only, for one customer at a time, from what it did up to this moment."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gnn.data.catalogue import UNKNOWN
from gnn.data.interactions import Floats, Interactions, to_seconds
from gnn.recommendation.customers import Customers, look_at
from gnn.recommendation.evaluation import top
from gnn.recommendation.factors import weigh
from gnn.recommendation.floor import floor_scores
from gnn.recommendation.network_weights import NetworkWeights
from gnn.recommendation.reasons import Reason, reasons_for
from gnn.recommendation.settings import Settings
from gnn.recommendation.shop import Shop

NETWORK: Final = "network"


class Wanted(StrEnum):
    """Which items to recommend: any, only those that the customer never bought, or only those that it did."""

    ANY = "any"
    NEW = "new"
    REPEAT = "repeat"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A customer took or looked at an item.

    Attributes:
        item: its id; items that the model does not know are passed over.
        at: when.
        strength: 1 for a purchase, less for a look.
        quantity: how many.
        place: the id of the store, if known.
    """

    item: str
    at: datetime
    strength: float
    quantity: float = 1.0
    place: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """One item for one customer.

    Attributes:
        item: its id.
        chance: the model's estimate that it is the next item taken, of the whole catalogue; None where a simple model scored it.
        taken_before: whether the customer bought it before.
        reason: why it is recommended.
    """

    item: str
    chance: float | None
    taken_before: bool
    reason: Reason


@dataclass(frozen=True, kw_only=True)
class Recommender:
    """The item's side of every factor, the trained network, and which model is served.

    Attributes:
        version: names the model in every answer.
        shop: as of the model's cutoff.
        network: the trained network.
        settings: with which it was trained.
        served: ``network``, or the simple model that did better on the validation weeks, a key of ``FLOOR``; ``served_new`` is
            the same for items that are new to the customer.
    """

    version: str
    shop: Shop
    network: NetworkWeights
    settings: Settings
    served: str = NETWORK
    served_new: str = NETWORK

    def recommend(
        self,
        acts: Sequence[Act],
        *,
        at: datetime,
        count: int,
        wanted: Wanted = Wanted.ANY,
        left_out: Collection[str] = frozenset(),
        place: str | None = None,
    ) -> list[Recommendation]:
        """The items that a customer is most likely to take next, best first.

        Args:
            acts: what the customer did; none for somebody unknown.
            at: the moment to recommend for; acts at or after it are left out.
            count: how many at most.
            wanted: which.
            left_out: ids that may not come up, such as what is out of stock.
            place: the store that the customer is at; otherwise those that it went to count.
        """
        customer = look_at(self.shop, self._history(acts), at, self.settings, place=place)
        factors = weigh(self.shop, customer)
        served = self.served_new if wanted is Wanted.NEW else self.served
        scores = self._scores(served, factors)[0]
        taken = factors[0, :, self.network.taken] > 0
        allowed = ~np.isin(self.shop.catalogue.ids, list(left_out))
        if wanted is not Wanted.ANY:
            allowed &= taken if wanted is Wanted.REPEAT else ~taken
        if not allowed.any():
            return []
        ranked = top(np.where(allowed, scores, -np.inf).astype(np.float32)[None, :], min(count, int(allowed.sum())))[0]
        return self._told(customer, ranked, factors[0, ranked], scores, taken, served)

    def _told(
        self,
        customer: Customers,
        ranked: NDArray[np.int64],
        factors: Floats,
        scores: Floats,
        taken: NDArray[np.bool_],
        served: str,
    ) -> list[Recommendation]:
        learnt = served == NETWORK
        raised = np.exp(scores - scores.max()) if learnt else np.zeros_like(scores)
        chances = raised / max(float(raised.sum()), 1e-30)
        reasons = reasons_for(self.shop, customer, ranked, factors, self.network if learnt else None)
        return [
            Recommendation(
                item=str(self.shop.catalogue.ids[item]),
                chance=float(chances[item]) if learnt else None,
                taken_before=bool(taken[item]),
                reason=reason,
            )
            for item, reason in zip(ranked.tolist(), reasons, strict=True)
        ]

    def _scores(self, served: str, factors: Floats) -> Floats:
        if served == NETWORK:
            return self.network.scores(factors)
        return floor_scores(served, self.network.names, factors)

    def titles(self, items: Collection[str]) -> dict[str, str]:
        """The name of each item for people; its id where it has none or is not known."""
        return {item: self.shop.catalogue.title(self._positions[item]) if item in self._positions else item for item in items}

    def embed(self, acts: Sequence[Act], *, at: datetime) -> Floats:
        """The customer's vector in the encoded space, shape ``(width,)``, of length 1; all 0 where nothing is known."""
        customer = look_at(self.shop, self._history(acts), at, self.settings)
        return customer.vectors[list(self.shop.spaces).index("encoded")][0]

    def _history(self, acts: Sequence[Act]) -> Interactions:
        known = [(self._positions[act.item], act) for act in acts if act.item in self._positions]
        return Interactions(
            customers=np.array([""]),
            catalogue=self.shop.catalogue,
            customer=np.zeros(len(known), dtype=np.int32),
            item=np.array([item for item, _ in known], dtype=np.int32),
            at=np.array([to_seconds(act.at) for _, act in known], dtype=np.int64),
            quantity=np.array([act.quantity for _, act in known], dtype=np.float32),
            strength=np.array([act.strength for _, act in known], dtype=np.float32),
            unit_price=np.full(len(known), np.nan, dtype=np.float32),
            place=np.array([self._places.get(act.place or "", UNKNOWN) for _, act in known], dtype=np.int32),
            places=self.shop.places,
        )

    def renumbered(self, interactions: Interactions) -> Interactions:
        """Interactions with items and places numbered as here; rows of other items are left out, other places are unknown."""
        item = _renumbered(interactions.catalogue.ids, self._positions)[interactions.item]
        known = interactions.where(item >= 0)
        place = _renumbered(interactions.places, self._places)[np.maximum(known.place, 0)]
        return replace(
            known,
            catalogue=self.shop.catalogue,
            item=item[item >= 0],
            place=np.where(known.place >= 0, place, UNKNOWN).astype(np.int32),
            places=self.shop.places,
        )

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {str(item): position for position, item in enumerate(self.shop.catalogue.ids.tolist())}

    @cached_property
    def _places(self) -> dict[str, int]:
        return {str(place): position for position, place in enumerate(self.shop.places.tolist())}


def _renumbered(ids: NDArray[np.str_], position: Mapping[str, int]) -> NDArray[np.int32]:
    """The position of each id, ``UNKNOWN`` where it has none; one entry at least, to index by what is unknown."""
    return np.array([position.get(each, UNKNOWN) for each in ids.tolist()] or [UNKNOWN], dtype=np.int32)
