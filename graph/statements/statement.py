"""Typed handles for Cypher files: one statement per file, one handle per file.

A handle names the file, the class of its parameters and the class of its rows. The text is read from ``cypher/`` once, at first
use. No Cypher is built from strings anywhere else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, date, datetime, time
from enum import Enum
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

P = TypeVar("P")
R = TypeVar("R")

CYPHER_ROOT = Path(__file__).resolve().parents[2] / "cypher"

Access = Literal["read", "write"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoParameters:
    """Parameters of a statement that takes none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoRow:
    """Row of a statement that returns none."""


@dataclass(frozen=True, kw_only=True)
class Statement(Generic[P, R]):
    """A named Cypher statement.

    ``name`` is the file's path below ``cypher/`` without its suffix, ``parameters`` and ``row`` are frozen dataclasses whose
    field names equal the statement's ``$parameters`` and its returned columns. ``hot_path`` marks statements that run per event
    or per request: their plan may hold no label scan and no full scan. ``auto_commit`` marks those that manage their own
    transactions (``CALL ... IN TRANSACTIONS``) and so cannot run inside one. ``plain`` marks those whose rows hold no times,
    dates or nodes: they are taken as they come, which saves large pages a walk through every value. ``ready`` marks those whose
    parameters hold nothing but maps, lists, text and numbers: they are sent as they are.

    Rows of a hot path come gathered, as one list: the driver spends more on a record than on all that is in one.
    """

    name: str
    parameters: type[P]
    row: type[R]
    hot_path: bool = False
    auto_commit: bool = False
    plain: bool = False
    ready: bool = False

    @cached_property
    def text(self) -> str:
        """The file's text, comment lines included."""
        return (CYPHER_ROOT / f"{self.name}.cypher").read_text(encoding="utf-8").strip()

    @cached_property
    def access(self) -> Access:
        """``read`` or ``write``, from the file's ``// access:`` comment.

        Raises:
            ValueError: the file's comment says neither.
        """
        for line in self.text.splitlines():
            if not line.startswith("//"):
                break
            label, _, value = line.removeprefix("//").partition(":")
            if label.strip() == "access":
                match value.strip():
                    case "read":
                        return "read"
                    case "write":
                        return "write"
        raise ValueError(f"cypher/{self.name}.cypher has no comment line 'access: read' or 'access: write'")

    @property
    def gathers(self) -> bool:
        """Whether ``sent`` returns all rows in one."""
        return self.hot_path and self.row is not NoRow

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The names of what is returned, in the order in which a gathered row has its values."""
        return _field_names(self.row)  # type: ignore[arg-type]

    @cached_property
    def sent(self) -> str:
        """What is sent to the server."""
        if not self.gathers:
            return self.text
        row = ", ".join(f"`{name}`" for name in self.columns)
        return f"CALL () {{\n{self.text}\n}}\nRETURN collect([{row}]) AS rows"

    def values(self, parameters: P) -> dict[str, Any]:
        """The parameters as the driver takes them: nested dataclasses become maps, enumerations their values."""
        names = _field_names(type(parameters))  # type: ignore[arg-type]
        if self.ready:
            return {name: getattr(parameters, name) for name in names}
        return {name: _plain(getattr(parameters, name)) for name in names}


@cache
def _field_names(kind: type) -> tuple[str, ...]:
    return tuple(f.name for f in fields(kind))


# Looked up by exact type: a batch holds tens of thousands of these, and walking it is most of what a client spends on it.
_SCALARS = frozenset({type(None), str, int, float, bool, date, time, bytes})


def _plain(value: Any) -> Any:
    if type(value) in _SCALARS:
        return value
    if isinstance(value, datetime):
        # To Neo4j one instant at two offsets is two values, which compare as unequal.
        return value if value.tzinfo is None or value.tzinfo is UTC else value.astimezone(UTC)
    if value is None or isinstance(value, str | int | float | bool | date | time | bytes):
        return value.value if isinstance(value, Enum) else value
    if is_dataclass(value) and not isinstance(value, type):
        return {name: _plain(getattr(value, name)) for name in _field_names(type(value))}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Sequence | frozenset | set):
        if _SCALARS.issuperset(map(type, value)):
            return list(value)
        return [_plain(item) for item in value]
    raise TypeError(f"a Cypher parameter cannot hold {type(value).__name__}")
