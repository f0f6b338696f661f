"""A claim about a person (``identify``) as a record version."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

import orjson

from graph.model.evidence import PersonName, PostalAddress, RecordVersion
from graph.model.identifier import NAME_BIRTH_DATE, POSTAL_ADDRESS
from graph.model.ids import MessageId, RecordId
from ingest.normalise.addresses import NO_ADDRESS, address_key, given_address, normalise_address
from ingest.normalise.countries import country_code
from ingest.normalise.dates import parse_birth_date
from ingest.normalise.identifiers import IdentifierGatherer, gather_common, gather_traits
from ingest.normalise.names import NO_NAME, name_from_line, name_from_parts, organization_name
from ingest.normalise.refused import EventRefused, Unusable, kind_of
from ingest.normalise.text import clean, fold, scalar
from ingest.wire import Identify

_GENDERS: Final = {
    **dict.fromkeys(("f", "female", "woman", "w"), "f"),
    **dict.fromkeys(("m", "male", "man"), "m"),
    **dict.fromkeys(("x", "nonbinary", "non binary", "other", "diverse", "divers"), "x"),
}
_NOT_STATED: Final = frozenset(("u", "unknown", "na", "n a", "none", "not stated", "undisclosed", "0", "9"))
_STATES: Final = ("denied", "revoked", "unknown", "granted")
"""From the strictest: where one event states two for a purpose, the first of these holds."""


def to_record_version(
    event: Identify, *, at: datetime, recorded_at: datetime, region: str, body: str, body_sha256: str
) -> RecordVersion:
    """What the event claims of a person or an organisation.

    Raises:
        EventRefused: ``no_identifier`` without a record, user or anonymous id; ``too_many_identifiers``.
    """
    record_id = next(
        (text for value in (event.record_id, event.user_id, event.anonymous_id) if (text := clean(value or ""))), None
    )
    if record_id is None:
        raise EventRefused("an identify event needs a recordId, userId or anonymousId, this has none", code="no_identifier")
    traits = event.traits
    # The country of the address tells how a telephone number without a country code is read.
    given = _address_given(traits)
    country = country_code(given.country) if given is not None and given.country else None
    gatherer = IdentifierGatherer(region=country or region)
    gather_common(gatherer, event)
    gather_traits(gatherer, traits, path="traits")
    address = NO_ADDRESS if given is None else normalise_address(given, default_country=region)
    _gather_addresses(gatherer, traits, address, default_country=region)
    entity_type = _entity_type(traits)
    name, name_given = _name(gatherer, traits, entity_type)
    birth_date = _birth_date(gatherer, traits, recorded_at.date())
    if name.given and name.family and birth_date and len(name.given) > 1 and len(name.family) > 1:
        value = f"{name.given}|{name.family}|{birth_date.isoformat()}"
        gatherer.put(NAME_BIRTH_DATE, value, field="traits", given=value)
    consent = _consent(gatherer, event)
    gender = _gender(gatherer, traits)
    return RecordVersion(
        id=MessageId(event.message_id),
        at=at,
        recorded_at=recorded_at,
        source=event.source,
        body_sha256=body_sha256,
        identifiers=gatherer.identifiers,
        rejected=tuple(gatherer.rejected),
        body=body,
        record_id=RecordId(f"{event.source}:{record_id}"),
        source_record_id=record_id,
        entity_type=entity_type,
        name=name,
        name_given=name_given,
        birth_date=birth_date,
        gender=gender,
        address=address,
        address_given=(given.line or None) if given is not None else None,
        consent=consent,
        traits=orjson.dumps(traits, option=orjson.OPT_SORT_KEYS).decode(),
    )


def _entity_type(traits: Mapping[str, Any]) -> str:
    """``organization`` if the traits say so, or name an organisation and no person."""
    stated = scalar(traits.get("entityType"))
    if stated is not None:
        return "organization" if fold(stated) in ("organization", "organisation", "company", "business") else "person"
    if any(scalar(traits.get(field)) for field in ("firstName", "first_name", "lastName", "last_name", "name")):
        return "person"
    return "organization" if _organization(traits) else "person"


def _organization(traits: Mapping[str, Any]) -> str | None:
    for field in ("company", "organization", "organisation"):
        value = traits.get(field)
        text = scalar(value.get("name")) if isinstance(value, dict) else scalar(value)
        if text:
            return text
    return None


def _name(gatherer: IdentifierGatherer, traits: dict[str, Any], entity_type: str) -> tuple[PersonName, str | None]:
    for field in ("name", "firstName", "lastName", "middleName"):
        if (value := traits.get(field)) is not None and not isinstance(value, str):
            gatherer.reject(f"traits.{field}", value, f"the name is {kind_of(value)}, not text")
    line = _text(traits, "name", "fullName", "full_name")
    if entity_type == "organization":
        line = line or _organization(traits)
        return (organization_name(line), line) if line else (NO_NAME, None)
    given, middle, family, suffix = (
        _text(traits, *fields) or ""
        for fields in (
            ("firstName", "first_name", "givenName", "given_name"),
            ("middleName", "middle_name"),
            ("lastName", "last_name", "familyName", "family_name"),
            ("suffix", "nameSuffix", "name_suffix"),
        )
    )
    if given or family:
        parts = name_from_parts(given=given, middle=middle, family=family, suffix=suffix)
        return parts, line or " ".join(part for part in (given, middle, family, suffix) if part)
    return (name_from_line(line), line) if line else (NO_NAME, None)


def _text(traits: dict[str, Any], *fields: str) -> str | None:
    """The first of the fields that holds text, cut to what a name can be."""
    return next((text[:500] for field in fields if isinstance(value := traits.get(field), str) and (text := clean(value))), None)


def _birth_date(gatherer: IdentifierGatherer, traits: dict[str, Any], today: date) -> date | None:
    for field in ("birthDate", "birthday", "dateOfBirth", "birth_date", "date_of_birth"):
        value = traits.get(field)
        if value is None or value == "":
            continue
        text = scalar(value)
        if text is None:
            if not isinstance(value, str):
                gatherer.reject(f"traits.{field}", value, f"the birth date is {kind_of(value)}, not text")
            continue
        result = parse_birth_date(text, today=today)
        if isinstance(result, Unusable):
            gatherer.reject(f"traits.{field}", value, result.reason)
            continue
        return result
    return None


def _gender(gatherer: IdentifierGatherer, traits: dict[str, Any]) -> str | None:
    value = traits.get("gender", traits.get("sex"))
    if value is None or value == "":
        return None
    text = fold(scalar(value) or "")
    if text in _GENDERS:
        return _GENDERS[text]
    if text not in _NOT_STATED:
        gatherer.reject("traits.gender", value, "not one of the genders that are understood: female, male, other")
    return None


def _address_given(traits: dict[str, Any]) -> Any:
    value = traits.get("address")
    if isinstance(value, dict | str) and value:
        return given_address(value)
    parts = {field: traits[field] for field in ("street", "city", "state", "postalCode", "country") if traits.get(field)}
    return given_address(parts) if parts else None


def _gather_addresses(
    gatherer: IdentifierGatherer, traits: dict[str, Any], address: PostalAddress, *, default_country: str
) -> None:
    value = traits.get("address")
    if value is not None and not isinstance(value, dict | str):
        gatherer.reject("traits.address", value, f"the address is {kind_of(value)}, not an object or text")
    found = [("traits.address", address)]
    more = traits.get("addresses")
    if isinstance(more, list):
        found += [
            (f"traits.addresses[{index}]", normalise_address(given_address(item), default_country=default_country))
            for index, item in enumerate(more[:100])
            if isinstance(item, dict | str)
        ]
    for field, each in found:
        if (key := address_key(each)) is not None:
            gatherer.put(POSTAL_ADDRESS, key, field=field, given=key)


def _consent(gatherer: IdentifierGatherer, event: Identify) -> dict[str, str]:
    """Purpose to state, from the context and the traits; of two statements on one purpose the stricter holds."""
    states: dict[str, str] = {}
    stated: list[tuple[str, Any, Any]] = []
    if event.context.consent is not None:
        preferences = event.context.consent.category_preferences
        stated += [("context.consent.categoryPreferences", purpose, value) for purpose, value in preferences.items()]
    trait = event.traits.get("consent")
    if isinstance(trait, dict):
        stated += [("traits.consent", purpose, value) for purpose, value in trait.items()]
    elif trait is not None:
        # "consent: true" does not say to what: nothing is granted by it.
        gatherer.reject("traits.consent", trait, f"consent is {kind_of(trait)}, not an object of purpose and state")
    for field, purpose, value in stated:
        state = {True: "granted", False: "denied"}.get(value) if isinstance(value, bool) else value
        name = clean(purpose)[:200]
        if not name or state not in _STATES:
            gatherer.reject(f"{field}.{name}", value, "not true, false, granted, denied, revoked or unknown")
            continue
        known = states.get(name)
        if known is None or _STATES.index(state) < _STATES.index(known):
            states[name] = state
    return dict(sorted(states.items()))
