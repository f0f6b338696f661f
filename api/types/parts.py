"""Small types that others are made of."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
import strawberry
from strawberry.scalars import JSON

from graph.model.attributes import ContactPoint as GraphContactPoint
from graph.model.identifier import Identifier as GraphIdentifier
from graph.model.profile import ClaimedAddress, ClaimedName, RecordVersionView


@strawberry.type(description="An address for a person: an e-mail address, a phone number, a cookie, a loyalty number.")
class Identifier:
    """One normalised identifier."""

    namespace: str = strawberry.field(description="The kind of identifier, such as `email`.")
    value: str = strawberry.field(description="The normalised value.")

    @classmethod
    def of(cls, identifier: GraphIdentifier) -> "Identifier":
        """From the model."""
        return cls(namespace=identifier.namespace, value=identifier.value)


@strawberry.input(description="An identifier to look up, as a person or a form would write it; it is normalised as events are.")
class IdentifierInput:
    """One identifier as given."""

    namespace: str = strawberry.field(description="The kind of identifier, such as `email`, `phone`, `user_id`.")
    value: str = strawberry.field(description="The value, such as `Bob.Smith@Work.com`.")


@strawberry.type(description="A person's name.")
class PersonName:
    """A name, as given and in normalised parts."""

    as_given: str | None = strawberry.field(description="The name on one line, as the source wrote it.")
    full: str | None = strawberry.field(description="All parts, normalised, on one line.")
    given: str | None = strawberry.field(description="Given name, normalised.")
    middle: str | None = strawberry.field(description="Middle names, normalised.")
    family: str | None = strawberry.field(description="Family name, normalised.")
    suffix: str | None = strawberry.field(description="Suffix such as `jr`, normalised.")

    @classmethod
    def of(cls, name: ClaimedName | RecordVersionView) -> "PersonName":
        """From the model."""
        return cls(
            as_given=name.name_given,
            full=name.full_name,
            given=name.given_name,
            middle=name.middle_name,
            family=name.family_name,
            suffix=name.name_suffix,
        )


@strawberry.type(description="A postal address.")
class PostalAddress:
    """An address, as given and in normalised parts."""

    as_given: str | None = strawberry.field(description="The address on one line, as the source wrote it.")
    street: str | None = strawberry.field(description="House number, street and unit, normalised.")
    city: str | None = strawberry.field(description="City, normalised.")
    region: str | None = strawberry.field(description="State or region, normalised.")
    postal_code: str | None = strawberry.field(description="Postal code, normalised.")
    country: str | None = strawberry.field(description="Country as ISO 3166-1 alpha-2.")

    @classmethod
    def of(cls, address: ClaimedAddress | RecordVersionView) -> "PostalAddress":
        """From the model."""
        return cls(
            as_given=address.address_given,
            street=address.street,
            city=address.city,
            region=address.region,
            postal_code=address.postal_code,
            country=address.country,
        )


@strawberry.type(description="Where a person can be reached.")
class ContactPoint:
    """An e-mail address or a phone number."""

    value: str = strawberry.field(description="The normalised value.")
    sources: list[str] = strawberry.field(description="Sources whose records state it.")
    last_seen: datetime | None = strawberry.field(description="When a record last stated it; null where none does.")

    @classmethod
    def of(cls, point: GraphContactPoint) -> "ContactPoint":
        """From the model."""
        return cls(value=point.value, sources=list(point.sources), last_seen=point.last_seen)


@strawberry.type(description="The person's consent for one purpose: the strictest that any of the records states.")
class Consent:
    """Consent for one purpose."""

    purpose: str = strawberry.field(description="What it is about, such as `marketing`.")
    state: str = strawberry.field(description="`granted`, `denied`, `revoked` or `unknown`. Only granted allows anything.")


@strawberry.type(description="An amount of money.")
class Money:
    """An exact amount."""

    amount: Decimal = strawberry.field(description="The amount in the currency's main unit, exact.")
    currency: str | None = strawberry.field(description="ISO 4217 code; null where the source gave none.")

    @classmethod
    def of_cents(cls, cents: int | None, currency: str | None) -> "Money | None":
        """From hundredths of the currency's main unit."""
        return None if cents is None else cls(amount=Decimal(cents) / 100, currency=currency)


@strawberry.type(description="A value that could not be understood: kept as given, never used as evidence.")
class RejectedValue:
    """One rejected value of an otherwise good event."""

    field: str = strawberry.field(description="Path of the field within the event.")
    given: str = strawberry.field(description="The value as given.")
    reason: str = strawberry.field(description="What was wrong with it.")

    @classmethod
    def of(cls, text: str) -> "RejectedValue":
        """From its JSON in the graph."""
        return cls(**orjson.loads(text))


def json_value(text: str | None) -> JSON:
    """A JSON text of the graph as a value."""
    value: Any = orjson.loads(text) if text else {}
    return JSON(value)


def consents(states: dict[str, str]) -> list[Consent]:
    """Consent by purpose as a list."""
    return [Consent(purpose=purpose, state=state) for purpose, state in states.items()]
