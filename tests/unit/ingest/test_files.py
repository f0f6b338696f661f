"""Readers of files: every row once, and what is no row shown."""

import gzip
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.bookmarks import Bookmark, Counts
from ingest.files import MAX_LINE_BYTES, BadRow, FileError, GoodRow, columns_of, format_of, read_rows, size_of
from ingest.import_rows import plain


def written(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def values(path: Path) -> list[dict[str, object]]:
    return [row.values for row in read_rows(path) if isinstance(row, GoodRow)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_of_any_delimiter(tmp_path: Path, delimiter: str) -> None:
    content = delimiter.join(("id", "na.me")) + "\n" + delimiter.join(("1", "Ann")) + "\n"
    path = written(tmp_path, "a.csv", content.encode())
    assert values(path) == [{"id": "1", "na.me": "Ann"}]
    assert columns_of(path, encoding=None, delimiter=None) == ["id", "na.me"]


def test_csv_with_quoted_line_breaks_and_blank_lines(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", b'id,note\r\n1,"two\r\nlines, ""quoted"""\r\n\r\n2,x\r\n')
    assert values(path) == [{"id": "1", "note": 'two\r\nlines, "quoted"'}, {"id": "2", "note": "x"}]
    assert [row.line for row in read_rows(path)] == [3, 5]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_csv_of_any_usual_encoding(tmp_path: Path, encoding: str) -> None:
    path = written(tmp_path, "a.csv", "id,name\n1,Jörg Müller\n".encode(encoding))
    assert values(path) == [{"id": "1", "name": "Jörg Müller"}]


def test_csv_rows_that_are_none_are_shown(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", b"id,name\n1,a,b\n2\n3,ok\n4,\xff\n")
    rows = list(read_rows(path, encoding="utf-8"))
    bad = [(row.line, row.raw, row.reason) for row in rows if isinstance(row, BadRow)]
    assert bad == [
        (2, b"1,a,b\n", "the row has 3 fields, the header 2"),
        (3, b"2\n", "the row has 1 fields, the header 2"),
        (5, b"4,\xff\n", "the row has bytes that are not of the file's encoding"),
    ]
    assert [row.values for row in rows if isinstance(row, GoodRow)] == [{"id": "3", "name": "ok"}]


def test_a_quote_that_is_never_closed_loses_nothing(tmp_path: Path) -> None:
    lines = b"".join(b'%d,"open\n' % number if number == 2 else b"%d,x\n" % number for number in range(60_000))
    path = written(tmp_path, "a.csv", b"id,name\n" + lines)
    rows = list(read_rows(path))
    kept = b"".join(row.raw for row in rows if isinstance(row, BadRow))
    good = [row.values["id"] for row in rows if isinstance(row, GoodRow)]
    assert b'2,"open\n' in kept
    assert kept.count(b"\n") + len(good) == 60_000


def test_csv_headers_that_are_wrong(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no header"):
        list(read_rows(written(tmp_path, "a.csv", b"\n\n")))
    with pytest.raises(FileError, match="'id' more than once"):
        list(read_rows(written(tmp_path, "b.csv", b"id,id\n1,2\n")))


def test_json_lines(tmp_path: Path) -> None:
    path = written(tmp_path, "a.jsonl", b'\xef\xbb\xbf{"a": 1}\n\n[1]\n{"a":\n{"a": 2}')
    rows = list(read_rows(path))
    assert [(type(row).__name__, row.line) for row in rows] == [("GoodRow", 1), ("BadRow", 3), ("BadRow", 4), ("GoodRow", 5)]
    assert values(path) == [{"a": 1}, {"a": 2}]
    assert rows[-1].position == size_of(path) == path.stat().st_size


def test_a_line_without_end_is_not_held(tmp_path: Path) -> None:
    path = written(tmp_path, "a.jsonl", b'{"a": "' + b"x" * (2 * MAX_LINE_BYTES) + b'"}\n{"a": 2}\n')
    rows = list(read_rows(path))
    assert isinstance(rows[0], BadRow)
    assert len(rows[0].raw) == MAX_LINE_BYTES
    assert values(path) == [{"a": 2}]


def test_gzip(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv.gz", gzip.compress(b"id\n1\n2\n"))
    assert values(path) == [{"id": "1"}, {"id": "2"}]
    cut = written(tmp_path, "b.jsonl.gz", gzip.compress(b'{"a": 1}\n' * 1_000)[:-20])
    with pytest.raises(FileError, match="gzip"):
        list(read_rows(cut))


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    at = datetime(2026, 3, 1, tzinfo=UTC)
    table = pa.table({"id": [1, None], "at": [at, at], "price": [Decimal("1.50"), None], "tags": [["x"], []]})
    pq.write_table(table, path)  # type: ignore[no-untyped-call]
    assert columns_of(path, encoding=None, delimiter=None) == ["id", "at", "price", "tags"]
    assert size_of(path) == 2
    assert plain(values(path)[0]) == {"id": 1, "at": at.isoformat(), "price": "1.50", "tags": ["x"]}


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"none of"):
        format_of(Path("a.xlsx"))
    for name in ("missing.csv", "missing.parquet", "missing.jsonl"):
        with pytest.raises(FileError):
            list(read_rows(tmp_path / name))
    with pytest.raises(FileError):
        size_of(written(tmp_path, "a.parquet", b"not parquet"))


def test_a_bookmark_holds_for_the_file_as_it_is(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", b"id\n1\n")
    counts = Counts(rows=3, published=2, parked=1, values_rejected={"traits.phone": 1})

    def bookmark(mapping: str = "m") -> Bookmark:
        return Bookmark(tmp_path / "imports", file=path, mapping_digest=mapping, source=None)

    assert bookmark().read() == Counts()
    bookmark().write(counts, done=False)
    assert bookmark().read() == counts
    assert bookmark("other").read() == Counts()
    bookmark().write(counts, done=True)
    assert bookmark().read() == Counts()
    bookmark().write(counts, done=False)
    written(tmp_path, "a.csv", b"id\n2\n")
    assert bookmark().read() == Counts()


def test_a_damaged_bookmark_is_no_bookmark(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", b"id\n1\n")
    bookmark = Bookmark(tmp_path / "imports", file=path, mapping_digest="m", source=None)
    bookmark.write(Counts(rows=1, published=1), done=False)
    (kept,) = (tmp_path / "imports").iterdir()
    kept.write_bytes(kept.read_bytes()[:20])
    assert bookmark.read() == Counts()


def test_counts_add_up() -> None:
    one = Counts(rows=2, published=1, parked=1, values_rejected={"a": 1})
    assert one.plus(Counts(rows=1, duplicates=1, values_rejected={"a": 1, "b": 2})) == Counts(
        rows=3, published=1, duplicates=1, parked=1, values_rejected={"a": 2, "b": 2}
    )
