"""Statements that find who states a building, a surname of an area, or an identifier."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graph.statements.identity import IdentityIdsParameters
from graph.statements.statement import NoRow, Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepKeysParameters:
    """Rows of ``record_id``, ``building``, ``spelling`` (area, number, name), ``city`` and ``namesakes``."""

    rows: Sequence[dict[str, Any]]


KEEP_KEYS = Statement(name="home/keep_keys", parameters=KeepKeysParameters, row=NoRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedHomeRow:
    """A record of an individual, and what it states of a home."""

    record_id: str
    identity_id: str
    spelling: list[str] | None
    city: str | None
    namesakes: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressParameters:
    """Keys of blocks, and of streets in cities."""

    buildings: Sequence[str]
    cities: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamesParameters:
    """Surnames with their areas."""

    names: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordIdsParameters:
    """Some records."""

    record_ids: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeKeysRow:
    """What a record states of a home."""

    spelling: list[str] | None
    city: str | None
    namesakes: str | None


FIND_BY_ADDRESS = Statement(name="home/find_by_address", parameters=AddressParameters, row=StatedHomeRow, hot_path=True)
FIND_NAMESAKES = Statement(name="home/find_namesakes", parameters=NamesParameters, row=StatedHomeRow, hot_path=True)
READ_KEYS = Statement(name="home/read_keys", parameters=RecordIdsParameters, row=HomeKeysRow, hot_path=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentifierOfIndividualRow:
    """An identifier and its individual."""

    key: str
    identity_id: str


LIST_IDENTIFIERS = Statement(
    name="home/list_identifiers", parameters=IdentityIdsParameters, row=IdentifierOfIndividualRow, hot_path=True
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysParameters:
    """Some identifiers, and how much is read of each at most."""

    keys: Sequence[str]
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HolderRow:
    """An identifier, a record that states it, and its individual."""

    key: str
    record_id: str
    identity_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenWithRow:
    """Two identifiers seen together, and when first."""

    left_key: str
    right_key: str
    seconds: int
    nanoseconds: int


LIST_HOLDERS = Statement(name="home/list_holders", parameters=KeysParameters, row=HolderRow, hot_path=True)
LIST_SIGHTINGS = Statement(name="home/list_sightings", parameters=KeysParameters, row=SeenWithRow, hot_path=True, plain=True)
