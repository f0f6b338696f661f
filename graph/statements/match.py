"""Statements that read and write scored evidence between records."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from graph.statements.identity import PageParameters
from graph.statements.statement import NoParameters, Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordMatchesParameters:
    """Scored pairs of one model, as columns: the server reads these several times faster than maps."""

    left_ids: Sequence[str]
    right_ids: Sequence[str]
    match_weights: Sequence[float]
    linked: Sequence[bool]
    comparisons: Sequence[str]
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
    """Records, each with its id and the scored pairs with records of greater id: id, weight, whether linked, comparisons."""

    records: list[tuple[str, list[tuple[str, float, bool, str | None]]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordModelParameters:
    """A model and the moment it is used."""

    id: str
    evidence_digest: str
    parameters: str
    estimates: str
    scorer: str | None
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
    scorer: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedRow:
    """How many scored pairs there are, retracted ones among them."""

    matches: int


RECORD_MATCHES = Statement(name="match/record_matches", parameters=RecordMatchesParameters, row=RecordedRow)
RETRACT_MATCHES = Statement(name="match/retract_matches", parameters=RetractMatchesParameters, row=RetractedRow)
READ_MATCHES = Statement(name="match/read_matches", parameters=PageParameters, row=MatchPageRow, plain=True)
RECORD_MODEL = Statement(name="match/record_model", parameters=RecordModelParameters, row=ModelIdRow)
READ_LATEST_MODEL = Statement(name="match/read_latest_model", parameters=NoParameters, row=LatestModelRow)
COUNT_MATCHES = Statement(name="match/count_matches", parameters=NoParameters, row=CountedRow)
