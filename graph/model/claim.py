"""Evidence as resolution reads it: what each source claims of a person now, and which identifiers were seen together."""

from dataclasses import dataclass, field
from datetime import date, datetime

from graph.model.evidence import PersonName, PostalAddress
from graph.model.identity import Purpose
from graph.model.ids import IdentifierKey, RecordId


def namespace_of(key: str) -> str:
    """The namespace of an identifier key."""
    return key.partition(":")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The current version of one record, with every identifier that any of its versions states and nobody retracted."""

    record_id: RecordId
    source: str
    entity_type: str = "person"
    name: PersonName = field(default_factory=PersonName)
    gender: str | None = None
    birth_date: date | None = None
    address: PostalAddress = field(default_factory=PostalAddress)
    at: datetime
    """When the current version was claimed."""
    first_seen: datetime
    """When the first version was claimed."""
    identifiers: tuple[IdentifierKey, ...] = ()
    """Sorted."""
    rejected: tuple[tuple[str, str], ...] = ()
    """Values that could not be understood: path of the field (``traits.birthDate``) and the value as given, sorted by path.

    Of several versions with a value that was not understood in one field, the newest counts.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """Two identifiers on one touchpoint; ``left`` is the smaller key."""

    left: IdentifierKey
    right: IdentifierKey
    first_seen: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """A steward's evidence that two members are one person, or are not."""

    id: str
    same: bool
    left: str
    right: str
    by: str
    at: datetime
    reason: str
    purpose: Purpose | None = None
    """None: for every purpose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Scored evidence whether two records are one person; ``left`` is the smaller id.

    A pair that was found to be of two people is evidence too: whatever they share does not join them.
    """

    left: RecordId
    right: RecordId
    match_weight: float
    """Of the pair by itself, in bits; see ``weight_as_read``."""
    linked: bool = True
    """Whether the two belong together, all that their fellows state considered."""


def weight_as_read(match_weight: float) -> float:
    """A score as policies read it: in whole quarters of a bit.

    The model of scores is estimated from all records, so each new record moves all scores by a trifle. What policies read moves
    seldom, and a score is written anew whenever that does: what was kept step by step reads like what is scored from scratch.
    """
    return round(match_weight * 4) / 4


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceSet:
    """Everything that a policy reads, for the whole graph or a neighbourhood of it. Order carries no meaning."""

    claims: tuple[Claim, ...] = ()
    identifiers: tuple[IdentifierKey, ...] = ()
    """Identifiers that no claim states, such as cookies."""
    sightings: tuple[Sighting, ...] = ()
    matches: tuple[Match, ...] = ()
    assertions: tuple[Assertion, ...] = ()
