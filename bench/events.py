"""Events made for measuring: people browsing, each with a cookie, an account and an e-mail address of their own."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from runtime.demo.catalogue import PRODUCTS

EVENTS_PER_PERSON = 20
_START = datetime(2026, 1, 1, tzinfo=UTC)


def browsing(count: int, *, source: str, seed: int, per_person: int = EVENTS_PER_PERSON) -> Iterator[dict[str, Any]]:
    """``count`` valid wire events, person after person, so that batches made of them in order hardly share a person."""
    chance = random.Random(seed)  # noqa: S311 (a reproducible stream, not a secret)
    for number in range(count):
        person = f"{source}-{number // per_person:07d}"
        product = PRODUCTS[chance.randrange(len(PRODUCTS))]
        # Half of the visits are signed in, as a shop's are.
        signed_in = number % per_person >= per_person // 2
        event: dict[str, Any] = {
            "type": "track",
            "messageId": f"{source}-{number:09d}",
            "source": source,
            "timestamp": (_START + timedelta(seconds=number)).isoformat(),
            "anonymousId": f"cookie-{person}",
            "event": "Product Viewed",
            "properties": {
                "product_id": product.id,
                "name": product.name,
                "category": product.category,
                "brand": product.brand,
                "price": product.price_cents / 100,
                "currency": "USD",
            },
            "context": {"page": {"url": f"https://shop.example/{product.id}", "title": product.name}},
        }
        if signed_in:
            event["userId"] = f"user-{person}"
            event["context"]["externalIds"] = [{"id": f"{person}@mail.example", "type": "email"}]
        yield event
