"""What a reader sees of identities: their state, their parts in pages, and what their records claim."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Generic, TypeVar

from graph.model.identifier import Identifier
from graph.model.identity import Purpose
from graph.model.ids import IdentityId

T = TypeVar("T")


class NotFoundReason(StrEnum):
    """Why an identifier leads to no identity."""

    UNKNOWN = "unknown"
    """Nothing that has arrived carries the identifier."""
    HELD_BACK = "held_back"
    """The policy left the identifier out, for example because too many people share it."""
    NO_IDENTITY = "no_identity"
    """The identifier is known, but no identity of this purpose has it at that moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityState:
    """An identity; ``retired_at`` is None while it exists."""

    id: IdentityId
    purpose: Purpose
    created_at: datetime
    retired_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoIdentity:
    """An identifier leads to no identity."""

    reason: NotFoundReason
    held_back: tuple[str, ...] = ()
    """Reasons for which the policy left the identifier out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """One page of a list: its items, how many items all pages have, and whether more follow."""

    items: tuple[T, ...]
    total: int
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeCursor:
    """A place in a list that runs newest first: after the item with this time and id."""

    at: datetime
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedName:
    """A name as a record states it: as given on one line, and in its normalised parts."""

    at: datetime
    name_given: str | None
    given_name: str | None
    middle_name: str | None
    family_name: str | None
    name_suffix: str | None
    full_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedAddress:
    """A postal address as a record states it."""

    at: datetime
    address_given: str | None
    street: str | None
    city: str | None
    region: str | None
    postal_code: str | None
    country: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one record claims of the person: per attribute what its newest version that states it says, and when it was said."""

    record_id: str
    source: str
    entity_type: str
    name: ClaimedName | None
    birth_date: tuple[datetime, date] | None
    gender: tuple[datetime, str] | None
    address: ClaimedAddress | None
    consent: Mapping[str, str]
    """Purpose to the newest state that the record gives."""
    identifiers: Mapping[Identifier, datetime]
    """Identifiers that the record states, to the last time it did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An identifier or a record that belongs to an identity."""

    key: str
    kind: str
    """``identifier`` or ``record``."""
    namespace: str | None
    value: str | None
    source: str | None
    source_record_id: str | None
    entity_type: str | None
    valid_from: datetime
    decision_id: str
    identity_id: str
    """The identity it belongs to itself: within a household, that of the individual."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceLink:
    """A piece of evidence that connects two members."""

    cursor: str
    kind: str
    """``states``, ``seen_with``, ``asserted_same`` or ``asserted_different``."""
    start: str
    end: str
    id: str | None
    first_seen: datetime | None
    last_seen: datetime | None
    at: datetime | None
    by: str | None
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSummary:
    """A record of a source."""

    id: str
    source: str
    source_record_id: str
    entity_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordVersionView:
    """What a record stated at one moment."""

    id: str
    at: datetime
    recorded_at: datetime
    source: str
    name_given: str | None
    given_name: str | None
    middle_name: str | None
    family_name: str | None
    name_suffix: str | None
    full_name: str | None
    birth_date: date | None
    gender: str | None
    address_given: str | None
    street: str | None
    city: str | None
    region: str | None
    postal_code: str | None
    country: str | None
    consent: str | None
    traits: str | None
    identifier_keys: tuple[str, ...]
    rejected_values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionView:
    """A decision as it is stored; ``before`` and ``after`` are JSON."""

    id: str
    kind: str
    purpose: str
    policy_version: str
    actor: str
    at: datetime
    before: str | None
    after: str | None
    reason: str
    run_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyProduct:
    """A product that a touchpoint is about."""

    id: str
    name: str | None
    brand: str | None
    category: str | None
    quantity: float | None
    price_cents: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyTouchpoint:
    """One interaction of a journey."""

    id: str
    type: str
    event: str
    channel: str
    at: datetime
    recorded_at: datetime
    source: str
    title: str | None
    url: str | None
    value_cents: int | None
    currency: str | None
    properties: str | None
    rejected_values: tuple[str, ...]
    identifiers: tuple[Identifier, ...]
    products: tuple[JourneyProduct, ...]
    order_id: str | None
    store_id: str | None
    campaign_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneySelection:
    """Which touchpoints of a journey are asked for; None is all. ``from_at`` is inclusive, ``to_at`` exclusive."""

    types: tuple[str, ...] | None = None
    channels: tuple[str, ...] | None = None
    from_at: datetime | None = None
    to_at: datetime | None = None
