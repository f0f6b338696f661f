"""Statements of the migration runner."""

from dataclasses import dataclass
from datetime import datetime

from graph.statements.statement import NoParameters, NoRow, Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedRow:
    """One migration that was applied."""

    version: int
    name: str
    checksum: str
    applied_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordApplied:
    """A migration that was just applied."""

    version: int
    name: str
    checksum: str
    applied_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRow:
    """The checksum on record."""

    checksum: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeLock:
    """Who asks for the lock, and for how long."""

    owner: str
    hold_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LockRow:
    """Whether the lock was free, and so is the asker's now."""

    free: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseLock:
    """Who gives the lock back."""

    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitIndexes:
    """How long to wait."""

    timeout_seconds: int


LIST_APPLIED = Statement(name="migration/list_applied", parameters=NoParameters, row=AppliedRow)
RECORD_APPLIED = Statement(name="migration/record_applied", parameters=RecordApplied, row=RecordedRow)
TAKE_LOCK = Statement(name="migration/take_lock", parameters=TakeLock, row=LockRow)
RELEASE_LOCK = Statement(name="migration/release_lock", parameters=ReleaseLock, row=NoRow)
CREATE_VERSION_CONSTRAINT = Statement(name="migration/create_version_constraint", parameters=NoParameters, row=NoRow)
CREATE_LOCK_CONSTRAINT = Statement(name="migration/create_lock_constraint", parameters=NoParameters, row=NoRow)
AWAIT_INDEXES = Statement(name="migration/await_indexes", parameters=AwaitIndexes, row=NoRow)
