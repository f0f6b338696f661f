"""Statements that keep and read what resolutions learn of the whole graph."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from graph.statements.statement import NoParameters, NoRow, Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepParameters:
    """What was learnt for a purpose; the id is the digest of the data."""

    purpose: str
    id: str
    learnt_at: datetime
    data: bytes


KEEP = Statement(name="reference/keep", parameters=KeepParameters, row=NoRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceRow:
    """What is kept for a purpose, but for the data."""

    purpose: str
    id: str
    learnt_at: datetime


LIST = Statement(name="reference/list", parameters=NoParameters, row=ReferenceRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadParameters:
    """Some purposes."""

    purposes: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRow:
    """What is kept for a purpose."""

    purpose: str
    data: bytes


READ = Statement(name="reference/read", parameters=ReadParameters, row=DataRow)
