"""Interactions out of a table of (customer, item, time, price): CSV or Parquet, of any shop."""

from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from gnn.data.catalogue import UNKNOWN, Catalogue, Grouping
from gnn.data.interactions import PURCHASE, Interactions
from gnn.errors import InteractionsError

REQUIRED: Final = ("customer", "item", "time")
LEVEL: Final = "category"
TITLE: Final = "title"


def read_interactions(path: Path, items: Path | None = None) -> Interactions:
    """Read interactions, and what is known of the items.

    Args:
        path: a CSV or Parquet file with the columns ``customer``, ``item``, ``time`` (a timestamp, or ISO 8601 text; UTC where
            no offset is said), and where known ``price`` (of one), ``quantity``, ``place`` and ``strength`` (1 for a purchase,
            less for a look).
        items: a CSV or Parquet file with the column ``item``, and where known ``title``; columns whose name begins with
            ``category`` are its category levels from coarse to fine, any other column is a quality, such as ``brand``.

    Raises:
        InteractionsError: a file cannot be read, a column is missing, or a value is not what its column holds.
    """
    table = read_table(path)
    missing = [name for name in REQUIRED if name not in table.column_names]
    if missing:
        raise InteractionsError(f"{path} has no column {', '.join(missing)}; it has {', '.join(table.column_names)}")
    return from_table(table, items=None if items is None else read_table(items), of=str(path))


def from_table(table: pa.Table, *, items: pa.Table | None, of: str) -> Interactions:
    """Interactions of an Arrow table with the columns that :func:`read_interactions` names; ``of`` names it in errors."""
    for name in REQUIRED:
        empty = table.column(name).null_count
        if empty:
            raise InteractionsError(f"{of}: {empty:,} rows have no {name}")
    customers, customer = _encode(table.column("customer"))
    given, item = _encode(table.column("item"))
    rows = table.num_rows
    places, place = np.array([], dtype=str), np.full(rows, UNKNOWN, dtype=np.int32)
    if "place" in table.column_names:
        places, place = _encode(table.column("place"))
    price = _numbers(table, "price", np.nan, of)
    return Interactions(
        customers=customers,
        catalogue=_catalogue(given, items),
        customer=customer,
        item=item,
        at=_seconds(table.column("time"), of),
        quantity=_numbers(table, "quantity", 1.0, of),
        strength=_numbers(table, "strength", PURCHASE, of),
        unit_price=np.where(price > 0, price, np.nan).astype(np.float32),
        place=place,
        places=places,
    )


def read_table(path: Path) -> pa.Table:
    """Read a CSV or Parquet file.

    Raises:
        InteractionsError: it is neither, or it cannot be read.
    """
    try:
        if path.suffix == ".parquet":
            return pq.read_table(path)
        if path.suffix == ".csv":
            return pyarrow.csv.read_csv(path)
    except (OSError, pa.ArrowException) as error:
        raise InteractionsError(f"{path} cannot be read: {error}") from error
    raise InteractionsError(f"{path} is neither .csv nor .parquet")


def _encode(column: pa.ChunkedArray) -> tuple[NDArray[np.str_], NDArray[np.int32]]:
    """Distinct values as text, ascending, and the position of each row's value (``UNKNOWN`` for null)."""
    encoded = pc.cast(column, pa.string()).combine_chunks().dictionary_encode()
    words = np.asarray(encoded.dictionary.to_pylist(), dtype=str)
    order = np.argsort(words, kind="stable")
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    codes = encoded.indices.fill_null(UNKNOWN).to_numpy(zero_copy_only=False)
    known = codes >= 0
    positions = np.full(len(codes), UNKNOWN, dtype=np.int32)
    positions[known] = rank[codes[known]]
    return words[order], positions


def _seconds(column: pa.ChunkedArray, of: str) -> NDArray[np.int64]:
    try:
        stamps = column
        if not pa.types.is_temporal(column.type):
            stamps = pc.cast(_with_offset(pc.cast(column, pa.string())), pa.timestamp("us", tz="UTC"))
        return pc.cast(pc.cast(stamps, pa.timestamp("s"), safe=False), pa.int64()).to_numpy()
    except pa.ArrowException as error:
        raise InteractionsError(f"{of}: time is not a timestamp: {error}") from error


def _with_offset(text: pa.ChunkedArray) -> pa.ChunkedArray:
    """The same, with Z after a time that says no offset; a day alone is its midnight."""
    # The functions of pyarrow.compute are made when it is imported, so that they can be known by their names alone.
    has_time = pc.call_function("match_substring_regex", [text], pc.MatchSubstringOptions(r"[T ]"))
    timed = pc.call_function("if_else", [has_time, text, _joined(text, "T", "00:00:00")])
    known = pc.call_function("match_substring_regex", [timed], pc.MatchSubstringOptions(r"(?i:Z|[+-]\d\d(:?\d\d)?)$"))
    return pc.call_function("if_else", [known, timed, _joined(timed, "", "Z")])


def _joined(text: pa.ChunkedArray, between: str, after: str) -> pa.ChunkedArray:
    return pc.call_function("binary_join_element_wise", [text, after, between])


def _numbers(table: pa.Table, name: str, otherwise: float, of: str) -> NDArray[np.float32]:
    if name not in table.column_names:
        return np.full(table.num_rows, otherwise, dtype=np.float32)
    try:
        numbers = pc.cast(table.column(name), pa.float32(), safe=False).fill_null(otherwise)
    except pa.ArrowException as error:
        raise InteractionsError(f"{of}: {name} is not a number: {error}") from error
    return np.asarray(numbers.to_numpy(), dtype=np.float32)


def _catalogue(ids: NDArray[np.str_], items: pa.Table | None) -> Catalogue:
    if items is None:
        return Catalogue(ids=ids)
    if "item" not in items.column_names:
        raise InteractionsError(f"the table of items has no column item; it has {', '.join(items.column_names)}")
    known, position = _encode(items.column("item"))
    if len(known) != items.num_rows:
        raise InteractionsError(f"the table of items has {items.num_rows:,} rows of {len(known):,} items")
    row_of = np.empty(len(known), dtype=np.int64)
    row_of[position] = np.arange(len(position))
    at = np.searchsorted(known, ids)
    found = (at < len(known)) & (known[np.minimum(at, len(known) - 1)] == ids)

    def column(name: str) -> NDArray[np.object_]:
        values = np.full(len(ids), None, dtype=object)
        all_values = np.array(pc.cast(items.column(name), pa.string()).to_pylist(), dtype=object)
        values[found] = all_values[row_of[at[found]]]
        return values

    names = [name for name in items.column_names if name not in ("item", TITLE)]
    titles = None
    if TITLE in items.column_names:
        titles = np.array([value or "" for value in column(TITLE)], dtype=str)
    return Catalogue(
        ids=ids,
        levels={name: Grouping.of(column(name)) for name in names if name.startswith(LEVEL)},
        qualities={name: Grouping.of(column(name)) for name in names if not name.startswith(LEVEL)},
        titles=titles,
    )
