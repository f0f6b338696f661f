"""Statements behind Bloom's search phrases and scene actions. Their parameters have the names that Bloom gives them.

Rows hold nodes, relationships and paths as the driver returns them: Bloom draws whatever is returned.
"""

from dataclasses import dataclass
from typing import Any

from graph.statements.statement import NoParameters, Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailParameters:
    """A person's e-mail address, as typed."""

    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifierParameters:
    """The value of an identifier of any kind, as typed."""

    identifier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PairParameters:
    """Two identifiers' values or records' ids, as typed."""

    a: str
    b: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeParameters:
    """The purpose of an identity graph, as typed."""

    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordParameters:
    """A record's id, ``source:id within the source``."""

    record: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductParameters:
    """A product's name."""

    product: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectionParameters:
    """Element ids of the nodes selected in the scene."""

    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityMember:
    """An identity and one member of it."""

    identity: Any
    membership: Any
    member: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdMember:
    """A household, one who lives there, and one member of that individual."""

    household: Any
    residence: Any
    resident: Any
    membership: Any
    member: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyStep:
    """One interaction, the identifier that it carried, and one thing it was about."""

    identity: Any
    membership: Any
    identifier: Any
    carries: Any
    touchpoint: Any
    about: Any
    subject: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidencePath:
    """A chain of evidence inside one identity."""

    identity: Any
    path: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """One record with the individual and the operational identity that it belongs to."""

    individual: Any
    wide: Any
    record: Any
    narrow: Any
    operational: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldNote:
    """What is held back, and the note that says why."""

    note: Any
    holds: Any
    held: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifierDecision:
    """One decision about an identity that an identifier belongs or belonged to."""

    identifier: Any
    membership: Any
    identity: Any
    decided: Any
    decision: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordEvidence:
    """A record with one version and one identifier."""

    record: Any
    has: Any
    version: Any
    states: Any
    identifier: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductInterest:
    """One interaction with a product, and whose it was."""

    product: Any
    about: Any
    touchpoint: Any
    carries: Any
    identifier: Any
    membership: Any
    identity: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberEvidence:
    """One member of an identity and one piece of evidence that touches it."""

    identity: Any
    membership: Any
    member: Any
    evidence: Any
    other: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityDecision:
    """An identity and one decision about it."""

    identity: Any
    decided: Any
    decision: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Resident:
    """An individual, the household, and one who lives there."""

    individual: Any
    lives: Any
    household: Any
    residence: Any
    resident: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberIdentity:
    """A member, one identity it belongs to, and the household of that identity."""

    member: Any
    membership: Any
    identity: Any
    lives: Any
    household: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordClaim:
    """A record and one version of it."""

    record: Any
    has: Any
    version: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityPast:
    """An identity, one past or present member, and one identity that redirects to it."""

    identity: Any
    membership: Any
    member: Any
    redirect: Any
    former: Any


IDENTITY_OF_EMAIL = Statement(name="bloom/identity_of_email", parameters=EmailParameters, row=IdentityMember)
IDENTITY_OF_IDENTIFIER = Statement(name="bloom/identity_of_identifier", parameters=IdentifierParameters, row=IdentityMember)
HOUSEHOLD_OF_EMAIL = Statement(name="bloom/household_of_email", parameters=EmailParameters, row=HouseholdMember)
JOURNEY_OF_EMAIL = Statement(name="bloom/journey_of_email", parameters=EmailParameters, row=JourneyStep)
WHY_ONE_PERSON = Statement(name="bloom/why_one_person", parameters=PairParameters, row=EvidencePath)
DISAGREEMENTS = Statement(name="bloom/disagreements", parameters=NoParameters, row=Disagreement)
HELD_BACK_IN_PURPOSE = Statement(name="bloom/held_back_in_purpose", parameters=PurposeParameters, row=HeldNote)
DECISIONS_ABOUT_EMAIL = Statement(name="bloom/decisions_about_email", parameters=EmailParameters, row=IdentifierDecision)
RECORD_BY_ID = Statement(name="bloom/record_by_id", parameters=RecordParameters, row=RecordEvidence)
LARGEST_INDIVIDUALS = Statement(name="bloom/largest_individuals", parameters=NoParameters, row=IdentityMember)
PEOPLE_INTERESTED_IN_PRODUCT = Statement(
    name="bloom/people_interested_in_product", parameters=ProductParameters, row=ProductInterest
)

SHOW_EVIDENCE = Statement(name="bloom/show_evidence", parameters=SelectionParameters, row=MemberEvidence)
SHOW_DECISIONS = Statement(name="bloom/show_decisions", parameters=SelectionParameters, row=IdentityDecision)
SHOW_HOUSEHOLD = Statement(name="bloom/show_household", parameters=SelectionParameters, row=Resident)
SHOW_JOURNEY = Statement(name="bloom/show_journey", parameters=SelectionParameters, row=JourneyStep)
SHOW_OTHER_PURPOSES = Statement(name="bloom/show_other_purposes", parameters=SelectionParameters, row=MemberIdentity)
SHOW_HELD_BACK = Statement(name="bloom/show_held_back", parameters=SelectionParameters, row=HeldNote)
SHOW_RECORD_VERSIONS = Statement(name="bloom/show_record_versions", parameters=SelectionParameters, row=RecordClaim)
SHOW_HISTORY = Statement(name="bloom/show_history", parameters=SelectionParameters, row=IdentityPast)
