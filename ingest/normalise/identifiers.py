"""Identifiers: which ones an event states, each normalised by the rule of its namespace."""

from functools import lru_cache
from typing import Any, Final

import orjson

from graph.model.evidence import RejectedValue
from graph.model.identifier import (
    ANONYMOUS_ID,
    CARD_TOKEN,
    DEVICE_ID,
    EMAIL,
    LOYALTY_ID,
    NAME_BIRTH_DATE,
    PHONE,
    POSTAL_ADDRESS,
    USER_ID,
    Identifier,
)
from ingest.normalise.emails import normalise_email
from ingest.normalise.phones import normalise_phone
from ingest.normalise.refused import EventRefused, Unusable, kind_of
from ingest.normalise.text import clean, scalar
from ingest.wire import MAX_IDENTIFIERS

MAX_VALUE_CHARACTERS: Final = 512
"""Longer values do not fit into an index; no identifier is that long."""
MAX_GIVEN_CHARACTERS: Final = 500
"""What is kept of a rejected value; the whole is in the event's body."""
DERIVED: Final = frozenset((POSTAL_ADDRESS, NAME_BIRTH_DATE))
"""Namespaces that Kindred fills itself: a sender's value would not be in their form."""
PRINTED: Final = frozenset(
    (LOYALTY_ID, "ssn", "passport", "drivers_license", "national_id", "tax_id", "vat_id", "lei", "license_plate", "iban")
)
"""Numbers that people read off a card or paper: case and separators carry nothing."""


def normalise_identifier(namespace: str, value: str, *, region: str) -> str | Unusable:
    """The value by its namespace's rule.

    - ``email``, ``phone``: see ``emails`` and ``phones``.
    - what is printed on cards and papers (``PRINTED``): NFKC, lower case, letters and digits only.
    - everything else, known or a source's own: NFKC without control characters and surrounding space, *case kept*: ids such as
      Salesforce's or a base64 token differ by case alone, and folding it would fuse two people. Only a UUID is put in lower
      case, for platforms write the same device's id in either.
    """
    if namespace in DERIVED:
        return Unusable(f"the namespace {namespace} is filled by Kindred itself")
    if namespace == EMAIL:
        return normalise_email(value)
    if namespace == PHONE:
        return normalise_phone(value, region)
    text = clean(value)
    if namespace in PRINTED:
        text = "".join(character for character in clean(text.casefold()) if character.isalnum())
    elif _is_uuid(text):
        text = text.lower()
    if not text:
        return Unusable("the value is empty")
    return text


@lru_cache(maxsize=65_536)
def _identified(namespace: str, text: str, region: str) -> Identifier | Unusable:
    """The identifier that a value is: those who come, come again."""
    value = normalise_identifier(namespace, text, region=region)
    return value if isinstance(value, Unusable) else Identifier(namespace=namespace, value=value)


class IdentifierGatherer:
    """Collects the distinct identifiers of one event, and what could not be understood.

    ``region`` is the country of telephone numbers without a country code.
    """

    def __init__(self, *, region: str) -> None:
        self.region = region
        self.rejected: list[RejectedValue] = []
        self._identifiers: dict[str, Identifier] = {}
        self._given = 0

    @property
    def identifiers(self) -> tuple[Identifier, ...]:
        """Distinct, sorted by key."""
        if len(self._identifiers) == 1:
            return tuple(self._identifiers.values())
        return tuple([self._identifiers[key] for key in sorted(self._identifiers)])

    def add(self, namespace: str, value: Any, *, field: str) -> None:
        """Take one value: empty ones are passed over, those not understood are rejected.

        Raises:
            EventRefused: ``too_many_identifiers``.
        """
        if value is None or value == "":
            return
        text = scalar(value)
        if text is None:
            if isinstance(value, str):
                return
            self.reject(field, value, f"the value is {kind_of(value)}, not text")
            return
        self._count(field)
        # What is too long to be one is not worth keeping.
        identified = _identified if len(text) <= MAX_VALUE_CHARACTERS else _identified.__wrapped__
        result = identified(namespace, text, self.region)
        if isinstance(result, Unusable):
            self.reject(field, value, result.reason)
        else:
            self._put(result, field=field, given=value)

    def add_all(self, namespace: str, values: Any, *, field: str) -> None:
        """Take a list of values, or one value."""
        if not isinstance(values, list):
            self.add(namespace, values, field=field)
            return
        if len(values) > MAX_IDENTIFIERS:
            raise _too_many(field)
        for index, value in enumerate(values):
            self.add(namespace, value, field=f"{field}[{index}]")

    def put(self, namespace: str, value: str, *, field: str, given: Any) -> None:
        """Take a value that is normalised already."""
        self._put(Identifier(namespace=namespace, value=value), field=field, given=given)

    def _put(self, identifier: Identifier, *, field: str, given: Any) -> None:
        length = len(identifier.value)
        if length > MAX_VALUE_CHARACTERS:
            self.reject(field, given, f"the value has {length} characters, at most {MAX_VALUE_CHARACTERS} are taken")
            return
        self._identifiers[identifier.key] = identifier

    def reject(self, field: str, given: Any, reason: str) -> None:
        """Keep a value that could not be understood, as given."""
        text = given if isinstance(given, str) else orjson.dumps(given, option=orjson.OPT_SORT_KEYS).decode()
        self.rejected.append(RejectedValue(field=field, given=text[:MAX_GIVEN_CHARACTERS], reason=reason))

    def bounded(self, value: str | None, *, field: str) -> str | None:
        """A key of another node (an order, a product), None and rejected when too long to be one."""
        if value is not None and len(value) > MAX_VALUE_CHARACTERS:
            self.reject(field, value, f"the value has {len(value)} characters, at most {MAX_VALUE_CHARACTERS} are taken")
            return None
        return value

    def _count(self, field: str) -> None:
        self._given += 1
        if self._given > MAX_IDENTIFIERS:
            raise _too_many(field)


def gather_common(gatherer: IdentifierGatherer, event: Any) -> None:
    """Take what every kind of event may state: ids of the envelope and of its context.

    Raises:
        EventRefused: ``too_many_identifiers``.
    """
    context = event.context
    if len(context.external_ids) > MAX_IDENTIFIERS:
        raise _too_many("context.externalIds")
    gatherer.add(USER_ID, event.user_id, field="userId")
    gatherer.add(ANONYMOUS_ID, event.anonymous_id, field="anonymousId")
    for index, external in enumerate(context.external_ids):
        gatherer.add(external.type, external.id, field=f"context.externalIds[{index}]")
    if context.device:
        gatherer.add(DEVICE_ID, context.device.get("id"), field="context.device.id")
    if context.traits:
        gather_traits(gatherer, context.traits, path="context.traits")


TRAIT_NAMESPACES: Final = {
    "email": EMAIL,
    "emails": EMAIL,
    "phone": PHONE,
    "phones": PHONE,
    "loyaltyId": LOYALTY_ID,
    "loyalty_id": LOYALTY_ID,
    "cardToken": CARD_TOKEN,
    "card_token": CARD_TOKEN,
}


def gather_traits(gatherer: IdentifierGatherer, traits: dict[str, Any], *, path: str) -> None:
    """Take the identifiers among traits; every one may be a value or a list of values.

    Raises:
        EventRefused: ``too_many_identifiers``.
    """
    for name, namespace in TRAIT_NAMESPACES.items():
        if name in traits:
            gatherer.add_all(namespace, traits[name], field=f"{path}.{name}")


def _too_many(field: str) -> EventRefused:
    return EventRefused(
        f"the event states more than {MAX_IDENTIFIERS} identifiers, counted at {field}", code="too_many_identifiers", field=field
    )


def _is_uuid(text: str) -> bool:
    return len(text) == 36 and text[8] == text[13] == text[18] == text[23] == "-" and _is_hex(text.replace("-", ""))


def _is_hex(text: str) -> bool:
    return all(character in "0123456789abcdefABCDEF" for character in text)
