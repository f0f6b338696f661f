"""Statements that stream everything of a database for its content hash. None of them sorts: a hash does not need it."""

from dataclasses import dataclass
from typing import Any

from graph.statements.statement import NoParameters, Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRow:
    """A node that events left."""

    label: str
    key: str
    properties: dict[str, Any]


READ_NODES = Statement(name="contents/read_nodes", parameters=NoParameters, row=NodeRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationshipRow:
    """A relationship that events left; its start is told by its key alone, for the type says of what label it is."""

    type: str
    start: str
    end_label: str
    end: str
    properties: dict[str, Any]


READ_RELATIONSHIPS = Statement(name="contents/read_relationships", parameters=NoParameters, row=RelationshipRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeParameters:
    """``individual`` or ``operational``."""

    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRow:
    """Record ids and identifier keys of one identity, in any order."""

    members: list[str]


READ_GROUPS = Statement(name="contents/read_groups", parameters=PurposeParameters, row=GroupRow, plain=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeRow:
    """Members of the individuals of one household, in any order."""

    residents: list[list[str]]


READ_HOMES = Statement(name="contents/read_homes", parameters=NoParameters, row=HomeRow, plain=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActRow:
    """What a steward asserted or retracted about two members."""

    type: str
    start: str
    end: str
    properties: dict[str, Any]


READ_ASSERTIONS = Statement(name="contents/read_assertions", parameters=NoParameters, row=ActRow)
READ_RETRACTIONS = Statement(name="contents/read_retractions", parameters=NoParameters, row=ActRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRow:
    """A published policy."""

    key: str
    properties: dict[str, Any]


READ_POLICIES = Statement(name="contents/read_policies", parameters=NoParameters, row=PolicyRow)
