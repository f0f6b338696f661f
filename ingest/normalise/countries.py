"""Countries and their regions, by pycountry (ISO 3166)."""

from functools import lru_cache
from typing import Final

import pycountry

from ingest.normalise.text import clean, fold

_ALSO_CALLED: Final = {
    "uk": "GB",
    "great britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "northern ireland": "GB",
    "russia": "RU",
    "south korea": "KR",
    "usa": "US",
    "u s a": "US",
    "united states of america": "US",
}
"""Names in everyday use that ISO 3166 does not list."""


@lru_cache(maxsize=4_096)
def country_code(text: str) -> str | None:
    """The ISO 3166-1 alpha-2 code of a country given by code or name; None when there is no such country."""
    if (also := _ALSO_CALLED.get(fold(text))) is not None:
        return also
    try:
        return str(pycountry.countries.lookup(clean(text)).alpha_2)
    except LookupError:
        return None


@lru_cache(maxsize=16_384)
def region_code(text: str, country: str | None) -> str:
    """A state or province: ``Ohio`` and ``OH`` are ``oh``, the part of its ISO 3166-2 code after the country, in lower case.

    What the country does not have, or what no country is known for, is the folded name.
    """
    folded = fold(text)
    return _regions(country).get(folded, folded) if country else folded


@lru_cache(maxsize=256)
def _regions(country: str) -> dict[str, str]:
    codes: dict[str, str] = {}
    for subdivision in pycountry.subdivisions.get(country_code=country) or ():  # type: ignore[no-untyped-call]
        code = subdivision.code.partition("-")[2].lower()
        codes[fold(subdivision.name)] = code
        codes[code] = code
    return codes


def is_us_region(text: str) -> bool:
    """Whether the text names a state or territory of the United States, by code or name."""
    return fold(text) in _regions("US")
