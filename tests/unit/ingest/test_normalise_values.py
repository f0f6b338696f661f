"""Normalised values, worked out by hand."""

from datetime import date

import pytest

from graph.model.evidence import PersonName, PostalAddress
from ingest.normalise.addresses import GivenAddress, address_key, normalise_address
from ingest.normalise.countries import country_code, region_code
from ingest.normalise.dates import parse_birth_date, read_date
from ingest.normalise.emails import normalise_email
from ingest.normalise.identifiers import normalise_identifier
from ingest.normalise.names import name_from_line, name_from_parts, organization_name
from ingest.normalise.phones import normalise_phone, phone_type
from ingest.normalise.refused import Unusable
from ingest.normalise.text import clean, fold


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("  a \t b\n", "a b"),
        ("a\x00\x1bb", "ab"),
        ("\u200ba\u202eb\ufeff", "ab"),
        ("ｆｕｌｌ　ｗｉｄｔｈ", "full width"),
        ("e\u0301", "é"),
        ("", ""),
    ],
)
def test_clean(given: str, expected: str) -> None:
    assert clean(given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("Müller-Lüdenscheidt", "muller ludenscheidt"),
        ("O'Brien", "obrien"),
        ("O\u2019Brien", "obrien"),
        ("St. John", "st john"),
        ("王杰", "wangjie"),
        ("Straße", "strasse"),
        ("MATCH (n) DETACH DELETE n //", "match n detach delete n"),
        ("🎉", "tada"),
    ],
)
def test_fold(given: str, expected: str) -> None:
    assert fold(given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("Bob@Work.COM", "bob@work.com"),
        (" bob@work.com ", "bob@work.com"),
        ("Bob Smith <Bob@work.com>", "bob@work.com"),
        ("mailto:bob@work.com", "bob@work.com"),
        # No provider's rules: dots and tags stay.
        ("B.o.b+shop@gmail.com", "b.o.b+shop@gmail.com"),
        ("bob@MÜNCHEN.de", "bob@münchen.de"),
        ("bob@xn--mnchen-3ya.de", "bob@münchen.de"),
        ("test@test.com", "test@test.com"),
    ],
)
def test_emails(given: str, expected: str) -> None:
    assert normalise_email(given) == expected


@pytest.mark.parametrize(
    "given", ["bob", "bob@", "@work.com", "bob@work", "a@b@c.com", "bob@work..com", "n/a", "x" * 400 + "@work.com"]
)
def test_not_emails(given: str) -> None:
    assert isinstance(normalise_email(given), Unusable)


@pytest.mark.parametrize(
    ("given", "region", "expected"),
    [
        ("702-919-1300", "US", "+17029191300"),
        ("(702) 919 1300", "US", "+17029191300"),
        ("+1 702 919 1300", "GB", "+17029191300"),
        ("020 7946 0018", "GB", "+442079460018"),
        ("0041 44 668 18 00", "CH", "+41446681800"),
        ("702-919-1300 ext. 5", "US", "+17029191300;ext=5"),
        ("１７０２９１９１３００", "US", "+17029191300"),
    ],
)
def test_phones(given: str, region: str, expected: str) -> None:
    assert normalise_phone(given, region) == expected
    # Normalising again changes nothing.
    assert normalise_phone(expected, region) == expected


@pytest.mark.parametrize("given", ["call me", "abcdefghij", "919-1300", "123", "0" * 300, "+999 12345678"])
def test_not_phones(given: str) -> None:
    assert isinstance(normalise_phone(given, "US"), Unusable)


def test_the_kind_of_line_is_known_where_numbers_tell_it() -> None:
    assert phone_type("+442079460018") == "fixed_line"
    assert phone_type("+447911123456") == "mobile"
    assert phone_type("+17029191300") == "fixed_line_or_mobile"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("1978-12-11", date(1978, 12, 11)),
        ("19781211", date(1978, 12, 11)),
        ("1978/12/11", date(1978, 12, 11)),
        ("1978-12-11T23:30:00-08:00", date(1978, 12, 11)),
        ("31/12/1978", date(1978, 12, 31)),
        ("12/31/1978", date(1978, 12, 31)),
        ("5/5/1978", date(1978, 5, 5)),
        ("11 Dec 1978", date(1978, 12, 11)),
        ("December 11, 1978", date(1978, 12, 11)),
        ("29 Feb 2000", date(2000, 2, 29)),
    ],
)
def test_dates(given: str, expected: date) -> None:
    assert read_date(given) == expected


@pytest.mark.parametrize(
    "given",
    ["12/11/1978", "1978", "Dec 1978", "1978-12", "3/1/70", "0000-01-01", "1978-02-30", "29 Feb 1999", "soon", "", "9" * 50],
)
def test_not_one_full_date(given: str) -> None:
    assert isinstance(read_date(given), Unusable)


def test_birth_dates_lie_in_a_lifetime() -> None:
    today = date(2026, 3, 1)
    assert parse_birth_date("2026-03-01", today=today) == date(2026, 3, 1)
    assert isinstance(parse_birth_date("2026-03-02", today=today), Unusable)
    assert parse_birth_date("1896-01-01", today=today) == date(1896, 1, 1)
    assert isinstance(parse_birth_date("1895-12-31", today=today), Unusable)


def test_names_from_fields() -> None:
    assert name_from_parts(given="Robert", middle="E.", family="Smith Sr", suffix="") == PersonName(
        given="robert", middle="e", family="smith", suffix="sr", full="robert e smith sr"
    )
    assert name_from_parts(given="Rosemary A", middle="", family="Thomas", suffix="").middle == "a"
    assert name_from_parts(given="Mary Ann", middle="", family="Jones", suffix="").given == "mary ann"
    assert name_from_parts(given="Dr. Ann", middle="", family="Jones", suffix="").given == "ann"
    assert name_from_parts(given="Morris II", middle="", family="Klein", suffix="") == PersonName(
        given="morris", family="klein", suffix="ii", full="morris klein ii"
    )
    # Bob may be Robert: that is for matching to weigh.
    assert name_from_parts(given="Bob", middle="", family="Smith", suffix="").given == "bob"


def test_names_from_one_line() -> None:
    expected = PersonName(given="robert", middle="e", family="smith", suffix="jr", full="robert e smith jr")
    assert name_from_line("Mr. Robert E. Smith, Jr.") == expected
    assert name_from_line("Smith, Robert E., Jr.") == expected
    assert name_from_line("Maria de la Cruz").family == "de la cruz"
    # Given names that other lists take for titles.
    assert name_from_line("Dean Martin").given == "dean"
    assert name_from_line("王杰") == PersonName(full="wangjie")
    assert organization_name("Müllenkranz GmbH") == PersonName(full="mullenkranz gmbh")


def test_countries_and_regions() -> None:
    assert [country_code(text) for text in ("Germany", "DE", "deu", "UK", "Hong Kong", "USA", "Atlantis")] == [
        "DE",
        "DE",
        "DE",
        "GB",
        "HK",
        "US",
        None,
    ]
    assert region_code("Ohio", "US") == region_code("oh", "US") == "oh"
    assert region_code("New South Wales", "AU") == "nsw"
    assert region_code("Elsewhere", None) == "elsewhere"


def american(street: str, city: str = "", region: str = "", postal_code: str = "", country: str = "") -> PostalAddress:
    given = GivenAddress(street=street, city=city, region=region, postal_code=postal_code, country=country)
    return normalise_address(given, default_country="US")


def test_one_american_address_however_it_is_written() -> None:
    expected = PostalAddress(street="123 main st", city="las vegas", region="nv", postal_code="89132", country="US")
    assert american("123 Main Street", "Las Vegas", "Nevada", "89132-1234") == expected
    assert american("123 MAIN ST.", "LAS VEGAS", "NV", "89132") == expected
    assert american("123 Main Street, Las Vegas NV 89132") == expected
    assert american("123 Main St, Las Vegas, NV 89132", "Las Vegas", "NV", "89132") == expected
    assert address_key(expected) == "123 main st|89132"


def test_units_tell_homes_apart() -> None:
    assert american("8922 Oak Place Apt 4", "Varton", "AZ", "53074").street == "8922 oak pl apt 4"
    assert american("Suite 900, 1450 N City Rd", "Arlington", "VA", "23208").street == "1450 n city rd ste 900"


def test_addresses_elsewhere() -> None:
    german = GivenAddress(street="Hardenbergstraße 87", postal_code="66879", country="Germany")
    assert normalise_address(german, default_country="US") == PostalAddress(
        street="hardenbergstrasse 87", postal_code="66879", country="DE"
    )
    british = GivenAddress(street="1 Green Lane", postal_code="SO98 9DG", country="UK")
    assert normalise_address(british, default_country="US") == PostalAddress(
        street="1 green ln", postal_code="so989dg", country="GB"
    )
    # Neither a state nor an American code: the country stays unknown.
    toronto = GivenAddress(street="705 Sheppard Ave", city="Toronto", postal_code="M1S 1T4")
    assert normalise_address(toronto, default_country="US").country is None


def test_an_address_names_a_home_only_with_a_number_and_a_place() -> None:
    assert address_key(PostalAddress(street="main st", postal_code="89132")) is None
    assert address_key(PostalAddress(street="123 main st")) is None
    assert address_key(PostalAddress(street="123 main st", city="salem", region="or")) == "123 main st|salem|or"


@pytest.mark.parametrize(
    ("namespace", "given", "expected"),
    [
        ("crm_id", " aBc-1 ", "aBc-1"),
        ("passport", "C 01x-234", "c01x234"),
        ("ssn", "294-66-9999", "294669999"),
        ("device_id", "6D92078A-8246-4BA4-AE5B-76104861E7DC", "6d92078a-8246-4ba4-ae5b-76104861e7dc"),
        ("user_id", "unknown", "unknown"),
    ],
)
def test_other_identifiers(namespace: str, given: str, expected: str) -> None:
    assert normalise_identifier(namespace, given, region="US") == expected


@pytest.mark.parametrize("namespace", ["postal_address", "name_birth_date"])
def test_senders_do_not_fill_derived_namespaces(namespace: str) -> None:
    assert isinstance(normalise_identifier(namespace, "robert|smith|1978-12-11", region="US"), Unusable)
