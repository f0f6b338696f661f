"""Statements about links that a model predicts between individuals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from graph.statements.identity import HeldBackRow
from graph.statements.identity import PurposeParameters as Purposes
from graph.statements.statement import NoParameters, Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class IndividualOfRecordRow:
    """A record and its individual."""

    record_id: str
    identity_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictedLinkRow:
    """A predicted link between two records, the smaller id left."""

    left: str
    right: str
    probability: float
    least: float
    comparisons: str
    alternatives: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictedLinks:
    """All links that a version of a model predicts."""

    links: Sequence[PredictedLinkRow]
    model: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LinksWrittenRow:
    """How many were between records that are there."""

    written: int


READ_INDIVIDUALS_OF_RECORDS = Statement(
    name="prediction/read_individuals_of_records", parameters=NoParameters, row=IndividualOfRecordRow
)
REPLACE_LINKS = Statement(name="prediction/replace_links", parameters=PredictedLinks, row=LinksWrittenRow)
READ_WAITING = Statement(name="prediction/read_waiting", parameters=Purposes, row=HeldBackRow)
