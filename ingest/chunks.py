"""Files in chunks of rows, understood by several processes: the same preparation as the import's, many rows at once."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final, assert_never

import pyarrow as pa

from graph.model.evidence import Evidence
from graph.repositories.evidence import EvidenceRefused, require_short_keys
from ingest.bookmarks import Counts
from ingest.files import FileRow, format_of, read_batches, rows_of_batch
from ingest.importer import LeftOutRow, Prepared, ReadyRow, RefusedRow, prepare_row, rows_of
from ingest.mapping import FileMapping

CHUNK_ROWS: Final = 20_000
FILE_BITS: Final = 40
"""Numbers of rows begin at the number of their file shifted by so many bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Rows of a file that follow each other: those of Parquet as they were read, to be taken apart where they are understood."""

    name: str
    """The same for the same rows of the same files; in their order."""
    file: Path
    before: int
    """Rows of the file before them."""
    first_number: int
    """The number of the first among the rows of all files."""
    rows: Sequence[FileRow] | pa.RecordBatch
    mapping: FileMapping | None

    def __len__(self) -> int:
        return self.rows.num_rows if isinstance(self.rows, pa.RecordBatch) else len(self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """What became of the rows of a chunk."""

    events: list[tuple[int, Evidence]]
    """With their numbers, in order."""
    parked: list[RefusedRow]
    """Rows for the dead letters."""
    counts: Counts
    """``published`` are the events; repetitions among them are not known yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How rows are read: the mappings (None for events in wire form), the source in place of theirs, the default region."""

    mappings: tuple[FileMapping | None, ...]
    """One for all files, or one for each."""
    source: str | None
    region: str

    def mapping_of(self, number: int) -> FileMapping | None:
        """The mapping of a file by its number."""
        return self.mappings[number if len(self.mappings) > 1 else 0]

    def chunks(self, files: Sequence[Path]) -> Iterator[Chunk]:
        """The rows of files in chunks.

        Raises:
            FileError: a file cannot be read.
        """
        for number, file in enumerate(files):
            before = 0
            for part, rows in enumerate(_parts(file, self.mapping_of(number))):
                chunk = Chunk(
                    name=f"{number:04}-{part:07}",
                    file=file,
                    before=before,
                    first_number=(number << FILE_BITS) + before,
                    rows=rows,
                    mapping=self.mapping_of(number),
                )
                yield chunk
                before += len(chunk)

    def understand(self, chunk: Chunk, *, now: datetime) -> Understood:
        """What a chunk says; ``now`` is when its events are recorded.

        Raises:
            FileError: a value of a Parquet file cannot be read.
        """
        rows = chunk.rows
        if isinstance(rows, pa.RecordBatch):
            rows = list(rows_of_batch(rows, path=chunk.file, before=chunk.before))
        events: list[tuple[int, Evidence]] = []
        parked: list[RefusedRow] = []
        rejected: Counter[str] = Counter()
        for number, row in enumerate(rows, start=chunk.first_number):
            prepared = _storable(
                prepare_row(
                    row, mapping=chunk.mapping, source=self.source, file_name=chunk.file.name, now=now, region=self.region
                ),
                file_name=chunk.file.name,
            )
            match prepared:
                case ReadyRow():
                    events.append((number, prepared.evidence))
                    rejected.update(prepared.rejected)
                case RefusedRow():
                    parked.append(prepared)
                case LeftOutRow():
                    pass
                case _:
                    assert_never(prepared)
        counts = Counts(
            rows=len(rows),
            published=len(events),
            parked=len(parked),
            left_out=len(rows) - len(events) - len(parked),
            values_rejected=dict(rejected),
        )
        return Understood(events=events, parked=parked, counts=counts)


def _parts(file: Path, mapping: FileMapping | None) -> Iterator[Sequence[FileRow] | pa.RecordBatch]:
    if format_of(file) == "parquet":
        yield from read_batches(file, rows=CHUNK_ROWS)
        return
    rows = rows_of(file, mapping)
    while part := list(islice(rows, CHUNK_ROWS)):
        yield part


def _storable(prepared: Prepared, *, file_name: str) -> Prepared:
    """A row whose event no index takes is refused here, as the worker does."""
    if isinstance(prepared, ReadyRow):
        try:
            require_short_keys(prepared.evidence)
        except EvidenceRefused as error:
            return RefusedRow(
                line=prepared.line,
                body=prepared.body,
                code=error.code,
                reason=f"{file_name}, line {prepared.line}: {error}",
                type=prepared.event.type,
            )
    return prepared
