"""Statements that read what recommendations are made from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from graph.statements.statement import Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class ActLookup:
    """The newest touchpoints about products of whoever has an identifier, at most so many, of some types."""

    key: str
    purpose: str
    types: Sequence[str]
    most: int


class ProductAct(NamedTuple):
    """One touchpoint and one product that it is about; ``at_ms`` is milliseconds since 1970-01-01 UTC, ``price_cents`` of one."""

    product_id: str
    at_ms: int
    type: str
    event: str
    quantity: float | None
    price_cents: int | None
    store_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductActsRow:
    """All acts at once: the values of each ``ProductAct``, in its order. A row for each would take twice the time to read."""

    acts: list[list[Any]]


READ_ACTS = Statement(name="recommendation/read_acts", parameters=ActLookup, row=ProductActsRow, hot_path=True, plain=True)
