"""The server's answer to ``profile.graphql``, parsed."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from runtime.demo.errors import DemoError

T = TypeVar("T")


class Part(BaseModel):
    """Base of the answer's parts: camel case outside, snake case inside."""

    model_config = ConfigDict(alias_generator=to_camel, frozen=True, extra="ignore")


class Edge(Part, Generic[T]):
    """An item of a connection."""

    node: T


class Connection(Part, Generic[T]):
    """A page of a list."""

    edges: tuple[Edge[T], ...]
    total_count: int = 0

    @property
    def nodes(self) -> tuple[T, ...]:
        """The page's items."""
        return tuple(edge.node for edge in self.edges)


class Name(Part):
    """A name as given and normalised."""

    as_given: str | None = None
    full: str | None = None

    @property
    def shown(self) -> str | None:
        """As a person would write it."""
        return self.as_given or (self.full.title() if self.full else None)


class Value(Part):
    """A contact point or an identifier's value."""

    value: str


class Identifier(Value):
    """An identifier."""

    namespace: str

    @property
    def key(self) -> str:
        """``namespace:value``."""
        return f"{self.namespace}:{self.value}"


class Address(Part):
    """An address on one line."""

    as_given: str | None


class Version(Part):
    """What a record stated last."""

    name: Name | None
    identifiers: tuple[Identifier, ...]


class Record(Part):
    """A record of a source."""

    source: str
    source_record_id: str
    versions: Connection[Version] = Connection(edges=())

    @property
    def version(self) -> Version | None:
        """The newest version."""
        return next(iter(self.versions.nodes), None)


class Member(Part):
    """A member; ``identifier`` is None for records."""

    identifier: Identifier | None


class Resident(Part):
    """An individual of a household."""

    identity_id: str
    name: Name | None
    emails: tuple[Value, ...]


class Household(Part):
    """A household."""

    identity_id: str
    individuals: Connection[Resident]


class Money(Part):
    """An amount."""

    amount: Decimal
    currency: str | None


class Product(Part):
    """A product that a touchpoint is about."""

    name: str | None


class Touchpoint(Part):
    """One interaction."""

    at: datetime
    channel: str
    event: str
    title: str | None
    source: str
    store_id: str | None
    value: Money | None
    products: tuple[Product, ...]


class Decision(Part):
    """Why something changed."""

    at: datetime
    kind: str
    reason: str


class Profile(Part):
    """The person."""

    identity_id: str
    name: Name | None
    birth_date: date | None
    emails: tuple[Value, ...]
    phones: tuple[Value, ...]
    addresses: tuple[Address, ...]
    records: Connection[Record]
    members: Connection[Member]
    household: Household | None
    journey: Connection[Touchpoint]
    decisions: Connection[Decision]


class Certain(Part):
    """The person's operational identity."""

    identity_id: str
    records: Connection[Record]


class Nobody(Part):
    """No identity, and why."""

    message: str


class Data(Part):
    """The answer's data."""

    profile: Profile | Nobody
    operational: Certain | Nobody


class Envelope(Part):
    """The whole answer."""

    data: Data | None = None
    errors: tuple[Mapping[str, object], ...] = ()


class Answer(Part):
    """A profile, and what the operational graph says of the same person."""

    profile: Profile
    operational: Certain | Nobody

    @classmethod
    def of(cls, body: bytes) -> "Answer":
        """Parse an answer.

        Raises:
            DemoError: it holds errors, no profile, or something else altogether.
        """
        try:
            envelope = Envelope.model_validate_json(body)
        except ValidationError as error:
            raise DemoError(f"the server's answer is not of its schema: {error.errors()[0]['loc']}") from error
        if envelope.errors or envelope.data is None:
            messages = "; ".join(str(error.get("message")) for error in envelope.errors)
            raise DemoError(f"the server refused the question: {messages or 'no data'}")
        if isinstance(envelope.data.profile, Nobody):
            raise DemoError(f"no profile was found: {envelope.data.profile.message}")
        return cls(profile=envelope.data.profile, operational=envelope.data.operational)
