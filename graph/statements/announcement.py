"""Statements for whoever announces decisions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from graph.statements.statement import NoRow, Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncerParameters:
    """What is announced: a purpose, or the name of its lease."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseRow:
    """Who resolves a purpose, and until when; None: nobody."""

    holder: str | None
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionsParameters:
    """Which decisions: those behind a place, up to a time, which itself counts only where ``inclusive``."""

    purpose: str
    after_at: datetime
    after_id: str
    until: datetime
    inclusive: bool
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRow:
    """A decision; ``before`` and ``after`` are JSON."""

    id: str
    kind: str
    purpose: str
    policy_version: str
    actor: str
    at: datetime
    before: str
    after: str
    identity_ids: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionRow:
    """The last decision that was announced."""

    at: datetime
    decision_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepParameters:
    """The last decision of a purpose that was announced."""

    name: str
    at: datetime
    decision_id: str


READ_LEASE = Statement(name="announcement/read_lease", parameters=AnnouncerParameters, row=LeaseRow)
LIST_DECISIONS = Statement(name="announcement/list_decisions", parameters=DecisionsParameters, row=DecisionRow, hot_path=True)
READ_POSITION = Statement(name="announcement/read_position", parameters=AnnouncerParameters, row=PositionRow, hot_path=True)
KEEP_POSITION = Statement(name="announcement/keep_position", parameters=KeepParameters, row=NoRow, hot_path=True)
