"""Recommendations for whoever is on the page, by the model in use and what they did up to this moment."""

import asyncio
from collections.abc import Awaitable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from gnn.export.strengths import STRENGTHS, strength_of
from gnn.model_store import ModelStore
from gnn.recommendation.model import Act, Recommendation, Recommender, Wanted
from gnn.recommendation.stored import KIND, load_recommender
from gnn.serving.in_use import InUse
from graph.model.identity import Purpose
from graph.model.ids import IdentifierKey
from graph.repositories.acts import ActRepository
from graph.statements.recommendation import ProductAct


@dataclass(frozen=True, slots=True, kw_only=True)
class OnThePage:
    """What a page knows that the graph may not yet.

    Attributes:
        store: the id of the store that the customer is at.
        viewed: ids of products looked at in this session.
        in_cart: ids of products in the cart; they are not recommended again.
        left_out: ids of products that may not come up, such as what is out of stock or on the page already.
    """

    store: str | None = None
    viewed: Sequence[str] = ()
    in_cart: Sequence[str] = ()
    left_out: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommended:
    """An answer.

    Attributes:
        items: best first.
        titles: names of the items and of those that reasons go through, by id.
        recommender: what made them.
        served: the network, or the simple model that did better.
        personal: whether what the customer did was used.
        acts: how many acts of the customer they are made from.
    """

    items: list[Recommendation]
    titles: dict[str, str]
    recommender: Recommender
    served: str
    personal: bool
    acts: int


class RecommendationDesk:
    """Answers with the version in use, which it takes up within seconds of a switch.

    Args:
        acts: of customers, live.
        store: of models.
        suppressed: ids of products that are never recommended, such as those recalled.
    """

    def __init__(self, acts: ActRepository, store: ModelStore, *, suppressed: Collection[str]) -> None:
        self._acts = acts
        self._in_use = InUse(store, KIND, load_recommender)
        self._suppressed = frozenset(suppressed)

    async def recommend(
        self,
        key: IdentifierKey,
        *,
        purpose: Purpose,
        at: datetime,
        count: int,
        wanted: Wanted,
        page: OnThePage,
        personal: Awaitable[bool],
    ) -> Recommended | None:
        """The items that whoever has an identifier is most likely to take next; None where no model is in use.

        Args:
            key: the identifier; one that nothing ever carried gets what is popular.
            purpose: which identity graph says whose acts count.
            at: now.
            count: how many at most.
            wanted: any, new or known items.
            page: what the page knows.
            personal: whether what the customer did may be used; if not, all of it is left out, this session too. Asked while
                the acts are read.
        """
        rows, allowed = await asyncio.gather(self._acts.of(key, purpose=purpose, types=list(STRENGTHS)), personal)
        recommender = await self._in_use.model()
        if recommender is None:
            return None
        acts: list[Act] = [*_acts(rows), *_session(page, at)] if allowed else []
        left_out = {*page.left_out, *page.in_cart, *self._suppressed}
        items = await asyncio.to_thread(
            recommender.recommend, acts, at=at, count=count, wanted=wanted, left_out=left_out, place=page.store
        )
        named = {item.item for item in items} | {item.reason.because_of for item in items if item.reason.because_of}
        return Recommended(
            items=items,
            titles=recommender.titles(named),
            recommender=recommender,
            served=recommender.served_new if wanted is Wanted.NEW else recommender.served,
            personal=allowed,
            acts=len(acts),
        )


def _acts(rows: Sequence[ProductAct]) -> list[Act]:
    found = []
    for row in rows:
        strength = strength_of(row.type, row.event)
        if strength is not None:
            at = datetime.fromtimestamp(row.at_ms / 1000, tz=UTC)
            found.append(Act(item=row.product_id, at=at, strength=strength, quantity=row.quantity or 1.0, place=row.store_id))
    return found


def _session(page: OnThePage, at: datetime) -> list[Act]:
    """What the page saw counts as done just before."""
    just_before = datetime.fromtimestamp(int(at.timestamp()) - 1, tz=UTC)
    looked = [Act(item=item, at=just_before, strength=STRENGTHS["product_view"]) for item in page.viewed]
    return looked + [Act(item=item, at=just_before, strength=STRENGTHS["cart"]) for item in page.in_cart]
