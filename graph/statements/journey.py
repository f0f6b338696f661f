"""Statements that read journeys: the touchpoints of identities, newest first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from graph.statements.statement import Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyPage:
    """Which touchpoints of which identities: those older than ``(after_at, after_id)``, from the newest where both are None.

    ``types`` and ``channels`` are None for all; ``from_at`` is inclusive, ``to_at`` exclusive.
    """

    identity_ids: Sequence[str]
    first: int
    after_at: datetime | None
    after_id: str | None
    types: Sequence[str] | None
    channels: Sequence[str] | None
    from_at: datetime | None
    to_at: datetime | None
    as_of: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyFilter:
    """Which touchpoints of which identities, all pages of them."""

    identity_ids: Sequence[str]
    types: Sequence[str] | None
    channels: Sequence[str] | None
    from_at: datetime | None
    to_at: datetime | None
    as_of: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyRow:
    """One page of one identity's journey; items are ``graph.model.profile.JourneyTouchpoint``, their times as ISO 8601 text.

    The driver makes a time of its own out of every temporal value, which took longer than the whole statement.
    """

    identity_id: str
    items: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyCountRow:
    """How many touchpoints one identity's journey has."""

    identity_id: str
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchpointIds:
    """Ids of touchpoints."""

    touchpoint_ids: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchpointRow:
    """One touchpoint, its times as ISO 8601 text."""

    id: str
    touchpoint: Mapping[str, Any]


LIST_TOUCHPOINTS = Statement(name="journey/list_touchpoints", parameters=JourneyPage, row=JourneyRow, hot_path=True)
COUNT_TOUCHPOINTS = Statement(name="journey/count_touchpoints", parameters=JourneyFilter, row=JourneyCountRow, hot_path=True)
READ_TOUCHPOINTS = Statement(name="journey/read_touchpoints", parameters=TouchpointIds, row=TouchpointRow, hot_path=True)
