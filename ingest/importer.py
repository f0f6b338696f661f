"""Importing a file: its rows become events on JetStream, in order, resumably."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final, assert_never

import orjson
import structlog

from graph.model.evidence import Evidence
from ingest.bookmarks import Bookmark, Counts
from ingest.files import BadRow, FileError, FileRow, GoodRow, columns_of, format_of, read_rows
from ingest.import_rows import RowRefused, event_of, plain
from ingest.mapping import FileMapping, MappingError
from ingest.normalise.event import EventRefused, parse_event, to_evidence
from ingest.publisher import EventPublisher, EventTooLarge
from ingest.streams import EVENTS_SUBJECT
from ingest.wire import MAX_EVENT_BYTES, WireEvent

log = structlog.get_logger(__name__)

WINDOW_ROWS: Final = 1_000
"""Rows between two bookmarks: at most this many are published again after a crash, and dropped by their message ids."""
NATIVE: Final = "native"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyRow:
    """An event to be published; ``rejected`` are the fields whose value was not understood."""

    line: int
    event: WireEvent
    evidence: Evidence
    """What a worker makes of it, had it been accepted now."""
    body: bytes
    rejected: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRow:
    """A row to be parked."""

    line: int
    body: bytes
    code: str
    reason: str
    field: str | None = None
    type: str = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOutRow:
    """A row that is none of the mapping's business."""


Prepared = ReadyRow | RefusedRow | LeftOutRow
"""What becomes of a row."""


class Importer:
    """Publishes the rows of files. ``now`` is the clock, ``region`` the country of numbers that state none."""

    def __init__(self, *, publisher: EventPublisher, bookmarks: Path, region: str, now: Callable[[], datetime]) -> None:
        self._publisher = publisher
        self._bookmarks = bookmarks
        self._region = region
        self._now = now

    async def import_file(
        self, file: Path, *, mapping: FileMapping | None, source: str | None, progress: Callable[[int, Counts], None]
    ) -> Counts:
        """Publish every row of ``file``, from where an import before was cut off; return what has become of all rows.

        Without a ``mapping`` each line of a JSON Lines file is an event in wire form. ``progress`` is told, after each window,
        the position in the file (see ``files.size_of``) and the counts so far.

        Raises:
            FileError: the file cannot be read.
            MappingError: the mapping does not fit the file.
            EventsUnavailable: JetStream did not acknowledge in time; importing again goes on from there.
            BookmarkError: the progress cannot be kept.
        """
        check_file(file, mapping)
        try:
            digest = mapping.digest if mapping is not None else NATIVE
            bookmark = Bookmark(self._bookmarks, file=file, mapping_digest=digest, source=source)
        except OSError as error:
            raise FileError(f"{file} cannot be read: {error.strerror}") from error
        counts = bookmark.read()
        rows = rows_of(file, mapping)
        for row in islice(rows, counts.rows):
            progress(row.position, counts)
        while window := list(islice(rows, WINDOW_ROWS)):
            prepared = [
                prepare_row(row, mapping=mapping, source=source, file_name=file.name, now=self._now(), region=self._region)
                for row in window
            ]
            counts = counts.plus(await self._send(prepared, file=file, source=source))
            bookmark.write(counts, done=False)
            progress(window[-1].position, counts)
        bookmark.write(counts, done=True)
        return counts

    async def _send(self, prepared: list[Prepared], *, file: Path, source: str | None) -> Counts:
        outcomes = Counter(await asyncio.gather(*(self._send_one(each, file=file, source=source) for each in prepared)))
        rejected = Counter(field for each in prepared if isinstance(each, ReadyRow) for field in each.rejected)
        return Counts(
            rows=len(prepared),
            published=outcomes["published"],
            duplicates=outcomes["duplicate"],
            parked=outcomes["parked"],
            left_out=outcomes["left_out"],
            values_rejected=dict(rejected),
        )

    async def _send_one(self, prepared: Prepared, *, file: Path, source: str | None) -> str:
        match prepared:
            case LeftOutRow():
                return "left_out"
            case ReadyRow():
                try:
                    result = await self._publisher.publish(prepared.event, body=prepared.body)
                except EventTooLarge as error:
                    reason = f"{file.name}, line {prepared.line}: {error}"
                    refused = RefusedRow(
                        line=prepared.line, body=prepared.body, code=error.code, reason=reason, type=prepared.event.type
                    )
                    return await self._send_one(refused, file=file, source=source)
                return "duplicate" if result.duplicate else "published"
            case RefusedRow():
                await park_row(self._publisher, prepared, file_name=file.name, source=source)
                return "parked"
            case _:
                assert_never(prepared)


async def park_row(publisher: EventPublisher, refused: RefusedRow, *, file_name: str, source: str | None) -> None:
    """Put a row among the dead letters.

    Raises:
        EventsUnavailable: JetStream did not acknowledge in time.
    """
    await publisher.park(
        refused.body,
        code=refused.code,
        reason=refused.reason,
        field=refused.field,
        origin=f"import:{source}" if source is not None else "import",
        subject=f"{EVENTS_SUBJECT}.{refused.type}",
        # After a crash between parking and the bookmark the same row comes again.
        once=f"import:{file_name}:{refused.line}:{hash_of(refused.body)}",
    )


def check_file(file: Path, mapping: FileMapping | None) -> None:
    """See that a file can be read with a mapping.

    Raises:
        FileError: the file cannot be read.
        MappingError: the mapping does not fit the file.
    """
    columns = columns_of(
        file,
        encoding=mapping.file.encoding if mapping is not None else None,
        delimiter=mapping.file.delimiter if mapping is not None else None,
    )
    if mapping is None:
        if format_of(file) != "jsonl":
            raise MappingError(f"{file.name} needs a mapping: without one a file holds events in wire form, as JSON Lines")
    elif columns is not None:
        mapping.check_columns(columns, file_name=file.name)


def rows_of(file: Path, mapping: FileMapping | None) -> Iterator[FileRow]:
    """The rows of a file, read as its mapping says; raises as ``read_rows``."""
    if mapping is None:
        return read_rows(file)
    return read_rows(file, encoding=mapping.file.encoding, delimiter=mapping.file.delimiter)


def prepare_row(
    row: FileRow, *, mapping: FileMapping | None, source: str | None, file_name: str, now: datetime, region: str
) -> Prepared:
    """What becomes of a row: an event to publish, a dead letter, or nothing where the mapping leaves it out."""
    place = f"{file_name}, line {row.line}"
    match row:
        case BadRow():
            return RefusedRow(line=row.line, body=row.raw, code="row_unreadable", reason=f"{place}: {row.reason}")
        case GoodRow():
            return _prepare_good(row, mapping=mapping, source=source, place=place, now=now, region=region)
        case _:
            assert_never(row)


def _prepare_good(
    row: GoodRow, *, mapping: FileMapping | None, source: str | None, place: str, now: datetime, region: str
) -> Prepared:
    body = row.raw or b""
    kind = "unknown"
    try:
        if mapping is not None:
            mapped = event_of(row.values, mapping, source=source, today=now.date())
            if mapped is None:
                return LeftOutRow()
            body = orjson.dumps(mapped)
        elif source is not None and len(body) <= MAX_EVENT_BYTES:
            body = orjson.dumps(row.values | {"source": source})
        event = parse_event(body)
        kind = event.type
        evidence = to_evidence(event, recorded_at=now, region=region)
    except EventRefused as error:
        return RefusedRow(line=row.line, body=body, code=error.code, reason=f"{place}: {error}", field=error.field, type=kind)
    except RowRefused as error:
        return RefusedRow(line=row.line, body=body or _given(row), code=error.code, reason=f"{place}: {error}")
    except Exception as error:
        # One row must not end the import, whatever it made a library do.
        log.exception("row.not_normalised", place=place)
        reason = f"{place}: normalising the row failed with {type(error).__name__}"
        return RefusedRow(line=row.line, body=body or _given(row), code="not_normalised", reason=reason, type=kind)
    rejected = tuple(value.field.partition("[")[0] for value in evidence.rejected)
    return ReadyRow(line=row.line, event=event, evidence=evidence, body=body, rejected=rejected)


def _given(row: GoodRow) -> bytes:
    """A row for whoever looks at the dead letter: as JSON, where it is to be had."""
    try:
        return orjson.dumps(plain(row.values), option=orjson.OPT_NON_STR_KEYS)
    except (TypeError, ValueError, RecursionError):
        return repr(row.values).encode(errors="backslashreplace")


def hash_of(body: bytes) -> str:
    """A short name for a row's content."""
    return hashlib.sha256(body).hexdigest()[:32]
