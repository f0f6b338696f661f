"""Evidence as rows of the statements that write it: distinct, summarised and sorted here, so that the server only writes.

Sorted keys make concurrent writers take their locks in one order.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import combinations
from typing import Any

import orjson

from graph.model import identifier as namespaces
from graph.model.evidence import Evidence, ProductLine, RecordVersion, RejectedValue, Touchpoint
from graph.model.identifier import Identifier
from graph.statements import evidence as statements

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PAIRWISE_LIMIT = 8
"""Up to this many identifiers on a touchpoint are linked each to each (28 links); more are linked to the strongest one."""
STRENGTH = (
    namespaces.USER_ID,
    namespaces.LOYALTY_ID,
    namespaces.EMAIL,
    namespaces.PHONE,
    namespaces.CARD_TOKEN,
    namespaces.DEVICE_ID,
    namespaces.ANONYMOUS_ID,
)
"""Strongest first: how surely a namespace names one person for long. Others come after these."""


def new_touchpoints(touchpoints: Sequence[Touchpoint]) -> statements.NewTouchpoints:
    """Touchpoints with their identifiers as positions in one sorted list."""
    distinct = {identifier.key: identifier for touchpoint in touchpoints for identifier in touchpoint.identifiers}
    keys = sorted(distinct)
    position = {key: index for index, key in enumerate(keys)}
    return statements.NewTouchpoints(
        identifiers=[
            statements.IdentifierRow(key=key, namespace=distinct[key].namespace, value=distinct[key].value) for key in keys
        ],
        touchpoints=[
            statements.TouchpointRow(
                id=touchpoint.id,
                at=_instant(touchpoint.at),
                recorded_at=_instant(touchpoint.recorded_at),
                properties=touchpoint_properties(touchpoint),
                identifier_positions=[position[identifier.key] for identifier in touchpoint.identifiers],
            )
            for touchpoint in touchpoints
        ],
    )


def pairs(touchpoints: Sequence[Touchpoint]) -> list[statements.PairRow]:
    """Pairs of identifiers seen on one touchpoint, with the least and the greatest time."""
    times: dict[tuple[str, str], tuple[datetime, datetime]] = {}
    for touchpoint in touchpoints:
        for left, right in links(touchpoint.identifiers):
            pair = (left.key, right.key) if left.key < right.key else (right.key, left.key)
            times[pair] = _widened(times.get(pair), touchpoint.at)
    return [
        statements.PairRow(left_key=left_key, right_key=right_key, first_seen=_instant(first_seen), last_seen=_instant(last_seen))
        for (left_key, right_key), (first_seen, last_seen) in sorted(times.items())
    ]


def products(touchpoints: Sequence[Touchpoint]) -> list[statements.ProductRow]:
    """Products, each with its newest and its first description: those of the greatest and the least ``(at, id)`` that name it."""
    named: dict[str, list[tuple[Touchpoint, ProductLine]]] = {}
    categories: dict[str, dict[str, datetime]] = {}
    for touchpoint in touchpoints:
        for line in touchpoint.products:
            descriptions = named.setdefault(line.product_id, [])
            if line.name:
                descriptions.append((touchpoint, line))
            if line.category:
                since = categories.setdefault(line.product_id, {})
                since[line.category] = min(since.get(line.category, touchpoint.at), touchpoint.at)
    return [
        _product(product_id, descriptions, categories.get(product_id, {})) for product_id, descriptions in sorted(named.items())
    ]


def _product(
    product_id: str, descriptions: Sequence[tuple[Touchpoint, ProductLine]], categories: Mapping[str, datetime]
) -> statements.ProductRow:
    newest = max(descriptions, key=_description_order, default=None)
    first = min(descriptions, key=_description_order, default=None)
    return statements.ProductRow(
        id=product_id,
        name=newest[1].name if newest else None,
        brand=newest[1].brand if newest else None,
        described_at=_instant(newest[0].at) if newest else None,
        described_by=newest[0].id if newest else None,
        first_name=first[1].name if first else None,
        first_brand=first[1].brand if first else None,
        first_described_at=_instant(first[0].at) if first else None,
        first_described_by=first[0].id if first else None,
        categories=[statements.CategoryRow(name=name, first_seen=_instant(at)) for name, at in sorted(categories.items())],
    )


def lines(touchpoints: Sequence[Touchpoint]) -> list[statements.LineRow]:
    """Lines of products, sorted by product."""
    found = [
        statements.LineRow(
            touchpoint_id=touchpoint.id,
            product_id=line.product_id,
            quantity=line.quantity,
            price_cents=line.price_cents,
        )
        for touchpoint in touchpoints
        for line in touchpoint.products
    ]
    return sorted(found, key=lambda row: (row["product_id"], row["touchpoint_id"]))


def subjects(touchpoints: Sequence[Touchpoint]) -> list[statements.SubjectRow]:
    """Orders, stores, campaigns and offers of those touchpoints that have any."""
    return [
        statements.SubjectRow(
            touchpoint_id=touchpoint.id,
            order_ids=_present(touchpoint.order_id),
            store_ids=_present(touchpoint.store_id),
            campaign_ids=_present(touchpoint.campaign),
            offer_ids=_present(touchpoint.coupon),
        )
        for touchpoint in touchpoints
        if touchpoint.order_id or touchpoint.store_id or touchpoint.campaign or touchpoint.coupon
    ]


def new_record_versions(versions: Sequence[RecordVersion]) -> statements.NewRecordVersions:
    """Record versions sorted by record."""
    return statements.NewRecordVersions(
        versions=[
            statements.RecordVersionRow(
                id=version.id,
                record_id=version.record_id,
                source=version.source,
                source_record_id=version.source_record_id,
                entity_type=version.entity_type,
                properties=version_properties(version),
            )
            for version in sorted(versions, key=lambda version: (version.record_id, version.id))
        ]
    )


def claims(versions: Sequence[RecordVersion]) -> list[statements.ClaimRow]:
    """Identifiers that records state, with the least and the greatest time."""
    times: dict[tuple[str, str], tuple[datetime, datetime]] = {}
    distinct: dict[str, Identifier] = {}
    for version in versions:
        for identifier in version.identifiers:
            distinct[identifier.key] = identifier
            claim = (identifier.key, version.record_id)
            times[claim] = _widened(times.get(claim), version.at)
    return [
        statements.ClaimRow(
            record_id=record_id,
            key=key,
            namespace=distinct[key].namespace,
            value=distinct[key].value,
            first_seen=first_seen,
            last_seen=last_seen,
        )
        for (key, record_id), (first_seen, last_seen) in sorted(times.items())
    ]


def longest_key(evidence: Evidence) -> str:
    """The longest of the values by which the graph will find what the event names."""
    keys: list[str] = [evidence.id, *(identifier.key for identifier in evidence.identifiers)]
    if isinstance(evidence, RecordVersion):
        keys.append(evidence.record_id)
    else:
        keys += (key for line in evidence.products for key in (line.product_id, line.category or ""))
        keys += (evidence.order_id or "", evidence.store_id or "", evidence.campaign or "", evidence.coupon or "")
    return max(keys, key=len)


def links(identifiers: Sequence[Identifier]) -> Iterator[tuple[Identifier, Identifier]]:
    """Pairs of a touchpoint's identifiers that are linked, in no certain order within a pair."""
    if len(identifiers) <= PAIRWISE_LIMIT:
        yield from combinations(identifiers, 2)
        return
    strongest = min(identifiers, key=_weakness)
    for identifier in identifiers:
        if identifier is not strongest:
            yield strongest, identifier


def _weakness(identifier: Identifier) -> tuple[int, str]:
    rank = STRENGTH.index(identifier.namespace) if identifier.namespace in STRENGTH else len(STRENGTH)
    return rank, identifier.key


def _widened(times: tuple[datetime, datetime] | None, at: datetime) -> tuple[datetime, datetime]:
    return (at, at) if times is None else (min(times[0], at), max(times[1], at))


def _description_order(described: tuple[Touchpoint, ProductLine]) -> tuple[datetime, str, str, str]:
    """By time and event; of several lines that name one product in one event, by name, so that the choice is always the same."""
    touchpoint, line = described
    return touchpoint.at, touchpoint.id, line.name or "", line.brand or ""


def _instant(at: datetime) -> statements.Instant:
    since = at - EPOCH
    return {"seconds": since.days * 86_400 + since.seconds, "nanoseconds": since.microseconds * 1_000}


def _present(value: str | None) -> list[str]:
    return [value] if value else []


def touchpoint_properties(touchpoint: Touchpoint) -> dict[str, Any]:
    """What a touchpoint's node holds besides its id and times. A list without items is a property that is absent."""
    # One literal: of what a client spends on writing this is a good part.
    return {
        "source": touchpoint.source,
        "body": touchpoint.body,
        "body_sha256": touchpoint.body_sha256,
        "rejected_values": [_rejected(value) for value in touchpoint.rejected] if touchpoint.rejected else None,
        "type": touchpoint.type,
        "event": touchpoint.event,
        "channel": touchpoint.channel,
        "title": touchpoint.title,
        "url": touchpoint.url,
        "value_cents": touchpoint.value_cents,
        "currency": touchpoint.currency,
        "properties": touchpoint.properties,
    }


def version_properties(version: RecordVersion) -> dict[str, Any]:
    """What a record version's node holds besides its id. A list without items is a property that is absent."""
    return {
        "source": version.source,
        "body": version.body,
        "body_sha256": version.body_sha256,
        "rejected_values": [_rejected(value) for value in version.rejected] or None,
        "at": version.at,
        "recorded_at": version.recorded_at,
        "entity_type": version.entity_type,
        "name_given": version.name_given,
        "given_name": version.name.given,
        "middle_name": version.name.middle,
        "family_name": version.name.family,
        "name_suffix": version.name.suffix,
        "full_name": version.name.full,
        "birth_date": version.birth_date,
        "gender": version.gender,
        "street": version.address.street,
        "city": version.address.city,
        "region": version.address.region,
        "postal_code": version.address.postal_code,
        "country": version.address.country,
        "address_given": version.address_given,
        "consent": _json(dict(version.consent)),
        "traits": version.traits,
        "identifier_keys": [identifier.key for identifier in version.identifiers] or None,
    }


def _rejected(value: RejectedValue) -> str:
    return _json({"field": value.field, "given": value.given, "reason": value.reason})


def _json(value: dict[str, str]) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
