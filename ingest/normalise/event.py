"""Events, from bytes to evidence: the one way in, whatever brought them."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson
from pydantic import ValidationError

from graph.model.evidence import RecordVersion, Touchpoint
from ingest.normalise.record import to_record_version
from ingest.normalise.refused import EventRefused, quoted
from ingest.normalise.touchpoint import to_touchpoint
from ingest.wire import EARLIEST_YEAR, EVENT_TYPES, MAX_DEPTH, MAX_EVENT_BYTES, WIRE_EVENT, Identify, WireEvent, happened_at

__all__ = ["EventRefused", "body_digest", "parse_event", "to_evidence", "understand"]

LATEST_AHEAD: Final = timedelta(days=1)
"""How far in the future an event may be: clocks and time zones set wrong stay within it."""
TOLERATED_SKEW: Final = timedelta(seconds=10)
"""A difference between the sender's clock and ours that the way of the event explains."""
TRANSPORT_FIELDS: Final = ("sentAt", "receivedAt", "writeKey", "_metadata")
"""Fields that change when a sender tries the same event again; as does ``context.ip``, for telephones travel."""

_TIME_FIELDS: Final = ("timestamp", "originalTimestamp", "sentAt", "receivedAt")


def parse_event(body: bytes) -> WireEvent:
    """The event that ``body`` is, checked against the wire schema.

    JSON is read strictly (no NaN, no lone surrogates, no byte order mark); of a name that is written twice the last counts.

    Raises:
        EventRefused: with a code that says why, see there.
    """
    _require_size(body)
    try:
        values = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise EventRefused(f"the event is not JSON: {error.msg} at byte {error.pos}", code="malformed_json") from error
    return understand(values, body=body)


def understand(values: object, *, body: bytes) -> WireEvent:
    """The event that ``body`` is, once that is read as ``values``; see ``parse_event``.

    Raises:
        EventRefused: with a code that says why, see there.
    """
    _require_size(body)
    if not isinstance(values, dict):
        raise EventRefused("the event is JSON but not an object", code="not_an_object")
    if nests_deeper(values, MAX_DEPTH, body=body):
        raise EventRefused(f"the event nests deeper than {MAX_DEPTH} levels", code="too_deep")
    kind = values.get("type")
    if kind not in EVENT_TYPES:
        observed = "has no type" if kind is None else f"has the type {quoted(kind)}"
        raise EventRefused(f"the event {observed}; known are {', '.join(EVENT_TYPES)}", code="unknown_event_type", field="type")
    try:
        return WIRE_EVENT.validate_python(values)
    except ValidationError as error:
        raise _refusal(error) from error


def to_evidence(event: WireEvent, *, recorded_at: datetime, region: str) -> Touchpoint | RecordVersion:
    """What the event says, normalised: a record version for ``identify``, a touchpoint for the others.

    ``recorded_at`` is when the event was first accepted durably, ``region`` the country assumed for telephone numbers and
    addresses that state none. Single values that cannot be understood are among ``rejected`` and are evidence of nothing.

    Raises:
        EventRefused: ``timestamp_out_of_range``, ``no_identifier`` or ``too_many_identifiers``.
    """
    at = _at(event, recorded_at)
    values = event.model_dump(mode="json", by_alias=True, exclude_unset=True)
    body = _canonical(values)
    digest = _digest(values, body=body)
    recorded = recorded_at.astimezone(UTC)
    make = to_record_version if isinstance(event, Identify) else to_touchpoint
    return make(event, at=at, recorded_at=recorded, region=region, body=body.decode(), body_sha256=digest)  # type: ignore[arg-type]


def body_digest(event: WireEvent) -> str:
    """SHA-256, in hex, of the event as canonical JSON (names sorted), less what changes when its sender tries again."""
    values = event.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return _digest(values, body=_canonical(values))


def _require_size(body: bytes) -> None:
    if len(body) > MAX_EVENT_BYTES:
        raise EventRefused(f"the event has {len(body)} bytes, at most {MAX_EVENT_BYTES} are taken", code="event_too_large")


def _at(event: WireEvent, recorded_at: datetime) -> datetime:
    """When the event happened, by our clock.

    Segment's rule: ``receivedAt - (sentAt - originalTimestamp)`` puts right a sender's clock that is wrong by more than
    ``TOLERATED_SKEW``. Where the event has both ``timestamp`` and ``originalTimestamp``, Segment has applied it already. Without
    ``receivedAt`` nothing is put right: an event from a file was sent long before it is recorded, on a right clock.
    """
    at = happened_at(event, received_at=recorded_at)
    corrected = event.timestamp is not None and event.original_timestamp is not None
    try:
        if event.sent_at is not None and event.received_at is not None and not corrected:
            skew = event.received_at - event.sent_at
            if abs(skew) > TOLERATED_SKEW:
                at = at + skew
        at = at.astimezone(UTC)
    except OverflowError:
        raise EventRefused("the event's time is outside the calendar", code="timestamp_out_of_range", field="timestamp") from None
    if at.year < EARLIEST_YEAR:
        raise EventRefused(
            f"the event's time {at.isoformat()} is before {EARLIEST_YEAR}", code="timestamp_out_of_range", field="timestamp"
        )
    if at > recorded_at + LATEST_AHEAD:
        raise EventRefused(
            f"the event's time {at.isoformat()} is more than a day in the future",
            code="timestamp_out_of_range",
            field="timestamp",
        )
    return at


def _canonical(values: dict[str, Any]) -> bytes:
    return orjson.dumps(values, option=orjson.OPT_SORT_KEYS)


def _digest(values: dict[str, Any], *, body: bytes) -> str:
    """Of an event whose canonical JSON is ``body``."""
    context = values.get("context")
    has_address = isinstance(context, dict) and "ip" in context
    if has_address or not values.keys().isdisjoint(TRANSPORT_FIELDS):
        stable = {name: value for name, value in values.items() if name not in TRANSPORT_FIELDS}
        if isinstance(context, dict) and has_address:
            stable["context"] = {name: value for name, value in context.items() if name != "ip"}
        body = _canonical(stable)
    return hashlib.sha256(body).hexdigest()


def _refusal(error: ValidationError) -> EventRefused:
    """The first thing that the schema holds against the event."""
    first = error.errors(include_url=False, include_context=False)[0]
    # The first part of the location is the event type that told the schemas apart.
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"][1:]).lstrip(".")
    given = first["input"]
    if first["type"] == "missing":
        return EventRefused(f"{path} is missing", code="invalid_field", field=path)
    observed = f"{path} is {quoted(given)}: {first['msg']}"
    if path in _TIME_FIELDS and isinstance(given, str) and given[:5].lstrip("+-").startswith("0000"):
        return EventRefused(observed, code="timestamp_out_of_range", field=path)
    return EventRefused(observed, code="invalid_field", field=path[:200])


def nests_deeper(value: dict[str, Any] | list[Any], levels: int, *, body: bytes) -> bool:
    """Whether objects and lists of ``value``, read from ``body``, nest deeper than ``levels``."""
    # Nothing nests deeper than it has brackets, and these are counted faster.
    if body.count(b"{") + body.count(b"[") <= levels:
        return False
    # A loop, for recursion is what this guards against.
    layer: list[Any] = [value]
    for _ in range(levels):
        layer = [
            item
            for container in layer
            for item in (container.values() if isinstance(container, dict) else container)
            if isinstance(item, dict | list)
        ]
        if not layer:
            return False
    return True
