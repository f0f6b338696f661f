"""Birth dates: taken only where one reading is possible."""

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final

from dateutil import parser

from ingest.normalise.refused import Unusable, quoted
from ingest.normalise.text import clean

OLDEST_YEARS: Final = 130
"""Nobody has lived longer."""
_DEFAULTS = (datetime(2000, 1, 1, tzinfo=UTC), datetime(1904, 2, 29, tzinfo=UTC))
"""dateutil fills what a date lacks from a default: two defaults that differ in all parts tell what it lacks."""


def parse_birth_date(value: str, *, today: date) -> date | Unusable:
    """The full birth date that ``value`` states, not in the future of ``today`` and at most ``OLDEST_YEARS`` before it."""
    read = read_date(value)
    if isinstance(read, Unusable):
        return read
    if read > today:
        return Unusable(f"the birth date {read.isoformat()} is in the future")
    if read.year < today.year - OLDEST_YEARS:
        return Unusable(f"the birth date {read.isoformat()} is more than {OLDEST_YEARS} years ago")
    return read


@lru_cache(maxsize=65_536)
def read_date(value: str) -> date | Unusable:
    """The date that ``value`` states.

    Understood: ISO 8601 (of a date-time the date as written, whatever its offset), eight digits ``yyyymmdd``, year first with any
    separator, a named month, and day and month in either order where only one order is a date (``31/12/1978``) or both are
    the same (``5/5/1978``). Refused: ``11/12/1978`` (a mapping states the order), years of two digits, dates without a year,
    month or day.
    """
    text = clean(value)
    if len(text) > 40:
        return Unusable(f"a date has at most 40 characters, this has {len(text)}")
    if not text.isascii():
        return Unusable(f"{quoted(text)} is not a date that is understood")
    head = text[:10] if len(text) > 10 and text[10] in "T " else text
    if len(head) == 8 and head.isdigit():
        head = f"{head[:4]}-{head[4:6]}-{head[6:]}"
    if head[:4].isdigit() and head[4:5] in ("-", "/", "."):
        return _year_first(head)
    if not any(len(group) == 4 for group in "".join(c if c.isdigit() else " " for c in text).split()):
        return Unusable(f"{quoted(text)} has no year of four digits")
    return _by_dateutil(text)


def _year_first(text: str) -> date | Unusable:
    parts = text.replace("/", "-").replace(".", "-").split("-")
    if len(parts) != 3 or not all(part.isdigit() and len(part) <= 4 for part in parts):
        return Unusable(f"{quoted(text)} is not a full date")
    try:
        return date(int(parts[0]), int(parts[1]), int(parts[2]))
    except ValueError as error:
        return Unusable(f"{quoted(text)} is not a date: {error}")


def _by_dateutil(text: str) -> date | Unusable:
    readings: set[date] = set()
    for day_first in (False, True):
        found: set[date] = set()
        for default in _DEFAULTS:
            try:
                found.add(parser.parse(text, dayfirst=day_first, default=default).date())
            except (ValueError, OverflowError, ArithmeticError, TypeError, AttributeError, IndexError):
                return Unusable(f"{quoted(text)} is not a date")
        if len(found) > 1:
            return Unusable(f"{quoted(text)} is not a full date: year, month or day is missing")
        readings |= found
    if len(readings) > 1:
        return Unusable(f"{quoted(text)} is {' or '.join(sorted(day.isoformat() for day in readings))}: the order is not known")
    return readings.pop()
