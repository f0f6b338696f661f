"""How much each kind of touchpoint says about wanting the product that it is about.

The figures say an order of things, not a measurement: what costs more effort or money says more. A purchase is 1; everything else
is less and so never counts as taken. A list that showed a product, an e-mail that was sent and a return say nothing of wanting.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gnn.data.interactions import PURCHASE

STRENGTHS: Final[Mapping[str, float]] = MappingProxyType(
    {
        "order": PURCHASE,
        "cart": 0.5,
        "checkout": 0.5,
        "review": 0.5,
        "wishlist": 0.4,
        "share": 0.4,
        "product_view": 0.2,
    }
)
"""By touchpoint type; other types are no interactions with a product."""
TAKEN_BACK: Final = frozenset({"order cancelled", "order canceled", "product removed", "product removed from wishlist"})
"""Events of these types that say the contrary, by their names in lower case."""


def strength_of(touchpoint_type: str, event: str) -> float | None:
    """How much a touchpoint says about wanting its products; None where it says nothing."""
    return None if event.casefold() in TAKEN_BACK else STRENGTHS.get(touchpoint_type)
