"""A client that nobody here wrote, Segment's own for Python, pointed at the collector by its host."""

import asyncio
import itertools
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from segment.analytics.client import Client

EVENTS = 10_000
PEOPLE = 500
EVENTS_PER_PERSON = EVENTS // PEOPLE
START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
PAGES = ("Home", "Search", "Basket")


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


def send(host: str, errors: list[Exception]) -> list[str]:
    """Send everybody's calls, interleaved; the ids that the client gave them."""
    client = Client(
        "key-of-the-shop",
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


async def test_every_event_is_in_the_graph_once_and_a_visit_is_joined_to_who_signs_in(collector_url, intake, query) -> None:
    errors: list[Exception] = []
    sent = await asyncio.to_thread(send, collector_url, errors)
    assert errors == []
    assert await intake.parked() == []

    assert len(sent) == len(set(sent)) == EVENTS
    rows = await query("MATCH (evidence:Touchpoint|RecordVersion) RETURN evidence.id AS id")
    assert Counter(row["id"] for row in rows) == Counter(sent)

    [counts] = await query(
        "MATCH (t:Touchpoint) WITH count(t) AS touchpoints MATCH (v:RecordVersion) RETURN touchpoints, count(v) AS versions"
    )
    assert counts == {"touchpoints": EVENTS - PEOPLE, "versions": PEOPLE}

    history = await query(
        """
        MATCH (:Identifier {key: 'email:person42@kindred.example.com'})<-[:CARRIES]-(:Record)-[:CARRIES]->(id:Identifier)
        MATCH (id)<-[:CARRIES]-(visit:Touchpoint {type: 'page_view'})
        RETURN DISTINCT id.key AS key, count(visit) AS visits
        """
    )
    assert history == [{"key": "anonymous_id:cookie-42", "visits": 8}]
    [seen] = await query(
        "MATCH (:Identifier {key: 'anonymous_id:cookie-42'})-[seen:SEEN_WITH]->(:Identifier {key: 'user_id:user-42'}) "
        "RETURN count(seen) AS links"
    )
    assert seen == {"links": 1}
