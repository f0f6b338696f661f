"""A client that nobody here wrote, Segment's own for Python, pointed at an installation by its host.

Everything is as a user has it: the stores, a worker and the server as processes of their own, ``kindred resolve``, and GraphQL
over HTTP.
"""

import asyncio
import itertools
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from neo4j import GraphDatabase
from segment.analytics.client import Client

from runtime.settings import Settings
from runtime.stack.address import stack_address
from runtime.stack.services import default_services
from runtime.stack.stack import Stack
from runtime.wiring import api_keys, write_keys

EVENTS = 10_000
PEOPLE = 500
EVENTS_PER_PERSON = EVENTS // PEOPLE
START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
PAGES = ("Home", "Search", "Basket")
DRAIN_SECONDS = 120
PROFILE = """
query ($email: String!) {
  profile(identifier: {namespace: "email", value: $email}) {
    ... on Profile {
      identityId
      visits: journey(first: 50, type: [PAGE_VIEW]) { totalCount edges { node { at channel } } }
      journey(first: 50) { totalCount }
      members(first: 50) { edges { node { key } } }
    }
  }
}
"""

pytestmark = pytest.mark.slow


@pytest.fixture
def installation(settings: Settings) -> Iterator[Settings]:
    """It runs: stores, worker and server. Resolving is left to the test."""
    services = [service for service in default_services(settings) if service.name != "resolver"]
    stack = Stack(settings, services=services, say=lambda _: None, on_jars=lambda _: None, chance=random.Random(2))
    try:
        asyncio.run(stack.up())
        yield settings
    finally:
        asyncio.run(stack.down())


def story_of(person: int, *, chance: random.Random) -> list[tuple[str, dict[str, Any]]]:
    """Twenty calls: a visit without a name, signing in with an e-mail address, then purchases with both ids."""
    anonymous = {"anonymous_id": f"cookie-{person}"}
    known = {"user_id": f"user-{person}", "anonymous_id": f"cookie-{person}"}
    at = START + timedelta(minutes=person)
    times = (at + timedelta(seconds=30 * step) for step in itertools.count())
    calls: list[tuple[str, dict[str, Any]]] = [
        ("page", {**anonymous, "name": chance.choice(PAGES), "timestamp": next(times)}) for _ in range(8)
    ]
    calls.append(("identify", {**known, "traits": {"email": f"person{person}@kindred.example.com"}, "timestamp": next(times)}))
    calls.append(("track", {**known, "event": "Signed In", "timestamp": next(times)}))
    while len(calls) < EVENTS_PER_PERSON:
        products = [{"product_id": f"sku-{person % 40}"}]
        properties = {"order_id": f"order-{person}-{len(calls)}", "total": 12.5, "products": products}
        calls.append(("track", {**known, "event": "Order Completed", "properties": properties, "timestamp": next(times)}))
    return calls


def send(host: str, write_key: str, errors: list[Exception]) -> list[str]:
    """Send everybody's calls, interleaved; the ids that the client gave them."""
    client = Client(
        write_key,
        host=host,
        max_queue_size=EVENTS + 1,
        gzip=True,
        thread=2,
        on_error=lambda error, _: errors.append(error),
    )
    chance = random.Random(7)
    stories = [story_of(person, chance=chance) for person in range(PEOPLE)]
    ids = []
    for calls in zip(*stories, strict=True):
        for method, arguments in calls:
            queued, message = getattr(client, method)(**arguments)
            assert queued
            ids.append(message["messageId"])
    client.flush()
    client.shutdown()
    return ids


def rows(settings: Settings, statement: str) -> list[dict[str, Any]]:
    """What the graph answers."""
    address = stack_address(settings).neo4j
    with GraphDatabase.driver(address.uri, auth=(address.user, address.password)) as driver:
        return [record.data() for record in driver.execute_query(statement).records]


def wait_for_events(settings: Settings) -> None:
    """Until the worker has written as many as were sent, or for two minutes."""
    deadline = time.monotonic() + DRAIN_SECONDS
    while time.monotonic() < deadline:
        [written] = rows(settings, "MATCH (evidence:Touchpoint|RecordVersion) RETURN count(evidence) AS count")
        if written["count"] >= EVENTS:
            return
        time.sleep(0.5)


def test_every_event_is_there_once_and_the_profile_by_email_holds_the_anonymous_history(installation: Settings) -> None:
    errors: list[Exception] = []
    url = f"http://127.0.0.1:{installation.port}"
    sent = send(url, write_keys(installation)["default"], errors)
    assert errors == []
    wait_for_events(installation)

    assert len(sent) == len(set(sent)) == EVENTS
    found = rows(installation, "MATCH (evidence:Touchpoint|RecordVersion) RETURN evidence.id AS id")
    assert Counter(row["id"] for row in found) == Counter(sent)
    [touchpoints] = rows(installation, "MATCH (touchpoint:Touchpoint) RETURN count(touchpoint) AS count")
    assert touchpoints == {"count": EVENTS - PEOPLE}

    resolve = [sys.executable, "-m", "runtime", "resolve", "--home", str(installation.home)]
    subprocess.run(resolve, check=True, capture_output=True, timeout=120)
    [people] = rows(installation, "MATCH (individual:Individual) WHERE individual.retired_at IS NULL RETURN count(*) AS count")
    assert people == {"count": PEOPLE}

    response = httpx.post(
        f"{url}/graphql",
        json={"query": PROFILE, "variables": {"email": "Person42@Kindred.Example.com"}},
        headers={"Authorization": f"Bearer {api_keys(installation)['development']}"},
    )
    assert "errors" not in response.json()
    profile = response.json()["data"]["profile"]
    # Eight pages were viewed by a cookie before it signed in; signing in and ten orders followed.
    assert profile["visits"]["totalCount"] == 8
    assert {edge["node"]["channel"] for edge in profile["visits"]["edges"]} == {"WEB"}
    assert profile["journey"]["totalCount"] == EVENTS_PER_PERSON - 1
    members = {edge["node"]["key"] for edge in profile["members"]["edges"]}
    assert members == {
        "anonymous_id:cookie-42",
        "default:user-42",  # the record that `identify` made, of the source that the write key stands for
        "email:person42@kindred.example.com",
        "user_id:user-42",
    }
