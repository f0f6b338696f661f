"""Statements about the server itself."""

from dataclasses import dataclass
from datetime import datetime

from graph.statements.statement import NoParameters, Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionsRow:
    """What runs on the server."""

    neo4j_version: str
    edition: str
    gds_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelCountRow:
    """How many nodes have a label."""

    label: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRow:
    """The server's clock."""

    now: datetime


READ_VERSIONS = Statement(name="server/read_versions", parameters=NoParameters, row=VersionsRow)
COUNT_NODES = Statement(name="server/count_nodes", parameters=NoParameters, row=LabelCountRow)
READ_TIME = Statement(name="server/read_time", parameters=NoParameters, row=TimeRow)
