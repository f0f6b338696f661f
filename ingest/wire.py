"""The wire schema, version 1: one event, the same over HTTP, from files and straight on NATS.

It is the Segment spec with three additions: ``schemaVersion``, ``source`` (stamped by the collector from the write key) and
``recordId`` (the id of the claim's row in its source, for imported records). Unknown fields are kept in the body, never refused.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter
from pydantic.alias_generators import to_camel

SCHEMA_VERSION = 1
MAX_IDENTIFIERS = 100
"""More identifiers than this in one event are refused: no person has them, and one would fuse whoever shares any."""
MAX_EVENT_BYTES = 512 * 1024
EARLIEST_YEAR = 1900

EventId = Annotated[str, Field(min_length=1, max_length=200)]
SenderId = Annotated[str, Field(min_length=1, max_length=512)]


class Wire(BaseModel):
    """Base of the wire messages: camel case outside, snake case inside, unknown fields kept."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="allow", frozen=True)


class ExternalId(Wire):
    """One further identifier of the person, as Segment's ``context.externalIds`` has it: ``type`` is the namespace."""

    id: SenderId
    type: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


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
    timestamp: AwareDatetime | None = None
    original_timestamp: AwareDatetime | None = None
    sent_at: AwareDatetime | None = None
    user_id: SenderId | None = None
    anonymous_id: SenderId | None = None
    context: Context = Field(default_factory=Context)


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
