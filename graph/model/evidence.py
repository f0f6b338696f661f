"""Evidence: what one event says, normalised, ready to be written. Immutable once written.

An event becomes exactly one of two nodes, keyed by its message id: a touchpoint (an interaction) or a record version (what a
source claims of a person at a moment).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from graph.model.identifier import Identifier
from graph.model.ids import MessageId, RecordId


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonName:
    """A person's name in its parts, normalised: case-folded, transliterated to ASCII, without titles and punctuation."""

    given: str | None = None
    middle: str | None = None
    family: str | None = None
    suffix: str | None = None
    full: str | None = None
    """The parts that are present, in the order given, middle, family, suffix, joined by single spaces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostalAddress:
    """A postal address in its parts, normalised: case-folded, abbreviations unified; ``country`` is ISO 3166-1 alpha-2."""

    street: str | None = None
    """House number, street and unit, on one line."""
    city: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedValue:
    """One value of an otherwise good event that could not be understood: kept as given, never used as evidence."""

    field: str
    """Path of the field within the event, for example ``traits.phone``."""
    given: str
    reason: str
    """A sentence that states what was observed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductLine:
    """A product that a touchpoint is about."""

    product_id: str
    name: str | None = None
    category: str | None = None
    brand: str | None = None
    quantity: float | None = None
    price_cents: int | None = None
    """Unit price in hundredths of ``Touchpoint.currency``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceBase:
    """What touchpoints and record versions share."""

    id: MessageId
    at: datetime
    """When it happened, by the source's clock; time zone aware, UTC."""
    recorded_at: datetime
    """When Kindred first accepted it durably; UTC. Questions "as of" are asked of this clock."""
    source: str
    body_sha256: str
    """Digest of the canonical event: the same id with another digest is a conflict, not a repetition."""
    identifiers: tuple[Identifier, ...]
    """Distinct, sorted by key."""
    rejected: tuple[RejectedValue, ...] = ()
    body: str = ""
    """The canonical event as JSON, for replay and audit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Touchpoint(EvidenceBase):
    """One interaction: a page view, a search, an order, a store visit."""

    type: str
    """Kind of interaction, one of ``TOUCHPOINT_TYPES`` in ``graph.model.touchpoint_types``."""
    event: str
    """The event's name as the source gave it, for example ``Order Completed``."""
    channel: str
    """Where it happened: ``web``, ``app``, ``store``, ``email``, ``service``, ``other``."""
    title: str | None = None
    url: str | None = None
    order_id: str | None = None
    store_id: str | None = None
    campaign: str | None = None
    coupon: str | None = None
    value_cents: int | None = None
    """Revenue or total in hundredths of ``currency``."""
    currency: str | None = None
    products: tuple[ProductLine, ...] = ()
    properties: str = "{}"
    """All properties as the source gave them, as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordVersion(EvidenceBase):
    """What one source claims of one person at one moment."""

    record_id: RecordId
    source_record_id: str
    entity_type: str = "person"
    """``person`` or ``organization``."""
    name: PersonName = field(default_factory=PersonName)
    name_given: str | None = None
    """The name as the source gave it, on one line."""
    birth_date: date | None = None
    gender: str | None = None
    """``f``, ``m`` or ``x``."""
    address: PostalAddress = field(default_factory=PostalAddress)
    address_given: str | None = None
    consent: Mapping[str, str] = field(default_factory=dict)
    """Purpose to state: ``granted``, ``denied``, ``revoked`` or ``unknown``."""
    traits: str = "{}"
    """All traits as the source gave them, as JSON."""


Evidence = Touchpoint | RecordVersion
