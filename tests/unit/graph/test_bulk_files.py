"""Parts of evidence into files of the offline import: what is dropped, summed up and quoted."""

import csv
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from graph.bulk.columns import TOUCHPOINT, VERSION
from graph.bulk.parts import has_line_ends, tables_of
from graph.bulk.store_files import ARRAY_DELIMITER, Conflict, PartsReader, StoreFiles
from graph.model.evidence import Evidence, ProductLine, RecordVersion, RejectedValue, Touchpoint
from graph.model.identifier import Identifier
from graph.model.ids import MessageId, RecordId
from graph.repositories.evidence_rows import touchpoint_properties, version_properties

DAY = datetime(2024, 1, 1, tzinfo=UTC)
Rows = dict[str, list[dict[str, str]]]
Written = tuple[Rows, StoreFiles, list[Conflict]]


def touchpoint(
    name: str,
    *,
    day: int = 0,
    keys: Sequence[str] = ("email:a@x.com",),
    lines: Sequence[ProductLine] = (),
    sha: str = "s",
    title: str | None = None,
    rejected: Sequence[RejectedValue] = (),
) -> Touchpoint:
    at = DAY + timedelta(days=day)
    identifiers = tuple(Identifier(namespace=key.partition(":")[0], value=key.partition(":")[2]) for key in sorted(keys))
    return Touchpoint(
        id=MessageId(name), at=at, recorded_at=at, source="web", body_sha256=sha, identifiers=identifiers, type="order",
        event="Order", channel="web", products=tuple(lines), title=title, rejected=tuple(rejected), body="{}",
    )  # fmt: skip


def version(name: str, *, day: int = 0, entity_type: str = "person", keys: Sequence[str] = ()) -> RecordVersion:
    at = DAY + timedelta(days=day)
    identifiers = tuple(Identifier(namespace=key.partition(":")[0], value=key.partition(":")[2]) for key in keys)
    return RecordVersion(
        id=MessageId(name), at=at, recorded_at=at, source="crm", body_sha256="s", identifiers=identifiers,
        record_id=RecordId("crm:1"), source_record_id="1", entity_type=entity_type, body="{}",
    )  # fmt: skip


@pytest.fixture
def write(tmp_path: Path) -> Callable[[Sequence[Sequence[Evidence]]], Written]:
    def made(parts: Sequence[Sequence[Evidence]]) -> Written:
        folder = tmp_path / "parts"
        folder.mkdir()
        number = 0
        for place, events in enumerate(parts):
            for name, table in tables_of(list(enumerate(events, start=number))).items():
                pq.write_table(table, folder / f"{place:04}.{name}.parquet")
            number += len(events)
        reader = PartsReader(folder, work=tmp_path / "work", memory_mb=256)
        try:
            stored = reader.write(tmp_path / "files", replay="backfill x")
            conflicts = list(reader.conflicts())
        finally:
            reader.close()
        rows: Rows = {}
        for file in stored.files:
            header = file.header.read_text(encoding="utf-8").strip().split(",")
            with file.data.open(encoding="utf-8", newline="") as data:
                rows[file.data.stem] = [dict(zip(header, row, strict=True)) for row in csv.reader(data)]
            assert len(rows[file.data.stem]) == file.rows
        return rows, stored, conflicts

    return made


def test_columns_are_the_properties_that_statements_get() -> None:
    assert list(touchpoint_properties(touchpoint("m"))) == list(TOUCHPOINT)
    assert list(version_properties(version("m"))) == list(VERSION)


def test_of_events_with_one_id_the_first_counts_with_all_that_it_says(write: Callable[..., Written]) -> None:
    line = ProductLine(product_id="p1")
    first = touchpoint("m1", keys=("email:a@x.com", "user_id:u"), lines=[line])
    other = touchpoint("m1", day=5, keys=("email:b@x.com", "user_id:u"), lines=[ProductLine(product_id="p2")], sha="t")
    rows, stored, conflicts = write([[first, touchpoint("m2")], [first, other]])
    assert (stored.events, stored.repeated, stored.conflicts) == (2, 1, 1)
    assert [(each.id, each.number, each.known_sha256, each.given_sha256) for each in conflicts] == [("m1", 3, "s", "t")]
    assert sorted(row["key:ID(Identifier)"] for row in rows["node-Identifier"]) == ["email:a@x.com", "user_id:u"]
    assert [row["id:ID(Product)"] for row in rows["node-Product"]] == ["p1"]
    [seen] = rows["relationship-SEEN_WITH-Identifier-Identifier"]
    assert seen["first_seen:datetime"] == seen["last_seen:datetime"] == "2024-01-01T00:00:00.000000Z"
    assert rows["node-Replay"] == [{"name:ID(Replay)": "backfill x", "sequence:long": "2"}]


def test_a_record_version_and_a_touchpoint_of_one_id_are_in_conflict(write: Callable[..., Written]) -> None:
    rows, stored, _ = write([[touchpoint("m1", sha="t")], [version("m1")]])
    assert (stored.events, stored.conflicts) == (1, 1)
    assert "node-Record" not in rows


def test_times_are_the_least_and_greatest_over_all_parts(write: Callable[..., Written]) -> None:
    rows, _, _ = write(
        [
            [version("v2", day=2, keys=["email:a@x.com"]), touchpoint("m1", day=3, keys=("user_id:u", "email:a@x.com"))],
            [version("v1", day=1, keys=["email:a@x.com"], entity_type="organization")],
            [touchpoint("m2", day=1, keys=("user_id:u", "email:a@x.com"))],
        ]
    )
    [states] = rows["relationship-STATES-Record-Identifier"]
    assert (states["first_seen:datetime"][:10], states["last_seen:datetime"][:10]) == ("2024-01-02", "2024-01-03")
    [seen] = rows["relationship-SEEN_WITH-Identifier-Identifier"]
    assert (seen["first_seen:datetime"][:10], seen["last_seen:datetime"][:10]) == ("2024-01-02", "2024-01-04")
    assert (seen[":START_ID(Identifier)"], seen[":END_ID(Identifier)"]) == ("email:a@x.com", "user_id:u")
    [record] = rows["node-Record"]
    assert record["entity_type"] == "organization", "a record that any version says is one"


def test_products_have_their_newest_and_first_description(write: Callable[..., Written]) -> None:
    def named(name: str | None, brand: str | None = None) -> list[ProductLine]:
        return [ProductLine(product_id="p", name=name, brand=brand, category="Light" if name else None)]

    rows, _, _ = write(
        [
            [touchpoint("m2", day=1, lines=named("Lamp", "B")), touchpoint("m9", day=4, lines=named(None))],
            [touchpoint("m3", day=3, lines=named("Lámp")), touchpoint("m4", day=3, lines=named("lamp"))],
            [touchpoint("m1", day=1, lines=named("Old"))],
        ]
    )
    [product] = rows["node-Product"]
    assert (product["name"], product["brand"], product["described_by"]) == ("lamp", "", "m4")
    assert (product["first_name"], product["first_brand"], product["first_described_by"]) == ("Old", "", "m1")
    [category] = rows["relationship-IN_CATEGORY-Product-Category"]
    assert category["first_seen:datetime"][:10] == "2024-01-02"
    assert len(rows["relationship-ABOUT-Touchpoint-Product"]) == 5


def test_what_a_file_must_quote_comes_back_as_it_was(write: Callable[..., Written]) -> None:
    rejected = [RejectedValue(field="a", given='x;"y', reason="r"), RejectedValue(field="b", given="\x1f", reason="r")]
    event = touchpoint('m"1,', title='say "so", now', rejected=rejected, keys=("user_id:a:b;c",))
    rows, _, _ = write([[event, touchpoint("m2")]])
    by_id = {row["id:ID(Touchpoint)"]: row for row in rows["node-Touchpoint"]}
    assert by_id['m"1,']["title"] == 'say "so", now'
    assert by_id['m"1,']["rejected_values:string[]"].split(ARRAY_DELIMITER) == touchpoint_properties(event)["rejected_values"]
    assert by_id["m2"]["rejected_values:string[]"] == ""
    assert {(row["namespace"], row["value"]) for row in rows["node-Identifier"]} == {("user_id", "a:b;c"), ("email", "a@x.com")}


def test_texts_that_span_lines_are_told_of() -> None:
    assert not has_line_ends(tables_of([(0, touchpoint("m", title="one"))]))
    assert has_line_ends(tables_of([(0, touchpoint("m", title="one\ntwo"))]))
