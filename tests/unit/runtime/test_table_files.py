"""Tables are streamed to CSV and Parquet, and a file that is not whole never appears."""

import csv
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from graph.statements.export import TouchpointRow
from runtime.cli import table_files
from runtime.cli.exports import TOUCHPOINTS
from runtime.cli.table_files import ExportError, write_table

AT = datetime(2024, 1, 1, 12, tzinfo=UTC)


def row(number: int) -> TouchpointRow:
    return TouchpointRow(
        id=f"t{number}", at=AT, type="order", event='Order, "completed"', channel="web", source="shop", value_cents=1299,
        currency=None, identity_ids=["ind_1", "ind_2"],
    )  # fmt: skip


async def rows(number: int, *, then: Exception | None = None) -> AsyncIterator[TouchpointRow]:
    for index in range(number):
        yield row(index)
    if then is not None:
        raise then


async def test_csv_holds_every_row_with_times_in_utc_and_lists_joined(tmp_path: Path) -> None:
    out = tmp_path / "touchpoints.csv"
    assert await write_table(rows(2), TouchpointRow, out, TOUCHPOINTS) == 2
    with out.open(encoding="utf-8", newline="") as lines:
        found = list(csv.DictReader(lines))
    assert found[1]["id"] == "t1"
    assert found[0]["at"] == "2024-01-01T12:00:00+00:00"
    assert (found[0]["event"], found[0]["currency"], found[0]["identity_ids"]) == ('Order, "completed"', "", "ind_1 ind_2")


@pytest.mark.parametrize("number", [0, 1, 5])
async def test_parquet_is_written_in_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setattr(table_files, "ROWS_PER_GROUP", 2)
    out = tmp_path / "touchpoints.parquet"
    assert await write_table(rows(number), TouchpointRow, out, TOUCHPOINTS) == number
    table = pq.read_table(out)
    assert table.schema.equals(TOUCHPOINTS)
    assert table.column("id").to_pylist() == [f"t{index}" for index in range(number)]
    assert table.column("identity_ids").to_pylist() == [["ind_1", "ind_2"]] * number


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
async def test_what_breaks_off_leaves_the_former_file_alone(tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"touchpoints.{suffix}"
    out.write_text("former", encoding="utf-8")
    with pytest.raises(RuntimeError):
        await write_table(rows(3, then=RuntimeError("gone")), TouchpointRow, out, TOUCHPOINTS)
    assert out.read_text(encoding="utf-8") == "former"
    assert [path.name for path in tmp_path.iterdir()] == [out.name]


async def test_other_formats_and_missing_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"t\.xls ends in neither \.csv nor \.parquet"):
        await write_table(rows(1), TouchpointRow, tmp_path / "t.xls", TOUCHPOINTS)
    with pytest.raises(ExportError, match="cannot be written: No such file or directory"):
        await write_table(rows(1), TouchpointRow, tmp_path / "nowhere" / "t.csv", TOUCHPOINTS)
