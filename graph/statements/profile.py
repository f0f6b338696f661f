"""Statements that read identities, what they are made of and why.

Every ``as_of`` is a moment of Kindred's own clock; None means now. Items of pages are maps with the
fields of a class of ``graph.model.profile``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from graph.statements.statement import Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifierLookup:
    """An identifier's key, for one purpose, as of a moment."""

    key: str
    purpose: str
    as_of: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRow:
    """What an identifier leads to; ``identity`` is an ``IdentityState``."""

    known: bool
    identity: Mapping[str, Any] | None
    held_back: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identities:
    """Ids of identities, as of a moment."""

    identity_ids: Sequence[str]
    as_of: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityRow:
    """An identity that an id leads to."""

    asked_id: str
    identity: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimLookup:
    """Identities, and the namespaces of the identifiers wanted."""

    identity_ids: Sequence[str]
    namespaces: Sequence[str]
    as_of: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsRow:
    """What the records of one identity claim (each a ``Claim``), and its identifiers of the namespaces."""

    identity_id: str
    claims: Sequence[Mapping[str, Any]]
    identifiers: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPage:
    """A page in the order of keys: ``first`` items after ``after_key`` (empty for the first page)."""

    identity_ids: Sequence[str]
    first: int
    after_key: str
    as_of: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CursorPage:
    """A page in the order of cursors that the statement itself makes."""

    identity_ids: Sequence[str]
    first: int
    after_cursor: str
    as_of: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimePage:
    """A page newest first: what is older than ``(after_at, after_id)``, from the newest where both are None."""

    identity_ids: Sequence[str]
    first: int
    after_at: datetime | None
    after_id: str | None
    as_of: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionPage:
    """A page of the versions of records, newest first."""

    record_ids: Sequence[str]
    first: int
    after_at: datetime | None
    after_id: str | None
    as_of: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRow:
    """One page of one identity: how many there are in all, and the items of the page."""

    identity_id: str
    total: int
    items: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionPageRow:
    """One page of the versions of one record."""

    record_id: str
    total: int
    items: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseholdRow:
    """The household of one individual."""

    identity_id: str
    household: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordIds:
    """Ids of records."""

    record_ids: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRow:
    """One record."""

    id: str
    source: str
    source_record_id: str
    entity_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionIds:
    """Ids of decisions."""

    decision_ids: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRow:
    """One decision."""

    id: str
    decision: Mapping[str, Any]


FIND_IDENTITY = Statement(name="profile/find_identity", parameters=IdentifierLookup, row=FoundRow, hot_path=True)
READ_IDENTITIES = Statement(name="profile/read_identities", parameters=Identities, row=IdentityRow, hot_path=True)
LIST_CLAIMS = Statement(name="profile/list_claims", parameters=ClaimLookup, row=ClaimsRow, hot_path=True)
LIST_MEMBERS = Statement(name="profile/list_members", parameters=KeyPage, row=PageRow, hot_path=True)
LIST_EVIDENCE = Statement(name="profile/list_evidence", parameters=CursorPage, row=PageRow, hot_path=True)
LIST_RECORDS = Statement(name="profile/list_records", parameters=KeyPage, row=PageRow, hot_path=True)
LIST_RECORD_VERSIONS = Statement(name="profile/list_record_versions", parameters=VersionPage, row=VersionPageRow, hot_path=True)
LIST_HOUSEHOLDS = Statement(name="profile/list_households", parameters=Identities, row=HouseholdRow, hot_path=True)
LIST_INDIVIDUALS = Statement(name="profile/list_individuals", parameters=KeyPage, row=PageRow, hot_path=True)
LIST_DECISIONS = Statement(name="profile/list_decisions", parameters=TimePage, row=PageRow, hot_path=True)
READ_RECORDS = Statement(name="profile/read_records", parameters=RecordIds, row=RecordRow, hot_path=True)
READ_DECISIONS = Statement(name="profile/read_decisions", parameters=DecisionIds, row=DecisionRow, hot_path=True)
