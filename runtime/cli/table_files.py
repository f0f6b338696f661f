"""Tables written row by row to CSV or Parquet; a file appears under its name only when it is whole."""

import csv
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import astuple, fields, is_dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from graph.errors import KindredError

ROW = TypeVar("ROW")
ROWS_PER_GROUP = 50_000


class ExportError(KindredError):
    """The export cannot be written."""

    code = "export_failed"


async def write_table(rows: AsyncIterator[ROW], row_type: type[ROW], out: Path, schema: pa.Schema) -> int:
    """Write rows to ``out``, CSV or Parquet by its suffix; returns their number.

    In CSV, times are ISO 8601 in UTC and lists are joined by spaces.

    Raises:
        ExportError: the suffix is neither ``.csv`` nor ``.parquet``, or the file cannot be written.
    """
    if not is_dataclass(row_type) or [field.name for field in fields(row_type)] != schema.names:
        raise TypeError(f"the schema does not describe {row_type.__name__}")
    kinds: dict[str, type[_Csv] | type[_Parquet]] = {".csv": _Csv, ".parquet": _Parquet}
    kind = kinds.get(out.suffix.lower())
    if kind is None:
        raise ExportError(f"{out.name} ends in neither .csv nor .parquet", code="export_format_unknown")
    unfinished = out.with_name(f".{out.name}.part")
    count = 0
    try:
        with kind(unfinished, schema) as writer:
            async for row in rows:
                writer.write(astuple(row))  # type: ignore[call-overload]
                count += 1
        unfinished.replace(out)
    except OSError as error:
        raise ExportError(f"{out} cannot be written: {error.strerror}") from error
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
    return count


class _Csv:
    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow(schema.names)

    def __enter__(self) -> "_Csv":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()

    def write(self, row: tuple[Any, ...]) -> None:
        self._writer.writerow([_text(value) for value in row])


class _Parquet:
    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._schema = schema
        self._writer = pq.ParquetWriter(path, schema)  # type: ignore[no-untyped-call]
        self._rows: list[tuple[Any, ...]] = []

    def __enter__(self) -> "_Parquet":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is None:
            self._flush()
        self._writer.close()  # type: ignore[no-untyped-call]

    def write(self, row: tuple[Any, ...]) -> None:
        self._rows.append(row)
        if len(self._rows) >= ROWS_PER_GROUP:
            self._flush()

    def _flush(self) -> None:
        columns = list(zip(*self._rows, strict=True)) if self._rows else [()] * len(self._schema)
        arrays = [pa.array(list(column), type=field.type) for column, field in zip(columns, self._schema, strict=True)]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))  # type: ignore[no-untyped-call]
        self._rows = []


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    return " ".join(value) if isinstance(value, list | tuple) else str(value)
