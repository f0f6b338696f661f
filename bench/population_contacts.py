"""Telephone numbers and e-mail addresses of people: own, shared with the home, changed, and taken over by somebody else."""

from dataclasses import dataclass

import numpy as np

from bench.population_people import HEAD, NONE, WINDOW, Dates, People
from bench.population_words import MAIL_HOST_SHARES, MAIL_HOSTS, Choice, Ints, Texts, Words

LANDLINE_SHARE = 0.55
CHANGED_NUMBER_SHARE = 0.25
RECYCLED_SHARE = 0.1
"""Of the numbers that people gave up, those that somebody else has now."""
SECOND_ADDRESS_SHARE = 0.3
HOME_MAILBOX_SHARE = 0.06
"""Homes whose people write from one mailbox, half of the time."""
RECYCLED_ADDRESS_SHARE = 0.004
CHILD_BORN = np.datetime64("2011-01-01")
"""Who was born later has no telephone and no mailbox: the home's head gives theirs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contacts:
    """One entry a person; numbers of ten digits, -1 where there is none."""

    mobile: Ints
    mobile_before: Ints
    changed: Dates
    """When the number changed; not a time where it did not."""
    landline: Ints
    """The home's: everybody in it has the same."""
    email: Texts
    second_email: Texts
    """Empty where there is none."""
    home_email: Texts
    """The head's address, of those who share it; empty otherwise."""


def make_contacts(people: People, *, words: Words, chance: np.random.Generator) -> Contacts:
    """The contacts of all people."""
    count = len(people.home)
    head = _heads(people)
    child = people.born >= CHILD_BORN

    numbers = distinct_numbers(count * 3, chance)
    mobile = numbers[:count].copy()
    before = numbers[count : 2 * count].copy()
    changes = chance.random(count) < CHANGED_NUMBER_SHARE
    recycled = changes & (chance.random(count) < RECYCLED_SHARE)
    # The number was given up before its present owner got it: both gave it at some time.
    before[recycled] = mobile[chance.integers(0, count, int(recycled.sum()))]
    mobile[child] = mobile[head[child]]
    days = int((WINDOW[1] - WINDOW[0]).astype(np.int64))
    changed = np.where(
        changes & ~child, WINDOW[0] + chance.integers(0, days, count).astype("timedelta64[D]"), np.datetime64("NaT")
    )
    has_landline = chance.random(int(people.home.max()) + 1) < LANDLINE_SHARE
    of_home = numbers[2 * count :]
    landline = np.where(has_landline[people.home], of_home[people.home % count], NONE)

    email = _mailboxes(people, words, chance)
    second = _mailboxes(people, words, chance)
    second[chance.random(count) >= SECOND_ADDRESS_SHARE] = ""
    taken = chance.random(count) < RECYCLED_ADDRESS_SHARE
    second[taken] = email[chance.integers(0, count, int(taken.sum()))]
    email[child] = email[head[child]]
    second[child] = ""
    shares = (chance.random(int(people.home.max()) + 1) < HOME_MAILBOX_SHARE)[people.home] & (people.role != HEAD)
    return Contacts(
        mobile=mobile,
        mobile_before=np.where(changes & ~child, before, NONE),
        changed=changed,
        landline=landline,
        email=email,
        second_email=second,
        home_email=np.where(shares, email[head], ""),
    )


def _heads(people: People) -> Ints:
    """The head of each person's home: its first person."""
    _, first, inverse = np.unique(people.home, return_index=True, return_inverse=True)
    heads: Ints = first[inverse]
    return heads


def distinct_numbers(count: int, chance: np.random.Generator) -> Ints:
    """Numbers of North America: area code 2xx to 9xx, then an exchange that begins with 2 to 9. A few repeat by chance."""
    area = chance.integers(201, 990, count)
    exchange = chance.integers(200, 1000, count)
    return area * 10_000_000 + exchange * 10_000 + chance.integers(0, 10_000, count)


def _mailboxes(people: People, words: Words, chance: np.random.Generator) -> Texts:
    """An address for each person, of name, birth year or a number. Of people with the same name some share one by mistake."""
    count = len(people.home)
    female, male = words.female.words, words.male.words
    given = [(female if woman else male)[name] for woman, name in zip(people.female, people.given, strict=True)]
    family = words.surnames.words[people.family]
    years = people.born.astype("datetime64[Y]").astype(np.int64) + 1970
    style = chance.random(count)
    number = chance.integers(1, 1000, count)
    hosts = np.array(MAIL_HOSTS, dtype=object)
    host = hosts[Choice(words=hosts, shares=np.array(MAIL_HOST_SHARES)).draw(chance, count)]
    found = np.empty(count, dtype=object)
    for at, (kind, first, last, year, more, where) in enumerate(
        zip(style.tolist(), given, family, years.tolist(), number.tolist(), host, strict=True)
    ):
        if kind < 0.3:
            local = f"{first}.{last}"
        elif kind < 0.65:
            local = f"{first[0]}{last}{more}"
        elif kind < 0.9:
            local = f"{first}{last}{year % 100:02d}"
        else:
            local = f"{last}{first[0]}{more}"
        found[at] = f"{local}@{where}"
    return found
