"""Statements for stewardship: the neighbourhood of members at a moment, and the links that wait for review."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from graph.statements.identity import DecisionRow, HeldBackRow
from graph.statements.statement import Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class AroundParameters:
    """Members (record ids, identifier keys, identity ids) and a moment; None is now."""

    members: Sequence[str]
    as_of: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeAroundParameters:
    """Members, a purpose and a moment; None is now."""

    members: Sequence[str]
    purpose: str
    as_of: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimAroundRow:
    """What a record stated, each attribute by the newest version that states it, with its identifiers."""

    record_id: str
    source: str
    entity_type: str | None
    given_name: str | None
    middle_name: str | None
    family_name: str | None
    name_suffix: str | None
    full_name: str | None
    gender: str | None
    birth_date: str | None
    """Year, month and day."""
    street: str | None
    city: str | None
    region: str | None
    postal_code: str | None
    country: str | None
    at_seconds: int
    at_nanoseconds: int
    first_seen_seconds: int
    first_seen_nanoseconds: int
    rejected: list[str]
    """Values that were not understood, as JSON, of the newest version first."""
    identifiers: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SightingAroundRow:
    """Two identifiers seen together."""

    left_key: str
    right_key: str
    first_seen: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchDetailRow:
    """Scored evidence with what its weight is made of."""

    left_id: str
    right_id: str
    match_weight: float
    linked: bool
    model: str | None
    comparisons: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionAroundRow:
    """An assertion in force."""

    id: str
    same: bool
    left: str
    right: str
    by: str
    at: datetime
    reason: str
    purpose: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipAtRow:
    """A membership, with when its identity was formed."""

    member: str
    identity_id: str
    created_seconds: int
    """Since 1970."""
    created_nanoseconds: int


READ_CLAIMS_AROUND = Statement(
    name="review/read_claims_around", parameters=AroundParameters, row=ClaimAroundRow, hot_path=True, plain=True
)
READ_SIGHTINGS_AROUND = Statement(
    name="review/read_sightings_around", parameters=AroundParameters, row=SightingAroundRow, hot_path=True
)
READ_MATCHES_AROUND = Statement(name="review/read_matches_around", parameters=AroundParameters, row=MatchDetailRow, hot_path=True)
READ_ASSERTIONS_AROUND = Statement(
    name="review/read_assertions_around", parameters=AroundParameters, row=AssertionAroundRow, hot_path=True
)
READ_IDENTITIES_OF = Statement(
    name="review/read_identities_of", parameters=PurposeAroundParameters, row=MembershipAtRow, hot_path=True, plain=True
)
READ_MEMBERS_OF = Statement(
    name="review/read_members_of", parameters=AroundParameters, row=MembershipAtRow, hot_path=True, plain=True
)
READ_DECISIONS_OF = Statement(name="review/read_decisions_of", parameters=PurposeAroundParameters, row=DecisionRow, hot_path=True)
READ_HELD_BACK_ABOUT = Statement(
    name="review/read_held_back_about", parameters=PurposeAroundParameters, row=HeldBackRow, hot_path=True
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OnTouchpointRow:
    """An identifier that a touchpoint carries."""

    key: str


FIND_ON_TOUCHPOINTS = Statement(
    name="review/find_on_touchpoints", parameters=AroundParameters, row=OnTouchpointRow, hot_path=True
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CountParameters:
    """Identifier keys, and up to how many relationships of one are looked at."""

    members: Sequence[str]
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CountRow:
    """How much is around an identifier."""

    member: str
    carriers: int
    neighbours: int


COUNT_AROUND = Statement(name="review/count_around", parameters=CountParameters, row=CountRow, hot_path=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class SurroundingParameters:
    """Members, up to how many relationships of one are looked at, and of up to how many sightings they are listed."""

    members: Sequence[str]
    most: int
    few: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SurroundingRow:
    """What there is around a member."""

    member: str
    identifier: bool
    record: bool
    carriers: int
    neighbours: int
    sightings: list[list[Any]] | None
    """Each with both keys, in their order, and since when: seconds since 1970 and nanoseconds."""
    matched: bool
    asserted: bool
    carried: bool
    held_back: bool
    memberships: list[list[Any]]
    """Each with purpose and id of the identity, and since when it is: seconds since 1970 and nanoseconds."""


READ_AROUND = Statement(
    name="review/read_around", parameters=SurroundingParameters, row=SurroundingRow, hot_path=True, plain=True
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeParameters:
    """Purposes whose identities may have changed."""

    purposes: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeRow:
    """How many identities two of the graphs hold, how many records there are, and what is known of the whole graph."""

    operational: int
    households: int
    records: int
    changed: list[datetime]
    references: list[list[str]]
    """Each with a purpose and an id."""
    policies: list[list[str]]
    """Those published that are in force, each with a purpose and a SHA-256."""


READ_SCOPE = Statement(name="review/read_scope", parameters=ScopeParameters, row=ScopeRow, hot_path=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueParameters:
    """One page of doubtful links."""

    purposes: Sequence[str]
    reasons: Sequence[str]
    first: int
    after_at: datetime | None
    after_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """A page of doubtful links, as maps, and how many all pages have."""

    total: int
    items: list[dict[str, Any]]


LIST_QUEUE = Statement(name="review/list_queue", parameters=QueueParameters, row=QueueRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemParameters:
    """A doubtful link."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRow:
    """A doubtful link with its members."""

    id: str
    purpose: str
    reason: str
    detail: str
    since: datetime
    until: datetime | None
    members: list[str]
    records: list[str]


FIND_ITEM = Statement(name="review/find_item", parameters=ItemParameters, row=ItemRow, hot_path=True)
