"""Statements that publish policies and read those that were published."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from graph.statements.statement import Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishParameters:
    """A version to publish, and the number of the one that it is based on."""

    purpose: str
    version: str
    document: str
    sha256: str
    by: str
    at: datetime
    reason: str
    based_on: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRow:
    """The latest version there was, and whether another was published after it."""

    latest: int
    published: bool


PUBLISH_VERSION = Statement(name="policy/publish_version", parameters=PublishParameters, row=PublishedRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class InForceParameters:
    """Some purposes, and the moment that is asked about; None is now."""

    purposes: Sequence[str]
    as_of: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyVersionRow:
    """A published version."""

    purpose: str
    number: int
    version: str
    document: str
    sha256: str
    by: str
    at: datetime
    reason: str
    based_on: int


READ_IN_FORCE = Statement(name="policy/read_in_force", parameters=InForceParameters, row=PolicyVersionRow, hot_path=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberParameters:
    """One version."""

    purpose: str
    number: int


READ_VERSION = Statement(name="policy/read_version", parameters=NumberParameters, row=PolicyVersionRow, hot_path=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListParameters:
    """At most ``first`` versions of some purposes."""

    purposes: Sequence[str]
    first: int


LIST_VERSIONS = Statement(name="policy/list_versions", parameters=ListParameters, row=PolicyVersionRow, hot_path=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListBeforeParameters:
    """At most ``first`` versions of one purpose, of those below a number; None is all."""

    purpose: str
    before: int | None
    first: int


LIST_VERSIONS_BEFORE = Statement(
    name="policy/list_versions_before", parameters=ListBeforeParameters, row=PolicyVersionRow, hot_path=True
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsParameters:
    """Some records."""

    record_ids: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentsRow:
    """What one record states about consent, as JSON objects of purpose to state, the oldest first."""

    record_id: str
    consents: list[str]


READ_CONSENTS = Statement(name="policy/read_consents", parameters=RecordsParameters, row=ConsentsRow, hot_path=True, plain=True)
