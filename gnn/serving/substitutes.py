"""Replacements for what is not there, for whoever is on the page, by the model in use and what they bought up to now."""

import asyncio
from collections.abc import Awaitable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import nan
from typing import Final

from gnn.data.interactions import PURCHASE
from gnn.export.strengths import strength_of
from gnn.model_store import ModelStore
from gnn.serving.in_use import InUse
from gnn.substitution.shopper import NOBODY, Shopper, shopper_of
from gnn.substitution.stored import KIND, load_substitution
from gnn.substitution.substitution import Substitute, Substitution, substitutes
from graph.model.identity import Purpose
from graph.model.ids import IdentifierKey
from graph.repositories.acts import ActRepository
from graph.statements.recommendation import ProductAct

BOUGHT: Final = ("order",)
CENTS: Final = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AtTheShelf:
    """What the page knows of the moment.

    Attributes:
        store: the id of the store that the shopper is at.
        left_out: ids of products that may not come up, such as what is out of stock too or in the cart already.
        agree_on: qualities, such as ``brand``, that a replacement has to share with the product.
        category: the category of a product that the model does not know.
    """

    store: str | None = None
    left_out: Sequence[str] = ()
    agree_on: Sequence[str] = ()
    category: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Substituted:
    """An answer.

    Attributes:
        items: best first.
        model: what made them.
        personal: whether what the shopper bought was used.
        purchases: how many purchases of the shopper they rest on, one for each product and day.
    """

    items: Sequence[Substitute]
    model: Substitution
    personal: bool
    purchases: int


class SubstitutionDesk:
    """Answers with the version in use.

    Args:
        acts: of customers, live.
        store: of models.
        suppressed: ids of products that are never offered, such as those recalled.
    """

    def __init__(self, acts: ActRepository, store: ModelStore, *, suppressed: Collection[str]) -> None:
        self._acts = acts
        self._in_use = InUse(store, KIND, load_substitution)
        self._suppressed = frozenset(suppressed)

    async def substitutes(
        self,
        product: str,
        key: IdentifierKey | None,
        *,
        purpose: Purpose,
        at: datetime,
        count: int,
        shelf: AtTheShelf,
        personal: Awaitable[bool],
    ) -> Substituted | None:
        """What whoever has an identifier is likeliest to accept in the place of a product; None where no model is in use.

        Args:
            product: the id of what is not there.
            key: the identifier; None where nothing is known of the shopper.
            purpose: which identity graph says whose purchases count.
            at: now.
            count: how many at most.
            shelf: what the page knows.
            personal: whether what the shopper did may be used; asked while it is read.

        Raises:
            ModelError: a replacement is to share a quality that the model does not know.
        """
        rows, allowed = await asyncio.gather(self._bought(key, purpose), personal)
        model = await self._in_use.model()
        if model is None:
            return None
        shopper = _shopper(model, rows if allowed else [])
        items = await asyncio.to_thread(
            substitutes,
            model,
            product,
            shopper,
            at=at,
            count=count,
            out_of_stock={*shelf.left_out, *self._suppressed},
            place=shelf.store,
            agree_on=shelf.agree_on,
            category=shelf.category,
        )
        return Substituted(items=items, model=model, personal=allowed, purchases=len(shopper.item))

    async def _bought(self, key: IdentifierKey | None, purpose: Purpose) -> list[ProductAct]:
        return [] if key is None else await self._acts.of(key, purpose=purpose, types=list(BOUGHT))


def _shopper(model: Substitution, rows: Sequence[ProductAct]) -> Shopper:
    bought = [row for row in rows if strength_of(row.type, row.event) == PURCHASE]
    if not bought:
        return NOBODY
    return shopper_of(
        model.shelf.catalogue,
        items=[row.product_id for row in bought],
        at=[row.at_ms // 1000 for row in bought],
        unit_prices=[nan if row.price_cents is None else row.price_cents / CENTS for row in bought],
    )
