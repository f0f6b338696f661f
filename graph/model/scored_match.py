"""Scored evidence whether two records are of one person, with all that its weight is the sum of."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from graph.model.ids import RecordId

SEPARATOR = "; "
PRIOR = "prior"


class ScoredMatch(NamedTuple):
    """A scored pair; ``left`` is the smaller id. Weights in bits (logarithms of base 2 of likelihood ratios)."""

    left: RecordId
    right: RecordId
    match_weight: float
    """Log odds of a match against all relations that two people may have, of the pair by itself."""
    linked: bool
    """Whether the two belong together, all that their fellows state considered."""
    comparisons: str
    """What the weight is made of: see ``Comparisons``."""


class ComparedField(NamedTuple):
    """How well two records agree in a field that both state, and what that says for a match; weights in bits."""

    field: str
    level: str
    stranger_weight: float
    """Against two strangers."""
    home_weight: float | None
    """Against two people of one home; None where homes are not told apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparisons:
    """What a scored pair's weight is made of, and the one text as which it is kept, for people to read and programs to parse.

    For example ``prior -17.52 -3.1; given_name exact 9.13 4.2; birth_date one_edit 5.5 1.25``: log odds before anything is
    compared, then each field with its level and weights; the first number is against two strangers, the second against two people
    of one home.
    """

    prior_stranger: float
    prior_home: float | None
    fields: tuple[ComparedField, ...]

    @property
    def text(self) -> str:
        """As it is kept."""
        parts = (weighed(f"{each.field} {each.level}", each.stranger_weight, each.home_weight) for each in self.fields)
        return SEPARATOR.join((weighed(PRIOR, self.prior_stranger, self.prior_home), *parts))

    @classmethod
    def parse(cls, text: str) -> "Comparisons":
        """From what is kept.

        Raises:
            ValueError: the text is none that was made here.
        """
        prior, *fields = text.split(SEPARATOR)
        name, *weights = prior.split(" ")
        if name != PRIOR:
            raise ValueError(f"comparisons begin with {name!r} and not with {PRIOR!r}")
        stranger, home = _weights(weights)
        compared: list[ComparedField] = []
        for part in fields:
            field, level, *numbers = part.split(" ")
            compared.append(ComparedField(field, level, *_weights(numbers)))
        return cls(prior_stranger=stranger, prior_home=home, fields=tuple(compared))


def weighed(what: str, stranger: float, home: float | None) -> str:
    """One part of the text: what was compared, and its weights to a hundredth of a bit."""
    return f"{what} {round(stranger, 2):g}" if home is None else f"{what} {round(stranger, 2):g} {round(home, 2):g}"


def levels_in(text: str | None) -> str:
    """The text's fields and levels alone, without weights: what is compared where scores are brought up to date."""
    return "" if text is None else " ".join(word for word in text.split(" ") if not _is_number(word))


def _is_number(word: str) -> bool:
    return word[:1] in "-.0123456789"


def _weights(numbers: Iterable[str]) -> tuple[float, float | None]:
    stranger, *home = map(float, numbers)
    return stranger, home[0] if home else None


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchModelRecord:
    """The model by which records are scored, as it is kept."""

    id: str
    evidence_digest: str
    """Digest of everything that the model and the scores follow from; equal digests give equal scores."""
    parameters: str
    """Its probabilities, as JSON."""
    estimates: str
    """What it expects of its own precision and recall, as JSON."""
    scorer: str | None = None
    """What scores records that come later, as JSON; None where that is not known."""
