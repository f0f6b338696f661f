"""Parts into the files of Neo4j's offline import, out of core: repetitions dropped, what is said several times summed up.

What comes out is the graph that ``EvidenceRepository`` writes of the same events in the order of their numbers.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from graph.bulk.columns import TEXTS, TIME, TOUCHPOINT, VERSION, header
from graph.bulk.parts import SUBJECTS, TABLES
from graph.errors import KindredError

if TYPE_CHECKING:
    import duckdb

ARRAY_DELIMITER: Final = "\x1f"
"""Between the items of a list: a control character, of which normalised text has none and JSON only escaped ones."""
REPLAY: Final = "Replay"
_FIRST: Final = 'min("at")'
_LAST: Final = 'max("at")'


class BulkError(KindredError):
    """The parts cannot be made into files."""

    code = "bulk_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportFile:
    """Nodes of one label, or relationships of one type between two labels: the file of its header and the one of its rows."""

    name: str
    """The label or the type."""
    is_node: bool
    header: Path
    data: Path
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """An event of a message id that an earlier one has with another body."""

    number: int
    id: str
    body: str
    known_sha256: str
    given_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreFiles:
    """What there is to import."""

    files: tuple[ImportFile, ...]
    events: int
    """Events that the graph will hold."""
    repeated: int
    """Events that came more than once, without the first of each."""
    conflicts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """What one file is made of: the header, and the query of its rows."""

    name: str
    is_node: bool
    columns: Sequence[str]
    query: str


class PartsReader:
    """The parts in a folder, ``NAME-of-a-part.TABLE.parquet``, seen as tables.

    Args:
        parts: the folder.
        work: a folder for what does not fit into memory.
        memory_mb: the most memory to take, in MiB.
    """

    def __init__(self, parts: Path, *, work: Path, memory_mb: int, threads: int = 2) -> None:
        work.mkdir(parents=True, exist_ok=True)
        # Here, so that services that never backfill do not hold it in memory.
        import duckdb

        self._database = duckdb.connect(
            config={
                "memory_limit": f"{memory_mb}MiB",
                "temp_directory": str(work / "spilled"),
                "threads": threads,
                "preserve_insertion_order": False,
            }
        )
        self._parts = parts
        for name, schema in TABLES.items():
            found = sorted(parts.glob(f"*.{name}.parquet"))
            if found:
                listed = ", ".join(_text(str(path)) for path in found)
                self._run(f"CREATE VIEW all_{name} AS SELECT * FROM read_parquet([{listed}])")
            else:
                self._database.register(f"nothing_{name}", schema.empty_table())
                self._run(f"CREATE VIEW all_{name} AS SELECT * FROM nothing_{name}")
        self._drop_repetitions()

    def close(self) -> None:
        """Let go of the memory and of what was spilled."""
        self._database.close()

    def conflicts(self) -> Iterator[Conflict]:
        """Events whose message id an earlier one has with another body, in their order."""
        found = self._run("SELECT number, id, body, known_sha256, given_sha256 FROM conflicts ORDER BY number")
        while rows := found.fetchmany(1_000):
            for number, id_, body, known, given in rows:
                yield Conflict(number=number, id=id_, body=body, known_sha256=known, given_sha256=given)

    def write(self, folder: Path, *, replay: str, progress: Callable[[str, int], None] = lambda *_: None) -> StoreFiles:
        """Write the files of the import into a folder. ``replay`` names the node that says these events are written.

        Raises:
            BulkError: it failed, as on a full disk.
        """
        folder.mkdir(parents=True, exist_ok=True)
        events = self._count("events")
        files = []
        for group in (*_groups(), _replay_group(replay, events)):
            written = self._write(group, folder)
            if written is not None:
                files.append(written)
                progress(group.name, written.rows)
        conflicts = self._count("conflicts")
        return StoreFiles(files=tuple(files), events=events, repeated=self._count("dropped") - conflicts, conflicts=conflicts)

    def _write(self, group: _Group, folder: Path) -> ImportFile | None:
        name = f"{'node' if group.is_node else 'relationship'}-{'-'.join((group.name, *_ends(group.columns)))}"
        head, data = folder / f"{name}.header.csv", folder / f"{name}.csv"
        head.write_text(",".join(group.columns) + "\n", encoding="utf-8")
        copied = self._run(f"COPY ({group.query}) TO {_text(str(data))} (FORMAT csv, HEADER false, QUOTE '\"', ESCAPE '\"')")
        rows = int(copied.fetchall()[0][0])
        if not rows:
            return None
        return ImportFile(name=group.name, is_node=group.is_node, header=head, data=data, rows=rows)

    def _drop_repetitions(self) -> None:
        """Of events with one message id the first counts, whatever it is."""
        both = " UNION ALL ".join(f"SELECT {{}} FROM all_{name}" for name in ("touchpoints", "versions"))
        # By the hash first: all ids at once take many times the memory.
        self._run(
            "CREATE TABLE suspects AS SELECT hash FROM "
            f"({both.replace('{}', 'hash(id) AS hash')}) GROUP BY hash HAVING count(*) > 1"
        )
        self._run(
            "CREATE TABLE repeated AS SELECT number, id, body_sha256 FROM "
            f"({both.replace('{}', 'number, id, body_sha256')}) WHERE hash(id) IN (SELECT hash FROM suspects)"
        )
        self._run(
            "CREATE TABLE dropped AS SELECT number, id, body_sha256 AS given_sha256, known_sha256 FROM "
            "(SELECT *, row_number() OVER events AS turn, first_value(body_sha256) OVER events AS known_sha256 "
            "FROM repeated WINDOW events AS (PARTITION BY id ORDER BY number)) WHERE turn > 1"
        )
        self._run(
            f"CREATE VIEW conflicts AS SELECT * FROM ({both.replace('{}', 'number, body')}) "
            "JOIN dropped USING (number) WHERE given_sha256 <> known_sha256"
        )
        for name in TABLES:
            # Of a few numbers nothing but a look-up; of none nothing at all.
            kept = "WHERE number NOT IN (SELECT number FROM dropped)" if self._count("dropped") else ""
            self._run(f"CREATE VIEW {name} AS SELECT * FROM all_{name} {kept}")
        self._run(f"CREATE VIEW events AS {both.replace('{}', 'number').replace('all_', '')}")

    def _count(self, table: str) -> int:
        return int(self._run(f"SELECT count(*) FROM {table}").fetchall()[0][0])

    def _run(self, query: str) -> "duckdb.DuckDBPyConnection":
        import duckdb

        try:
            return self._database.execute(query)
        except duckdb.Error as error:
            raise BulkError(f"DuckDB could not do it: {error}") from error


def _groups() -> Iterator[_Group]:
    yield from _nodes()
    yield from _relationships()


def _nodes() -> Iterator[_Group]:
    keys = "SELECT unnest(identifier_keys) AS key FROM {}"
    yield _Group(
        name="Identifier",
        is_node=True,
        columns=("key:ID(Identifier)", "namespace", "value"),
        # A namespace has no colon.
        query="SELECT key, split_part(key, ':', 1), substr(key, strpos(key, ':') + 1) FROM "
        f"(SELECT DISTINCT key FROM ({keys.format('touchpoints')} UNION ALL {keys.format('versions')}))",
    )
    yield _Group(
        name="Touchpoint",
        is_node=True,
        columns=(
            "id:ID(Touchpoint)",
            header("at", TIME),
            header("recorded_at", TIME),
            *(header(name, of) for name, of in TOUCHPOINT.items()),
        ),
        query=f"SELECT id, {_values({'at': TIME, 'recorded_at': TIME})}, {_values(TOUCHPOINT)} FROM touchpoints",
    )
    yield _Group(
        name="Record",
        is_node=True,
        columns=("id:ID(Record)", "source", "source_record_id", "entity_type"),
        query="SELECT record_id, any_value(source), any_value(source_record_id), min(entity_type) FROM versions "
        "GROUP BY record_id",
    )
    yield _Group(
        name="RecordVersion",
        is_node=True,
        columns=("id:ID(RecordVersion)", *(header(name, of) for name, of in VERSION.items())),
        query=f"SELECT id, {_values(VERSION)} FROM versions",
    )
    yield _Group(
        name="Product",
        is_node=True,
        columns=(
            "id:ID(Product)",
            "name",
            "brand",
            header("described_at", TIME),
            "described_by",
            "first_name",
            "first_brand",
            header("first_described_at", TIME),
            "first_described_by",
        ),
        query=_PRODUCTS,
    )
    yield _Group(
        name="Category",
        is_node=True,
        columns=("name:ID(Category)",),
        query="SELECT DISTINCT category FROM lines WHERE category <> ''",
    )
    for label in SUBJECTS:
        yield _Group(
            name=label,
            is_node=True,
            columns=(f"id:ID({label})",),
            query=f"SELECT DISTINCT id FROM subjects WHERE label = {_text(label)}",
        )


# The order of descriptions is that of time, then event; of several lines of one event, that of name and brand.
_PRODUCTS: Final = """
WITH named AS (SELECT product_id, touchpoint_id, name, coalesce(brand, '') AS brand, "at" AS seen FROM lines WHERE name <> ''),
bounds AS (SELECT product_id, max(seen) AS newest, min(seen) AS oldest FROM named GROUP BY product_id),
described AS (
  SELECT product_id, seen, newest, oldest, {'seen': seen, 'id': touchpoint_id, 'name': name, 'brand': brand} AS line
  FROM named JOIN bounds USING (product_id) WHERE seen = newest OR seen = oldest
),
ends AS (
  SELECT product_id, max(line) FILTER (seen = newest) AS last_line, min(line) FILTER (seen = oldest) AS first_line
  FROM described GROUP BY product_id
)
SELECT known.product_id,
  last_line.name, nullif(last_line.brand, ''), strftime(last_line.seen, '%Y-%m-%dT%H:%M:%S.%fZ'), last_line.id,
  first_line.name, nullif(first_line.brand, ''), strftime(first_line.seen, '%Y-%m-%dT%H:%M:%S.%fZ'), first_line.id
FROM (SELECT DISTINCT product_id FROM lines) AS known LEFT JOIN ends USING (product_id)
"""


def _relationships() -> Iterator[_Group]:
    yield _Group(
        name="CARRIES",
        is_node=False,
        columns=_between("Touchpoint", "Identifier"),
        query="SELECT id, unnest(identifier_keys) FROM touchpoints",
    )
    yield _Group(
        name="SEEN_WITH",
        is_node=False,
        columns=(*_between("Identifier", "Identifier"), header("first_seen", TIME), header("last_seen", TIME)),
        query=f"SELECT left_key, right_key, {_value(_FIRST, TIME)}, {_value(_LAST, TIME)} FROM pairs "
        "GROUP BY left_key, right_key",
    )
    yield _Group(
        name="HAS_VERSION",
        is_node=False,
        columns=_between("Record", "RecordVersion"),
        query="SELECT record_id, id FROM versions",
    )
    yield _Group(
        name="STATES",
        is_node=False,
        columns=(*_between("Record", "Identifier"), header("first_seen", TIME), header("last_seen", TIME)),
        query=f"SELECT record_id, key, {_value(_FIRST, TIME)}, {_value(_LAST, TIME)} FROM "
        '(SELECT record_id, "at", unnest(identifier_keys) AS key FROM versions) GROUP BY record_id, key',
    )
    yield _Group(
        name="ABOUT",
        is_node=False,
        columns=(
            *_between("Touchpoint", "Product"),
            header("quantity", pa.float64()),
            header("price_cents", pa.int64()),
        ),
        query="SELECT touchpoint_id, product_id, quantity, price_cents FROM lines",
    )
    for label in SUBJECTS:
        yield _Group(
            name="ABOUT",
            is_node=False,
            columns=_between("Touchpoint", label),
            query=f"SELECT touchpoint_id, id FROM subjects WHERE label = {_text(label)}",
        )
    yield _Group(
        name="IN_CATEGORY",
        is_node=False,
        columns=(*_between("Product", "Category"), header("first_seen", TIME)),
        query=f"SELECT product_id, category, {_value(_FIRST, TIME)} FROM lines WHERE category <> '' "
        "GROUP BY product_id, category",
    )


def _replay_group(name: str, events: int) -> _Group:
    return _Group(
        name=REPLAY,
        is_node=True,
        columns=(f"name:ID({REPLAY})", "sequence:long"),
        query=f"SELECT {_text(name)}, {events}",
    )


def _between(start: str, end: str) -> tuple[str, str]:
    return f":START_ID({start})", f":END_ID({end})"


def _ends(columns: Sequence[str]) -> list[str]:
    """The labels that relationships are between; none of nodes."""
    return [column.partition("(")[2].rstrip(")") for column in columns if column.startswith((":START_ID", ":END_ID"))]


def _values(columns: Mapping[str, pa.DataType]) -> str:
    return ", ".join(_value(f'"{name}"', of) for name, of in columns.items())


def _value(expression: str, of: pa.DataType) -> str:
    """An expression as it stands in an import file."""
    if of == TIME:
        return f"strftime({expression}, '%Y-%m-%dT%H:%M:%S.%fZ')"
    if of == TEXTS:
        return f"array_to_string({expression}, chr({ord(ARRAY_DELIMITER)}))"
    return expression


def _text(value: str) -> str:
    quoted = value.replace("'", "''")
    return f"'{quoted}'"
