"""What holds for every input, tried on many drawn at random."""

import random
from datetime import UTC, date, datetime
from typing import Any

import orjson
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest.normalise.addresses import GivenAddress, address_key, normalise_address
from ingest.normalise.dates import read_date
from ingest.normalise.emails import normalise_email
from ingest.normalise.event import EventRefused, body_digest, parse_event, to_evidence
from ingest.normalise.identifiers import normalise_identifier
from ingest.normalise.names import name_from_line, name_from_parts
from ingest.normalise.phones import normalise_phone
from ingest.normalise.refused import Unusable
from ingest.normalise.text import clean, fold

NOW = datetime(2026, 3, 1, tzinfo=UTC)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
SCALAR = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | TEXT
JSON: st.SearchStrategy[Any] = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=12
)
TRAIT_NAMES = (
    *("name", "firstName", "lastName", "suffix", "birthday", "email", "emails", "phone", "phones", "address", "addresses"),
    *("gender", "consent", "company", "entityType", "loyaltyId", "street", "city"),
)
TRAITS = st.dictionaries(
    st.sampled_from(TRAIT_NAMES) | TEXT,
    JSON | st.fixed_dictionaries({"street": TEXT, "city": TEXT, "postalCode": SCALAR, "state": TEXT, "country": TEXT}),
    max_size=6,
)
PROPERTIES = st.dictionaries(
    st.sampled_from(
        ["total", "revenue", "value", "currency", "products", "order_id", "product_id", "price", "quantity", "channel"]
    )
    | TEXT,
    JSON
    | st.lists(
        st.dictionaries(st.sampled_from(["product_id", "sku", "price", "quantity", "name"]), JSON, max_size=4), max_size=3
    ),
    max_size=6,
)
EVENTS = st.fixed_dictionaries(
    {"type": st.sampled_from(["identify", "track", "page", "screen", "group", "alias"]), "messageId": st.just("m")},
    optional={
        "userId": st.just("u") | JSON,
        "anonymousId": st.just("a") | JSON,
        "event": st.sampled_from(["Order Completed", "Product Viewed"]) | JSON,
        "name": JSON,
        "groupId": st.just("g"),
        "previousId": TEXT,
        "timestamp": st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat) | JSON,
        "sentAt": st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat),
        "receivedAt": st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat),
        "traits": TRAITS | JSON,
        "properties": PROPERTIES | JSON,
        "context": st.dictionaries(
            st.sampled_from(["traits", "page", "device", "campaign", "channel", "externalIds", "os", "library", "consent"]),
            JSON | TRAITS,
            max_size=4,
        )
        | JSON,
    },
)


def taken(event: Any) -> Any:
    """The evidence of an event, or None where it is refused; anything else that is raised fails the test."""
    try:
        return to_evidence(parse_event(orjson.dumps(event)), recorded_at=NOW, region="US")
    except EventRefused as error:
        refused = error
    assert refused.code
    assert len(str(refused)) < 500
    return None


@given(TEXT)
def test_text_twice_is_text_once(text: str) -> None:
    assert clean(clean(text)) == clean(text)
    assert fold(fold(text)) == fold(text)
    assert fold(text).isascii()


@given(TEXT)
def test_values_twice_are_values_once(text: str) -> None:
    for namespace in ("email", "phone", "passport", "crm_id", "device_id"):
        once = normalise_identifier(namespace, text, region="US")
        assert isinstance(once, Unusable) or normalise_identifier(namespace, once, region="US") == once


@given(st.emails())
def test_email_addresses_twice_are_once(text: str) -> None:
    once = normalise_email(text)
    assert isinstance(once, Unusable) or normalise_email(once) == once


@example("+2130000000000", "US")
@given(st.from_regex(r"\+?[0-9() .x-]{5,20}", fullmatch=True), st.sampled_from(["US", "GB", "DE", "CN"]))
def test_telephone_numbers_twice_are_once(text: str, region: str) -> None:
    once = normalise_phone(text, region)
    assert isinstance(once, Unusable) or normalise_phone(once, region) == once


@given(TEXT | st.dates().map(date.isoformat) | st.from_regex(r"[0-9]{1,4}[-/. ][0-9A-Za-z]{1,4}[-/. ][0-9]{1,4}", fullmatch=True))
def test_dates_are_dates_or_unusable(text: str) -> None:
    result = read_date(text)
    assert isinstance(result, Unusable) or read_date(result.isoformat()) == result


@given(TEXT, TEXT, TEXT, TEXT)
def test_names_twice_are_names_once(given_name: str, middle: str, family: str, suffix: str) -> None:
    once = name_from_parts(given=given_name, middle=middle, family=family, suffix=suffix)
    assert once.full is None or once.full == " ".join(filter(None, (once.given, once.middle, once.family, once.suffix)))
    assert all(part == fold(part) for part in (once.given, once.middle, once.family, once.suffix) if part)
    name_from_line(given_name)


@given(TEXT, TEXT, TEXT, TEXT, st.sampled_from(["", "US", "Germany", "AU"]))
def test_addresses_are_folded(street: str, city: str, region: str, postal_code: str, country: str) -> None:
    given_address = GivenAddress(
        street=clean(street), city=clean(city), region=clean(region), postal_code=clean(postal_code), country=country
    )
    result = normalise_address(given_address, default_country="US")
    assert all(part == fold(part) for part in (result.street, result.city, result.postal_code) if part)
    assert (address_key(result) or "1").strip()


@settings(max_examples=400)
@given(EVENTS | JSON)
def test_every_event_is_taken_or_refused_and_nothing_else(event: Any) -> None:
    first = taken(event)
    if first is None:
        return
    assert [each.key for each in first.identifiers] == sorted({each.key for each in first.identifiers})
    assert all(each.value and len(each.value) <= 512 for each in first.identifiers)
    # What is kept says the same: a replay of it changes nothing.
    assert to_evidence(parse_event(first.body.encode()), recorded_at=NOW, region="US") == first


@given(st.binary(max_size=200))
def test_every_run_of_bytes_is_taken_or_refused(body: bytes) -> None:
    code = "taken"
    try:
        parse_event(body)
    except EventRefused as refused:
        code = refused.code
    assert code


def shuffled(value: Any, chance: random.Random) -> Any:
    if isinstance(value, dict):
        names = list(value)
        chance.shuffle(names)
        return {name: shuffled(value[name], chance) for name in names}
    return [shuffled(item, chance) for item in value] if isinstance(value, list) else value


@given(EVENTS, st.randoms(use_true_random=False))
def test_the_order_of_names_does_not_change_the_digest(event: Any, chance: random.Random) -> None:
    if taken(event) is None:
        return
    other = shuffled(event, chance)
    assert body_digest(parse_event(orjson.dumps(event))) == body_digest(parse_event(orjson.dumps(other)))
