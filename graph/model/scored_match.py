"""Scored evidence whether two records are of one person, with all that its weight is the sum of."""

from dataclasses import dataclass

from graph.model.ids import RecordId


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredMatch:
    """A scored pair; ``left`` is the smaller id. Weights in bits (logarithms of base 2 of likelihood ratios)."""

    left: RecordId
    right: RecordId
    match_weight: float
    """Log odds of a match against all relations that two people may have, of the pair by itself."""
    linked: bool
    """Whether the two belong together, all that their fellows state considered."""
    fields: tuple[str, ...]
    """Fields that both records state."""
    levels: tuple[str, ...]
    """How well they agree in each of these."""
    stranger_weights: tuple[float, ...]
    """What each of these says for a match against two strangers."""
    home_weights: tuple[float, ...]
    """What each of these says for a match against two people of one home; empty where homes are not told apart."""
    prior_stranger: float
    """Log odds of a match against two strangers before anything is compared."""
    prior_home: float | None
    """The same against two people of one home."""


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
