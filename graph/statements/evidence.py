"""Statements that write evidence: touchpoints, record versions and what they carry and are about.

Of what comes by thousands a second the rows are maps, which are sent as they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

from graph.statements.statement import NoRow, Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageIds:
    """Distinct message ids."""

    ids: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenRow:
    """One event that the graph has."""

    id: str
    body_sha256: str


class Instant(TypedDict):
    """A time, in whole seconds since 1970 and nanoseconds after those.

    The driver takes twenty times as long to send a ``datetime``, which at thousands of events a second is most of its work.
    """

    seconds: int
    nanoseconds: int


class IdentifierRow(TypedDict):
    """One identifier."""

    key: str
    namespace: str
    value: str


class TouchpointRow(TypedDict):
    """One touchpoint; its identifiers are positions in ``NewTouchpoints.identifiers``."""

    id: str
    at: Instant
    recorded_at: Instant
    properties: Mapping[str, Any]
    identifier_positions: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTouchpoints:
    """Touchpoints that the graph does not have; ``identifiers`` distinct and sorted by key, against deadlocks."""

    identifiers: Sequence[IdentifierRow]
    touchpoints: Sequence[TouchpointRow]


class PairRow(TypedDict):
    """Two identifiers seen on one touchpoint, ``left_key < right_key``."""

    left_key: str
    right_key: str
    first_seen: Instant
    last_seen: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Distinct pairs, sorted."""

    pairs: Sequence[PairRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordVersionRow:
    """One version of a record."""

    id: str
    record_id: str
    source: str
    source_record_id: str
    entity_type: str
    properties: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRecordVersions:
    """Record versions that the graph does not have, sorted by record."""

    versions: Sequence[RecordVersionRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRow:
    """A record states an identifier."""

    record_id: str
    key: str
    namespace: str
    value: str
    first_seen: datetime
    last_seen: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """Distinct claims, sorted by key."""

    claims: Sequence[ClaimRow]


class CategoryRow(TypedDict):
    """A category that a product was said to be of, at ``first_seen`` for the first time."""

    name: str
    first_seen: Instant


class ProductRow(TypedDict):
    """A product with its newest and its first description, if any was given: by an event, at a time.

    The first one is what learning sees: whatever comes later leaves it as it was.
    """

    id: str
    name: str | None
    brand: str | None
    described_at: Instant | None
    described_by: str | None
    first_name: str | None
    first_brand: str | None
    first_described_at: Instant | None
    first_described_by: str | None
    categories: Sequence[CategoryRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Products:
    """Distinct products, sorted by id."""

    products: Sequence[ProductRow]


class LineRow(TypedDict):
    """A touchpoint is about a product."""

    touchpoint_id: str
    product_id: str
    quantity: float | None
    price_cents: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Lines of new touchpoints, sorted by product."""

    lines: Sequence[LineRow]


class SubjectRow(TypedDict):
    """What else a touchpoint is about."""

    touchpoint_id: str
    order_ids: Sequence[str]
    store_ids: Sequence[str]
    campaign_ids: Sequence[str]
    offer_ids: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subjects:
    """Subjects of new touchpoints."""

    subjects: Sequence[SubjectRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchedRow:
    """An identifier that is in no individual, and not known to be held back."""

    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPairRow:
    """Two identifiers that were never seen together before, or never so early."""

    left_key: str
    right_key: str


FIND_WRITTEN = Statement(name="evidence/find_written", parameters=MessageIds, row=WrittenRow, hot_path=True)
WRITE_TOUCHPOINTS = Statement(
    name="evidence/write_touchpoints", parameters=NewTouchpoints, row=TouchedRow, hot_path=True, ready=True
)
LINK_SEEN_WITH = Statement(name="evidence/link_seen_with", parameters=Pairs, row=NewPairRow, hot_path=True, ready=True)
WRITE_RECORD_VERSIONS = Statement(name="evidence/write_record_versions", parameters=NewRecordVersions, row=NoRow, hot_path=True)
LINK_RECORD_IDENTIFIERS = Statement(name="evidence/link_record_identifiers", parameters=Claims, row=NoRow, hot_path=True)
WRITE_PRODUCTS = Statement(name="evidence/write_products", parameters=Products, row=NoRow, hot_path=True, ready=True)
LINK_PRODUCTS = Statement(name="evidence/link_products", parameters=Lines, row=NoRow, hot_path=True, ready=True)
LINK_SUBJECTS = Statement(name="evidence/link_subjects", parameters=Subjects, row=NoRow, hot_path=True, ready=True)
