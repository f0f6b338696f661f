"""A fitted substitution in one folder: arrays in ``arrays.npz``, names and settings in ``model.json``; nothing that runs code."""

import json
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnn.data.catalogue import Catalogue, Grouping
from gnn.data.interactions import Matrix
from gnn.errors import ModelError
from gnn.substitution.factors import factors_of
from gnn.substitution.needs import wider
from gnn.substitution.pairs import Pairs
from gnn.substitution.scorer import Scorer
from gnn.substitution.shelf import Shelf
from gnn.substitution.substitution import Substitution

FORMAT: Final = 1
ARRAYS: Final = "arrays.npz"
MODEL: Final = "model.json"
ITEM_COLUMNS: Final = ("lately", "latest", "ever", "log_price", "rarity", "space")
PAIR_MATRICES: Final = ("switched", "changed", "customers", "together")
WEIGHTS: Final = ("mean", "deviation", "line", "first", "first_bias", "last")

Arrays = dict[str, NDArray[Any]]


def save(fitted: Substitution, folder: Path) -> None:
    """Write a model to a folder, which is made where it is not there; what it held of an earlier model is written over."""
    folder.mkdir(parents=True, exist_ok=True)
    shelf, catalogue = fitted.shelf, fitted.shelf.catalogue
    arrays: Arrays = {"ids": catalogue.ids, "places": shelf.places}
    if catalogue.titles is not None:
        arrays["titles"] = catalogue.titles
    for kind, groupings in (("level", catalogue.levels), ("quality", catalogue.qualities)):
        for name, grouping in groupings.items():
            arrays[f"{kind}/{name}"] = grouping.codes
    for name in ITEM_COLUMNS:
        arrays[name] = getattr(shelf, name)
    for name in WEIGHTS:
        arrays[f"scorer/{name}"] = getattr(fitted.scorer, name)
    for name in PAIR_MATRICES:
        _put(arrays, f"pairs/{name}", getattr(shelf.pairs, name))
    _put(arrays, "at_place", shelf.at_place)
    document = {
        "format": FORMAT,
        "cutoff": shelf.cutoff.isoformat(),
        "prior": fitted.prior,
        "factors": list(fitted.scorer.names),
        "levels": {name: list(grouping.names) for name, grouping in catalogue.levels.items()},
        "qualities": {name: list(grouping.names) for name, grouping in catalogue.qualities.items()},
    }
    with (folder / ARRAYS).open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
    (folder / MODEL).write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def load(folder: Path) -> Substitution:
    """Read a model from a folder.

    Raises:
        ModelError: it is not there, not whole, of another format, or its factors are not those of this version.
    """
    try:
        document = json.loads((folder / MODEL).read_text(encoding="utf-8"))
        if document["format"] != FORMAT:
            raise ModelError(f"{folder} holds a model of format {document['format']}; this version reads format {FORMAT}")
        with np.load(folder / ARRAYS, allow_pickle=False) as stored:
            arrays: Arrays = {name: stored[name] for name in stored.files}
        return _fitted(document, arrays, folder)
    except (OSError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise ModelError(f"{folder} holds no whole model of substitution: {error}") from error


def _fitted(document: dict[str, Any], arrays: Arrays, folder: Path) -> Substitution:
    catalogue = Catalogue(
        ids=arrays["ids"],
        levels=_groupings(document["levels"], arrays, "level"),
        qualities=_groupings(document["qualities"], arrays, "quality"),
        titles=arrays.get("titles"),
    )
    names = tuple(document["factors"])
    if names != factors_of(catalogue):
        raise ModelError(f"{folder} weighs the factors {', '.join(names)}; this version has {', '.join(factors_of(catalogue))}")
    items = len(catalogue)
    shelf = Shelf(
        cutoff=datetime.fromisoformat(document["cutoff"]),
        catalogue=catalogue,
        needs=wider(catalogue),
        pairs=Pairs(**{name: _matrix(arrays, f"pairs/{name}", (items, items)) for name in PAIR_MATRICES}),
        places=arrays["places"],
        at_place=_matrix(arrays, "at_place", (len(arrays["places"]), items)),
        **{name: arrays[name] for name in ITEM_COLUMNS},
    )
    scorer = Scorer(names=names, **{name: arrays[f"scorer/{name}"] for name in WEIGHTS})
    return Substitution(shelf=shelf, scorer=scorer, prior=float(document["prior"]))


def _groupings(names: dict[str, list[str]], arrays: Arrays, kind: str) -> dict[str, Grouping]:
    return {name: Grouping(codes=arrays[f"{kind}/{name}"], names=tuple(groups)) for name, groups in names.items()}


def _put(arrays: Arrays, name: str, matrix: Matrix) -> None:
    arrays |= {f"{name}/data": matrix.data, f"{name}/indices": matrix.indices, f"{name}/indptr": matrix.indptr}


def _matrix(arrays: Arrays, name: str, shape: tuple[int, int]) -> Matrix:
    return sp.csr_matrix((arrays[f"{name}/data"], arrays[f"{name}/indices"], arrays[f"{name}/indptr"]), shape=shape)
