"""The wire schema, version 1: one event, the same over HTTP, from files and straight on NATS.

It is the Segment spec with three additions: ``schemaVersion``, ``source`` (stamped by the collector from the write key) and
``recordId`` (the id of the claim's row in its source, for imported records). Unknown fields are kept in the body, never refused.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, model_validator
from pydantic.alias_generators import to_camel

SCHEMA_VERSION = 1
MAX_IDENTIFIERS = 100
"""More identifiers than this in one event are refused: no person has them, and one would fuse whoever shares any."""
MAX_EVENT_BYTES = 512 * 1024
EARLIEST_YEAR = 1900

MAX_DEPTH = 32
"""Objects and lists nested deeper than this are refused."""


def _number_as_text(value: Any) -> Any:
    """Whole numbers are taken as ids, as Segment's libraries do; other types are left for validation to refuse."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _only_text(value: Any) -> Any:
    """Refuse numbers as times: ``2019`` could be a year, seconds or a mistake, and pydantic would take it for 1970."""
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or value.strip().lstrip("+-").replace(".", "", 1).isdigit():
        raise ValueError("a time is ISO 8601 text with a UTC offset, such as 2026-03-01T09:30:00Z")
    return value


def _namespace(value: Any) -> Any:
    """Segment's type names such as ``ios.idfa`` and ``GA Client-ID`` as namespaces: ``ios_idfa``, ``ga_client_id``."""
    return value.strip().lower().translate(_SEPARATORS) if isinstance(value, str) else value


_SEPARATORS = str.maketrans(dict.fromkeys(".- ", "_"))

EventId = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$"), BeforeValidator(_number_as_text)]
SenderId = Annotated[str, Field(min_length=1, max_length=512), BeforeValidator(_number_as_text)]
Namespace = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$"), BeforeValidator(_namespace)]
Time = Annotated[AwareDatetime, BeforeValidator(_only_text)]


class Wire(BaseModel):
    """Base of the wire messages: camel case outside, snake case inside, unknown fields kept."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="allow", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, values: Any) -> Any:
        """A field that is null is a field that is absent: libraries send both."""
        if isinstance(values, dict) and None in values.values():
            return {name: value for name, value in values.items() if value is not None}
        return values


class ExternalId(Wire):
    """One further identifier of the person, as Segment's ``context.externalIds`` has it: ``type`` is the namespace."""

    id: SenderId
    type: Namespace


class Consent(Wire):
    """Consent as Segment's ``context.consent`` has it: category to granted or not."""

    category_preferences: dict[str, bool | Literal["granted", "denied", "revoked", "unknown"]] = Field(default_factory=dict)


class Context(Wire):
    """Where the event came from. What is not named here is kept as given."""

    external_ids: list[ExternalId] = Field(default_factory=list)
    consent: Consent | None = None
    device: dict[str, Any] = Field(default_factory=dict)
    page: dict[str, Any] = Field(default_factory=dict)
    campaign: dict[str, Any] = Field(default_factory=dict)
    traits: dict[str, Any] = Field(default_factory=dict)
    channel: str | None = None


class Envelope(Wire):
    """What every event has."""

    schema_version: Literal[1] = 1
    message_id: EventId
    source: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")] = "default"
    timestamp: Time | None = None
    original_timestamp: Time | None = None
    sent_at: Time | None = None
    received_at: Time | None = None
    """When the collector got the event; stamped by it, or by Segment in its archives."""
    user_id: SenderId | None = None
    anonymous_id: SenderId | None = None
    context: Context = Field(default_factory=Context)

    @model_validator(mode="before")
    @classmethod
    def _without_empty_ids(cls, values: Any) -> Any:
        """An id that is empty text is an id that is absent: libraries send both."""
        if isinstance(values, dict) and (values.get("userId") == "" or values.get("anonymousId") == ""):
            return {name: value for name, value in values.items() if value != "" or name not in ("userId", "anonymousId")}
        return values


class Identify(Envelope):
    """A claim about a person: becomes a record version."""

    type: Literal["identify"]
    traits: dict[str, Any] = Field(default_factory=dict)
    record_id: SenderId | None = None


class Track(Envelope):
    """Something a person did."""

    type: Literal["track"]
    event: Annotated[str, Field(min_length=1, max_length=200)]
    properties: dict[str, Any] = Field(default_factory=dict)


class Page(Envelope):
    """A page a person viewed."""

    type: Literal["page"]
    name: str | None = None
    category: str | None = None
    properties: dict[str, Any] = Field(default_factory=dict)


class Screen(Envelope):
    """A screen of an app a person viewed."""

    type: Literal["screen"]
    name: str | None = None
    category: str | None = None
    properties: dict[str, Any] = Field(default_factory=dict)


class Group(Envelope):
    """A person belongs to a group, such as a company."""

    type: Literal["group"]
    group_id: SenderId
    traits: dict[str, Any] = Field(default_factory=dict)


class Alias(Envelope):
    """Two ids are said to be one person: evidence, not an order to merge."""

    type: Literal["alias"]
    previous_id: SenderId


WireEvent = Annotated[Identify | Track | Page | Screen | Group | Alias, Field(discriminator="type")]
WIRE_EVENT: TypeAdapter[WireEvent] = TypeAdapter(WireEvent)
EVENT_TYPES = ("identify", "track", "page", "screen", "group", "alias")


def happened_at(event: Envelope, *, received_at: datetime) -> datetime:
    """When the event happened, by the sender's clock: its timestamp, else the time it was received."""
    return event.timestamp or event.original_timestamp or received_at
