"""Text: what every other normaliser starts from. All functions are idempotent."""

import unicodedata
from typing import Any

from anyascii import anyascii

# Written into words ("O'Brien", "St. John"): dropped rather than taken as a break between words.
_INSIDE_WORDS = str.maketrans("", "", "'’`´.ʼ")


def clean(text: str) -> str:
    """NFKC, without control, format, private and unassigned characters, white space collapsed to single spaces."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    spaced = "".join(" " if character.isspace() else character for character in text)
    kept = "".join(character for character in spaced if unicodedata.category(character)[0] != "C")
    return " ".join(unicodedata.normalize("NFKC", kept).split())


def fold(text: str) -> str:
    """For comparing words: transliterated to ASCII, case-folded, letters and digits only, single spaces between words.

    Text in any script survives as the same ASCII for the same input: ``王杰`` is ``wangjie``, ``Müller`` is ``muller``.
    """
    ascii_text = anyascii(clean(text)).translate(_INSIDE_WORDS).casefold()
    return " ".join("".join(character if character.isalnum() else " " for character in ascii_text).split())


def scalar(value: Any) -> str | None:
    """A JSON scalar as clean text; None for what is empty, boolean, a list or an object.

    Whole numbers are taken as their digits: sources write phone numbers, postal codes and ids as numbers.
    """
    if isinstance(value, str):
        return clean(value) or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return None


def first_text(values: dict[str, Any], *names: str) -> str | None:
    """The first of the named fields that holds a scalar, as clean text."""
    for name in names:
        if (value := values.get(name)) is not None and (text := scalar(value)) is not None:
            return text
    return None
