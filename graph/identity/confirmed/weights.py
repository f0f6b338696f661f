"""How sure it is that two records are one person, against each of those whom they may be instead.

For each alternative, log odds in bits in the form of Fellegi and Sunter (1969): prior log odds plus, of every field that agrees,
``log2(m / u)``; ``u`` is how often two people of that alternative agree in it. A pair weighs what it weighs against the most
likely alternative:

- *a stranger*: ``u`` is the value's frequency (Winkler 1989), the prior ``1 / N``;
- *somebody of the same home*: surname, address and telephone say nothing; a given name is shared by juniors and seniors, a birth
  date by twins, and how often a home shares an identifier is the policy's ``shared``. The prior is even, which is pessimistic.

``m`` is taken as 1, which is at most a bit too much for each field.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from graph.identity.comparison import Outcome, are_short_forms, compare_given_names, compare_words
from graph.identity.confirmed.statements import Statements, Values, namespaces
from graph.identity.homes.arrays import Flags, Floats, Index, keyed, unkeyed
from graph.identity.policy import Confirmation
from graph.model.identifier import EMAIL

PSEUDO_RECORDS = 100.0
"""Frequencies are counted as if the records were part of a population of so many more, in which every value is rare."""
RARE = 1e-3
VARIANT_CHANCE = 3e-3
"""How often two given names, or surnames, of strangers are spellings or short forms of one."""
SPELLING_BITS = 4.3
"""At most, for a given name that agrees as a spelling: of the pairs of one home, one in twenty is an Anna and a Hanna."""
TWINS_ALIKE_BITS = 2.3
"""The same where the birth date agrees too: parents name twins alike, one pair in five. None is named Robert and Bob."""
NAMED_ALIKE_BITS = 4.0
"""What a scored match beside a birth date needs more where the given names are not the same, or one of two has a suffix."""
MAX_BITS = 16.0
SURNAMES_DIFFER_BITS = -4.0
MIDDLE_NAMES_DIFFER_BITS = -4.0
SUFFIX_SILENT_BITS = 1.0
"""A given name where one of the two records has a suffix: there are a junior and a senior."""
MIN_DIGITS = 2
"""Digits from which an e-mail address that is made of a name is a kind of evidence beside the name."""
AGREES, CLOSE, SILENT, DIFFERS = (int(outcome) for outcome in (Outcome.AGREES, Outcome.CLOSE, Outcome.SILENT, Outcome.DIFFERS))
_EMAIL = f"{EMAIL}:"


@dataclass(frozen=True, slots=True)
class Compared:
    """Compared pairs of records, ``left`` below ``right``."""

    left: Index
    right: Index
    weight: Floats
    """Bits against the most likely alternative."""
    against_home: Flags
    """Whether that alternative is somebody of the same home (else a stranger)."""
    kinds: Index
    """How many independent kinds of evidence agree."""
    forbidden: Flags
    """Whether the records contradict each other."""
    agreeing: dict[str, Flags]
    """For each kind of evidence the pairs that agree in it."""
    differing: dict[str, Flags]
    """For each field that forbids a join the pairs that differ in it."""

    def __len__(self) -> int:
        return len(self.left)

    def kinds_of(self, pair: int) -> list[str]:
        """Names of the kinds of evidence in which a pair agrees."""
        return [name for name, flags in self.agreeing.items() if flags[pair]]

    def differences_of(self, pair: int) -> list[str]:
        """Names of the fields in which a pair contradicts itself."""
        return [name for name, flags in self.differing.items() if flags[pair]]


def compare_pairs(
    statements: Statements,
    left: Index,
    right: Index,
    match_weight: Floats,
    confirmation: Confirmation,
    *,
    min_match: float | None,
) -> Compared:
    """Weigh pairs of records; ``match_weight`` holds the scored matches' bits, NaN where there is none."""
    given = _by_code(statements.given, left, right, compare_given_names)
    family = _by_code(statements.family, left, right, compare_words)
    same = {name: _same(values, left, right) for name, values in _exact_fields(statements).items()}
    middle = _by_code(statements.middle, left, right, _middle_names)
    shared, shared_stranger, shared_home, own = _identifiers(statements, left, right, confirmation)
    swapped = _swapped(statements, left, right)
    given, family = np.where(swapped, AGREES, given), np.where(swapped, AGREES, family)

    stranger = np.full(len(left), -np.log2(max(statements.population, 2)))
    home = np.zeros(len(left))
    exact = (statements.given.code[left] == statements.given.code[right]) | swapped
    name_bits = np.where(exact, _bits(statements.given, left), -np.log2(VARIANT_CHANCE))
    surname_bits = np.where(same["family"] == AGREES, _bits(statements.family, left), -np.log2(VARIANT_CHANCE))
    suffixed = (statements.suffix.code[left] >= 0) != (statements.suffix.code[right] >= 0)
    like_twins = np.flatnonzero((same["born"] == AGREES) & (given == AGREES) & ~exact)
    spelt = _by_code(statements.given, left[like_twins], right[like_twins], _short_forms) != AGREES
    alike = np.full(len(left), SPELLING_BITS)
    alike[like_twins[spelt]] = TWINS_ALIKE_BITS
    at_home = np.where(exact, -np.log2(confirmation.juniors), alike)
    at_home = np.where(suffixed, np.minimum(at_home, SUFFIX_SILENT_BITS), at_home)
    stranger += np.where(given == AGREES, name_bits, 0.0) + np.where(family == AGREES, surname_bits, 0.0)
    home += np.where(given == AGREES, np.minimum(name_bits, at_home), 0.0)
    stranger += np.where(same["born"] == AGREES, _bits(statements.born, left), 0.0)
    home += np.where(same["born"] == AGREES, -np.log2(confirmation.twins), 0.0)
    stranger += np.where(same["address"] == AGREES, _bits(statements.address, left), 0.0)
    initial = np.where(middle == AGREES, np.minimum(_bits(statements.middle, left), 4.0), 0.0)
    against = np.where(middle == DIFFERS, MIDDLE_NAMES_DIFFER_BITS, 0.0) + np.where(family == DIFFERS, SURNAMES_DIFFER_BITS, 0.0)
    stranger += initial + against + shared_stranger
    home += initial + against + shared_home

    full_name = (given == AGREES) & (family == AGREES) | (given == AGREES) & (same["entity"] == AGREES) & (_org(statements)[left])
    agreeing = {
        **shared,
        "name": full_name,
        "birth_date": same["born"] == AGREES,
        "address": same["address"] == AGREES,
    }
    # An e-mail address that is made of the name is the name once more: any namesake may have it.
    kinds = sum(agreeing[name].astype(np.int64) for name in ("name", "birth_date", "address")) + own
    weight = np.minimum(stranger, home)
    if min_match is not None:
        # A scored match says how sure it is by itself; names and address are in it already, so it needs something else beside it.
        # A birth date is that with the very name alone: twins are named alike, and a son after his father.
        very = exact & ~suffixed
        dated = agreeing["birth_date"] & (very | (match_weight >= min_match + NAMED_ALIKE_BITS))
        matched = (match_weight >= min_match) & (dated | (own > 0))
        agreeing["match"] = matched
        weight = np.where(matched, np.maximum(weight, match_weight), weight)
        kinds = kinds + matched
    differing = {
        "given_name": given == DIFFERS,
        "birth_date": same["born"] == DIFFERS,
        "suffix": same["suffix"] == DIFFERS,
        "gender": same["gender"] == DIFFERS,
        "entity_type": same["entity"] == DIFFERS,
    }
    forbidden = np.logical_or.reduce(list(differing.values()))
    return Compared(
        left=left,
        right=right,
        weight=weight,
        against_home=home < stranger,
        kinds=kinds,
        forbidden=forbidden,
        agreeing=agreeing,
        differing=differing,
    )


def _exact_fields(statements: Statements) -> dict[str, Values]:
    return {
        "family": statements.family,
        "born": statements.born,
        "address": statements.address,
        "suffix": statements.suffix,
        "gender": statements.gender,
        "entity": statements.entity,
    }


def _org(statements: Statements) -> Flags:
    organization = statements.entity.values.index("organization") if "organization" in statements.entity.values else -2
    found: Flags = statements.entity.code == organization
    return found


def _bits(values: Values, records: Index) -> Floats:
    """How surprising each record's value is: minus log2 of its frequency; 0 where it is silent."""
    if not values.values:
        return np.zeros(len(records))
    share = (values.counts + PSEUDO_RECORDS * RARE) / (values.stated + PSEUDO_RECORDS)
    code = values.code[records]
    return np.where(code >= 0, np.minimum(-np.log2(share)[code], MAX_BITS), 0.0)


def _same(values: Values, left: Index, right: Index) -> Index:
    one, other = values.code[left], values.code[right]
    return np.where((one < 0) | (other < 0), SILENT, np.where(one == other, AGREES, DIFFERS))


def _by_code(values: Values, left: Index, right: Index, compare: Callable[[str | None, str | None], Outcome]) -> Index:
    """Outcome for each pair; each pair of distinct values is compared once."""
    one, other = values.code[left], values.code[right]
    found = _same(values, left, right)
    differ = np.flatnonzero(found == DIFFERS)
    asked, which = np.unique(
        keyed(np.minimum(one[differ], other[differ]), np.maximum(one[differ], other[differ])), return_inverse=True
    )
    low, high = unkeyed(asked)
    outcomes = [int(compare(values.values[a], values.values[b])) for a, b in zip(low.tolist(), high.tolist(), strict=True)]
    found[differ] = np.array(outcomes, dtype=np.int64)[which]
    return found


def _short_forms(left: str | None, right: str | None) -> Outcome:
    return Outcome.AGREES if left and right and are_short_forms(left, right) else Outcome.DIFFERS


def _middle_names(left: str | None, right: str | None) -> Outcome:
    """Middle names differ where their initials do, or both are whole and no spellings of one; an initial that fits is close."""
    if not left or not right:
        return Outcome.SILENT
    if len(left) == 1 or len(right) == 1:
        return Outcome.CLOSE if left[0] == right[0] else Outcome.DIFFERS
    return compare_given_names(left, right)


def _swapped(statements: Statements, left: Index, right: Index) -> Flags:
    """Whether one of the two records has its names the other way round."""
    number_of = {value: number for number, value in enumerate(statements.family.values)}
    as_family = np.array([number_of.get(value, -2) for value in statements.given.values] or [-2], dtype=np.int64)
    given, family = statements.given.code, statements.family.code
    turned = np.where(given >= 0, as_family[given], -2)
    found: Flags = (turned[left] == family[right]) & (turned[right] == family[left])
    return found


def _emails_of_names(statements: Statements) -> Index:
    """For each identifier -1, or of an e-mail address that is made of the name of one who states it the digits that follow it.

    A namesake may have that address as well, or be given it by a slip; digits tell namesakes apart, each one of ten.
    """
    is_email = np.array([key.startswith(_EMAIL) for key in statements.identifiers], dtype=np.bool_)
    digits = [-1] * len(statements.identifiers)
    given, family = ([*values.values, ""] for values in (statements.given, statements.family))
    rows = statements.stated[is_email[statements.stated[:, 1]]]
    # Each e-mail address once with each name that those who state it have.
    names = np.stack([rows[:, 1], statements.given.code[rows[:, 0]], statements.family.code[rows[:, 0]]], axis=1)
    for identifier, one, other in names[np.sort(_first_of_each(names))].tolist():
        if digits[identifier] < 0:
            local_part = statements.identifiers[identifier].removeprefix(_EMAIL).partition("@")[0]
            digits[identifier] = digits_after_name(local_part, [name for name in (given[one], family[other]) if name])
    return np.array(digits, dtype=np.int64)


def _first_of_each(rows: Index) -> Index:
    """Positions of the distinct rows of three columns of numbers, the second and third from -1 on."""
    values = np.unique(keyed(rows[:, 1] + 1, rows[:, 2] + 1), return_inverse=True)[1]
    return np.unique(keyed(rows[:, 0], values), return_index=True)[1]


def digits_after_name(local_part: str, names: Sequence[str]) -> int:
    """How many digits an e-mail address's local part has beside these names; -1 where it is made of something else.

    0 for ``jane.smith`` and ``jsmith`` of Jane Smith, 2 for ``jane.smith84``, -1 for ``blueowl``.
    """
    letters = "".join(character for character in local_part if character.isalpha())
    words = [word for name in names for word in name.split()]
    rest = letters
    for word in sorted(words, key=len, reverse=True):
        rest = rest.replace(word, "", 1)
    is_made = rest != letters and len(rest) <= len(names) and set(rest) <= {word[0] for word in words}
    return sum(character.isdigit() for character in local_part) if is_made else -1


def _identifiers(
    statements: Statements, left: Index, right: Index, confirmation: Confirmation
) -> tuple[dict[str, Flags], Floats, Floats, Index]:
    """For each pair the namespaces in common, their bits against a stranger and against the same home, and how many are kinds."""
    stranger, home = np.zeros(len(left)), np.zeros(len(left))
    own = np.zeros(len(left), dtype=np.int64)
    shared: dict[str, Flags] = {}
    if not len(statements.stated) or not len(left):
        return shared, stranger, home, own
    pair, identifier = _in_common(statements, left, right)
    names = namespaces(statements)
    all_names = sorted({names[number] for number in np.unique(identifier).tolist()})
    code_of = {name: number for number, name in enumerate(all_names)}
    namespace = np.array([code_of.get(name, -1) for name in names], dtype=np.int64)[identifier]
    rarity = np.minimum(np.log2(max(statements.population, 2) / np.maximum(statements.holders[identifier], 1)), MAX_BITS)
    digits = _emails_of_names(statements)[identifier]
    of_namesakes = -np.log2(confirmation.namesakes) + digits * np.log2(10)
    rarity = np.where(digits >= 0, np.minimum(rarity, of_namesakes), rarity)
    stands_alone = (digits < 0) | (digits >= MIN_DIGITS)
    for name, number in code_of.items():
        rows = namespace == number
        by_home = -np.log2(confirmation.shared.get(name, confirmation.shared_default))
        bits = np.zeros(len(left))
        np.maximum.at(bits, pair[rows], rarity[rows])
        flags = np.zeros(len(left), dtype=np.bool_)
        flags[pair[rows]] = True
        stands = np.zeros(len(left), dtype=np.bool_)
        stands[pair[rows & stands_alone]] = True
        stranger += bits
        home += np.where(flags, by_home, 0.0)
        own += stands
        shared[name] = flags
    return shared, stranger, home, own


def _in_common(statements: Statements, left: Index, right: Index) -> tuple[Index, Index]:
    """Rows (pair, identifier) for every identifier that both records of a pair state."""
    first = np.searchsorted(statements.stated[:, 0], np.arange(len(statements) + 1))
    number = np.diff(first)[left]
    pair = np.repeat(np.arange(len(left)), number)
    offset = np.arange(len(pair)) - np.repeat(np.cumsum(number) - number, number)
    identifier = statements.stated[first[left[pair]] + offset, 1]
    has = np.isin(keyed(right[pair], identifier), keyed(statements.stated[:, 0], statements.stated[:, 1]))
    return pair[has], identifier[has]
