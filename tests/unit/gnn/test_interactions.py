from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest

from gnn.data.interactions import halving, to_seconds
from gnn.data.tables import from_table, read_interactions
from gnn.errors import InteractionsError
from tests.unit.gnn.shops import OPENED, shop

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)


def table(**columns: object) -> pa.Table:
    given = {"customer": ["a", "a", "b"], "item": ["x", "y", "x"], "time": [NOON, NOON + timedelta(days=1), NOON]}
    return pa.table(given | columns)


def test_rows_are_numbered_by_the_sorted_ids() -> None:
    found = from_table(table(customer=["b", "a", "b"]), items=None, of="t")
    assert found.customers.tolist() == ["a", "b"]
    assert found.customer.tolist() == [1, 0, 1]
    assert found.catalogue.ids.tolist() == ["x", "y"]


def test_before_leaves_out_the_moment_itself() -> None:
    found = from_table(table(), items=None, of="t")
    assert len(found.before(NOON)) == 0
    assert len(found.before(NOON + timedelta(seconds=1))) == 2
    assert len(found.between(NOON, NOON + timedelta(days=1))) == 2


def test_of_items_numbers_anew_and_keeps_the_catalogue_in_step() -> None:
    found = from_table(table(), items=None, of="t").of_items(np.array([1]))
    assert found.catalogue.ids.tolist() == ["y"]
    assert found.item.tolist() == [0]


def test_a_price_that_is_not_positive_is_unknown() -> None:
    found = from_table(table(price=[2.5, 0.0, -1.0]), items=None, of="t")
    assert found.unit_price[0] == 2.5
    assert np.isnan(found.unit_price[1:]).all()


def test_looks_are_not_taken_and_one_day_is_one_visit() -> None:
    rows = table(customer=["a", "a", "a"], item=["x", "x", "y"], time=[NOON, NOON, NOON], strength=[1.0, 0.2, 0.2])
    found = from_table(rows, items=None, of="t")
    assert found.taken().toarray().tolist() == [[1.0, 0.0]]
    assert sorted(found.visits().strength.tolist()) == pytest.approx([0.2, 1.0])


def test_weights_halve_with_each_half_life() -> None:
    weights = halving(np.array([0.0, 7.0, 14.0], dtype=np.float32), timedelta(weeks=1))
    assert weights.tolist() == pytest.approx([1.0, 0.5, 0.25])


def test_text_without_offset_is_utc(tmp_path: Path) -> None:
    file = tmp_path / "bought.csv"
    file.write_text("customer,item,time,price\na,x,2025-03-01T12:00:00,2\nb,x,2025-03-01T13:00:00+01:00,2\n", encoding="utf-8")
    assert read_interactions(file).at.tolist() == [to_seconds(NOON)] * 2


def test_categories_are_levels_and_other_columns_qualities(tmp_path: Path) -> None:
    rows, items = tmp_path / "bought.csv", tmp_path / "items.csv"
    pyarrow.csv.write_csv(table(), rows)
    items.write_text("item,title,category_1,category_2,brand\nx,Milk,dairy,milk,Red\ny,Tea,drinks,tea,\n", encoding="utf-8")
    found = read_interactions(rows, items).catalogue
    assert list(found.levels) == ["category_1", "category_2"]
    assert list(found.qualities) == ["brand"]
    assert found.title(0) == "Milk"
    assert found.qualities["brand"].codes.tolist() == [0, -1]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (pa.table({"customer": ["a"], "item": ["x"]}), "no column time"),
        (table(item=["x", None, "y"]), "1 rows have no item"),
        (table(price=["cheap", "2", "3"]), "price is not a number"),
        (table(time=["soon", "later", "now"]), "time is not a timestamp"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, rows: pa.Table, says: str) -> None:
    file = tmp_path / "rows.parquet"
    pa.parquet.write_table(rows, file)
    with pytest.raises(InteractionsError, match=says):
        read_interactions(file)


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InteractionsError, match=r"neither \.csv nor \.parquet"):
        read_interactions(tmp_path / "rows.xlsx")


def test_the_small_shop_begins_when_it_opened() -> None:
    assert shop().span()[0] == OPENED
