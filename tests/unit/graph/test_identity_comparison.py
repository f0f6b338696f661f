"""Comparison of fields: what agrees, what is close, what differs."""

from datetime import UTC, date, datetime

import pytest

from graph.identity.comparison import Outcome, compare, compare_dates, compare_given_names, compare_words
from graph.identity.policy import Field
from graph.model.claim import Claim
from graph.model.evidence import PersonName, PostalAddress

AT = datetime(2024, 1, 1, tzinfo=UTC)
AGREES, CLOSE, DIFFERS, SILENT = Outcome.AGREES, Outcome.CLOSE, Outcome.DIFFERS, Outcome.SILENT


@pytest.mark.parametrize(
    ("left", "right", "outcome"),
    [
        ("robert", "robert", AGREES),
        ("robert", "bob", AGREES),
        ("bob", "rob", AGREES),
        ("katherine", "katherin", AGREES),
        ("maria luis", "maria", AGREES),
        ("jo ann", "joann", AGREES),
        ("r", "robert", CLOSE),
        ("b", "robert", CLOSE),
        ("darla", "darlene", CLOSE),
        ("patrick", "patricia", CLOSE),
        ("m", "robert", DIFFERS),
        ("robert", "mary", DIFFERS),
        ("jim", "jane", DIFFERS),
        (None, "mary", SILENT),
        ("", "mary", SILENT),
    ],
)
def test_given_names(left: str | None, right: str | None, outcome: Outcome) -> None:
    assert compare_given_names(left, right) is outcome
    assert compare_given_names(right, left) is outcome


@pytest.mark.parametrize(
    ("left", "right", "outcome"),
    [
        (date(1978, 12, 11), date(1978, 12, 11), AGREES),
        (date(1978, 12, 11), date(1978, 11, 12), CLOSE),
        (date(1978, 12, 11), date(1978, 12, 21), CLOSE),
        (date(1978, 12, 11), date(1979, 12, 11), CLOSE),
        (date(1954, 3, 31), date(1982, 3, 31), DIFFERS),
        (date(1978, 12, 11), date(1990, 3, 15), DIFFERS),
        (None, date(1990, 3, 15), SILENT),
    ],
)
def test_birth_dates(left: date | None, right: date | None, outcome: Outcome) -> None:
    assert compare_dates(left, right) is outcome
    assert compare_dates(right, left) is outcome


def test_family_names() -> None:
    assert compare_words("smith", "smyth") is AGREES
    assert compare_words("medina sentosa", "sentosa") is AGREES
    assert compare_words("smith", "jones") is DIFFERS


def claim(given: str | None, family: str | None, *, street: str | None = None, postal_code: str | None = None) -> Claim:
    return Claim(
        record_id="crm:1",
        source="crm",
        name=PersonName(given=given, family=family),
        address=PostalAddress(street=street, postal_code=postal_code),
        at=AT,
        first_seen=AT,
    )


def test_a_family_name_written_first_is_seen() -> None:
    left, right = claim("isla", "hall"), claim("hall", "isla")
    assert compare(Field.GIVEN_NAME, left, right) is AGREES
    assert compare(Field.FAMILY_NAME, left, right) is AGREES


@pytest.mark.parametrize(
    ("left", "right", "outcome"),
    [
        (("1515 adela ln", "89111"), ("1515 adela ln", "89111"), AGREES),
        (("1515 adela ln", "89111"), ("1515 adele ln", "89111"), AGREES),
        (("1515 adela ln", "89111"), ("1515 adela ln", "89112"), CLOSE),
        (("1515 adela ln", "89111"), ("1517 adela ln", "89111"), DIFFERS),
        (("1515 adela ln", "89111"), ("1515 adela ln", "10024"), DIFFERS),
        ((None, "89111"), ("1515 adela ln", "89111"), SILENT),
    ],
)
def test_addresses(left: tuple[str | None, str], right: tuple[str | None, str], outcome: Outcome) -> None:
    a = claim("ann", "lee", street=left[0], postal_code=left[1])
    b = claim("ann", "lee", street=right[0], postal_code=right[1])
    assert compare(Field.ADDRESS, a, b) is outcome
