"""An interaction (every event but ``identify``) as a touchpoint."""

import uuid
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Final

import orjson
import pycountry

from graph.model.evidence import ProductLine, Touchpoint
from graph.model.identifier import ANONYMOUS_ID, USER_ID
from graph.model.ids import MessageId
from ingest.normalise.identifiers import IdentifierGatherer, gather_common
from ingest.normalise.kinds import channel_of, touchpoint_type
from ingest.normalise.refused import EventRefused, kind_of
from ingest.normalise.text import clean, first_text, scalar
from ingest.wire import Alias, Group, Identify, Page, Screen, Track, WireEvent

DEFAULT_CURRENCY: Final = "USD"
MAX_CENTS: Final = 2**53
MAX_TEXT: Final = 2_000
_CURRENCIES: Final = frozenset(currency.alpha_3 for currency in pycountry.currencies)
_PRODUCT_TYPES: Final = frozenset(("product_view", "cart", "wishlist", "review", "share"))


def to_touchpoint(
    event: WireEvent, *, at: datetime, recorded_at: datetime, region: str, body: str, body_sha256: str
) -> Touchpoint:
    """The interaction that the event tells of.

    Raises:
        EventRefused: ``no_identifier`` when it names nobody; ``too_many_identifiers``.
    """
    gatherer = IdentifierGatherer(region=region)
    gather_common(gatherer, event)
    kind, name, properties = _kind(event)
    if isinstance(event, Alias):
        gatherer.add(_previous_namespace(event), event.previous_id, field="previousId")
    if not gatherer.identifiers:
        raise EventRefused(
            f"the {event.type} event states no identifier, such as a userId or an anonymousId, that is understood",
            code="no_identifier",
        )
    page = event.context.page
    value_cents, currency = _value(gatherer, properties)
    return Touchpoint(
        id=MessageId(event.message_id),
        at=at,
        recorded_at=recorded_at,
        source=event.source,
        body_sha256=body_sha256,
        identifiers=gatherer.identifiers,
        type=kind,
        event=name,
        channel=channel_of(event, kind, properties),
        title=_cut(
            first_text(properties, "title")
            or (clean(event.name) if isinstance(event, Page | Screen) and event.name else None)
            or first_text(page, "title")
        ),
        url=_cut(first_text(properties, "url") or first_text(page, "url")),
        order_id=gatherer.bounded(first_text(properties, "order_id", "orderId"), field="properties.order_id"),
        store_id=gatherer.bounded(first_text(properties, "store_id", "storeId"), field="properties.store_id"),
        campaign=gatherer.bounded(
            first_text(event.context.campaign, "name", "id") or first_text(properties, "campaign", "campaign_name"),
            field="context.campaign.name",
        ),
        coupon=gatherer.bounded(first_text(properties, "coupon", "coupon_id", "coupon_code"), field="properties.coupon"),
        value_cents=value_cents,
        currency=currency,
        products=_products(gatherer, kind, properties),
        properties=orjson.dumps(properties, option=orjson.OPT_SORT_KEYS).decode(),
        rejected=tuple(gatherer.rejected),
        body=body,
    )


def _kind(event: WireEvent) -> tuple[str, str, dict[str, Any]]:
    """Kind of touchpoint, the event's name for people, and its properties."""
    match event:
        case Track():
            return touchpoint_type(event.event), clean(event.event) or "Track", event.properties
        case Page():
            return "page_view", _cut(clean(event.name or "")) or "Page", event.properties
        case Screen():
            return "screen_view", _cut(clean(event.name or "")) or "Screen", event.properties
        case Group():
            return "group", "Group", {"groupId": event.group_id, "traits": event.traits}
        case Alias():
            return "alias", "Alias", {"previousId": event.previous_id}
        case Identify():
            raise TypeError("an identify event is a record version, not a touchpoint")


def _previous_namespace(event: Alias) -> str:
    """Segment does not say which kind of id ``previousId`` is: a UUID, as its libraries draw for visitors, is an anonymous id."""
    if event.previous_id == event.anonymous_id:
        return ANONYMOUS_ID
    try:
        uuid.UUID(event.previous_id)
    except ValueError:
        return USER_ID
    return ANONYMOUS_ID


def _value(gatherer: IdentifierGatherer, properties: dict[str, Any]) -> tuple[int | None, str | None]:
    """The total, else the revenue, else the value, in hundredths, and its currency."""
    for field in ("total", "revenue", "value"):
        if (given := properties.get(field)) is None or given == "":
            continue
        cents = _cents(given)
        if cents is None:
            gatherer.reject(f"properties.{field}", given, "not an amount of money, such as 12.99")
            continue
        currency = properties.get("currency")
        if currency is None or currency == "":
            return cents, DEFAULT_CURRENCY
        code = (scalar(currency) or "").upper()
        if code in _CURRENCIES:
            return cents, code
        gatherer.reject("properties.currency", currency, "not a currency code of ISO 4217")
        return None, None
    return None, None


def _cents(value: Any) -> int | None:
    """Hundredths, rounded half to even; None for what is no amount."""
    if isinstance(value, bool) or not isinstance(value, int | float | str) or (isinstance(value, str) and len(value) > 40):
        return None
    return _hundredths(value)


@lru_cache(maxsize=16_384, typed=True)
def _hundredths(value: float | str) -> int | None:
    try:
        amount = Decimal(str(value).strip())
        if not amount.is_finite() or abs(amount) > MAX_CENTS / 100:
            return None
        return int((amount * 100).to_integral_value())
    except InvalidOperation:
        return None


def _products(gatherer: IdentifierGatherer, kind: str, properties: dict[str, Any]) -> tuple[ProductLine, ...]:
    """The products listed, or the one that the properties describe; one listed twice has its quantities summed."""
    listed = properties.get("products")
    if isinstance(listed, list):
        given = [(f"properties.products[{index}]", item) for index, item in enumerate(listed)]
    elif listed is not None:
        gatherer.reject("properties.products", listed, f"the products are {kind_of(listed)}, not a list")
        return ()
    else:
        given = [("properties", properties)] if kind in _PRODUCT_TYPES or "product_id" in properties else []
    lines: dict[str, ProductLine] = {}
    for field, item in given:
        if not isinstance(item, dict):
            gatherer.reject(field, item, f"the product is {kind_of(item)}, not an object")
            continue
        line = _product(gatherer, field, item)
        if line is not None:
            lines[line.product_id] = line if line.product_id not in lines else _added(lines[line.product_id], line)
    return tuple(lines.values())


def _product(gatherer: IdentifierGatherer, field: str, item: dict[str, Any]) -> ProductLine | None:
    product_id = gatherer.bounded(first_text(item, "product_id", "productId", "sku", "id"), field=f"{field}.product_id")
    if product_id is None:
        if field != "properties":
            gatherer.reject(field, item, "the product has no product_id or sku")
        return None
    quantity, price = item.get("quantity"), item.get("price")
    price_cents = _cents(price) if price is not None else None
    if price is not None and price_cents is None:
        gatherer.reject(f"{field}.price", price, "not an amount of money, such as 12.99")
    count = _quantity(quantity)
    if quantity is not None and count is None:
        gatherer.reject(f"{field}.quantity", quantity, "not a quantity")
    return ProductLine(
        product_id=product_id,
        name=_cut(first_text(item, "name", "product_name")),
        category=gatherer.bounded(first_text(item, "category"), field=f"{field}.category"),
        brand=_cut(first_text(item, "brand")),
        quantity=count,
        price_cents=price_cents,
    )


def _added(first: ProductLine, again: ProductLine) -> ProductLine:
    return ProductLine(
        product_id=first.product_id,
        name=first.name or again.name,
        category=first.category or again.category,
        brand=first.brand or again.brand,
        quantity=(first.quantity or 1.0) + (again.quantity or 1.0),
        price_cents=first.price_cents if first.price_cents is not None else again.price_cents,
    )


def _quantity(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str) or (isinstance(value, str) and len(value) > 40):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if abs(number) < MAX_CENTS else None


def _cut(text: str | None) -> str | None:
    return text[:MAX_TEXT] if text else None
