"""Rows into events: what a mapping says of one row."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson

from graph.errors import KindredError
from graph.model.identifier import EMAIL, PHONE
from ingest.mapping import AddressParts, DateParts, DateValue, FileMapping, IdentifierValue, MappingError, NameParts, Value

Row = Mapping[str, Any]

_ABSENT = object()
_AS_IT_IS = frozenset({str, int, float, bool})
_TRAIT_OF = {EMAIL: "emails", PHONE: "phones"}


class RowRefused(KindredError):  # noqa: N818 - states what was observed, as the others do
    """A row that a mapping makes no event of."""

    code = "row_not_mapped"


def event_of(row: Row, mapping: FileMapping, *, source: str | None, today: date) -> dict[str, Any] | None:
    """The event, in wire form, that a row stands for; None for a row that the mapping's conditions leave out.

    ``source`` wins over the mapping's. A birth year of two digits is the latest one that is not after ``today``.

    The message id is derived: the same claim made by the same mapping has the same id, a row that changed is a new version. An
    interaction's id depends on its source and row id alone: interactions do not change.

    Raises:
        RowRefused: the row has no id, no source, or a time that cannot be read.
        MappingError: the mapping names a time zone that does not exist.
    """
    if not all(_holds(row, condition.column, condition.equals, condition.excluded) for condition in mapping.where):
        return None
    row_id = text_of(row, mapping.id)
    if row_id is None:
        raise RowRefused(f"the row has no id: {', '.join(mapping.id.named)} is empty")
    named = source or (text_of(row, mapping.source) if mapping.source is not None else None)
    if named is None:
        raise RowRefused("the row has no source: name one with --source or in the mapping")
    event: dict[str, Any] = {"source": named}
    if mapping.timestamp is not None and (timestamp := _timestamp(row, mapping.timestamp)) is not None:
        event["timestamp"] = timestamp
    context: dict[str, Any] = {}
    traits = _identifiers(row, mapping, context)
    if mapping.event is not None:
        _interaction(row, mapping, event, context)
        if traits:
            context["traits"] = traits
    else:
        event |= {"type": "identify", "recordId": row_id, "traits": traits | _claims(row, mapping, today)}
        if states := _consent(row, mapping):
            context["consent"] = {"categoryPreferences": states}
    if context:
        event["context"] = context
    identity = [named, event["type"], row_id] if mapping.event is not None else [named, row_id, event]
    digest = hashlib.sha256(orjson.dumps(identity, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return {"messageId": f"import:{digest[:48]}", **event}


def text_of(row: Row, value: Value | None) -> str | None:
    """The value as text, None where the row has none."""
    if value is None:
        return None
    found = _plain_texts(row, value)
    return next(_texts(row, value), None) if found is None else next(iter(found), None)


def _plain_texts(row: Row, value: Value) -> tuple[str, ...] | None:
    """The values where a column holds text or nothing, as nearly all do; None where it may hold something besides."""
    if value.column is None:
        return None
    given = row.get(value.column, _ABSENT)
    if type(given) is str:
        text = given.strip()
        return (value.values.get(text, text),) if text else ()
    return () if given is None else None


def plain(value: Any) -> Any:
    """A value of a typed file (Parquet) as JSON has it."""
    if value is None or type(value) in _AS_IT_IS:
        return value
    match value:
        case datetime():
            return value.isoformat()
        case date() | time():
            return value.isoformat()
        case Decimal():
            return str(value)
        case bytes():
            return value.decode("utf-8", errors="backslashreplace")
        case timedelta():
            return value.total_seconds()
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case _:
            return value


def _claims(row: Row, mapping: FileMapping, today: date) -> dict[str, Any]:
    traits: dict[str, Any] = {}
    if mapping.entity is not None and _holds(row, mapping.entity.column, mapping.entity.organization, ()):
        traits["entityType"] = "organization"
    if mapping.name is not None:
        traits |= _name(row, mapping.name)
    if mapping.birth_date is not None and (birth_date := _birth_date(row, mapping.birth_date, today)) is not None:
        traits["birthDate"] = birth_date
    if (gender := text_of(row, mapping.gender)) is not None:
        traits["gender"] = gender
    if mapping.address is not None and (addresses := _addresses(row, mapping.address)):
        traits["address"] = addresses[0]
        if len(addresses) > 1:
            traits["addresses"] = addresses[1:]
    return traits | _given_values(row, mapping.traits)


def _interaction(row: Row, mapping: FileMapping, event: dict[str, Any], context: dict[str, Any]) -> None:
    parts = mapping.event
    if parts is None:
        return
    event["type"] = parts.type
    name = text_of(row, parts.name)
    if name is not None:
        event["event" if parts.type == "track" else "name"] = name
    for field, value in (("userId", parts.user_id), ("anonymousId", parts.anonymous_id), ("groupId", parts.group_id)):
        if (text := text_of(row, value)) is not None:
            event[field] = text
    if (channel := text_of(row, parts.channel)) is not None:
        context["channel"] = channel
    if parts.type != "group":
        event["properties"] = _given_values(row, parts.properties)


def _given_values(row: Row, values: Mapping[str, Value]) -> dict[str, Any]:
    """Values with the type that the row has them in; empty ones are left out."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        typed = value.column if not value.values else None
        given = text_of(row, value) if typed is None else _exact(row, typed)
        if given is not None and given != "":
            found[name] = plain(given)
    return found


def _identifiers(row: Row, mapping: FileMapping, context: dict[str, Any]) -> dict[str, Any]:
    """E-mail addresses and telephone numbers as traits; the other identifiers go into the context."""
    traits: dict[str, Any] = {}
    external: list[dict[str, str]] = []
    for identifier in mapping.identifiers:
        for text in dict.fromkeys(_identifier_texts(row, identifier)):
            if (trait := _TRAIT_OF.get(identifier.namespace)) is not None:
                traits.setdefault(trait, []).append(text)
            else:
                external.append({"type": identifier.namespace, "id": text})
    if external:
        context["externalIds"] = external
    return traits


def _identifier_texts(row: Row, identifier: IdentifierValue) -> Iterable[str]:
    if identifier.each is None and (found := _plain_texts(row, identifier)) is not None:
        return found
    return (text for item in _items(row, identifier.each) for text in _texts(item, identifier))


def _name(row: Row, parts: NameParts) -> dict[str, str]:
    fields = {
        "firstName": parts.given,
        "middleName": parts.middle,
        "lastName": parts.family,
        "suffix": parts.suffix,
        "name": parts.full,
        "company": parts.organization,
    }
    for item in _items(row, parts.each):
        if found := {field: text for field, value in fields.items() if (text := text_of(item, value)) is not None}:
            return found
    return {}


def _addresses(row: Row, parts: AddressParts) -> list[dict[str, str]]:
    fields = {
        "street": parts.street,
        "city": parts.city,
        "state": parts.region,
        "postalCode": parts.postal_code,
        "country": parts.country,
    }
    found: list[dict[str, str]] = []
    for item in _items(row, parts.each):
        address = {field: text for field, value in fields.items() if (text := text_of(item, value)) is not None}
        # A fixed country alone is no address.
        if any(fields[field] is not None and fields[field].named for field in address):  # type: ignore[union-attr]
            found.append(address)
    return found


def _birth_date(row: Row, value: DateParts | DateValue, today: date) -> str | None:
    if isinstance(value, DateParts):
        year, month, day = (text_of(row, part) for part in (value.year, value.month, value.day))
        return "-".join((year.zfill(4), month.zfill(2), day.zfill(2))) if year and month and day else None
    text = text_of(row, value)
    if text is None:
        return None
    for form in value.formats:
        try:
            born = datetime.strptime(text, form).date()  # noqa: DTZ007 - a date has no zone
            if "%y" in form and born > today:
                born = born.replace(year=born.year - 100)
        except ValueError:
            continue
        return born.isoformat()
    # What fits no format is kept as given: normalisation takes it if one reading is possible, else keeps it as rejected.
    return text


def _timestamp(row: Row, value: DateValue) -> str | None:
    text = text_of(row, value)
    if text is None:
        return None
    moment = _moment(text, value)
    if moment.tzinfo is None:
        try:
            moment = moment.replace(tzinfo=ZoneInfo(value.timezone))
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise MappingError(f"the mapping's timestamp.timezone {value.timezone!r} is not a time zone") from error
    try:
        return moment.astimezone(UTC).isoformat()
    except OverflowError:
        raise RowRefused(f"the time {text[:80]!r} is outside the calendar") from None


def _moment(text: str, value: DateValue) -> datetime:
    for form in value.formats:
        try:
            if form in ("epoch", "epoch_ms"):
                return datetime.fromtimestamp(float(text) / (1000 if form == "epoch_ms" else 1), tz=UTC)
            return datetime.strptime(text, form)  # noqa: DTZ007 - the zone is put in by the caller
        except (ValueError, OverflowError, OSError):
            continue
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        expected = " or ".join(value.formats) or "ISO 8601"
        raise RowRefused(f"the time {text[:80]!r} is not written as {expected}") from None


def _consent(row: Row, mapping: FileMapping) -> dict[str, str]:
    states: dict[str, str] = {}
    for purpose, consent in mapping.consent.items():
        text = next(iter(_found(row, consent.column)), None)
        if text is None:
            continue
        lists = {"granted": consent.granted, "denied": consent.denied, "revoked": consent.revoked}
        states[purpose] = next((state for state, words in lists.items() if _among(text, words)), "unknown")
    return states


def _texts(row: Row, value: Value) -> Iterator[str]:
    """All values, translated; of joined columns one."""
    if value.value is not None:
        found = [value.value]
    elif value.column is not None:
        found = list(_found(row, value.column))
    elif value.first:
        found = [text for column in value.first for text in _found(row, column)]
    else:
        parts = [next(iter(_found(row, column)), "") for column in value.columns]
        kept = [part for part in parts if part]
        found = [value.join.join(kept)] if kept and (not value.all or len(kept) == len(parts)) else []
    yield from (value.values.get(text, text) for text in found)


def _found(row: Row, column: str) -> Iterator[str]:
    """The scalars at a column or path, as text without surrounding space, without the empty ones."""
    if column in row and row[column] is None:
        return
    for value in _walk(row, column):
        if isinstance(value, str):
            text = value.strip()
        elif isinstance(value, bool):
            text = "true" if value else "false"
        elif isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
            # A whole number in a column that has gaps comes out of Parquet as 5.0.
            text = str(int(value))
        elif value is None or isinstance(value, Mapping | list):
            continue
        else:
            text = str(plain(value))
        if text:
            yield text


def _walk(value: Any, path: str) -> Iterator[Any]:
    if isinstance(value, list | tuple):
        for item in value:
            yield from _walk(item, path)
    elif not path:
        yield value
    elif isinstance(value, Mapping):
        if path in value:
            # A CSV column may have a dot in its name.
            yield from _walk(value[path], "")
            return
        head, _, rest = path.partition(".")
        if head in value and rest:
            yield from _walk(value[head], rest)


def _exact(row: Row, column: str) -> Any:
    """The value at a column or path with its type; a list as a list."""
    if column in row:
        return row[column]
    return next(_walk(row, column), None)


def _items(row: Row, each: str | None) -> Iterator[Row]:
    """The row itself, or the items of one of its lists."""
    if each is None:
        yield row
        return
    yield from (item for item in _walk(row, each) if isinstance(item, Mapping))


def _holds(row: Row, column: str, equals: tuple[str, ...], excluded: tuple[str, ...]) -> bool:
    text = next(iter(_found(row, column)), "")
    return (not equals or _among(text, equals)) and not _among(text, excluded)


def _among(text: str, words: tuple[str, ...]) -> bool:
    return text.casefold() in (word.casefold() for word in words)
