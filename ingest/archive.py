"""The archive: accepted events in Parquet files, by the day on which they were accepted, each sequence of the stream once.

``FOLDER/day=2026-02-03/00000000000000000001-00000000000000005000.parquet``: the name says which sequences a file covers. A file
is written beside, synced, and then takes its name: it is there whole or not at all, and the greatest sequence among the names is
how far the archive has come. ``archive.json`` says of which stream it is.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from graph.errors import KindredError
from ingest.event_log import StoredEvent
from ingest.streams import MESSAGE_ID_HEADER

SCHEMA: Final = pa.schema(
    [
        pa.field("sequence", pa.int64(), nullable=False),
        pa.field("stored_at", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("subject", pa.string(), nullable=False),
        pa.field("message_id", pa.string()),
        pa.field("headers", pa.string(), nullable=False),
        pa.field("body", pa.binary(), nullable=False),
    ]
)
"""``headers`` is JSON, a list of pairs; ``body`` is the event byte for byte."""
READ_ROWS: Final = 1_000


class ArchiveError(KindredError):
    """The archive cannot be read or written, or is not what was asked for."""

    code = "archive_unusable"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class ArchiveFile:
    """One file; it covers the sequences from ``first`` to ``last``, of which the stream may have lacked some."""

    first: int
    last: int
    day: date
    path: Path


class Archive:
    """The files of one stream in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def writing(self, *, stream_created: datetime) -> Iterator[None]:
        """Hold the folder for one writer.

        Raises:
            ArchiveError: another process writes it, it is of another stream, or it cannot be written.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock = (self._folder / ".lock").open("ab")
        except OSError as error:
            raise ArchiveError(f"{self._folder} cannot be written: {error.strerror or error}") from error
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise ArchiveError(f"another process writes to {self._folder}") from error
            created = stream_created.astimezone(UTC).isoformat()
            known = self.stream_created()
            if known is None:
                self._place("archive.json", orjson.dumps({"format": 1, "stream_created": created}))
            elif known != created:
                raise ArchiveError(f"{self._folder} is of a stream made at {known}, this one was made at {created}")
            yield

    def stream_created(self) -> str | None:
        """When the archived stream was made, which tells it from others; None for a folder that is no archive yet.

        Raises:
            ArchiveError: what the folder says of itself cannot be understood.
        """
        try:
            return str(orjson.loads((self._folder / "archive.json").read_bytes())["stream_created"])
        except FileNotFoundError:
            return None
        except (OSError, orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise ArchiveError(f"{self._folder / 'archive.json'} cannot be understood: {error!r}") from error

    def files(self) -> list[ArchiveFile]:
        """All files in the order of their sequences.

        Raises:
            ArchiveError: two cover one sequence, or a name is none of the archive's.
        """
        found = sorted(_named(path) for path in self._folder.glob("day=*/*.parquet"))
        for before, after in pairwise(found):
            if after.first <= before.last:
                raise ArchiveError(f"{before.path} and {after.path} cover the same sequences")
        return found

    def position(self) -> int:
        """The last sequence that is archived; 0 before the first."""
        return max((file.last for file in self.files()), default=0)

    def append(self, events: Sequence[StoredEvent]) -> None:
        """Keep events, which follow each other and what is archived, durably: a file for each run of one day.

        Raises:
            ArchiveError: they begin before the end of the archive, or the folder cannot be written; of the runs the first may be
                there, each of them whole.
        """
        position = self.position()
        if events and events[0].sequence <= position:
            raise ArchiveError(f"sequence {events[0].sequence} is archived already, up to {position}")
        for day, run in groupby(events, key=lambda event: event.stored_at.astimezone(UTC).date()):
            rows = list(run)
            sink = pa.BufferOutputStream()
            pq.write_table(_table(rows), sink, compression="zstd")
            name = f"day={day.isoformat()}/{rows[0].sequence:020}-{rows[-1].sequence:020}.parquet"
            self._place(name, sink.getvalue().to_pybytes())

    def read(self, *, after: int = 0, since: date | None = None, until: date | None = None) -> Iterator[list[StoredEvent]]:
        """Events behind a sequence, accepted on the days from ``since`` to ``until``, both included, in their order.

        Raises:
            ArchiveError: a file cannot be read.
        """
        for file in self.files():
            if file.last <= after or (since and file.day < since) or (until and file.day > until):
                continue
            try:
                with pq.ParquetFile(file.path) as content:
                    for batch in content.iter_batches(batch_size=READ_ROWS):
                        yield [event for event in map(_event, batch.to_pylist()) if event.sequence > after]
            except (OSError, pa.ArrowException) as error:
                raise ArchiveError(f"{file.path} cannot be read: {error}") from error

    def _place(self, name: str, content: bytes) -> None:
        target = self._folder / name
        temporary = target.with_suffix(".tmp")
        try:
            if not target.parent.exists():
                target.parent.mkdir()
                _sync_folder(self._folder)
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
            _sync_folder(target.parent)
        except OSError as error:
            raise ArchiveError(f"{target} cannot be written: {error.strerror or error}") from error


def _sync_folder(folder: Path) -> None:
    # A new name lasts once its folder is synced, too.
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _named(path: Path) -> ArchiveFile:
    try:
        first, last = (int(number) for number in path.stem.split("-"))
        return ArchiveFile(first=first, last=last, day=date.fromisoformat(path.parent.name.removeprefix("day=")), path=path)
    except ValueError as error:
        raise ArchiveError(f"{path} is not a name that the archive gives") from error


def _table(events: Sequence[StoredEvent]) -> pa.Table:
    return pa.table(
        {
            "sequence": [event.sequence for event in events],
            "stored_at": [event.stored_at for event in events],
            "subject": [event.subject for event in events],
            "message_id": [dict(event.headers).get(MESSAGE_ID_HEADER) for event in events],
            "headers": [orjson.dumps(event.headers).decode() for event in events],
            "body": [event.body for event in events],
        },
        schema=SCHEMA,
    )


def _event(row: dict[str, Any]) -> StoredEvent:
    return StoredEvent(
        sequence=row["sequence"],
        stored_at=row["stored_at"].astimezone(UTC),
        subject=row["subject"],
        headers=tuple((name, value) for name, value in orjson.loads(row["headers"])),
        body=row["body"],
    )
