"""Streaming readers for files of rows: JSON Lines, CSV and Parquet, plain or (the first two) gzipped.

A reader holds a few thousand rows at most. What cannot be read as a row is given as a ``BadRow`` with its text, never dropped.
"""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Literal

import orjson
import pyarrow as pa
import pyarrow.lib
import pyarrow.parquet

from graph.errors import KindredError

Format = Literal["jsonl", "csv", "parquet"]

MAX_LINE_BYTES: Final = 8 * 1024 * 1024
SAMPLE_BYTES: Final = 1024 * 1024
BATCH_ROWS: Final = 2_000
DELIMITERS: Final = (",", ";", "\t", "|")
_SUFFIXES: Final[dict[str, Format]] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
}


class FileError(KindredError):
    """A file that cannot be read at all."""

    code = "file_unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodRow:
    """One row. ``line`` is the line it ends on, from 1 (of Parquet its number); ``position`` the bytes (rows) read so far."""

    line: int
    position: int
    values: dict[str, Any]
    raw: bytes | None = None
    """Of JSON Lines the line as it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """What stands where a row should: its text and what is wrong with it."""

    line: int
    position: int
    raw: bytes
    reason: str


FileRow = GoodRow | BadRow


def format_of(path: Path) -> Format:
    """The format that a file's name tells.

    Raises:
        FileError: it tells none.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    found = _SUFFIXES.get(suffixes[-1]) if suffixes else None
    if found is None:
        raise FileError(f"{path.name} is none of {', '.join(_SUFFIXES)}")
    return found


def size_of(path: Path) -> int:
    """What ``position`` counts up to: bytes, or the rows of a Parquet file.

    Raises:
        FileError: the file cannot be read.
    """
    if format_of(path) == "parquet":
        with _parquet(path) as parquet:
            return int(parquet.metadata.num_rows)
    try:
        return path.stat().st_size
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}") from error


def columns_of(path: Path, *, encoding: str | None, delimiter: str | None) -> list[str] | None:
    """The columns that all rows of a file have; None for JSON Lines, whose rows may differ.

    Raises:
        FileError: the file cannot be read.
    """
    match format_of(path):
        case "jsonl":
            return None
        case "parquet":
            with _parquet(path) as parquet:
                return [str(name) for name in parquet.schema_arrow.names]
        case "csv":
            with _opened(path) as (binary, _):
                text = _text(binary, path, encoding)
                return _header(_Lines(text), path, delimiter)[0]


def read_rows(path: Path, *, encoding: str | None = None, delimiter: str | None = None) -> Iterator[FileRow]:
    """The rows of a file, in order, in little memory.

    Raises:
        FileError: the file cannot be read, has no header, or is not of the format that its name tells.
    """
    match format_of(path):
        case "jsonl":
            return _json_lines(path)
        case "csv":
            return _csv(path, encoding, delimiter)
        case "parquet":
            return _parquet_rows(path)


def _json_lines(path: Path) -> Iterator[FileRow]:
    with _opened(path) as (binary, raw):
        number = 0
        while line := binary.readline(MAX_LINE_BYTES):
            number += 1
            position = raw.tell()
            if len(line) == MAX_LINE_BYTES and not line.endswith(b"\n"):
                # The rest is read past, a piece at a time: it is no row, and it may not fit into memory.
                while (rest := binary.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
                    pass
                reason = f"the line is longer than {MAX_LINE_BYTES} bytes; this is its beginning"
                yield BadRow(line=number, position=position, raw=line, reason=reason)
                continue
            text = line.strip().removeprefix(b"\xef\xbb\xbf") if number == 1 else line.strip()
            if not text:
                continue
            try:
                values = orjson.loads(text)
            except orjson.JSONDecodeError as error:
                yield BadRow(
                    line=number, position=position, raw=text, reason=f"the line is not JSON: {error.msg} at byte {error.pos}"
                )
                continue
            if isinstance(values, dict):
                yield GoodRow(line=number, position=position, values=values, raw=text)
            else:
                yield BadRow(line=number, position=position, raw=text, reason="the line is JSON but not an object")


class _Lines:
    """Lines of a text file that remembers those since the last row, to show what could not be read."""

    def __init__(self, text: IO[str]) -> None:
        self._text = text
        self.pending: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._text)
        self.pending.append(line)
        return line

    def taken(self) -> bytes:
        text = "".join(self.pending)
        self.pending.clear()
        return text.encode("utf-8", errors="surrogateescape")


def _csv(path: Path, encoding: str | None, delimiter: str | None) -> Iterator[FileRow]:
    with _opened(path) as (binary, raw):
        lines = _Lines(_text(binary, path, encoding))
        header, separator = _header(lines, path, delimiter)
        lines.taken()
        reader = csv.reader(lines, delimiter=separator)
        while True:
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield BadRow(line=reader.line_num + 1, position=raw.tell(), raw=lines.taken(), reason=f"not CSV: {error}")
                continue
            line, position, text = reader.line_num + 1, raw.tell(), lines.taken()
            if not fields:
                continue
            if len(fields) != len(header):
                reason = f"the row has {len(fields)} fields, the header {len(header)}"
                yield BadRow(line=line, position=position, raw=text, reason=reason)
            elif any("\udc80" <= character <= "\udcff" for field in fields if not field.isascii() for character in field):
                yield BadRow(
                    line=line, position=position, raw=text, reason="the row has bytes that are not of the file's encoding"
                )
            else:
                yield GoodRow(line=line, position=position, values=dict(zip(header, fields, strict=True)))


def _header(lines: _Lines, path: Path, delimiter: str | None) -> tuple[list[str], str]:
    """Column names and the delimiter: the one given, else the one that splits the header most."""
    first = next((line for line in lines if line.strip()), None)
    if first is None:
        raise FileError(f"{path.name} has no header line")
    candidates = (delimiter,) if delimiter is not None else DELIMITERS
    try:
        rows = {candidate: next(csv.reader([first], delimiter=candidate)) for candidate in candidates}
    except csv.Error as error:
        raise FileError(f"{path.name} has a header line that is not CSV: {error}") from error
    chosen = max(rows, key=lambda candidate: len(rows[candidate]))
    names = [name.strip() for name in rows[chosen]]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise FileError(f"{path.name} has the column {twice[0]!r} more than once")
    return names, chosen


def _parquet_rows(path: Path) -> Iterator[FileRow]:
    number = 0
    for batch in read_batches(path, rows=BATCH_ROWS):
        for row in rows_of_batch(batch, path=path, before=number):
            yield row
            number = row.line


def read_batches(path: Path, *, rows: int) -> Iterator[pa.RecordBatch]:
    """The rows of a Parquet file, at most so many at once, in order.

    Raises:
        FileError: the file cannot be read.
    """
    with _parquet(path) as parquet:
        number = 0
        try:
            for batch in parquet.iter_batches(batch_size=rows):  # type: ignore[no-untyped-call]
                yield batch
                number += batch.num_rows
        except (pyarrow.lib.ArrowException, OSError) as error:
            raise FileError(f"{path.name} cannot be read after row {number}: {error}") from error


def rows_of_batch(batch: pa.RecordBatch, *, path: Path, before: int) -> Iterator[GoodRow]:
    """The rows of a batch of a Parquet file, of which so many rows come before.

    Raises:
        FileError: a value is none of Python's, such as a time beyond its calendar.
    """
    try:
        listed = batch.to_pylist()
    except (pyarrow.lib.ArrowException, ValueError, OverflowError) as error:
        raise FileError(f"{path.name} cannot be read after row {before}: {error}") from error
    for number, values in enumerate(listed, start=before + 1):
        yield GoodRow(line=number, position=number, values=values)


@contextmanager
def _parquet(path: Path) -> Iterator[pyarrow.parquet.ParquetFile]:
    try:
        parquet = pyarrow.parquet.ParquetFile(path)  # type: ignore[no-untyped-call]
    except (pyarrow.lib.ArrowException, OSError) as error:
        raise FileError(f"{path} cannot be read: {error}") from error
    with parquet:
        yield parquet


@contextmanager
def _opened(path: Path) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """The file's bytes, decompressed if need be, and the file itself, whose position tells the progress."""
    try:
        with path.open("rb") as raw:
            if path.suffix.lower() == ".gz":
                with gzip.open(raw) as unpacked:
                    yield io.BufferedReader(unpacked), raw
            else:
                yield raw, raw
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise FileError(f"{path.name} is not a whole gzip file: {error}") from error
    except UnicodeDecodeError as error:
        # Of encodings of several bytes a character, which surrogates cannot stand in for.
        raise FileError(f"{path.name} is not {error.encoding} throughout: {error.reason}") from error
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror or error}") from error


def _text(binary: IO[bytes], path: Path, encoding: str | None) -> IO[str]:
    """The file as text; bytes that are not of its encoding are kept as surrogates, for their row to be shown."""
    buffered = binary if isinstance(binary, io.BufferedReader) else io.BufferedReader(binary)  # type: ignore[type-var]
    chosen = encoding or _encoding(path)
    try:
        return io.TextIOWrapper(buffered, encoding=chosen, errors="surrogateescape", newline="")
    except LookupError as error:
        raise FileError(f"the encoding {chosen!r} is not known") from error


def _encoding(path: Path) -> str:
    """By a byte order mark; else UTF-8 if the beginning of the file is, else Windows-1252, as spreadsheets write it."""
    with _opened(path) as (binary, _):
        sample = binary.read(SAMPLE_BYTES)
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        # The last characters may be cut in two by the sample's end.
        sample[: sample.rfind(b"\n") + 1 or None].decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"
