"""Organisations among the persons: shops and firms with a name, a legal form, an address, a telephone and a mailbox."""

from random import Random

import numpy as np

from bench import population_noise as noise
from bench.population_contacts import distinct_numbers
from bench.population_people import WINDOW, make_addresses
from bench.population_records import SOURCES, Columns, legal_forms, write_addresses
from bench.population_words import LEGAL_FORMS, TRADES, Ints, Texts, Words

RECORDS_PER_COMPANY = 2.5
STATED = 0.8
"""Share of records that state the telephone, the mailbox, or the address."""
MISTAKE = 0.03


def write_companies(records: int, *, words: Words, chance: np.random.Generator) -> tuple[Columns, Ints]:
    """So many records of organisations, in columns as those of persons, and the organisation of each."""
    count = max(1, round(records / RECORDS_PER_COMPANY))
    company = chance.integers(0, count, records)
    luck = Random(int(chance.integers(0, 2**62)))  # noqa: S311 (a reproducible stream, not a secret)

    def written(_: str, values: Texts) -> Texts:
        for at in np.flatnonzero(chance.random(len(values)) < MISTAKE).tolist():
            values[at] = noise.typo(values[at], luck)
        return values

    owner = words.surnames.words[words.surnames.draw(chance, count)]
    trade = np.array(TRADES, dtype=object)[chance.integers(0, len(TRADES), count)]
    form = chance.integers(0, len(LEGAL_FORMS), count)
    name = (owner + " " + trade)[company]
    forms = legal_forms(LEGAL_FORMS, chance, form[company])
    empty = np.full(records, "", dtype=object)
    digits = distinct_numbers(count, chance)[company].astype(str).astype(object)
    mailbox = np.array(["info@" + f"{a}{b}.com".replace(" ", "") for a, b in zip(owner, trade, strict=True)], dtype=object)
    has_address = chance.random(records) < STATED
    days = int((WINDOW[1] - WINDOW[0]).astype(np.int64))
    columns: Columns = {
        "source": np.array(SOURCES, dtype=object)[chance.integers(0, len(SOURCES), records)],
        "kind": np.full(records, "company", dtype=object),
        **{field: empty.copy() for field in ("first_name", "middle_name", "last_name", "suffix", "dob", "gender")},
        "company": written("company", np.array([f"{a} {b}".strip() for a, b in zip(name, forms, strict=True)], dtype=object)),
        "email": np.where(chance.random(records) < STATED, mailbox[company], "").astype(object),
        "phone": np.where(chance.random(records) < STATED, digits, "").astype(object),
        "updated_at": (WINDOW[0] + chance.integers(0, days, records).astype("timedelta64[D]")).astype(str).astype(object),
    }
    places = make_addresses(count, words=words, chance=chance).of(company)
    columns |= write_addresses(places, area=has_address, street=has_address, written=written, words=words, chance=chance)
    return columns, company
