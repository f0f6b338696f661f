"""Statements that only benchmarks run: the limits that Kindred's own statements are measured against."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graph.statements.evidence import NewTouchpoints, Pairs
from graph.statements.statement import NoRow, Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A source of events."""

    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchpointTotal:
    """How many touchpoints there are."""

    touchpoints: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonKey:
    """Key of an identifier of a person."""

    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRow:
    """A person with their newest touchpoints, each with the names of its products."""

    identity_id: str
    name: str | None
    emails: Sequence[str]
    touchpoints: Sequence[Mapping[str, Any]]


CREATE_TOUCHPOINTS = Statement(name="bench/create_touchpoints", parameters=NewTouchpoints, row=NoRow, ready=True)
WRITE_TOUCHPOINTS = Statement(name="bench/write_touchpoints", parameters=NewTouchpoints, row=NoRow, ready=True)
CREATE_SEEN_WITH = Statement(name="bench/create_seen_with", parameters=Pairs, row=NoRow, ready=True)
COUNT_TOUCHPOINTS = Statement(name="bench/count_touchpoints", parameters=Source, row=TouchpointTotal)
READ_PROFILE = Statement(name="bench/read_profile", parameters=PersonKey, row=PersonRow, hot_path=True)
