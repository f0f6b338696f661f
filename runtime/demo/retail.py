"""A retail event stream for the people of the demonstration's customer records.

Each customer record gets shopping of its own: anonymous browsing under a cookie, a later sign-in with the e-mail address or phone
number that this very record holds, carts, orders, app sessions, store receipts with a loyalty card, e-mails opened, calls to the
service desk. Nothing here knows which records are one person: whatever the stream joins, it joins through identifiers.

The same records, seed and date give the same events with the same message ids, so that sending them twice changes nothing.
"""

import csv
import random
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Any

from ingest.normalise.phones import normalise_phone
from runtime.demo.catalogue import CAMPAIGNS, CONTACT_REASONS, CURRENCY, PRODUCTS, SEARCHES, STORES, DemoProduct

DEMO_DATE = datetime(2026, 11, 16, 9, tzinfo=UTC)
"""The stream's last moment; fixed, so that the demonstration is the same on every day."""
DEMO_WEEKS = 12
DEMO_SEED = "kindred-demo"
REGION = "US"
PASSERS_BY = 25
"""Visitors who browse and never say who they are."""
SHOP = "https://shop.example"
LIBRARIES: dict[str, Any] = {
    "web": {"library": {"name": "analytics.js", "version": "next-1.70.0"}, "page": {"url": f"{SHOP}/"}},
    "app": {"library": {"name": "analytics-swift", "version": "1.6.2"}, "os": {"name": "iOS", "version": "18.1"}},
}
"""What the libraries that send such events say of themselves."""
_IDS = uuid.UUID("3d6f2b52-2f64-4f0c-8a55-9a4f1f0f7f6e")

Event = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """One customer record with a way to reach the person, as its source has it."""

    record_id: str
    given_name: str | None
    family_name: str | None
    email: str | None
    phone: str | None
    """As written; it may lack an area code."""

    @property
    def can_be_called(self) -> bool:
        """Whether the phone number is one that a till or a telephone system would know the customer by."""
        return self.phone is not None and isinstance(normalise_phone(self.phone, REGION), str)


def read_customers(path: Path) -> list[Customer]:
    """The people of ``customers.csv`` who can be reached by e-mail or phone, in the file's order.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["RECORD_TYPE"] == "PERSON"]
    customers = (
        Customer(
            record_id=row["RECORD_ID"],
            given_name=row["PRIMARY_NAME_FIRST"].strip() or None,
            family_name=row["PRIMARY_NAME_LAST"].strip() or None,
            email=parseaddr(row["EMAIL_ADDRESS"])[1] or None,
            phone=row["PHONE_NUMBER"].strip() or None,
        )
        for row in rows
    )
    return [customer for customer in customers if customer.email or customer.can_be_called]


def retail_events(
    customers: Sequence[Customer], *, seed: str = DEMO_SEED, until: datetime = DEMO_DATE, weeks: int = DEMO_WEEKS
) -> list[Event]:
    """All events of the last ``weeks`` weeks before ``until``, in the order they happened, as wire events of version 1."""
    events: list[Event] = []
    for customer in customers:
        events += Shopper(customer, seed=seed, until=until, weeks=weeks).events()
    for number in range(PASSERS_BY):
        events += _passer_by(number, seed=seed, until=until, weeks=weeks)
    return sorted(events, key=lambda event: (event["timestamp"], event["messageId"]))


class Shopper:
    """One customer record's shopping. Everything random comes from the seed and the record's id."""

    def __init__(self, customer: Customer, *, seed: str, until: datetime, weeks: int) -> None:
        self._customer = customer
        self._random = random.Random(f"{seed}/{customer.record_id}")  # noqa: S311 (a reproducible stream, not a secret)
        self._until = until
        self._start = until - timedelta(weeks=weeks)
        self._name = f"{seed}/{customer.record_id}"
        self._count = 0
        self._user_id = f"web-{customer.record_id}"
        self._cookie = str(uuid.uuid5(_IDS, f"{self._name}/cookie"))
        self._loyalty_id = f"LC{self._random.randrange(10**7, 10**8)}" if self._random.random() < 0.6 else None
        self._device_id = str(uuid.uuid5(_IDS, f"{self._name}/device")) if self._random.random() < 0.4 else None
        self._favourites = self._random.sample(PRODUCTS, 6)

    def events(self) -> Iterator[Event]:
        """The record's events, session by session."""
        online = self._customer.email is not None
        if online:
            yield from self._online()
        yield from self._in_store(visits=self._random.randint(0 if online else 1, 3))
        if self._customer.email is not None:
            yield from self._emails(self._customer.email)
        if self._random.random() < 0.35:
            yield self._service_call()

    def _online(self) -> Iterator[Event]:
        moments = sorted(self._moment() for _ in range(self._random.randint(3, 6)))
        # The first one or two visits are anonymous; the next one signs in, from then on the site knows who it is.
        anonymous = self._random.randint(1, 2)
        for number, at in enumerate(moments):
            signs_in = number == anonymous
            user_id = self._user_id if number >= anonymous else None
            if self._device_id is not None and number > anonymous and self._random.random() < 0.5:
                yield from self._app_session(at)
            else:
                yield from self._web_session(at, user_id=user_id, signs_in=signs_in)

    def _web_session(self, at: datetime, *, user_id: str | None, signs_in: bool) -> Iterator[Event]:
        who: Event = {"anonymousId": self._cookie} | ({"userId": user_id} if user_id else {})
        yield self._event("page", at, "web", **who, name="Home", properties={"url": f"{SHOP}/", "title": "Home"})
        if self._random.random() < 0.4:
            at = self._later(at)
            yield self._track("Products Searched", at, "web", {"query": self._random.choice(SEARCHES)}, **who)
        if signs_in:
            at = self._later(at)
            who["userId"] = self._user_id
            yield self._event("identify", at, "web", **who, traits=self._traits())
            yield self._track("Signed In", at, "web", {"method": "password"}, **who)
        viewed = self._random.sample(self._favourites, self._random.randint(1, 3))
        for product in viewed:
            at = self._later(at)
            yield self._track("Product Viewed", at, "web", _line(product), **who, context=_page(product))
        if user_id is not None and self._random.random() < 0.6:
            yield from self._checkout(at, viewed, source="web", who=who)

    def _app_session(self, at: datetime) -> Iterator[Event]:
        device = {"id": self._device_id, "type": "ios", "model": "iPhone15,4"}
        who: Event = {"userId": self._user_id, "context": {"device": device}}
        yield self._track("Application Opened", at, "app", {"from_background": False}, **who)
        yield self._event("screen", self._later(at), "app", **who, name="Home", properties={})
        for product in self._random.sample(self._favourites, 2):
            at = self._later(at)
            yield self._track("Product Viewed", at, "app", _line(product), **who)
            if self._random.random() < 0.3:
                yield self._track("Product Added to Wishlist", self._later(at), "app", _line(product), **who)

    def _checkout(self, at: datetime, viewed: Sequence[DemoProduct], *, source: str, who: Event) -> Iterator[Event]:
        bought = list(viewed[: self._random.randint(1, len(viewed))])
        for product in bought:
            at = self._later(at)
            yield self._track("Product Added", at, source, {**_line(product), "quantity": 1}, **who)
        if self._random.random() < 0.7:
            at = self._later(at)
            order_id = self._order_id()
            yield self._track("Checkout Started", at, source, _order(order_id, bought), **who)
            yield self._track("Order Completed", self._later(at), source, _order(order_id, bought), **who)
            if self._random.random() < 0.12 and at + timedelta(days=6) < self._until:
                returned = _order(order_id, bought[:1])
                yield self._track("Order Refunded", at + timedelta(days=6), source, returned, **who)

    def _in_store(self, *, visits: int) -> Iterator[Event]:
        if visits == 0:
            return
        card = {"id": self._loyalty_id, "type": "loyalty_id"} if self._loyalty_id else None
        number = {"id": self._customer.phone, "type": "phone"} if self._customer.can_be_called else None
        shown = card or number
        moments = sorted(self._moment() for _ in range(visits))
        if card:
            # The card is handed out at the till against what the customer tells: a second source's record of the person.
            context: Event = {"channel": "store", "externalIds": [card]}
            enrolled = {"recordId": self._loyalty_id, "traits": self._traits(), "context": context}
            yield self._event("identify", moments[0] - timedelta(minutes=5), "pos", **enrolled)
        for at in moments:
            bought = self._random.sample(self._favourites, self._random.randint(1, 3))
            receipt = {**_order(self._order_id(), bought), "store_id": self._random.choice(STORES)}
            if shown is not None:
                context = {"channel": "store", "externalIds": [shown]}
                yield self._track("Order Completed", at, "pos", receipt, context=context)

    def _emails(self, address: str) -> Iterator[Event]:
        campaigns = CAMPAIGNS[: self._random.randint(0, len(CAMPAIGNS))]
        for campaign in campaigns:
            at = self._moment()
            context = {"channel": "email", "externalIds": [{"id": address, "type": "email"}], "campaign": {"name": campaign}}
            sent = {"campaign_id": campaign, "email_subject": campaign.replace("-", " ").title()}
            yield self._track("Email Opened", at, "email", sent, context=context)
            if self._random.random() < 0.5:
                yield self._track("Email Link Clicked", self._later(at), "email", {**sent, "url": f"{SHOP}/"}, context=context)

    def _service_call(self) -> Event:
        contact = [
            {"id": value, "type": namespace}
            for namespace, value, usable in (
                ("phone", self._customer.phone, self._customer.can_be_called),
                ("email", self._customer.email, self._customer.email is not None),
            )
            if usable
        ]
        reason = {"ticket_id": f"T-{self._random.randrange(10**5, 10**6)}", "reason": self._random.choice(CONTACT_REASONS)}
        context = {"channel": "service", "externalIds": contact[:1]}
        return self._track("Ticket Opened", self._moment(), "service", reason, context=context)

    def _traits(self) -> Event:
        given = {
            "firstName": self._customer.given_name,
            "lastName": self._customer.family_name,
            "email": self._customer.email,
            "phone": self._customer.phone,
        }
        return {name: value for name, value in given.items() if value is not None}

    def _track(self, name: str, at: datetime, source: str, properties: Event, **who: Any) -> Event:
        return self._event("track", at, source, event=name, properties=properties, **who)

    def _event(self, kind: str, at: datetime, source: str, **fields: Any) -> Event:
        self._count += 1
        return _wire(kind, at, source, message=f"{self._name}/{self._count}", **fields)

    def _moment(self) -> datetime:
        """A moment of the stream's weeks, in shopping hours, with an hour to spare before its end."""
        seconds = int((self._until - self._start).total_seconds()) - 8 * 86400
        day = self._start + timedelta(seconds=self._random.randrange(seconds))
        return day.replace(hour=self._random.randint(8, 21), minute=self._random.randrange(60))

    def _later(self, at: datetime) -> datetime:
        return at + timedelta(seconds=self._random.randint(8, 150))

    def _order_id(self) -> str:
        return f"O-{self._customer.record_id}-{self._random.randrange(10**4, 10**5)}"


def _passer_by(number: int, *, seed: str, until: datetime, weeks: int) -> Iterator[Event]:
    """One visitor who never signs in: a cookie and some product views."""
    name = f"{seed}/passer-by/{number}"
    chance = random.Random(name)  # noqa: S311 (a reproducible stream, not a secret)
    cookie = str(uuid.uuid5(_IDS, f"{name}/cookie"))
    at = until - timedelta(minutes=chance.randrange(60, weeks * 7 * 24 * 60))
    yield _wire("page", at, "web", message=f"{name}/0", anonymousId=cookie, name="Home", properties={"url": f"{SHOP}/"})
    for count, product in enumerate(chance.sample(PRODUCTS, chance.randint(1, 4)), start=1):
        at += timedelta(seconds=chance.randint(8, 150))
        fields: Event = {"anonymousId": cookie, "event": "Product Viewed", "properties": _line(product)}
        yield _wire("track", at, "web", message=f"{name}/{count}", **fields, context=_page(product))


def _wire(kind: str, at: datetime, source: str, *, message: str, context: Event | None = None, **fields: Any) -> Event:
    return {
        "type": kind,
        "schemaVersion": 1,
        "messageId": f"demo-{uuid.uuid5(_IDS, message)}",
        "source": source,
        "timestamp": at.isoformat(),
        "context": LIBRARIES.get(source, {}) | (context or {}),
        **fields,
    }


def _line(product: DemoProduct) -> Event:
    return {
        "product_id": product.id,
        "name": product.name,
        "category": product.category,
        "brand": product.brand,
        "price": product.price_cents / 100,
        "currency": CURRENCY,
    }


def _page(product: DemoProduct) -> Event:
    return {"page": {"url": f"{SHOP}/products/{product.id.lower()}", "title": product.name}}


def _order(order_id: str, products: Sequence[DemoProduct]) -> Event:
    total = sum(product.price_cents for product in products) / 100
    lines = [{**_line(product), "quantity": 1} for product in products]
    return {"order_id": order_id, "total": total, "revenue": total, "currency": CURRENCY, "products": lines}
