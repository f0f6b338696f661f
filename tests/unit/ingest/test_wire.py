"""The wire schema: what is taken, and what is refused with which words."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from ingest.normalise.event import EventRefused, parse_event
from ingest.wire import MAX_EVENT_BYTES, Identify, Track


def body(**changes: Any) -> bytes:
    return orjson.dumps({"type": "track", "messageId": "m-1", "event": "Order Completed", "anonymousId": "a-1"} | changes)


def refusal(content: bytes) -> EventRefused:
    with pytest.raises(EventRefused) as refused:
        parse_event(content)
    return refused.value


def test_reads_an_event_and_keeps_what_it_does_not_know() -> None:
    event = parse_event(body(timestamp="2026-02-01T10:00:00+02:00", integrations={"All": True}))
    assert isinstance(event, Track)
    assert event.timestamp == datetime(2026, 2, 1, 8, tzinfo=UTC)
    assert (event.model_extra or {})["integrations"] == {"All": True}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "malformed_json"),
        (b'{"type": "track"', "malformed_json"),
        (b'{"type": NaN}', "malformed_json"),
        (b'{"type": "\\ud800"}', "malformed_json"),
        (b'{"type": "\xff"}', "malformed_json"),
        (b"[1, 2]", "not_an_object"),
        (b'"track"', "not_an_object"),
        (b"{}", "unknown_event_type"),
        (b'{"type": "tracking"}', "unknown_event_type"),
        (b'{"type": {"a": 1}}', "unknown_event_type"),
        (b"[" * 5_000 + b"]" * 5_000, "malformed_json"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "too_deep"),
        (b" " * (MAX_EVENT_BYTES + 1), "event_too_large"),
    ],
)
def test_refuses_what_is_no_event(content: bytes, code: str) -> None:
    assert refusal(content).code == code


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"messageId": None}, "messageId", "invalid_field"),
        ({"messageId": ""}, "messageId", "invalid_field"),
        ({"messageId": "a\r\nNats-Msg-Id: b"}, "messageId", "invalid_field"),
        ({"messageId": "x" * 201}, "messageId", "invalid_field"),
        ({"event": 5}, "event", "invalid_field"),
        ({"userId": ["u"]}, "userId", "invalid_field"),
        ({"userId": "u" * 513}, "userId", "invalid_field"),
        ({"source": "shop; DROP"}, "source", "invalid_field"),
        ({"properties": [1]}, "properties", "invalid_field"),
        ({"timestamp": "yesterday"}, "timestamp", "invalid_field"),
        ({"timestamp": 2019}, "timestamp", "invalid_field"),
        ({"timestamp": "2019"}, "timestamp", "invalid_field"),
        ({"timestamp": "2026-02-01T10:00:00"}, "timestamp", "invalid_field"),
        ({"timestamp": "0000-01-01T00:00:00Z"}, "timestamp", "timestamp_out_of_range"),
        ({"context": {"externalIds": [{"id": "1", "type": "9"}]}}, "context.externalIds[0].type", "invalid_field"),
        ({"context": {"consent": {"categoryPreferences": {"ads": "perhaps"}}}}, None, "invalid_field"),
    ],
)
def test_names_the_field_that_is_wrong(changes: dict[str, Any], field: str | None, code: str) -> None:
    error = refusal(body(**changes))
    assert error.code == code
    if field is not None:
        assert error.field == field
        assert field in str(error)


def test_messages_quote_little_of_a_value() -> None:
    assert len(str(refusal(body(userId="u" * 100_000)))) < 250


def test_whole_numbers_are_ids_and_nulls_and_empty_ids_are_absent() -> None:
    event = parse_event(body(userId=42, anonymousId="", properties=None, context=None))
    assert (event.user_id, event.anonymous_id) == ("42", None)
    assert isinstance(event, Track)
    assert event.properties == {}


def test_types_of_external_ids_become_namespaces() -> None:
    event = parse_event(body(context={"externalIds": [{"id": "1", "type": "ios.idfa"}, {"id": "2", "type": "GA Client-ID"}]}))
    assert [each.type for each in event.context.external_ids] == ["ios_idfa", "ga_client_id"]


def test_of_a_name_written_twice_the_last_counts() -> None:
    event = parse_event(b'{"type":"identify","messageId":"m","userId":"a","userId":"b"}')
    assert isinstance(event, Identify)
    assert event.user_id == "b"
