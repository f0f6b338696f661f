"""What is fuzzed: each harness takes any bytes at all, and raises unless the parser behind it does what it promises.

A parser of what others sent may take it or refuse it by the error that it declares. Nothing else may come out of it.
"""

import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Final

import orjson
from nats.js.api import RawStreamMsg

from api.errors import InvalidArgument
from api.types import pages
from graph.errors import KindredError
from graph.model.evidence import RecordVersion, Touchpoint
from graph.repositories import evidence_rows
from ingest.dead_letters import letter_of
from ingest.files import BadRow, FileError, read_rows
from ingest.importer import prepare_row
from ingest.mapping import FileMapping, MappingError, parse_mapping
from ingest.normalise.event import EventRefused, body_digest, parse_event, to_evidence
from ingest.streams import header_text, header_value

Harness = Callable[[bytes], None]

NOW: Final = datetime(2026, 3, 1, tzinfo=UTC)
MOST_ROWS: Final = 200
LONGEST_REASON: Final = 1_000
MAPPING: Final = """
source = { value = "crm" }
id = "id"
timestamp = { column = "changed", formats = ["%d.%m.%Y"], timezone = "Europe/Berlin" }
name = { full = "name" }
birth_date = { column = "born", formats = ["%d.%m.%Y", "%d.%m.%y"] }
address = { street = "street", city = "city" }
identifiers = [{ namespace = "email", column = "mail" }, { namespace = "phone", column = "tel" }]
"""


class BrokenPromiseError(AssertionError):
    """A parser took what it must not, or said nothing of why it refused."""


def event(data: bytes) -> None:
    """An event from NATS: evidence that can be written, or a refusal; and the same digest when it is read again."""
    try:
        parsed = parse_event(data)
        evidence = to_evidence(parsed, recorded_at=NOW, region="US")
    except EventRefused as error:
        _require_told(error)
        return
    _require(evidence.body_sha256 == body_digest(parse_event(data)), "an event has another digest when it is read again")
    _require(all(identifier.key.isprintable() for identifier in evidence.identifiers), "an identifier is not printable")
    # What the driver is given: of a kind, and of a size, that Neo4j can hold.
    evidence_rows.longest_key(evidence).encode()
    match evidence:
        case Touchpoint():
            evidence_rows.new_touchpoints([evidence])
            evidence_rows.lines([evidence])
            evidence_rows.products([evidence])
        case RecordVersion():
            evidence_rows.new_record_versions([evidence])
            evidence_rows.claims([evidence])


def json_lines(data: bytes) -> None:
    """A file of events, as ``kindred import`` reads it."""
    _rows(data, suffix=".jsonl", mapping=None)


def comma_separated(data: bytes) -> None:
    """A spreadsheet's file, as ``kindred import`` reads it."""
    _rows(data, suffix=".csv", mapping=_MAPPING)


def zipped(data: bytes) -> None:
    """The same, compressed by whoever sent it."""
    _rows(data, suffix=".csv.gz", mapping=_MAPPING)


def parquet(data: bytes) -> None:
    """A columnar file."""
    _rows(data, suffix=".parquet", mapping=_MAPPING)


def mapping_file(data: bytes) -> None:
    """A mapping that somebody wrote."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return
    try:
        parse_mapping(text, name="fuzzed.toml")
    except MappingError as error:
        _require(bool(str(error)), "a mapping was refused without a reason")


def cursor(data: bytes) -> None:
    """A cursor that a client sent back to the API; what we give comes back as it was."""
    text = data.decode("utf-8", "replace")
    for decode in (pages.decode, pages.decode_time):
        try:
            decode(text)
        except InvalidArgument as error:
            _require(bool(str(error)), "a cursor was refused without a reason")
    _require(pages.decode(pages.encode(text)) == text, "a cursor of ours was not understood")


def dead_letter(data: bytes) -> None:
    """A dead letter: headers and body that anybody with access to NATS may have written."""
    head, _, body = data.partition(b"\n\n")
    lines = (line.partition(":") for line in head.decode("utf-8", "replace").split("\n"))
    headers = {name: value for name, _, value in lines if name}
    letter = letter_of(RawStreamMsg(subject="kindred.v1.dead_letters.code", seq=1, headers=headers, data=body))
    _require(letter.attempts >= 1, "a dead letter was never tried")
    _require(letter.body == body, "a dead letter's body is another")
    _require(isinstance(letter.event_type, str), "a dead letter's type is no text")
    encoded = header_value(letter.reason)
    _require(encoded.isascii() and encoded.isprintable(), "a header's value is not visible ASCII")
    _require(header_text(encoded) == letter.reason[:1_000].strip(" "), "a header's text comes back as another")


HARNESSES: Final[Mapping[str, Harness]] = MappingProxyType(
    {
        "event": event,
        "json_lines": json_lines,
        "comma_separated": comma_separated,
        "zipped": zipped,
        "parquet": parquet,
        "mapping_file": mapping_file,
        "cursor": cursor,
        "dead_letter": dead_letter,
    }
)

_MAPPING: Final = parse_mapping(MAPPING, name="fuzz.toml")


def _rows(data: bytes, *, suffix: str, mapping: FileMapping | None) -> None:
    """Every row is ready, left out or refused with a reason; or the file is refused as one."""
    with tempfile.NamedTemporaryFile(suffix=suffix) as file:
        file.write(data)
        file.flush()
        try:
            rows = list(islice(read_rows(Path(file.name)), MOST_ROWS))
        except FileError as error:
            _require(bool(str(error)), "a file was refused without a reason")
            return
    for row in rows:
        _require(row.line >= 1, "a row has no line")
        if isinstance(row, BadRow):
            _require(bool(row.reason), "a row was refused without a reason")
        prepared = prepare_row(row, mapping=mapping, source="crm", file_name="fuzzed", now=NOW, region="US")
        _require(prepared is not None, "a row became nothing")


def _require_told(error: KindredError) -> None:
    _require(bool(error.code) and 0 < len(str(error)) < LONGEST_REASON, f"the refusal says {str(error)[:100]!r}")
    orjson.dumps(str(error))


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise BrokenPromiseError(message)
