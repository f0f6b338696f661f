"""Statements that keep how far a replay has come."""

from dataclasses import dataclass

from graph.statements.statement import NoRow, Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepParameters:
    """A replay and the last sequence that it wrote."""

    name: str
    sequence: int


KEEP_POSITION = Statement(name="replay/keep_position", parameters=KeepParameters, row=NoRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class NameParameters:
    """Which replay."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionRow:
    """The last sequence that was written."""

    sequence: int


READ_POSITION = Statement(name="replay/read_position", parameters=NameParameters, row=PositionRow)
