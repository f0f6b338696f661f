"""Statements that stream identity and evidence out, for warehouses and for learning."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from graph.statements.statement import NoParameters, Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeParameters:
    """One purpose."""

    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipRow:
    """A record's current membership."""

    source: str
    record_id: str
    identity_id: str
    valid_from: datetime
    decision_id: str


EXPORT_MEMBERSHIPS = Statement(name="export/memberships", parameters=PurposeParameters, row=MembershipRow)
EXPORT_RESIDENTS = Statement(name="export/residents", parameters=NoParameters, row=MembershipRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchpointRow:
    """A touchpoint with the identities of the identifiers that it carries."""

    id: str
    at: datetime
    type: str
    event: str
    channel: str
    source: str
    value_cents: int | None
    currency: str | None
    identity_ids: list[str]


EXPORT_TOUCHPOINTS = Statement(name="export/touchpoints", parameters=PurposeParameters, row=TouchpointRow)
EXPORT_TOUCHPOINTS_OF_HOUSEHOLDS = Statement(name="export/touchpoints_of_households", parameters=NoParameters, row=TouchpointRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class BeforeParameters:
    """What happened before ``cutoff``, as it was known at ``as_of``."""

    cutoff: datetime
    as_of: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CutoffParameters:
    """What was so before ``cutoff``."""

    cutoff: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AsOfParameters:
    """What was so at ``as_of``."""

    as_of: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ActsParameters:
    """What the identities of one purpose, as of a moment, did before ``cutoff``."""

    purpose: str
    cutoff: datetime
    as_of: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ActRow:
    """A touchpoint with what it is about, and whose it was.

    Attributes:
        identity_ids: of the identifiers that it carries; empty where none belonged to an identity.
        identifier_key: the least of the keys that it carries.
        products: maps of ``id``, ``quantity`` and ``price_cents``.
    """

    id: str
    at: datetime
    type: str
    event: str
    identity_ids: list[str]
    identifier_key: str | None
    products: list[dict[str, Any]]
    store_ids: list[str]
    campaign_ids: list[str]
    offer_ids: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductRow:
    """A product with the first description of it."""

    id: str
    name: str | None
    brand: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductCategoryRow:
    """A product was said to be of a category, at ``at`` for the first time."""

    product: str
    category: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidenceRow:
    """An individual lives in a household since ``at``."""

    customer: str
    household: str
    at: datetime


EXPORT_ACTS = Statement(name="export/acts", parameters=ActsParameters, row=ActRow)
EXPORT_ACTS_OF_HOUSEHOLDS = Statement(name="export/acts_of_households", parameters=BeforeParameters, row=ActRow)
EXPORT_PRODUCTS = Statement(name="export/products", parameters=BeforeParameters, row=ProductRow)
EXPORT_PRODUCT_CATEGORIES = Statement(name="export/product_categories", parameters=CutoffParameters, row=ProductCategoryRow)
EXPORT_RESIDENCES = Statement(name="export/residences", parameters=AsOfParameters, row=ResidenceRow)
