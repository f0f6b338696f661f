"""Mapping files and what they make of rows."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from graph.model.evidence import RecordVersion, Touchpoint
from ingest.import_rows import RowRefused, event_of
from ingest.mapping import SHIPPED, MappingError, load_mapping, parse_mapping
from ingest.normalise.event import parse_event, to_evidence

TODAY = date(2026, 3, 1)
NOW = datetime(2026, 3, 1, tzinfo=UTC)
BENCH = Path(__file__).parents[3] / "bench" / "mappings"

CRM = """
source = { value = "crm" }
id = "id"
gender = { column = "sex", values = { "1" = "m", "2" = "f" } }

[timestamp]
column = "changed"
formats = ["%d.%m.%Y %H:%M"]
timezone = "Europe/Berlin"

[name]
given = "first"
family = "last"
organization = "firm"

[birth_date]
column = "born"
formats = ["%d.%m.%Y", "%d.%m.%y"]

[address]
street = ["street", "number"]
postal_code = "plz"
country = { value = "DE" }

[[identifiers]]
namespace = "email"
column = "mail"

[[identifiers]]
namespace = "phone"
column = "tel"

[[identifiers]]
namespace = "drivers_license"
columns = ["state", "licence"]
join = "-"
all = true

[consent.newsletter]
column = "news"
granted = ["J"]
denied = ["N"]

[traits]
tier = "tier"

[entity]
column = "kind"
organization = ["F"]

[[where]]
column = "deleted"
except = ["1"]
"""
ROW = {
    "id": "7", "sex": "2", "changed": "01.02.2026 10:00", "first": "Jörg", "last": "Müller", "firm": "", "born": "11.12.78",
    "street": "Hauptstraße", "number": "5", "plz": "10115", "mail": "joerg@work.com", "tel": "030 901820", "state": "NV",
    "licence": "", "news": "j", "tier": "gold", "kind": "P", "deleted": "0",
}  # fmt: skip


def mapped(text: str, row: dict[str, Any], *, source: str | None = None) -> dict[str, Any]:
    event = event_of(row, parse_mapping(text, name="m.toml"), source=source, today=TODAY)
    assert event is not None
    return event


def test_a_row_becomes_a_claim() -> None:
    event = mapped(CRM, ROW)
    message_id = event.pop("messageId")
    assert message_id.startswith("import:")
    assert event == {
        "type": "identify",
        "source": "crm",
        "recordId": "7",
        # Ten o'clock in Berlin, in winter.
        "timestamp": "2026-02-01T09:00:00+00:00",
        "traits": {
            "firstName": "Jörg",
            "lastName": "Müller",
            "birthDate": "1978-12-11",
            "gender": "f",
            "address": {"street": "Hauptstraße 5", "postalCode": "10115", "country": "DE"},
            "emails": ["joerg@work.com"],
            "phones": ["030 901820"],
            "tier": "gold",
        },
        "context": {"consent": {"categoryPreferences": {"newsletter": "granted"}}},
    }
    version = to_evidence(parse_event(orjson.dumps({"messageId": message_id} | event)), recorded_at=NOW, region="US")
    assert isinstance(version, RecordVersion)
    assert "phone:+4930901820" in [identifier.key for identifier in version.identifiers]
    assert version.rejected == ()


def test_the_same_row_has_the_same_message_id_and_a_changed_one_another() -> None:
    first = mapped(CRM, ROW)["messageId"]
    assert mapped(CRM, dict(reversed(ROW.items())))["messageId"] == first
    assert mapped(CRM, ROW | {"tier": "silver"})["messageId"] != first
    assert mapped(CRM, ROW, source="old")["messageId"] != first
    assert mapped(CRM, ROW, source="old")["source"] == "old"


def test_a_year_of_two_digits_is_the_latest_that_is_past() -> None:
    born = {year: mapped(CRM, ROW | {"born": f"01.01.{year}"})["traits"]["birthDate"] for year in ("25", "26", "27", "70")}
    assert born == {"25": "2025-01-01", "26": "2026-01-01", "27": "1927-01-01", "70": "1970-01-01"}


def test_what_fits_no_format_is_given_on() -> None:
    assert mapped(CRM, ROW | {"born": "around 1978"})["traits"]["birthDate"] == "around 1978"


def test_organisations_and_rows_left_out() -> None:
    firm = mapped(CRM, ROW | {"kind": "f", "firm": "Müller GmbH", "first": "", "last": ""})
    assert firm["traits"]["entityType"] == "organization"
    assert firm["traits"]["company"] == "Müller GmbH"
    assert event_of(ROW | {"deleted": "1"}, parse_mapping(CRM, name="m"), source=None, today=TODAY) is None


@pytest.mark.parametrize("changes", [{"id": " "}, {"changed": "yesterday"}])
def test_rows_that_cannot_be_mapped(changes: dict[str, str]) -> None:
    with pytest.raises(RowRefused):
        mapped(CRM, ROW | changes)


def test_a_row_without_source_needs_one_named() -> None:
    with pytest.raises(RowRefused, match="--source"):
        mapped('id = "id"', {"id": "1"})


def test_lists_of_features() -> None:
    row = {
        "DATA_SOURCE": "CUSTOMERS",
        "RECORD_ID": "1001",
        "FEATURES": [
            {"RECORD_TYPE": "PERSON"},
            {"NAME_LAST": "Smith", "NAME_FIRST": "Robert"},
            {"NAME_LAST": "Smyth", "NAME_TYPE": "AKA"},
            {"DATE_OF_BIRTH": "12/11/1978"},
            {"ADDR_LINE1": "123 Main St", "ADDR_POSTAL_CODE": "89132"},
            {"ADDR_FULL": "5 Elm St, Salem OR 97301"},
            {"PHONE_NUMBER": "702-919-1300"},
            {"PHONE_NUMBER": 7029191301},
            {"DRIVERS_LICENSE_NUMBER": "112233", "DRIVERS_LICENSE_STATE": "NV"},
        ],
    }
    event = event_of(row, load_mapping("senzing"), source=None, today=TODAY)
    assert event is not None
    assert event["traits"] == {
        "firstName": "Robert",
        "lastName": "Smith",
        "birthDate": "1978-12-11",
        "address": {"street": "123 Main St", "postalCode": "89132"},
        "addresses": [{"street": "5 Elm St, Salem OR 97301"}],
        "phones": ["702-919-1300", "7029191301"],
    }
    assert event["context"] == {"externalIds": [{"type": "drivers_license", "id": "NV 112233"}]}


ORDERS = """
source = { value = "till" }
id = ["receipt", "line"]
timestamp = { column = "sold_at", formats = ["epoch"] }

[[identifiers]]
namespace = "loyalty_id"
column = "card"

[event]
name = { value = "Order Completed" }
channel = { value = "store" }

[event.properties]
order_id = "receipt"
total = "amount"
product_id = "article"
"""


def test_a_row_becomes_an_interaction() -> None:
    row = {"receipt": "r1", "line": 2, "sold_at": 1_769_940_000, "card": "12 34", "amount": 9.99, "article": "milk"}
    event = mapped(ORDERS, row)
    touchpoint = to_evidence(parse_event(orjson.dumps(event)), recorded_at=NOW, region="US")
    assert isinstance(touchpoint, Touchpoint)
    assert [identifier.key for identifier in touchpoint.identifiers] == ["loyalty_id:1234"]
    assert (touchpoint.type, touchpoint.channel, touchpoint.value_cents, touchpoint.order_id) == ("order", "store", 999, "r1")
    assert touchpoint.at == datetime.fromtimestamp(1_769_940_000, UTC)
    # An interaction does not change: another body under its id is a conflict, to be seen, not a second order.
    assert mapped(ORDERS, row | {"amount": 10})["messageId"] == event["messageId"]
    assert mapped(ORDERS, row | {"line": 3})["messageId"] != event["messageId"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('source = "a"\nid = \nx = 1', "line 2"),
        ('source = "a"', "id"),
        ('id = "a"\nidentifers = []', "identifers"),
        ('id = "a"\n[name]\nfirst_name = "x"', "name.first_name"),
        ('id = "a"\ngender = { column = "x", value = "y" }', "gender"),
        ('id = "a"\n[[identifiers]]\nnamespace = "E Mail"\ncolumn = "x"', "identifiers.0.namespace"),
        ('id = "a"\n[event]\ntype = "sold"', "event.type"),
    ],
)
def test_mistakes_are_named(text: str, named: str) -> None:
    with pytest.raises(MappingError, match=named):
        parse_mapping(text, name="m.toml")


def test_columns_are_compared_with_the_files() -> None:
    mapping = parse_mapping(CRM, name="m.toml")
    mapping.check_columns(list(ROW), file_name="crm.csv")
    with pytest.raises(
        MappingError, match=r"birth_date reads the column 'born', which crm.csv does not have; it has 'id', 'sex'"
    ):
        mapping.check_columns([name for name in ROW if name != "born"], file_name="crm.csv")
    with pytest.raises(MappingError, match=r"consent\.newsletter"):
        mapping.check_columns([name for name in ROW if name != "news"], file_name="crm.csv")


def test_a_time_zone_that_does_not_exist() -> None:
    with pytest.raises(MappingError, match="Europe/Atlantis"):
        mapped(CRM.replace("Berlin", "Atlantis"), ROW)


def test_a_mapping_that_is_not_there() -> None:
    with pytest.raises(MappingError, match="senzing"):
        load_mapping("no-such-mapping")


@pytest.mark.parametrize("path", [*SHIPPED.glob("*.toml"), *BENCH.glob("*.toml")], ids=lambda path: path.stem)
def test_shipped_mappings_are_mappings(path: Path) -> None:
    mapping = load_mapping(str(path))
    assert list(mapping.columns())
    assert mapping.digest == load_mapping(str(path)).digest
