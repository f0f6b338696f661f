"""What goes wrong when people and machines write names and numbers down: one function a mistake, each on one text.

All take the randomness as an argument, and return the text unchanged where the mistake cannot be made in it.
"""

from collections.abc import Callable
from random import Random
from typing import Final

from bench.population_words import short_forms

Mistake = Callable[[str, Random], str]

NEIGHBOURS: Final = {
    "q": "wa", "w": "qes", "e": "wrd", "r": "etf", "t": "ryg", "y": "tuh", "u": "yij", "i": "uok", "o": "ipl", "p": "o",
    "a": "qsz", "s": "adw", "d": "sfe", "f": "dgr", "g": "fht", "h": "gjy", "j": "hku", "k": "jli", "l": "ko",
    "z": "xa", "x": "zc", "c": "xv", "v": "cb", "b": "vn", "n": "bm", "m": "n",
    **{str(digit): f"{(digit - 1) % 10}{(digit + 1) % 10}" for digit in range(10)},
}  # fmt: skip
"""Keys beside each key."""
LOOK_ALIKES: Final = (
    ("rn", "m"),
    ("m", "rn"),
    ("l", "1"),
    ("o", "0"),
    ("cl", "d"),
    ("vv", "w"),
    ("i", "l"),
    ("e", "c"),
    ("h", "b"),
)
SOUND_ALIKES: Final = (
    *(("ph", "f"), ("ck", "k"), ("sch", "sh"), ("ie", "y"), ("y", "ie"), ("ei", "ey"), ("c", "k"), ("z", "s"), ("ue", "u")),
    *(("oe", "o"), ("ae", "e"), ("sz", "s"), ("w", "v"), ("j", "y"), ("ll", "l"), ("tt", "t"), ("nn", "n")),
)
ACCENTS: Final = (
    ("ia", "ía"),
    ("ez", "éz"),
    ("on", "ón"),
    ("ue", "ü"),
    ("oe", "ö"),
    ("ae", "ä"),
    ("ss", "ß"),
    ("n", "ñ"),
    ("e", "é"),
)


def typo(text: str, luck: Random) -> str:
    """One slip on the keyboard: a letter left out, doubled, exchanged with the next, or a neighbouring key."""
    if len(text) < 2:
        return text
    at = luck.randrange(len(text))
    match luck.randrange(4):
        case 0:
            return text[:at] + text[at + 1 :]
        case 1:
            return text[: at + 1] + text[at:]
        case 2:
            at = min(at, len(text) - 2)
            return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
        case _:
            return text[:at] + luck.choice(NEIGHBOURS.get(text[at], text[at])) + text[at + 1 :]


def scanned(text: str, luck: Random) -> str:
    """Optical character recognition took letters for others that look alike."""
    return _replaced_once(text, luck, LOOK_ALIKES)


def respelt(text: str, luck: Random) -> str:
    """Written as it sounds, or as another alphabet's transliteration has it."""
    return _replaced_once(text, luck, SOUND_ALIKES)


def accented(text: str, luck: Random) -> str:
    """Written with the accents that other records lack."""
    return _replaced_once(text, luck, ACCENTS)


def shortened(text: str, luck: Random) -> str:
    """A short form of a given name."""
    known = short_forms(text)
    return luck.choice(known) if known else text


def initial(text: str, luck: Random) -> str:
    """The first letter alone."""
    del luck
    return text[:1]


def digit_wrong(text: str, luck: Random) -> str:
    """One digit is another one, or two neighbours are exchanged."""
    places = [place for place, character in enumerate(text) if character.isdigit()]
    if len(places) < 2:
        return text
    at = luck.randrange(len(places) - 1)
    here, there = places[at], places[at + 1]
    if luck.random() < 0.5 and text[here] != text[there]:
        swapped = list(text)
        swapped[here], swapped[there] = text[there], text[here]
        return "".join(swapped)
    return text[:here] + str((int(text[here]) + luck.randrange(1, 10)) % 10) + text[here + 1 :]


def date_wrong(text: str, luck: Random) -> str:
    """An ISO date with day and month exchanged where that is a date, else with another day, month or year."""
    year, month, day = text.split("-")
    kind = luck.random()
    if kind < 0.35 and int(day) <= 12:
        return f"{year}-{day}-{month}"
    if kind < 0.6:
        return f"{year}-{month}-{luck.randrange(1, 29):02d}"
    if kind < 0.8:
        return f"{year}-{luck.randrange(1, 13):02d}-{min(int(day), 28):02d}"
    wrong = int(year) + luck.choice((-10, -1, 1, 10))
    return f"{wrong}-{month}-{min(int(day), 28):02d}"


def _replaced_once(text: str, luck: Random, pairs: tuple[tuple[str, str], ...]) -> str:
    found = [pair for pair in pairs if pair[0] in text]
    if not found:
        return text
    old, new = luck.choice(found)
    at = text.rindex(old) if luck.random() < 0.5 else text.index(old)
    return text[:at] + new + text[at + len(old) :]
