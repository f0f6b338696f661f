"""What conclusions about a part of the evidence need to know of the whole: learnt by a resolution of everything, then held to.

Kept as compressed JSON, whose numbers come back bit for bit.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan, nan
from typing import Any

import numpy as np
import orjson

from graph.errors import KindredError
from graph.identity.confirmed.frequencies import FieldFrequencies, Frequencies
from graph.identity.homes.model import HomeModel
from graph.identity.homes.moves import Moves
from graph.identity.homes.reference import HomeReference
from graph.model.identity import Purpose
from graph.repositories.references import ReferenceRepository

FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What is known of all records and individuals; None of what is to be learnt from the evidence at hand."""

    household: HomeReference | None = None
    operational: Frequencies | None = None


LEARN = Reference()
"""Nothing is known: whoever concludes has all the evidence, and learns from it."""


class ReferenceUnreadable(KindredError):  # noqa: N818 - states what was observed, as the others do
    """A stored reference was written by another release, or is damaged."""

    code = "reference_unreadable"


class References:
    """The reference in force, unpacked once."""

    def __init__(self) -> None:
        self._ids: dict[Purpose, str] = {}
        self._reference = LEARN

    async def in_force(self, kept: ReferenceRepository, *, ids: Mapping[Purpose, str] | None = None) -> Reference:
        """What is known of all records and individuals now.

        Args:
            kept: where it is kept.
            ids: what is kept there for each purpose, where that is known.

        Raises:
            ReferenceUnreadable: what is kept is not what ``packed`` made.
        """
        current = dict(await kept.ids() if ids is None else ids)
        if current != self._ids:
            self._reference = unpacked(await kept.read(current))
            self._ids = current
        return self._reference


def packed(learnt: HomeReference | Frequencies) -> bytes:
    """What was learnt for one purpose, to be kept."""
    values = _home_values(learnt) if isinstance(learnt, HomeReference) else _frequency_values(learnt)
    return zlib.compress(orjson.dumps({"format": FORMAT, **values}, option=orjson.OPT_SORT_KEYS))


def unpacked(kept: Mapping[Purpose, bytes]) -> Reference:
    """The reference that is kept in parts, one for each purpose.

    Raises:
        ReferenceUnreadable: a part is not what ``packed`` made.
    """
    household, operational = kept.get(Purpose.HOUSEHOLD), kept.get(Purpose.OPERATIONAL)
    try:
        return Reference(
            household=None if household is None else _home_of(_values(household)),
            operational=None if operational is None else _frequencies_of(_values(operational)),
        )
    except (zlib.error, ValueError, KeyError, TypeError) as error:
        raise ReferenceUnreadable(f"what was learnt of the whole graph cannot be read: {error}") from error


def _values(data: bytes) -> dict[str, Any]:
    values: dict[str, Any] = orjson.loads(zlib.decompress(data))
    if values["format"] != FORMAT:
        raise ValueError(f"it has format {values['format']}, not {FORMAT}")
    return values


def _frequency_values(learnt: Frequencies) -> dict[str, object]:
    return {
        "records": learnt.records,
        "fields": {name: {"stated": field.stated, "several": dict(field.several)} for name, field in learnt.fields.items()},
    }


def _frequencies_of(values: dict[str, Any]) -> Frequencies:
    return Frequencies(
        records=values["records"],
        fields={
            name: FieldFrequencies(stated=field["stated"], several=field["several"]) for name, field in values["fields"].items()
        },
    )


def _home_values(learnt: HomeReference) -> dict[str, object]:
    model = learnt.model
    return {
        "individuals": learnt.individuals,
        "surnames": dict(learnt.surnames),
        "moves": sorted([*situation, *counts] for situation, counts in learnt.moves.counts.items()),
        "uncompared": sorted(learnt.uncompared),
        "common_names": sorted(learnt.common_names),
        "now": learnt.now,
        "model": {
            "reliable": model.reliable.tolist(),
            "namespaces": model.namespaces,
            "sharing_rate": None if isnan(model.sharing_rate) else model.sharing_rate,
            "two_surnames": model.two_surnames.tolist(),
            "ages": model.ages.tolist(),
            "families": model.families,
            "namesakes": model.namesakes.tolist(),
        },
    }


def _home_of(values: dict[str, Any]) -> HomeReference:
    model = values["model"]
    return HomeReference(
        individuals=values["individuals"],
        surnames=values["surnames"],
        moves=Moves({(run, before): (stayed, returned) for run, before, stayed, returned in values["moves"]}),
        model=HomeModel(
            reliable=np.array(model["reliable"], dtype=np.float64).reshape(-1, 2),
            namespaces=model["namespaces"],
            sharing_rate=nan if model["sharing_rate"] is None else model["sharing_rate"],
            two_surnames=np.array(model["two_surnames"], dtype=np.float64),
            ages=np.array(model["ages"], dtype=np.float64),
            families=model["families"],
            namesakes=np.array(model["namesakes"], dtype=np.float64),
        ),
        uncompared=frozenset(values["uncompared"]),
        common_names=frozenset(values["common_names"]),
        now=values["now"],
    )
