"""Events made for measuring a live shop: many visits at once, of customers who are known, on devices old and new."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from runtime.demo.catalogue import PRODUCTS

EVENTS_PER_VISIT = 10
AT_ONCE = 500
"""Visits under way at any moment; their events come mixed."""
SHARES = {"returning": 40, "returning, signs in": 20, "new cookie": 20, "new cookie, signs in": 12, "new customer": 8}
"""Of a hundred visits. Who signs in does so half way; a new cookie that does not sign in stays nobody's."""
_START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """A cookie and the account that it must be found with."""

    cookie: str
    user: str


@dataclass(slots=True, kw_only=True)
class _Visit:
    cookie: str
    user: str
    email: str
    signs_in: bool
    done: int = 0


class Visits:
    """A stream of events of a shop whose first ``customers`` customers are known.

    Each customer has a cookie, an account and an e-mail address of their own. The same arguments give the same events.
    """

    def __init__(self, *, customers: int, source: str, seed: int) -> None:
        self._customers = customers
        self._source = source
        self._chance = random.Random(seed)  # noqa: S311 (a reproducible stream, not a secret)
        self._new = 0
        self._number = 0
        self.sign_ins: list[SignIn] = []
        """Of cookies that were new, in the order in which they signed in."""

    def events(self, count: int) -> Iterator[dict[str, Any]]:
        """The next ``count`` events."""
        under_way = [self._visit() for _ in range(AT_ONCE)]
        for _ in range(count):
            place = self._chance.randrange(AT_ONCE)
            visit = under_way[place]
            yield self._event(visit)
            if visit.done == EVENTS_PER_VISIT:
                under_way[place] = self._visit()

    def _visit(self) -> _Visit:
        kind = self._chance.choices(list(SHARES), weights=list(SHARES.values()))[0]
        person = known_customer(self._chance.randrange(self._customers))
        visit = _Visit(cookie=person["cookie"], user=person["user"], email=person["email"], signs_in="signs in" in kind)
        if kind.startswith("new"):
            self._new += 1
            visit.cookie = f"cookie-{self._source}-{self._new}"
        if kind == "new customer":
            name = f"{self._source}-{self._new}"
            visit.user, visit.email, visit.signs_in = f"user-{name}", f"{name}@mail.example", True
        return visit

    def _event(self, visit: _Visit) -> dict[str, Any]:
        self._number += 1
        visit.done += 1
        event = _viewed(
            f"{self._source}-{self._number:09d}",
            cookie=visit.cookie,
            at=_START + timedelta(milliseconds=self._number),
            product=self._chance.randrange(len(PRODUCTS)),
        )
        if visit.signs_in and visit.done > EVENTS_PER_VISIT // 2:
            _sign_in(event, user=visit.user, email=visit.email)
            if visit.done == EVENTS_PER_VISIT // 2 + 1 and visit.cookie.startswith(f"cookie-{self._source}"):
                self.sign_ins.append(SignIn(cookie=visit.cookie, user=visit.user))
        return event


def known_customer(number: int) -> dict[str, str]:
    """The identifiers of a customer."""
    name = f"customer-{number:08d}"
    return {"cookie": f"cookie-{name}", "user": f"user-{name}", "email": f"{name}@mail.example"}


def introductions(customers: int) -> Iterator[dict[str, Any]]:
    """One event for each customer, by which they are known with all of their identifiers."""
    for number in range(customers):
        person = known_customer(number)
        event = _viewed(
            f"known-{number:09d}", cookie=person["cookie"], at=_START - timedelta(days=1), product=number % len(PRODUCTS)
        )
        _sign_in(event, user=person["user"], email=person["email"])
        yield event


def _viewed(message_id: str, *, cookie: str, at: datetime, product: int) -> dict[str, Any]:
    viewed = PRODUCTS[product]
    return {
        "type": "track",
        "messageId": message_id,
        "timestamp": at.isoformat(),
        "anonymousId": cookie,
        "event": "Product Viewed",
        "properties": {
            "product_id": viewed.id,
            "name": viewed.name,
            "category": viewed.category,
            "brand": viewed.brand,
            "price": viewed.price_cents / 100,
            "currency": "USD",
        },
        "context": {"page": {"url": f"https://shop.example/{viewed.id}", "title": viewed.name}},
    }


def _sign_in(event: dict[str, Any], *, user: str, email: str) -> None:
    event["userId"] = user
    event["context"]["externalIds"] = [{"id": email, "type": "email"}]
