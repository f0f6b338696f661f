"""The demonstration's event stream: valid on the wire, the same every time, and no wiser than the records it is made from."""

from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import runtime.demo.retail
from ingest.wire import WIRE_EVENT
from runtime.demo.retail import DEMO_DATE, PASSERS_BY, Customer, read_customers, retail_events

DATA = Path(runtime.demo.retail.__file__).parent / "data" / "senzing_truthset"


@pytest.fixture(scope="module")
def customers() -> list[Customer]:
    return read_customers(DATA / "customers.csv")


@pytest.fixture(scope="module")
def events(customers: list[Customer]) -> list[dict[str, Any]]:
    return retail_events(customers)


def identifiers(event: dict[str, Any]) -> set[tuple[str, str]]:
    """What an event carries that could point to a person."""
    found = {(name, event[name]) for name in ("userId", "anonymousId", "recordId") if name in event}
    context = event.get("context", {})
    found |= {(external["type"], external["id"]) for external in context.get("externalIds", [])}
    found |= {("device_id", context["device"]["id"])} if "device" in context else set()
    found |= {(name, event.get("traits", {})[name]) for name in ("email", "phone") if name in event.get("traits", {})}
    return found


def test_customers_are_people_who_can_be_reached(customers: list[Customer]) -> None:
    assert len(customers) > 50
    assert all(customer.email or customer.can_be_called for customer in customers)
    sentosa = next(customer for customer in customers if customer.record_id == "1034")
    assert sentosa.email == "msentosa@fmail.com"


def test_every_event_is_valid_on_the_wire(events: list[dict[str, Any]]) -> None:
    for event in events:
        WIRE_EVENT.validate_python(event)


def test_the_same_every_time(customers: list[Customer], events: list[dict[str, Any]]) -> None:
    assert retail_events(customers) == events
    assert len({event["messageId"] for event in events}) == len(events)


def test_another_seed_is_another_stream(customers: list[Customer], events: list[dict[str, Any]]) -> None:
    other = retail_events(customers, seed="other")
    assert {event["messageId"] for event in other}.isdisjoint(event["messageId"] for event in events)


def test_order_of_records_does_not_matter(customers: list[Customer], events: list[dict[str, Any]]) -> None:
    assert retail_events(customers[::-1]) == events


def test_in_order_and_before_the_demonstration(events: list[dict[str, Any]]) -> None:
    times = [datetime.fromisoformat(event["timestamp"]) for event in events]
    assert times == sorted(times)
    assert times[-1] <= DEMO_DATE


def test_every_channel_has_its_events(events: list[dict[str, Any]]) -> None:
    sources = Counter(event["source"] for event in events)
    assert sources.keys() == {"web", "app", "pos", "email", "service"}
    names = Counter(event.get("event") for event in events)
    assert all(
        names[name] > 5 for name in ("Product Viewed", "Product Added", "Order Completed", "Email Opened", "Ticket Opened")
    )


def test_browsing_is_anonymous_until_the_sign_in(events: list[dict[str, Any]]) -> None:
    by_cookie = defaultdict(list)
    for event in events:
        if "anonymousId" in event:
            by_cookie[event["anonymousId"]].append("userId" in event)
    signed_in = [known for known in by_cookie.values() if any(known)]
    assert len(by_cookie) == len(signed_in) + PASSERS_BY
    for known in signed_in:
        assert not known[0]
        assert known == sorted(known), "an anonymous event came after the sign-in"


def test_events_of_one_record_carry_no_other_records_identifiers(customers: list[Customer]) -> None:
    """A stream made of one record alone is part of the whole: nothing was taken from a neighbour."""
    whole = {event["messageId"]: event for event in retail_events(customers)}
    for customer in customers:
        alone = retail_events([customer])
        assert all(whole[event["messageId"]] == event for event in alone)
        carried = {value for event in alone for kind, value in identifiers(event) if kind in ("email", "phone")}
        assert carried <= {customer.email, customer.phone}
