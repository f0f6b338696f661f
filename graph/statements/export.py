"""Statements that stream identity and evidence out, for warehouses."""

from dataclasses import dataclass
from datetime import datetime

from graph.statements.statement import NoParameters, Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeParameters:
    """One purpose."""

    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipRow:
    """A record's current membership."""

    source: str
    record_id: str
    identity_id: str
    valid_from: datetime
    decision_id: str


EXPORT_MEMBERSHIPS = Statement(name="export/memberships", parameters=PurposeParameters, row=MembershipRow)
EXPORT_RESIDENTS = Statement(name="export/residents", parameters=NoParameters, row=MembershipRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchpointRow:
    """A touchpoint with the identities of the identifiers that it carries."""

    id: str
    at: datetime
    type: str
    event: str
    channel: str
    source: str
    value_cents: int | None
    currency: str | None
    identity_ids: list[str]


EXPORT_TOUCHPOINTS = Statement(name="export/touchpoints", parameters=PurposeParameters, row=TouchpointRow)
EXPORT_TOUCHPOINTS_OF_HOUSEHOLDS = Statement(name="export/touchpoints_of_households", parameters=NoParameters, row=TouchpointRow)
