"""Evidence as tables of a part: what some events say, one row for each fact and event, nothing summed up yet.

Rows hold the number of their event: one that turns out to be a repetition, or in conflict with an earlier one, takes all that it
says with it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from graph.bulk.columns import TEXTS, TIME, TOUCHPOINT, VERSION
from graph.model.evidence import Evidence, RecordVersion, Touchpoint
from graph.repositories.evidence_rows import links, touchpoint_properties, version_properties

Numbered = tuple[int, Evidence]
"""An event's number (in the order in which events are given) and what it says."""

TABLES: Final[Mapping[str, pa.Schema]] = {
    "touchpoints": pa.schema(
        {"number": pa.int64(), "id": pa.string(), "at": TIME, "recorded_at": TIME, **TOUCHPOINT, "identifier_keys": TEXTS}
    ),
    "versions": pa.schema(
        {"number": pa.int64(), "id": pa.string(), "record_id": pa.string(), "source_record_id": pa.string(), **VERSION}
    ),
    "pairs": pa.schema({"number": pa.int64(), "left_key": pa.string(), "right_key": pa.string(), "at": TIME}),
    "lines": pa.schema(
        {
            "number": pa.int64(),
            "touchpoint_id": pa.string(),
            "product_id": pa.string(),
            "quantity": pa.float64(),
            "price_cents": pa.int64(),
            "name": pa.string(),
            "brand": pa.string(),
            "category": pa.string(),
            "at": TIME,
        }
    ),
    "subjects": pa.schema({"number": pa.int64(), "touchpoint_id": pa.string(), "label": pa.string(), "id": pa.string()}),
}
SUBJECTS: Final[Mapping[str, Callable[[Touchpoint], str | None]]] = {
    "Order": lambda touchpoint: touchpoint.order_id,
    "Store": lambda touchpoint: touchpoint.store_id,
    "Campaign": lambda touchpoint: touchpoint.campaign,
    "Offer": lambda touchpoint: touchpoint.coupon,
}
"""Label to the id of what a touchpoint is about; products apart."""
_JSON: Final = frozenset({"body", "properties", "traits", "consent"})
"""Texts that hold no end of line: JSON has it escaped."""


def tables_of(events: Sequence[Numbered]) -> dict[str, pa.Table]:
    """The tables of some events, by name; those without rows are left out.

    Raises:
        UnicodeEncodeError, OverflowError: a value cannot be stored.
    """
    touchpoints = [(number, event) for number, event in events if isinstance(event, Touchpoint)]
    versions = [(number, event) for number, event in events if isinstance(event, RecordVersion)]
    columns = {
        "touchpoints": _touchpoints(touchpoints),
        "versions": _versions(versions),
        "pairs": _pairs(touchpoints),
        "lines": _lines(touchpoints),
        "subjects": _subjects(touchpoints),
    }
    return {name: pa.table(found, schema=TABLES[name]) for name, found in columns.items() if found["number"]}


def has_line_ends(tables: Mapping[str, pa.Table]) -> bool:
    """Whether a text spans lines, which the import has to be told."""
    return any(
        bool(pc.any(pc.match_substring_regex(table[field.name], "[\r\n]")).as_py())  # type: ignore[attr-defined]
        for table in tables.values()
        for field in table.schema
        if field.type == pa.string() and field.name not in _JSON
    )


def _touchpoints(touchpoints: Sequence[tuple[int, Touchpoint]]) -> dict[str, list[Any]]:
    properties = [touchpoint_properties(touchpoint) for _, touchpoint in touchpoints]
    return {
        "number": [number for number, _ in touchpoints],
        "id": [touchpoint.id for _, touchpoint in touchpoints],
        "at": [touchpoint.at for _, touchpoint in touchpoints],
        "recorded_at": [touchpoint.recorded_at for _, touchpoint in touchpoints],
        **{name: [each[name] for each in properties] for name in TOUCHPOINT},
        "identifier_keys": [[identifier.key for identifier in touchpoint.identifiers] for _, touchpoint in touchpoints],
    }


def _versions(versions: Sequence[tuple[int, RecordVersion]]) -> dict[str, list[Any]]:
    properties = [version_properties(version) for _, version in versions]
    return {
        "number": [number for number, _ in versions],
        "id": [version.id for _, version in versions],
        "record_id": [version.record_id for _, version in versions],
        "source_record_id": [version.source_record_id for _, version in versions],
        **{name: [each[name] for each in properties] for name in VERSION},
    }


def _pairs(touchpoints: Sequence[tuple[int, Touchpoint]]) -> dict[str, list[Any]]:
    found = [
        (number, *sorted((left.key, right.key)), touchpoint.at)
        for number, touchpoint in touchpoints
        if len(touchpoint.identifiers) > 1
        for left, right in links(touchpoint.identifiers)
    ]
    return _columns("pairs", found)


def _lines(touchpoints: Sequence[tuple[int, Touchpoint]]) -> dict[str, list[Any]]:
    found = [
        (
            number,
            touchpoint.id,
            line.product_id,
            line.quantity,
            line.price_cents,
            line.name,
            line.brand,
            line.category,
            touchpoint.at,
        )
        for number, touchpoint in touchpoints
        for line in touchpoint.products
    ]
    return _columns("lines", found)


def _subjects(touchpoints: Sequence[tuple[int, Touchpoint]]) -> dict[str, list[Any]]:
    found = [
        (number, touchpoint.id, label, about)
        for number, touchpoint in touchpoints
        for label, id_of in SUBJECTS.items()
        if (about := id_of(touchpoint))
    ]
    return _columns("subjects", found)


def _columns(name: str, rows: Sequence[tuple[Any, ...]]) -> dict[str, list[Any]]:
    names = TABLES[name].names
    return {each: [row[place] for row in rows] for place, each in enumerate(names)}
