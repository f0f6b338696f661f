"""Postal addresses: United States by usaddress-scourgify (USPS Publication 28), others by careful text rules."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

from scourgify.address_constants import STREET_TYPE_ABBREVIATIONS
from scourgify.normalize import normalize_address_record

from graph.model.evidence import PostalAddress
from ingest.normalise.countries import country_code, is_us_region, region_code
from ingest.normalise.text import clean, fold

MAX_CHARACTERS: Final = 500
_ENGLISH_STREETS: Final = frozenset(("US", "GB", "IE", "CA", "AU", "NZ", "ZA", "SG"))
_STREET_TYPES: Final = {long.casefold(): short.casefold() for long, short in STREET_TYPE_ABBREVIATIONS.items()}

NO_ADDRESS: Final = PostalAddress()


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenAddress:
    """An address as a source gave it, in clean text; empty text stands for a part that is missing."""

    street: str = ""
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""

    @property
    def line(self) -> str:
        """All of it on one line."""
        tail = " ".join(part for part in (self.region, self.postal_code) if part)
        return ", ".join(part for part in (self.street, self.city, tail, self.country) if part)


@lru_cache(maxsize=65_536)
def normalise_address(given: GivenAddress, *, default_country: str) -> PostalAddress:
    """The address in its parts, folded, abbreviations unified.

    A country that is not stated is taken for the United States only if that is the default country and the region or the postal
    code says so as well; else it stays unknown. A street line that holds the whole address, with the city missing, is taken
    apart for the United States; elsewhere it stays one line, for no rule holds for all countries.
    """
    given = _country_apart(given)
    country = country_code(given.country) if given.country else None
    american = country == "US" or (country is None and not given.country and default_country == "US" and _looks_american(given))
    if american:
        parsed = _american(given)
        if parsed is not None:
            return parsed
    region_country = country or ("US" if american else None)
    postal_code = fold(given.postal_code).replace(" ", "")
    if region_country == "US" and len(postal_code) == 9 and postal_code.isdigit():
        postal_code = postal_code[:5]
    return PostalAddress(
        street=_street(given.street, country=country or default_country) or None,
        city=fold(given.city) or None,
        region=region_code(given.region, region_country) or None if given.region else None,
        postal_code=postal_code or None,
        country=region_country,
    )


def address_key(address: PostalAddress) -> str | None:
    """The value of the ``postal_address`` identifier, None when the address does not name one home.

    It takes a street with a number, and the postal code or else the city (with its region). Only the better of the two is used,
    so that sources which state both agree with those that state the code alone.
    """
    if not address.street or not any(character.isdigit() for character in address.street):
        return None
    if address.postal_code:
        return f"{address.street}|{address.postal_code}"
    if address.city:
        return f"{address.street}|{address.city}|{address.region or ''}"
    return None


def given_address(values: dict[str, Any] | str) -> GivenAddress:
    """An address object, by Segment's field names and common others, or one line, as given parts."""
    if isinstance(values, str):
        return GivenAddress(street=_part(values))
    street = " ".join(
        filter(None, (_first(values, "street", "street1", "line1", "address1"), _first(values, "street2", "line2", "unit")))
    )
    return GivenAddress(
        street=street[:MAX_CHARACTERS],
        city=_first(values, "city", "town", "locality"),
        region=_first(values, "state", "region", "province"),
        postal_code=_first(values, "postalCode", "postal_code", "zip", "zipCode", "postcode"),
        country=_first(values, "country", "countryCode", "country_code"),
    )


def _first(values: dict[str, Any], *names: str) -> str:
    return next((text for name in names if (text := _part(values.get(name)))), "")


def _part(value: Any) -> str:
    if isinstance(value, str):
        return clean(value)[:MAX_CHARACTERS]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _looks_american(given: GivenAddress) -> bool:
    digits = given.postal_code.replace("-", "").replace(" ", "")
    if digits:
        return (
            digits.isascii() and digits.isdigit() and len(digits) in (5, 9) and (not given.region or is_us_region(given.region))
        )
    if given.region:
        return is_us_region(given.region)
    # One line, such as "123 Main Street, Las Vegas NV 89132": a state among its last words, or a number first and a code last.
    words = given.street.replace(",", " ").split()
    if given.city or not words:
        return False
    ends_in_code = (
        len(words) > 2 and words[0][0].isdigit() and len(words[-1]) == 5 and words[-1].isascii() and words[-1].isdigit()
    )
    return ends_in_code or any(word.isupper() and len(word) == 2 and is_us_region(word) for word in words[-2:])


def _country_apart(given: GivenAddress) -> GivenAddress:
    """The country at the end of a one-line address in its own part."""
    street, comma, last = given.street.rpartition(",")
    # Two letters are sooner a state than a country, and Georgia is both.
    if not comma or given.country or len(last.strip()) < 4 or is_us_region(last) or country_code(last) is None:
        return given
    return replace(given, street=street.strip(), country=last.strip())


def _american(given: GivenAddress) -> PostalAddress | None:
    """The address by scourgify, None when it finds no street."""
    whole = not given.city and ("," in given.street or not given.postal_code)
    line = " ".join(part for part in (given.street, given.region, given.postal_code) if part) if whole else given.street
    try:
        parsed = normalize_address_record(line)
    except Exception:  # noqa: BLE001
        # scourgify raises errors of its own for what it cannot tell apart, and others on text that is no address at all.
        return None
    street = fold(" ".join(part for part in (parsed["address_line_1"], parsed["address_line_2"]) if part))
    if not street:
        return None
    repeated = parsed["postal_code"] and _zip(parsed["postal_code"]) == _zip(given.postal_code)
    if not whole and not repeated and (parsed["city"] or parsed["postal_code"]):
        # The street holds words that scourgify takes for a city: what the source says of its own fields is better.
        street = _street(given.street, country="US")
    found = PostalAddress(
        street=street,
        city=fold(given.city) or None,
        region=region_code(given.region, "US") if given.region else None,
        postal_code=_zip(given.postal_code),
        country="US",
    )
    if not whole:
        return found
    return replace(
        found,
        city=found.city or fold(parsed["city"] or "") or None,
        region=found.region or (region_code(parsed["state"], "US") if parsed["state"] else None),
        postal_code=found.postal_code or _zip(parsed["postal_code"] or ""),
    )


def _zip(text: str) -> str | None:
    code = fold(text).replace(" ", "")
    return (code[:5] if len(code) == 9 and code.isdigit() else code) or None


def _street(text: str, *, country: str) -> str:
    """Folded; where streets are named in English their types are abbreviated, save in the first word of the name."""
    words = fold(text).split()
    if country not in _ENGLISH_STREETS:
        return " ".join(words)
    named = next((index for index, word in enumerate(words) if not word[0].isdigit()), len(words))
    return " ".join(_STREET_TYPES.get(word, word) if index > named else word for index, word in enumerate(words))
