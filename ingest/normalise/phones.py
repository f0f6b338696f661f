"""Telephone numbers, by phonenumbers (Google's libphonenumber)."""

from functools import lru_cache
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType, ValidationResult

from ingest.normalise.refused import Unusable
from ingest.normalise.text import clean

_IMPOSSIBLE: Final = {
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "has no area code",
    ValidationResult.INVALID_COUNTRY_CODE: "has no known country code",
    ValidationResult.TOO_SHORT: "has too few digits",
    ValidationResult.TOO_LONG: "has too many digits",
    ValidationResult.INVALID_LENGTH: "has a number of digits that its country does not use",
}


@lru_cache(maxsize=65_536)
def normalise_phone(value: str, region: str) -> str | Unusable:
    """The number in E.164, its extension after ``;ext=`` (RFC 3966) if it has one.

    ``region`` is the country (ISO 3166-1 alpha-2) of numbers without a country code. A number must be *possible* for its country;
    whether the range is in service is not asked, for ranges open faster than libraries learn of them. The extension stays:
    without it everybody at a switchboard would share one number.
    """
    once = _parsed(clean(value), region)
    # Reading "+213 0 00…" drops one national prefix and finds another: only a number that reads as itself has one form.
    again = once if isinstance(once, Unusable) else _parsed(once, region)
    return once if again == once else Unusable("the telephone number reads as another one each time it is read")


def _parsed(text: str, region: str) -> str | Unusable:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        return Unusable(f"not a telephone number: {str(error).partition(') ')[2]}")
    result = phonenumbers.is_possible_number_with_reason(number)
    if result != ValidationResult.IS_POSSIBLE:
        return Unusable(f"the telephone number {_IMPOSSIBLE.get(result, 'is not possible')}")
    e164: str = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return f"{e164};ext={number.extension}" if number.extension else e164


@lru_cache(maxsize=65_536)
def phone_type(e164: str) -> str:
    """The kind of line of a normalised number.

    ``fixed_line``, ``mobile``, ``fixed_line_or_mobile``, ``toll_free``, ``other`` or ``unknown``. North America
    does not tell fixed from mobile lines by their numbers.
    """
    match phonenumbers.number_type(phonenumbers.parse(e164)):
        case PhoneNumberType.FIXED_LINE:
            return "fixed_line"
        case PhoneNumberType.MOBILE:
            return "mobile"
        case PhoneNumberType.FIXED_LINE_OR_MOBILE:
            return "fixed_line_or_mobile"
        case PhoneNumberType.TOLL_FREE:
            return "toll_free"
        case PhoneNumberType.UNKNOWN:
            return "unknown"
        case _:
            return "other"
