"""Events made for measuring a live shop: many visits at once, of customers who are known, on devices old and new."""

import hashlib
import random
import uuid
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import accumulate
from typing import Any

from bench.population_words import Choice, words
from runtime.demo.catalogue import PRODUCTS

EVENTS_PER_VISIT = 10
AT_ONCE = 500
"""Visits under way at any moment; their events come mixed."""
SHARES = {"returning": 40, "returning, signs in": 20, "new cookie": 20, "new cookie, signs in": 12, "new customer": 8}
"""Of a hundred visits. Who signs in does so half way; a new cookie that does not sign in stays nobody's.

New customers say who they are and where they live when they sign in for the first time.
"""
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
    is_new: bool = False
    """Whether its cookie was never seen before."""
    home: int | None = None
    """Of a new customer: the number by which their name and home are made."""
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
            visit.is_new = True
            visit.cookie = _identifiers(f"{self._source} {self._new}")["cookie"]
        if kind == "new customer":
            mine = _identifiers(f"{self._source} {self._new}")
            visit.user, visit.email, visit.signs_in = mine["user"], mine["email"], True
            visit.home = self._customers + self._new
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
            if visit.done == EVENTS_PER_VISIT // 2 + 1 and visit.is_new:
                self.sign_ins.append(SignIn(cookie=visit.cookie, user=visit.user))
                if visit.home is not None:
                    return _identified(event, email=visit.email, number=visit.home)
        return event


def known_customer(number: int) -> dict[str, str]:
    """The identifiers of a customer."""
    return _identifiers(f"known {number}")


def _identifiers(name: str) -> dict[str, str]:
    """A cookie, an account and an e-mail address, each as different from others' as those of shops are."""
    drawn = hashlib.sha256(name.encode()).hexdigest()
    return {
        "cookie": str(uuid.UUID(drawn[:32])),
        "user": f"u-{drawn[32:44]}",
        "email": f"{drawn[44:54]}@mail.example",
    }


def introductions(customers: int) -> Iterator[dict[str, Any]]:
    """Events by which customers are known with all of their identifiers, by name and home.

    Every fourth has a loyalty card besides, whose record states the name and the home and nothing else in common.
    """
    for number in range(customers):
        person = known_customer(number)
        event = _viewed(
            f"known-{number:09d}", cookie=person["cookie"], at=_START - timedelta(days=1), product=number % len(PRODUCTS)
        )
        _sign_in(event, user=person["user"], email=person["email"])
        claim = _identified(event, email=person["email"], number=number)
        yield claim
        if number % 4 == 0:
            yield _loyalty_card(claim, number=number)


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


def _identified(event: dict[str, Any], *, email: str, number: int) -> dict[str, Any]:
    """A sign-in by which somebody is known by name and home; two live in each."""
    home, person, known = random.Random(number // 2), random.Random(f"person {number}"), words()  # noqa: S311
    town = home.randrange(len(known.states))
    traits = {
        "email": email,
        "firstName": _drawn("female" if number % 2 else "male", person),
        "lastName": _drawn("surnames", home),
        "birthday": str(date(1940, 1, 1) + timedelta(days=person.randrange(24_000))),
        "address": {
            "street": f"{home.randrange(1, 9_999)} {_drawn('streets', home)} street",
            "city": str(known.towns.words[town]),
            "state": str(known.states[town]),
            "postalCode": f"{known.first_postal_code[town]:05d}",
            "country": "US",
        },
    }
    kept = {name: value for name, value in event.items() if name not in ("event", "properties")}
    return {**kept, "type": "identify", "traits": traits}


def _loyalty_card(claim: dict[str, Any], *, number: int) -> dict[str, Any]:
    traits = {name: value for name, value in claim["traits"].items() if name != "email"} | {"loyaltyId": f"L{number:08d}"}
    return {
        "type": "identify",
        "messageId": f"card-{number:09d}",
        "timestamp": claim["timestamp"],
        "source": "loyalty",
        "recordId": f"card-{number:09d}",
        "traits": traits,
    }


def _drawn(kind: str, chance: random.Random) -> str:
    """A word, as often as it occurs."""
    texts, summed = _summed(kind)
    return texts[min(bisect(summed, chance.random() * summed[-1]), len(texts) - 1)].title()


@cache
def _summed(kind: str) -> tuple[list[str], list[float]]:
    choice: Choice = getattr(words(), kind)
    return [str(word) for word in choice.words], list(accumulate(choice.shares.tolist()))
