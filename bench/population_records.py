"""What the sources wrote down about people: several records each, of a day and a source, with what it omits and gets wrong.

The levels are those of the shared set ``gen_50k_hh``, counted in its records against its truth (share of records that state a
field, share of stated values that are the person's most frequent one), never a matcher's result. See the guide to benchmarks.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

import numpy as np

from bench import population_noise as noise
from bench.population_contacts import Contacts
from bench.population_people import NONE, WINDOW, Addresses, Dates, Homes, People, make_addresses
from bench.population_words import STREET_TYPE_SHORT, STREET_TYPES, Choice, Ints, Texts, Words

RECORDS_PER_PERSON = 2.99
MOST_RECORDS = 24
SOURCES = ("crm", "web", "loyalty", "pos", "service")
STATED: Mapping[str, tuple[float, float, float, float, float]] = {
    # In the order of SOURCES; the means are the shares of gen_50k_hh: .98 .98 .70 .75 .70 .65 .70 .80, and .74 with a street.
    "given": (0.99, 0.98, 0.99, 0.96, 0.98),
    "family": (0.99, 0.98, 0.99, 0.97, 0.98),
    "middle": (0.85, 0.60, 0.75, 0.55, 0.75),
    "birth_date": (0.85, 0.62, 0.93, 0.65, 0.70),
    "gender": (0.80, 0.60, 0.85, 0.60, 0.65),
    "email": (0.72, 0.92, 0.71, 0.35, 0.55),
    "phone": (0.75, 0.58, 0.68, 0.63, 0.86),
    "area": (0.92, 0.68, 0.95, 0.70, 0.75),
    "street": (0.95, 0.90, 0.95, 0.86, 0.94),
}
"""Share of a source's records that state the field; ``street`` of those that state town and postal code."""
MISTAKES: Mapping[str, tuple[tuple[noise.Mistake, float], ...]] = {
    "given": (
        *((noise.shortened, 0.10), (noise.initial, 0.035), (noise.typo, 0.03)),
        *((noise.scanned, 0.004), (noise.respelt, 0.008), (noise.accented, 0.003)),
    ),
    "family": ((noise.typo, 0.04), (noise.scanned, 0.005), (noise.respelt, 0.012), (noise.accented, 0.004)),
    "middle": ((noise.initial, 0.4), (noise.typo, 0.02)),
    "birth_date": ((noise.date_wrong, 0.04),),
    "email": ((noise.typo, 0.02),),
    "phone": ((noise.digit_wrong, 0.02),),
    "number": ((noise.digit_wrong, 0.015),),
    "street": ((noise.typo, 0.04), (noise.scanned, 0.003)),
    "town": ((noise.typo, 0.03),),
    "postal_code": ((noise.digit_wrong, 0.015),),
}
"""Share of stated values with each mistake; of those that do not apply (a name without short forms) nothing comes."""
GENERIC: Mapping[str, tuple[float, tuple[str, ...]]] = {
    "given": (0.001, ("unknown", "test", "n/a", "customer")),
    "family": (0.001, ("unknown", "test", "n/a", "customer")),
    "birth_date": (0.005, ("1970-01-01", "1900-01-01", "1980-01-01")),
    "email": (0.006, ("test@test.com", "none@none.com", "noemail@example.com", "n/a")),
    "phone": (0.006, ("0000000000", "9999999999", "1234567890", "5555555555")),
    "street": (0.002, ("n/a", "unknown", "general delivery")),
}
"""Share of stated values that are a word to fill the field, and the words."""
EXCHANGED_NAMES = 0.008
OFFICE_ADDRESS = 0.02
"""Records that state where somebody works in place of where they live."""
PEOPLE_PER_OFFICE = 40
UNIT_FORGOTTEN = 0.3
LANDLINE_GIVEN = 0.25
FIELDS = (
    *("record_id", "source", "kind", "first_name", "middle_name", "last_name", "suffix", "company", "dob", "gender"),
    *("email", "phone", "street_number", "street", "unit", "city", "state", "zip", "updated_at"),
)
Columns = dict[str, Texts]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Which person each record is about, when and where it was written."""

    person: Ints
    source: Ints
    day: Dates


def draw_records(people: int, records: int, chance: np.random.Generator) -> Drawn:
    """Exactly ``records`` records; how many a person has is geometric, and everybody has one where the number allows it."""
    counts = np.minimum(chance.geometric(1 / RECORDS_PER_PERSON, people), MOST_RECORDS)
    person = np.repeat(np.arange(people), counts)
    if len(person) > records:
        keep = np.concatenate([[True], np.diff(person) != 0])  # the first record of each person
        order = np.concatenate([np.flatnonzero(keep), chance.permutation(np.flatnonzero(~keep))])[:records]
        person = person[np.sort(order)]
    else:
        person = np.concatenate([person, chance.integers(0, people, records - len(person))])
    chance.shuffle(person)
    days = int((WINDOW[1] - WINDOW[0]).astype(np.int64))
    return Drawn(
        person=person,
        source=chance.integers(0, len(SOURCES), records),
        day=WINDOW[0] + chance.integers(0, days, records).astype("timedelta64[D]"),
    )


def write_down(
    drawn: Drawn, people: People, homes: Homes, contacts: Contacts, *, words: Words, chance: np.random.Generator
) -> Columns:
    """The columns of all records, without ``record_id``."""
    person, day = drawn.person, drawn.day
    count = len(person)
    luck = Random(int(chance.integers(0, 2**62)))  # noqa: S311 (a reproducible stream, not a secret)

    def stated(field: str) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        return np.asarray(chance.random(count) < np.array(STATED[field])[drawn.source])

    def written(field: str, values: Texts) -> Texts:
        for mistake, share in MISTAKES[field]:
            for at in np.flatnonzero(chance.random(count) < share).tolist():
                if values[at]:
                    values[at] = mistake(values[at], luck)
        if field in GENERIC:
            share, fillers = GENERIC[field]
            for at in np.flatnonzero(chance.random(count) < share).tolist():
                if values[at]:
                    values[at] = luck.choice(fillers)
        return values

    female = people.female[person]
    women, men, families = words.female.words, words.male.words, words.surnames.words
    given = np.where(female, women[people.given[person] % len(women)], men[people.given[person] % len(men)])
    has_middle = (people.middle[person] != NONE) & stated("middle")
    middle_name = people.middle[person]
    middle = np.where(female, women[middle_name % len(women)], men[middle_name % len(men)])
    # Before the wedding the name was another one; NaT compares as false.
    unmarried = day < people.married[person]
    family = np.where(unmarried, families[people.family_before[person]], families[people.family[person]])
    given = written("given", np.where(stated("given"), given, ""))
    family = written("family", np.where(stated("family"), family, ""))
    exchanged = chance.random(count) < EXCHANGED_NAMES
    given, family = np.where(exchanged, family, given), np.where(exchanged, given, family)

    columns: Columns = {
        "source": np.array(SOURCES, dtype=object)[drawn.source],
        "kind": np.full(count, "person", dtype=object),
        "first_name": given,
        "middle_name": written("middle", np.where(has_middle, middle, "")),
        "last_name": family,
        "suffix": np.where(people.junior[person] & (chance.random(count) < 0.4), "jr", "").astype(object),
        "company": np.full(count, "", dtype=object),
        "dob": written("birth_date", np.where(stated("birth_date"), people.born[person].astype(str).astype(object), "")),
        "gender": np.where(stated("gender"), np.where(female, "F", "M"), "").astype(object),
        "email": written("email", np.where(stated("email"), _emails(person, contacts, chance), "")),
        "phone": written("phone", np.where(stated("phone"), _phones(person, day, contacts, chance), "")),
        "updated_at": day.astype(str).astype(object),
    }
    area = stated("area")
    addresses = _addresses_of(person, day, people, homes, words, chance)
    columns |= write_addresses(addresses, area=area, street=area & stated("street"), written=written, words=words, chance=chance)
    _set_case(columns, chance)
    _format_phones(columns["phone"], chance)
    return columns


def write_addresses(
    addresses: Addresses,
    *,
    area: np.ndarray,
    street: np.ndarray,
    written: Callable[[str, Texts], Texts],
    words: Words,
    chance: np.random.Generator,
) -> Columns:
    """The columns of addresses, with towns where ``area`` and streets where ``street``."""
    count = len(addresses)
    long, short = np.array(STREET_TYPES, dtype=object), np.array(STREET_TYPE_SHORT, dtype=object)
    names = written("street", np.where(street, words.streets.words[addresses.street], ""))
    kinds = np.where(chance.random(count) < 0.5, long[addresses.kind], short[addresses.kind])
    full = np.array([f"{name} {kind}" if name else "" for name, kind in zip(names, kinds, strict=True)], dtype=object)
    unit = street & (addresses.unit > 0) & (chance.random(count) >= UNIT_FORGOTTEN)
    return {
        "street_number": written("number", np.where(street, addresses.number.astype(str).astype(object), "")),
        "street": full,
        "unit": np.where(unit, addresses.unit.astype(str).astype(object), ""),
        "city": written("town", np.where(area, words.towns.words[addresses.town], "")),
        "state": np.where(area, words.states[addresses.town], ""),
        "zip": written("postal_code", np.where(area, addresses.postal_code.astype(str).astype(object), "")),
    }


def _addresses_of(person: Ints, day: Dates, people: People, homes: Homes, words: Words, chance: np.random.Generator) -> Addresses:
    """Where the person lived that day, or for a few records where they work."""
    at_parents = day < people.left[person]
    home = np.where(at_parents, people.home_before[person], people.home[person])
    place = np.where(day < homes.moved[home], homes.address_before[home], homes.address[home])
    offices = make_addresses(max(1, len(people.home) // PEOPLE_PER_OFFICE), words=words, chance=chance)
    office = chance.integers(0, len(offices), len(people.home))[person]
    at_work = (chance.random(len(person)) < OFFICE_ADDRESS) & (people.born[person] < np.datetime64("2000-01-01"))
    place = np.where(at_work, len(homes.addresses) + office, place)
    return homes.addresses.followed_by(offices).of(place)


def _emails(person: Ints, contacts: Contacts, chance: np.random.Generator) -> Texts:
    found = contacts.email[person]
    luck = chance.random(len(person))
    second, shared = contacts.second_email[person], contacts.home_email[person]
    found = np.where((second != "") & (luck < 0.3), second, found)
    return np.asarray(np.where((shared != "") & (luck > 0.5), shared, found))


def _phones(person: Ints, day: Dates, contacts: Contacts, chance: np.random.Generator) -> Texts:
    mobile = np.where(day < contacts.changed[person], contacts.mobile_before[person], contacts.mobile[person])
    landline = contacts.landline[person]
    given = np.where((landline != NONE) & (chance.random(len(person)) < LANDLINE_GIVEN), landline, mobile)
    return given.astype(str).astype(object)


def _set_case(columns: Columns, chance: np.random.Generator) -> None:
    """Whole records in capitals (.16) or without any (.40), the others with a capital for each word."""
    case = chance.random(len(columns["first_name"]))
    for field in ("first_name", "middle_name", "last_name", "company", "street", "city"):
        columns[field] = np.array(
            [
                text if not text or how < 0.4 else text.upper() if how > 0.84 else text.title()
                for text, how in zip(columns[field], case.tolist(), strict=True)
            ],
            dtype=object,
        )


def _format_phones(phones: Texts, chance: np.random.Generator) -> None:
    """In place: digits alone (.5), with brackets and a hyphen (.35), or with the country's code (.15)."""
    how = chance.random(len(phones))
    for at in np.flatnonzero((how >= 0.5) & (phones != "")).tolist():
        digits = phones[at]
        phones[at] = f"({digits[:3]}) {digits[3:6]}-{digits[6:]}" if how[at] < 0.85 else f"+1{digits}"


def legal_forms(forms: tuple[tuple[str, str], ...], chance: np.random.Generator, which: Ints) -> Texts:
    """The form of an organisation as written: short, long, or left out."""
    how = Choice(words=np.array(["short", "long", ""], dtype=object), shares=np.array([0.6, 0.2, 0.2])).draw(chance, len(which))
    short, long = (np.array([form[side] for form in forms], dtype=object)[which] for side in (0, 1))
    return np.asarray(np.select([how == 0, how == 1], [short, long], ""))
