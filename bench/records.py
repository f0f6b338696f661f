"""The records of a set as Kindred's import normalises them, in columns: what a peer gets, so that both see the same values."""

from collections.abc import Iterable, Iterator, Sequence, Set
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pyarrow as pa

from bench.harness import BenchError
from graph.model.evidence import RecordVersion
from graph.model.identifier import NAME_BIRTH_DATE, POSTAL_ADDRESS
from ingest.files import BadRow, read_rows
from ingest.import_rows import RowRefused, event_of
from ingest.mapping import FileMapping, load_mapping
from ingest.normalise.event import EventRefused, parse_event, to_evidence

RECORD_ID = "record_id"
SOURCE = "source"
FIELDS = (
    *("entity_type", "given", "middle", "family", "suffix", "full", "birth_date", "gender"),
    *("street", "city", "region", "postal_code", "country"),
)
"""Columns that every table of records has, in this order, after the record's id and source; ISO dates, all of them text."""
DERIVED = frozenset({POSTAL_ADDRESS, NAME_BIRTH_DATE})
"""Identifiers that only repeat other columns."""
REGION = "US"


def versions_of(rows: Iterable[dict[str, object]], mapping: FileMapping, *, now: datetime) -> Iterator[RecordVersion]:
    """What the rows claim, as the import understands them; rows that the mapping leaves out or cannot read are not among them."""
    for row in rows:
        try:
            event = event_of(row, mapping, source=None, today=now.date())
            if event is None:
                continue
            evidence = to_evidence(parse_event(orjson.dumps(event)), recorded_at=now, region=REGION)
        except (RowRefused, EventRefused):
            continue
        if isinstance(evidence, RecordVersion):
            yield evidence


def columns_of(version: RecordVersion) -> dict[str, str]:
    """One record as columns; of several identifiers of one namespace the first. Empty values are left out."""
    name, address = version.name, version.address
    found: dict[str, str | None] = {
        RECORD_ID: version.record_id,
        SOURCE: version.source,
        "entity_type": version.entity_type,
        "given": name.given,
        "middle": name.middle,
        "family": name.family,
        "suffix": name.suffix,
        "full": name.full,
        "birth_date": version.birth_date.isoformat() if version.birth_date else None,
        "gender": version.gender,
        "street": address.street,
        "city": address.city,
        "region": address.region,
        "postal_code": address.postal_code,
        "country": address.country,
    }
    for identifier in version.identifiers:
        if identifier.namespace not in DERIVED:
            found.setdefault(identifier.namespace, identifier.value)
    return {field: value for field, value in found.items() if value}


def to_table(rows: Sequence[dict[str, str]]) -> pa.Table:
    """Rows of ``columns_of`` as text columns: the fixed ones, then those of identifiers in alphabetical order."""
    more = sorted({field for row in rows for field in row} - {RECORD_ID, SOURCE, *FIELDS})
    names = (RECORD_ID, SOURCE, *FIELDS, *more)
    return pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in names})


def all_versions(files: Sequence[tuple[Path, Path]]) -> Iterator[RecordVersion]:
    """What all rows of files claim, each file with its mapping."""
    now = datetime.now(UTC)
    for file, mapping_file in files:
        mapping = load_mapping(str(mapping_file))
        given = read_rows(file, encoding=mapping.file.encoding, delimiter=mapping.file.delimiter)
        yield from versions_of((row.values for row in given if not isinstance(row, BadRow)), mapping, now=now)


def normalised(files: Sequence[tuple[Path, Path]], *, records: Set[str]) -> pa.Table:
    """All records of files, each with its mapping, as columns.

    ``records`` are the truth's: a record is named as there, by its id within its source or by ``source:id``.

    Raises:
        BenchError: the files have no record.
    """
    rows: list[dict[str, str]] = []
    for version in all_versions(files):
        row = columns_of(version)
        if version.record_id not in records:
            row[RECORD_ID] = version.source_record_id
        rows.append(row)
    if not rows:
        raise BenchError(f"no record in {', '.join(str(file) for file, _ in files)}")
    return to_table(rows)
