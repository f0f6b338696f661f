"""Statements about what stewards assert."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from graph.statements.statement import NoParameters, Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertParameters:
    """One assertion about two members, given by record id or identifier key."""

    id: str
    left: str
    right: str
    by: str
    at: datetime
    reason: str
    purpose: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertedRow:
    """An assertion that was written."""

    id: str


ASSERT_SAME = Statement(name="assertion/assert_same", parameters=AssertParameters, row=AssertedRow)
ASSERT_DIFFERENT = Statement(name="assertion/assert_different", parameters=AssertParameters, row=AssertedRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetractParameters:
    """Which assertion to retract, and when."""

    id: str
    at: datetime
    by: str
    reason: str


RETRACT_SAME = Statement(name="assertion/retract_same", parameters=RetractParameters, row=AssertedRow)
RETRACT_DIFFERENT = Statement(name="assertion/retract_different", parameters=RetractParameters, row=AssertedRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionRow:
    """An assertion in force."""

    id: str
    same: bool
    left: str
    right: str
    by: str
    at: datetime
    reason: str
    purpose: str | None


READ_ASSERTIONS = Statement(name="assertion/read_in_force", parameters=NoParameters, row=AssertionRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class FindMembersParameters:
    """Record ids and identifier keys."""

    members: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRow:
    """A record or identifier that the graph has."""

    member: str


FIND_MEMBERS = Statement(name="assertion/find_members", parameters=FindMembersParameters, row=MemberRow, hot_path=True)
