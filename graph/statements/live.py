"""Statements for those who follow people live: a cheap look whether anything is new, and what is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from graph.statements.statement import Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class LookParameters:
    """An identifier's key, for one purpose."""

    key: str
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LookRow:
    """What an identifier leads to now: ``graph.model.live.Look``."""

    now: datetime
    known: bool
    held_back: bool
    identity_id: str | None
    household_id: str | None
    decisions: int
    keys: Sequence[str]
    records: Sequence[str]
    touchpoints: int
    versions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceMap:
    """An identifier whose touchpoints are asked for: those written after ``since``, all where it is None."""

    key: str
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalPage:
    """Which touchpoints: ``limit`` of those behind a place in the order of (written, recorded, id); all three None at first."""

    sources: Sequence[SourceMap]
    after_written_at: datetime | None
    after_recorded_at: datetime | None
    after_id: str | None
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalRow:
    """One touchpoint, and when it was written; its times as ISO 8601 text."""

    written_at: str
    touchpoint: Mapping[str, Any]


LOOK = Statement(name="live/look", parameters=LookParameters, row=LookRow, hot_path=True)
LIST_ARRIVALS = Statement(name="live/list_arrivals", parameters=ArrivalPage, row=ArrivalRow, hot_path=True)
