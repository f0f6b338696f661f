"""Names of persons and organisations, by nameparser and anyascii."""

from functools import lru_cache
from typing import Final

from nameparser import HumanName
from nameparser.config import Constants

from graph.model.evidence import PersonName
from ingest.normalise.text import clean, fold

TITLES: Final = frozenset(
    "mr mrs ms miss mx dr prof professor sir madam dame rev reverend herr frau monsieur madame mme mlle señor señora".split()  # noqa: SIM905
)
"""nameparser's own list also has given names and surnames (Dean, Earl, King, Page), which are no titles on a customer's card."""
_PARSER: Final = Constants(titles=TITLES)
_SUFFIXES: Final = {
    **dict.fromkeys(("jr", "jnr", "junior"), "jr"),
    **dict.fromkeys(("sr", "snr", "senior"), "sr"),
    **dict.fromkeys(("ii", "2nd"), "ii"),
    **dict.fromkeys(("iii", "3rd"), "iii"),
    **dict.fromkeys(("iv", "4th"), "iv"),
}
"""Generational suffixes, which tell father from son; degrees and honours tell nobody apart."""
MAX_CHARACTERS: Final = 500

NO_NAME: Final = PersonName()


@lru_cache(maxsize=65_536)
def name_from_parts(*, given: str, middle: str, family: str, suffix: str) -> PersonName:
    """A name from fields of its own; empty text stands for a part that is missing.

    Titles are dropped from the given name. A generational suffix written into another field (``Smith Sr``) and initials
    written after the given name (``Rosemary A``) are put where they belong. Nicknames stay as they are: that Bob may be Robert is
    for matching to weigh, not for normalisation to decide.
    """
    first, middles, last = fold(given).split(), fold(middle).split(), fold(family).split()
    if len(first) > 1 and first[0] in TITLES:
        first = first[1:]
    generation = _SUFFIXES.get(fold(suffix))
    for words, fewest in ((last, 2), (middles, 1), (first, 2)):
        if len(words) >= fewest and words[-1] in _SUFFIXES:
            generation = generation or _SUFFIXES[words[-1]]
            words.pop()
    while len(first) > 1 and len(first[-1]) == 1 and len(first[0]) > 1:
        middles.insert(0, first.pop())
    return _name(" ".join(first), " ".join(middles), " ".join(last), generation or "")


@lru_cache(maxsize=65_536)
def name_from_line(line: str) -> PersonName:
    """A person's name from one line: ``Dr. Robert E. Smith Sr``, ``Smith, Robert``, ``Maria de la Cruz``.

    Of a line that is one word, or does not separate its words (``王杰``), only the full name is known.
    """
    text = clean(line)[:MAX_CHARACTERS]
    parsed = HumanName(text, constants=_PARSER)
    given, family = fold(parsed.first), fold(parsed.last)
    if not given or not family:
        return PersonName(full=fold(text) or None)
    generation = next((_SUFFIXES[word] for word in fold(parsed.suffix).split() if word in _SUFFIXES), "")
    return _name(given, fold(parsed.middle), family, generation)


@lru_cache(maxsize=65_536)
def organization_name(line: str) -> PersonName:
    """An organisation's name: a full name without parts."""
    return PersonName(full=fold(line[:MAX_CHARACTERS]) or None)


def _name(given: str, middle: str, family: str, suffix: str) -> PersonName:
    return PersonName(
        given=given or None,
        middle=middle or None,
        family=family or None,
        suffix=suffix or None,
        full=" ".join(part for part in (given, middle, family, suffix) if part) or None,
    )
