"""Statements that measure the graph's health, and read what was measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from graph.statements.identity import PurposeParameters
from graph.statements.statement import NoRow, Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyHouseholdsParameters:
    """A page of a purpose's identities, and the reasons of what is held back that counts against them."""

    purpose: str
    after: str
    limit: int
    reasons: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyParameters(SurveyHouseholdsParameters):
    """With the namespaces of which one identity takes so many values only."""

    limited: Sequence[str]


FactsRow = tuple[str, int, int, int, list[str], int, int, float | None, list[tuple[str | None, str | None, str | None]], int]
"""Id, members, records, individuals, limited namespaces of its identifiers, scored pairs, those found to be apart, the least
weight of the others, what its records state (family name, given name, birth date) where it has several, and findings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyPageRow:
    """A page of identities."""

    identities: list[FactsRow]


SURVEY_IDENTITIES = Statement(name="health/survey_identities", parameters=SurveyParameters, row=SurveyPageRow, plain=True)
SURVEY_HOUSEHOLDS = Statement(
    name="health/survey_households", parameters=SurveyHouseholdsParameters, row=SurveyPageRow, plain=True
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WithinParameters:
    """A span of time, its end excluded."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeWithinParameters(WithinParameters):
    """Of one purpose."""

    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedRow:
    """Records of a source that arrived on a day."""

    day: date
    source: str
    added: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EnteredRow:
    """What entered identities on a day; individuals have no source."""

    day: date
    source: str | None
    recognised: int
    new: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReshapedRow:
    """Identities of a day that had records of these sources."""

    day: date
    sources: list[str]
    identities: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionsRow:
    """Decisions of a kind on a day."""

    day: date
    kind: str
    decisions: int


COUNT_ADDED = Statement(name="health/count_added", parameters=WithinParameters, row=AddedRow, hot_path=True)
COUNT_ENTERED = Statement(name="health/count_entered", parameters=PurposeWithinParameters, row=EnteredRow, hot_path=True)
COUNT_MERGED = Statement(name="health/count_merged", parameters=PurposeWithinParameters, row=ReshapedRow, hot_path=True)
COUNT_SPLIT = Statement(name="health/count_split", parameters=PurposeWithinParameters, row=ReshapedRow, hot_path=True)
COUNT_DECISIONS = Statement(name="health/count_decisions", parameters=PurposeWithinParameters, row=DecisionsRow, hot_path=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBackCountRow:
    """Findings of a reason."""

    reason: str
    findings: int


COUNT_HELD_BACK = Statement(name="health/count_held_back", parameters=PurposeParameters, row=HeldBackCountRow, hot_path=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestRunsRow:
    """A run that came to its end; ``counts`` is JSON, and so are ``estimates``, of the latest run that has any."""

    run_id: str | None
    finished_at: datetime | None
    policy_version: str | None
    counts: str | None
    estimates: str | None


READ_LATEST_RUNS = Statement(name="health/read_latest_runs", parameters=PurposeParameters, row=LatestRunsRow, hot_path=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayMap:
    """Figures of a day."""

    id: str
    properties: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteDaysParameters:
    """Figures of several days."""

    days: Sequence[DayMap]


WRITE_DAYS = Statement(name="health/write_days", parameters=WriteDaysParameters, row=NoRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestParameters:
    """A purpose and a moment."""

    purpose: str
    by: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestStateRow:
    """What was measured, as JSON."""

    measured_at: datetime
    state: str


READ_LATEST = Statement(name="health/read_latest", parameters=LatestParameters, row=LatestStateRow, hot_path=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class DaysParameters:
    """A purpose and its days, both ends included."""

    purpose: str
    first: date
    last: date


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRow:
    """Figures of a day; ``sources`` and ``decisions`` are JSON."""

    day: date
    added: int
    recognised: int
    new: int
    formed: int
    merged: int
    split: int
    sources: str
    decisions: str


LIST_DAYS = Statement(name="health/list_days", parameters=DaysParameters, row=DayRow, hot_path=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class GenericValuesParameters:
    """A purpose, reasons, a moment (None is now) and how many values."""

    purpose: str
    reasons: Sequence[str]
    as_of: datetime | None
    first: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GenericValueRow:
    """An identifier that is held back."""

    namespace: str
    value: str
    reason: str
    detail: str
    since: datetime
    carriers: int


LIST_GENERIC_VALUES = Statement(
    name="health/list_generic_values", parameters=GenericValuesParameters, row=GenericValueRow, hot_path=True
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposesParameters:
    """Several purposes."""

    purposes: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class GaugesRow:
    """What was measured last, as JSON, and decisions by kind of each day, as JSON."""

    purpose: str
    measured_at: datetime
    state: str
    decisions: list[str]


READ_GAUGES = Statement(name="health/read_gauges", parameters=PurposesParameters, row=GaugesRow, hot_path=True)
