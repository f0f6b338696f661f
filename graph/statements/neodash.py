"""Statements behind the NeoDash dashboard. Parameters have the names that NeoDash gives them; rows are what it tabulates."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from graph.statements.statement import NoParameters, Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectorInput:
    """What was typed into a selector."""

    input: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerParameters:
    """The e-mail address chosen on the dashboard."""

    neodash_customer_email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """How many of one kind there are."""

    what: str
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelTotal:
    """How many interactions one channel has."""

    channel: str
    touchpoints: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespaceTotal:
    """How many identifiers one namespace has."""

    namespace: str
    identifiers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectorOption:
    """One value offered by a selector."""

    value: str
    display: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonMember:
    """One identifier or record of a person."""

    individual: str
    kind: str
    member: str
    name: str | None
    address: str | None
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonPicture:
    """Nodes and relationships to draw."""

    identity: Any
    membership: Any
    member: Any
    evidence: Any
    other: Any
    certain: Any
    operational: Any
    lives: Any
    household: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyRow:
    """One interaction; ``value`` in whole units of ``currency``."""

    at: datetime
    channel: str
    event: str
    title: str | None
    products: list[str]
    value: float | None
    currency: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBackTotal:
    """How much is held back for one purpose and reason."""

    reason: str
    held: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBackRow:
    """One note of what is held back."""

    purpose: str
    reason: str
    detail: str | None
    holds: list[str]
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionTotal:
    """How many decisions of one purpose and kind there are."""

    kind: str
    decisions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRow:
    """One decision about one identity."""

    at: datetime
    purpose: str
    kind: str
    identity: str
    reason: str
    actor: str
    policy: str


COUNT_NODES = Statement(name="neodash/count_nodes", parameters=NoParameters, row=Total)
COUNT_TOUCHPOINTS_BY_CHANNEL = Statement(name="neodash/count_touchpoints_by_channel", parameters=NoParameters, row=ChannelTotal)
COUNT_IDENTIFIERS_BY_NAMESPACE = Statement(
    name="neodash/count_identifiers_by_namespace", parameters=NoParameters, row=NamespaceTotal
)
SUGGEST_EMAIL = Statement(name="neodash/suggest_email", parameters=SelectorInput, row=SelectorOption)
LIST_PERSON_MEMBERS = Statement(name="neodash/list_person_members", parameters=CustomerParameters, row=PersonMember)
DRAW_PERSON = Statement(name="neodash/draw_person", parameters=CustomerParameters, row=PersonPicture)
LIST_JOURNEY = Statement(name="neodash/list_journey", parameters=CustomerParameters, row=JourneyRow)
COUNT_HELD_BACK = Statement(name="neodash/count_held_back", parameters=NoParameters, row=HeldBackTotal)
LIST_HELD_BACK = Statement(name="neodash/list_held_back", parameters=NoParameters, row=HeldBackRow)
COUNT_DECISIONS = Statement(name="neodash/count_decisions", parameters=NoParameters, row=DecisionTotal)
LIST_DECISIONS = Statement(name="neodash/list_decisions", parameters=CustomerParameters, row=DecisionRow)
