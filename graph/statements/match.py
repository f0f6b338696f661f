"""Statements that read and write scored evidence between records."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from graph.statements.identity import PageParameters
from graph.statements.statement import NoParameters, Statement


class MatchMap(TypedDict):
    """One scored pair; ``fields`` and ``levels`` are places in the list of names."""

    left_id: str
    right_id: str
    match_weight: float
    linked: bool
    fields: list[int]
    levels: list[int]
    stranger_weights: list[float]
    home_weights: list[float]
    prior_stranger: float
    prior_home: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordMatchesParameters:
    """Scored pairs of one model."""

    matches: Sequence[MatchMap]
    names: Sequence[str]
    model: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRow:
    """Scored pairs that were recorded."""

    recorded: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RetractMatchesParameters:
    """Pairs of record ids, the smaller first."""

    pairs: Sequence[Sequence[str]]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RetractedRow:
    """Scored pairs that were retracted."""

    retracted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchPageRow:
    """Records, each with its id and the scored pairs with records of greater id: id, weight, whether linked, levels."""

    records: list[tuple[str, list[tuple[str, float, bool, list[str]]]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordModelParameters:
    """A model and the moment it is used."""

    id: str
    evidence_digest: str
    parameters: str
    estimates: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelIdRow:
    """The model's id."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestModelRow:
    """The model that was used last."""

    id: str
    evidence_digest: str
    estimates: str


RECORD_MATCHES = Statement(name="match/record_matches", parameters=RecordMatchesParameters, row=RecordedRow)
RETRACT_MATCHES = Statement(name="match/retract_matches", parameters=RetractMatchesParameters, row=RetractedRow)
READ_MATCHES = Statement(name="match/read_matches", parameters=PageParameters, row=MatchPageRow, plain=True)
RECORD_MODEL = Statement(name="match/record_model", parameters=RecordModelParameters, row=ModelIdRow)
READ_LATEST_MODEL = Statement(name="match/read_latest_model", parameters=NoParameters, row=LatestModelRow)
