"""Events into evidence."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
import pytest

from graph.model.evidence import RecordVersion, Touchpoint
from graph.model.touchpoint_types import CHANNELS, TOUCHPOINT_TYPES
from ingest.normalise import kinds
from ingest.normalise.event import EventRefused, body_digest, parse_event, to_evidence

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def evidence(**event: Any) -> Touchpoint | RecordVersion:
    return to_evidence(parse_event(orjson.dumps({"messageId": "m-1"} | event)), recorded_at=NOW, region="US")


def identify(traits: dict[str, Any], **event: Any) -> RecordVersion:
    result = evidence(**{"type": "identify", "userId": "u-1", "traits": traits} | event)
    assert isinstance(result, RecordVersion)
    return result


def track(event: str, properties: dict[str, Any] | None = None, **fields: Any) -> Touchpoint:
    result = evidence(**{"type": "track", "event": event, "anonymousId": "a-1", "properties": properties or {}} | fields)
    assert isinstance(result, Touchpoint)
    return result


def keys(result: Touchpoint | RecordVersion) -> list[str]:
    return [identifier.key for identifier in result.identifiers]


def test_a_claim_becomes_a_record_version() -> None:
    version = identify(
        {
            "firstName": "Robert",
            "lastName": "Smith",
            "birthday": "1978-12-11",
            "email": "Bob@Work.com",
            "phones": ["702-919-1300", 7029191300],
            "address": {"street": "123 Main Street", "city": "Las Vegas", "state": "NV", "postalCode": 89132},
            "gender": "Male",
        },
        source="crm",
        anonymousId="a-1",
        context={"externalIds": [{"id": "294-66-9999", "type": "ssn"}], "device": {"id": "d-1"}},
    )
    assert keys(version) == [
        "anonymous_id:a-1",
        "device_id:d-1",
        "email:bob@work.com",
        "name_birth_date:robert|smith|1978-12-11",
        "phone:+17029191300",
        "postal_address:123 main st|89132",
        "ssn:294669999",
        "user_id:u-1",
    ]
    assert (version.record_id, version.source_record_id) == ("crm:u-1", "u-1")
    assert (version.name.full, version.name_given) == ("robert smith", "Robert Smith")
    assert (version.birth_date, version.gender) == (date(1978, 12, 11), "m")
    assert version.address_given == "123 Main Street, Las Vegas, NV 89132"
    assert version.rejected == ()


def test_values_that_cannot_be_understood_are_kept_and_are_evidence_of_nothing() -> None:
    version = identify(
        {"email": "bob", "phone": "call me", "birthday": "0000-01-01", "gender": "??", "consent": True, "address": [1], "name": 5}
    )
    assert keys(version) == ["user_id:u-1"]
    assert {value.field: value.given for value in version.rejected} == {
        "traits.email": "bob",
        "traits.phone": "call me",
        "traits.birthday": "0000-01-01",
        "traits.gender": "??",
        "traits.consent": "true",
        "traits.address": "[1]",
        "traits.name": "5",
    }
    assert version.birth_date is None
    assert version.consent == {}


def test_the_record_is_named_by_record_then_user_then_anonymous_id() -> None:
    assert identify({}, recordId="r", anonymousId="a").source_record_id == "r"
    assert identify({}, anonymousId="a").source_record_id == "u-1"
    assert identify({}, userId=None, anonymousId="a").source_record_id == "a"


def test_initials_make_no_composite() -> None:
    assert keys(identify({"firstName": "B", "lastName": "Smith", "birthday": "1978-12-11"})) == ["user_id:u-1"]


def test_the_strictest_consent_holds() -> None:
    version = identify(
        {"consent": {"email": "granted", "sms": "revoked", "post": "perhaps"}},
        context={"consent": {"categoryPreferences": {"email": False, "ads": True}}},
    )
    assert version.consent == {"ads": "granted", "email": "denied", "sms": "revoked"}
    assert [value.field for value in version.rejected] == ["traits.consent.post"]


def test_organisations() -> None:
    assert identify({"name": "Universal Exports", "entityType": "organization"}).entity_type == "organization"
    by_company = identify({"company": {"name": "Universal Exports"}})
    assert (by_company.entity_type, by_company.name.full, by_company.name.given) == ("organization", "universal exports", None)
    assert identify({"company": "Universal Exports", "firstName": "Ann"}).entity_type == "person"


def test_the_country_of_the_address_reads_the_telephone_number() -> None:
    assert "phone:+442079460018" in keys(identify({"phone": "020 7946 0018", "address": {"country": "United Kingdom"}}))


def test_cypher_and_control_characters_in_names_are_text() -> None:
    version = identify({"firstName": "Rob\x00ert'); MATCH (n) DETACH DELETE n //", "lastName": "Sm\x1bith"})
    assert version.name.family == "smith"
    assert version.name.full == "robert match n detach delete n smith"


def test_an_order() -> None:
    order = track(
        "Order Completed",
        {
            "order_id": "o-1",
            "total": "25.005",
            "revenue": 20,
            "currency": "eur",
            "coupon": "SPRING",
            "storeId": 7,
            "products": [
                {"product_id": "p-1", "name": "Milk", "price": 2.5, "quantity": 2, "category": "dairy"},
                {"sku": "p-2", "price": "x"},
                {"product_id": "p-1", "quantity": 1},
                {"name": "no id"},
            ],
        },
        timestamp="2026-02-01T10:00:00+02:00",
        context={"campaign": {"name": "spring"}, "page": {"url": "https://shop.test/done", "title": "Thank you"}},
    )
    assert (order.type, order.channel, order.order_id, order.store_id) == ("order", "web", "o-1", "7")
    # Hundredths, half to even: 2500.5 is 2500.
    assert (order.value_cents, order.currency) == (2500, "EUR")
    assert (order.campaign, order.coupon, order.url, order.title) == ("spring", "SPRING", "https://shop.test/done", "Thank you")
    assert [(line.product_id, line.quantity, line.price_cents) for line in order.products] == [
        ("p-1", 3.0, 250),
        ("p-2", None, None),
    ]
    assert [value.field for value in order.rejected] == ["properties.products[1].price", "properties.products[3]"]
    assert order.at == datetime(2026, 2, 1, 8, tzinfo=UTC)


def test_the_names_of_the_specs_have_kinds_of_ours() -> None:
    assert set(kinds._EVENTS) <= set(TOUCHPOINT_TYPES)
    assert set(kinds._CHANNEL_NAMES.values()) == set(CHANNELS)
    assert track("product_viewed").type == "product_view"
    assert track("Shoe Laced").type == "other"


@pytest.mark.parametrize(
    ("event", "channel"),
    [
        ({"type": "page"}, "web"),
        ({"type": "screen"}, "app"),
        ({"type": "track", "event": "Email Opened"}, "email"),
        ({"type": "track", "event": "Store Visited"}, "store"),
        ({"type": "track", "event": "Order Completed", "properties": {"channel": "POS"}}, "store"),
        (
            {"type": "track", "event": "Order Completed", "context": {"channel": "app", "library": {"name": "analytics.js"}}},
            "app",
        ),
        ({"type": "track", "event": "Order Completed", "context": {"library": {"name": "analytics.js"}}}, "web"),
        ({"type": "track", "event": "Order Completed", "context": {"os": {"name": "iOS"}}}, "app"),
        ({"type": "track", "event": "Order Completed", "context": {"library": {"name": "analytics-python"}}}, "other"),
    ],
)
def test_channels(event: dict[str, Any], channel: str) -> None:
    result = evidence(**{"anonymousId": "a-1"} | event)
    assert isinstance(result, Touchpoint)
    assert result.channel == channel


def test_alias_and_group() -> None:
    visitor = "6d92078a-8246-4ba4-ae5b-76104861e7dc"
    assert keys(evidence(type="alias", userId="u-2", previousId=visitor)) == [f"anonymous_id:{visitor}", "user_id:u-2"]
    assert keys(evidence(type="alias", userId="u-2", previousId="u-1")) == ["user_id:u-1", "user_id:u-2"]
    # A group's id is no address for a person: it would fuse the group.
    assert keys(evidence(type="group", userId="u-1", groupId="acme")) == ["user_id:u-1"]


def refused(**event: Any) -> str:
    with pytest.raises(EventRefused) as error:
        evidence(**{"type": "track", "event": "x", "anonymousId": "a-1"} | event)
    return str(error.value.code)


def test_events_that_are_refused_whole() -> None:
    assert refused(anonymousId=None) == "no_identifier"
    assert refused(anonymousId=" \x00 ") == "no_identifier"
    assert refused(timestamp="1899-12-31T23:59:59Z") == "timestamp_out_of_range"
    assert refused(timestamp=(NOW + timedelta(days=1, seconds=1)).isoformat()) == "timestamp_out_of_range"
    assert refused(context={"externalIds": [{"id": str(n), "type": "crm_id"} for n in range(1_000)]}) == "too_many_identifiers"
    assert refused(type="identify", traits={"emails": [f"{n}@work.com" for n in range(101)]}) == "too_many_identifiers"
    assert track("x", timestamp=(NOW + timedelta(days=1)).isoformat()).at == NOW + timedelta(days=1)


def test_a_wrong_clock_is_put_right_only_when_it_is_known_to_be_wrong() -> None:
    happened, sent = "2026-03-01T08:00:00Z", "2026-03-01T08:00:30Z"
    # The sender's clock is two hours behind: received at 10:00:31 what it says it sent at 08:00:30.
    wrong = track("x", timestamp=happened, sentAt=sent, receivedAt="2026-03-01T10:00:31Z")
    assert wrong.at == datetime(2026, 3, 1, 10, 0, 1, tzinfo=UTC)
    # Ten seconds are the way.
    assert track("x", timestamp=happened, sentAt=sent, receivedAt="2026-03-01T08:00:40Z").at == datetime(
        2026, 3, 1, 8, tzinfo=UTC
    )
    # An event from a file was sent long before: its clock was right.
    assert track("x", timestamp=happened, sentAt=sent).at == datetime(2026, 3, 1, 8, tzinfo=UTC)
    # Segment has put this one right already.
    done = track(
        "x", timestamp=happened, originalTimestamp="2026-03-01T06:00:00Z", sentAt=sent, receivedAt="2026-03-01T10:00:31Z"
    )
    assert done.at == datetime(2026, 3, 1, 8, tzinfo=UTC)


def test_the_digest_is_of_what_the_sender_says_not_of_how_it_came() -> None:
    def digest(**event: Any) -> str:
        return body_digest(parse_event(orjson.dumps({"messageId": "m", "type": "track", "event": "x", "userId": "u"} | event)))

    plain = digest(context={"locale": "en"})
    assert plain == digest(
        context={"locale": "en", "ip": "1.2.3.4"}, sentAt="2026-03-01T08:00:00Z", receivedAt="2026-03-01T08:00:01Z"
    )
    assert plain != digest(context={"locale": "de"})
    first = parse_event(b'{"messageId":"m","type":"track","event":"x","userId":"u","properties":{"a":1,"b":2}}')
    again = parse_event(b'{"properties":{"b":2,"a":1},"userId":"u","event":"x","type":"track","messageId":"m"}')
    assert body_digest(first) == body_digest(again) == to_evidence(first, recorded_at=NOW, region="US").body_sha256


def test_the_kept_body_is_an_event_that_says_the_same() -> None:
    first = identify({"firstName": "Ann", "phone": "702-919-1300"}, timestamp="2026-02-01T10:00:00+02:00")
    again = to_evidence(parse_event(first.body.encode()), recorded_at=NOW, region="US")
    assert again == first
