"""A fitted substitution in a folder, and out of it again."""

from datetime import datetime
from pathlib import Path
from typing import Any, Final

from gnn.checkpoint import Arrays, load, put_matrix, save, take_matrix
from gnn.data.catalogue import Catalogue, Grouping
from gnn.errors import ModelError
from gnn.substitution.factors import factors_of
from gnn.substitution.floor import FLOOR
from gnn.substitution.needs import wider
from gnn.substitution.pairs import Pairs
from gnn.substitution.scorer import Scorer
from gnn.substitution.shelf import Shelf
from gnn.substitution.substitution import NETWORK, Substitution

KIND: Final = "substitution"
ITEM_COLUMNS: Final = ("lately", "latest", "ever", "log_price", "rarity", "space")
PAIR_MATRICES: Final = ("switched", "changed", "customers", "together")
WEIGHTS: Final = ("mean", "deviation", "line", "first", "first_bias", "last")


def save_substitution(fitted: Substitution, folder: Path) -> None:
    """Write a model.

    Raises:
        ModelError: the folder cannot be written.
    """
    shelf, catalogue, arrays = fitted.shelf, fitted.shelf.catalogue, Arrays()
    arrays |= {"items": catalogue.ids, "places": shelf.places}
    if catalogue.titles is not None:
        arrays["titles"] = catalogue.titles
    for kind, groupings in (("level", catalogue.levels), ("quality", catalogue.qualities)):
        for name, grouping in groupings.items():
            arrays[f"{kind}.{name}"] = grouping.codes
    for name in ITEM_COLUMNS:
        arrays[name] = getattr(shelf, name)
    if fitted.scorer is not None:
        for name in WEIGHTS:
            arrays[f"scorer.{name}"] = getattr(fitted.scorer, name)
    for name in PAIR_MATRICES:
        put_matrix(arrays, f"pairs.{name}", getattr(shelf.pairs, name))
    put_matrix(arrays, "at_place", shelf.at_place)
    document = {
        "version": fitted.version,
        "served": fitted.served,
        "cutoff": shelf.cutoff.isoformat(),
        "prior": fitted.prior,
        "factors": None if fitted.scorer is None else list(fitted.scorer.names),
        "levels": {name: list(grouping.names) for name, grouping in catalogue.levels.items()},
        "qualities": {name: list(grouping.names) for name, grouping in catalogue.qualities.items()},
    }
    save(folder, kind=KIND, document=document, arrays=arrays)


def load_substitution(folder: Path) -> Substitution:
    """Read a model.

    Raises:
        ModelError: there is none, it is not what was written, or its factors are not those of this version.
    """
    stored = load(folder, kind=KIND)
    try:
        return _substitution(stored.document, stored.arrays)
    except (KeyError, ValueError, TypeError) as error:
        raise ModelError(f"{folder} lacks a part of a substitution: {error}") from error


def _substitution(document: Any, arrays: Arrays) -> Substitution:
    catalogue = Catalogue(
        ids=arrays["items"],
        levels=_groupings(document["levels"], arrays, "level"),
        qualities=_groupings(document["qualities"], arrays, "quality"),
        titles=arrays.get("titles"),
    )
    served = document["served"]
    if served not in (NETWORK, *FLOOR):
        raise ModelError(f"{served} is to rank; this version has {', '.join((NETWORK, *FLOOR))}")
    shelf = Shelf(
        cutoff=datetime.fromisoformat(document["cutoff"]),
        catalogue=catalogue,
        needs=wider(catalogue),
        pairs=Pairs(**{name: take_matrix(arrays, f"pairs.{name}") for name in PAIR_MATRICES}),
        places=arrays["places"],
        at_place=take_matrix(arrays, "at_place"),
        **{name: arrays[name] for name in ITEM_COLUMNS},
    )
    return Substitution(
        shelf=shelf,
        scorer=_scorer(document["factors"], catalogue, arrays),
        prior=float(document["prior"]),
        served=served,
        version=document["version"],
    )


def _scorer(names: list[str] | None, catalogue: Catalogue, arrays: Arrays) -> Scorer | None:
    if names is None:
        return None
    if tuple(names) != factors_of(catalogue):
        raise ModelError(f"it weighs the factors {', '.join(names)}; this version has {', '.join(factors_of(catalogue))}")
    return Scorer(names=tuple(names), **{name: arrays[f"scorer.{name}"] for name in WEIGHTS})


def _groupings(names: dict[str, list[str]], arrays: Arrays, kind: str) -> dict[str, Grouping]:
    return {name: Grouping(codes=arrays[f"{kind}.{name}"], names=tuple(groups)) for name, groups in names.items()}
