"""Histories as files hold them: the people and collisions of ``tests.laws.evidence`` in wire form, with all that events can say.

Products that are described again and again, orders, campaigns, coupons, amounts, texts that files have to quote, repetitions,
events of a message id that another one has, and rows that are none.
"""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
from hypothesis import strategies as st

from graph.model.evidence import Evidence, RecordVersion
from tests.laws.evidence import START, events

AWKWARD = (
    'say "so"',
    "a,b;c",
    " spaced ",
    "back\\slash",
    "größer",
    "'single'",
    "null",
    "1;2",
    "two\nlines",
    "tab\there",
    "🙂",
    '"',
)
PRODUCTS = ("p1", "p2", 'p"3', "p,4")
SPOILT = (
    b"not json",
    b'{"type": "track"}',
    b'{"type": "track", "messageId": "x", "event": "e", "userId": ""}',
    b"[1]",
    b'"\\ud800"',
)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Lines of a file, and how many of them are events; the others end as dead letters."""

    lines: tuple[bytes, ...]
    understood: int

    def write(self, path: Path) -> Path:
        """Write the file."""
        path.write_bytes(b"\n".join(self.lines) + b"\n")
        return path


@st.composite
def histories(draw: st.DrawFn, *, least: int = 1, most: int = 12) -> History:
    """Rows in any order."""
    sent = [_wire(draw, event) for event in draw(events(least=least, most=most))]
    for event in draw(st.lists(st.sampled_from(sent), max_size=3)):
        again = dict(event)
        if draw(st.booleans()):
            again["timestamp"] = (START + timedelta(days=draw(st.integers(0, 50)))).isoformat()
        sent.append(again)
    lines = [orjson.dumps(event) for event in draw(st.permutations(sent))]
    spoilt = draw(st.lists(st.sampled_from(SPOILT), max_size=2))
    for line in spoilt:
        lines.insert(draw(st.integers(0, len(lines))), line)
    return History(lines=tuple(lines), understood=len(sent))


def _wire(draw: st.DrawFn, event: Evidence) -> dict[str, Any]:
    """The event that a source would have sent."""
    ids = [{"type": each.namespace, "id": each.value} for each in event.identifiers]
    common = {
        "messageId": event.id,
        "timestamp": event.at.isoformat(),
        "source": event.source,
        "context": {"externalIds": ids},
    }
    if isinstance(event, RecordVersion):
        return {**common, "type": "identify", "recordId": event.source_record_id, "traits": _traits(draw, event)}
    shown = draw(st.sampled_from(("page", "Product Viewed", "Order Completed", "Coupon Applied")))
    if shown == "page":
        common["context"]["page"] = {"title": draw(st.sampled_from(AWKWARD)), "url": "https://x.com/?a=1;b=2"}
        return {**common, "type": "page", "name": draw(st.sampled_from(AWKWARD))}
    return {**common, "type": "track", "event": shown, "properties": _properties(draw, shown)}


def _traits(draw: st.DrawFn, version: RecordVersion) -> dict[str, Any]:
    name, address = version.name, version.address
    traits: dict[str, Any] = {
        "firstName": name.given,
        "lastName": name.family,
        "suffix": name.suffix,
        "birthday": version.birth_date.isoformat() if version.birth_date else draw(st.sampled_from((None, "30.02.", AWKWARD[0]))),
        "gender": draw(st.sampled_from((version.gender, "unheard of"))),
        "address": {"street": address.street, "postalCode": address.postal_code} if address.street else None,
        "entityType": version.entity_type if version.entity_type != "person" else None,
        "consent": draw(st.sampled_from((None, {"newsletter": True, "ads": False}))),
        "note": draw(st.sampled_from(AWKWARD)),
    }
    return {field: value for field, value in traits.items() if value is not None}


def _properties(draw: st.DrawFn, shown: str) -> dict[str, Any]:
    if shown == "Product Viewed":
        return _product(draw)
    found: dict[str, Any] = {"note": draw(st.sampled_from(AWKWARD))}
    if shown == "Coupon Applied":
        return {**found, "coupon": draw(st.sampled_from(("SAVE;10", "X"))), "campaign": "spring", "store_id": "s1"}
    return {
        **found,
        "order_id": draw(st.sampled_from(("o1", "o2"))),
        "total": draw(st.sampled_from((12.99, "1e2", "much", 0))),
        "currency": draw(st.sampled_from(("EUR", "ZZZ", ""))),
        "products": [_product(draw) for _ in range(draw(st.integers(0, 3)))],
    }


def _product(draw: st.DrawFn) -> dict[str, Any]:
    found = {
        "product_id": draw(st.sampled_from(PRODUCTS)),
        "name": draw(st.sampled_from((None, "", "Lamp", "lamp", *AWKWARD))),
        "brand": draw(st.sampled_from((None, "B", AWKWARD[1]))),
        "category": draw(st.sampled_from((None, "Light", AWKWARD[2]))),
        "quantity": draw(st.sampled_from((None, 1, 0.1, "3"))),
        "price": draw(st.sampled_from((None, 9.99, 10))),
    }
    return {field: value for field, value in found.items() if value is not None}
