"""Statements about what stewards assert."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from graph.statements.statement import NoParameters, NoRow, Statement


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


@dataclass(frozen=True, slots=True, kw_only=True)
class FindAssertionParameters:
    """One assertion."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionWithEndRow:
    """An assertion, and its end where it was retracted."""

    id: str
    same: bool
    left: str
    right: str
    by: str
    at: datetime
    reason: str
    purpose: str | None
    retracted_at: datetime | None
    retracted_by: str | None
    retracted_reason: str | None


FIND_ASSERTION = Statement(name="assertion/find", parameters=FindAssertionParameters, row=AssertionWithEndRow, hot_path=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListParameters:
    """One page of assertions, newest first."""

    first: int
    after_at: datetime | None
    after_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRow:
    """A page of assertions, as maps, and how many all pages have."""

    total: int
    items: list[dict[str, Any]]


LIST_ASSERTIONS = Statement(name="assertion/list", parameters=ListParameters, row=ListRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionParameters:
    """A steward's decision; ``before`` and ``after`` are JSON."""

    id: str
    kind: str
    purpose: str
    policy_version: str
    actor: str
    at: datetime
    before: str
    after: str
    reason: str
    run_id: str
    identity_ids: Sequence[str]


RECORD_DECISION = Statement(name="assertion/record_decision", parameters=DecisionParameters, row=NoRow, hot_path=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkParameters:
    """Evidence by its two ends."""

    start: str
    end: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkRow:
    """Which evidence there is between two ends."""

    stated: bool
    sighted: bool


FIND_LINK = Statement(name="assertion/find_link", parameters=LinkParameters, row=LinkRow, hot_path=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetractLinkParameters:
    """Which evidence to retract, when, by whom and why."""

    start: str
    end: str
    at: datetime
    by: str
    reason: str


RETRACT_STATEMENT = Statement(
    name="assertion/retract_statement", parameters=RetractLinkParameters, row=AssertedRow, hot_path=True
)
RETRACT_SIGHTING = Statement(name="assertion/retract_sighting", parameters=RetractLinkParameters, row=AssertedRow, hot_path=True)
