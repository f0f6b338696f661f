"""Statements that only benchmarks run: the limits that Kindred's own statements are measured against."""

from dataclasses import dataclass

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


CREATE_TOUCHPOINTS = Statement(name="bench/create_touchpoints", parameters=NewTouchpoints, row=NoRow)
CREATE_SEEN_WITH = Statement(name="bench/create_seen_with", parameters=Pairs, row=NoRow)
COUNT_TOUCHPOINTS = Statement(name="bench/count_touchpoints", parameters=Source, row=TouchpointTotal)
