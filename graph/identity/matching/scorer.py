"""Everything that scoring pairs of records needs beside the records: handed to other processes, and kept, as JSON.

Numbers come back bit for bit: JSON has as many digits as tell one double from the next, and integers in full. The logarithm of
zero, which JSON has no number for, is null.
"""

import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.identity.matching.fields import Meaning
from graph.identity.matching.model import MatchModel
from graph.identity.matching.records import Population
from graph.identity.matching.relations import Relation
from graph.identity.matching.survey import Field, FieldTotals, Survey

Floats = NDArray[np.float64]
_LOGARITHMS = ("match", "others", "prior_match", "prior_relation", "alone")


@dataclass(frozen=True, slots=True)
class Scorer:
    """What pairs of records are scored by."""

    survey: Survey
    model: MatchModel
    aliases: frozenset[tuple[str, str]] = frozenset()
    """Pairs of given names that were learnt to be one name, the smaller first."""
    threshold: float = 0.0
    """Log odds, natural, that joining two clusters takes."""


def scorer_json(scorer: Scorer) -> str:
    """The scorer as JSON."""
    return json.dumps(
        {
            "survey": _survey_values(scorer.survey),
            "model": _model_values(scorer.model),
            "aliases": sorted(list(pair) for pair in scorer.aliases),
            "threshold": scorer.threshold,
        },
        allow_nan=False,
        ensure_ascii=False,
    )


def scorer_of(text: str) -> Scorer:
    """The scorer that ``scorer_json`` wrote."""
    values = json.loads(text)
    return Scorer(
        survey=_survey_of(values["survey"]),
        model=_model_of(values["model"]),
        aliases=frozenset((one, other) for one, other in values["aliases"]),
        threshold=values["threshold"],
    )


def survey_json(survey: Survey) -> str:
    """The survey as JSON."""
    return json.dumps(_survey_values(survey), ensure_ascii=False)


def survey_from(text: str) -> Survey:
    """The survey that ``survey_json`` wrote."""
    return _survey_of(json.loads(text))


def _survey_values(survey: Survey) -> dict[str, object]:
    return {
        "sources": survey.population.sources,
        "sizes": survey.population.sizes.tolist(),
        "fields": [
            [total.field.name, total.field.meaning.value, total.stated, total.agreeing, total.more] for total in survey.totals
        ],
    }


def _survey_of(values: dict[str, list]) -> Survey:  # type: ignore[type-arg]
    return Survey(
        Population(tuple(values["sources"]), np.array(values["sizes"], dtype=np.int64)),
        tuple(
            FieldTotals(Field(name, Meaning(meaning)), stated, agreeing, more)
            for name, meaning, stated, agreeing, more in values["fields"]
        ),
    )


def _model_values(model: MatchModel) -> dict[str, object]:
    return {
        "fields": model.fields,
        "meanings": [meaning.value for meaning in model.meanings],
        "sources": model.sources,
        "relations": [relation.value for relation in model.relations],
        **{name: _numbers(getattr(model, name)) for name in _LOGARITHMS},
    }


def _model_of(values: dict[str, list]) -> MatchModel:  # type: ignore[type-arg]
    return MatchModel(
        fields=tuple(values["fields"]),
        meanings=tuple(Meaning(meaning) for meaning in values["meanings"]),
        sources=tuple(values["sources"]),
        relations=tuple(Relation(relation) for relation in values["relations"]),
        **{name: _array(values[name]) for name in _LOGARITHMS},
    )


def _numbers(array: Floats) -> list[object]:
    """Shape and numbers, those in the order of the array's last index first."""
    if np.isnan(array).any() or np.isposinf(array).any():
        raise ValueError("a logarithm of a probability is neither a number nor minus infinity")
    return [list(array.shape), [None if number == -np.inf else number for number in array.ravel().tolist()]]


def _array(values: list[list[float | None]]) -> Floats:
    shape, numbers = values
    flat = np.array([-np.inf if number is None else number for number in numbers], dtype=np.float64)
    return flat.reshape([int(size) for size in shape if size is not None])
