"""Arrays and what they mean, in one folder: ``arrays.npz`` and a JSON document that names its digest; nothing in it is code."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gnn.errors import ModelError

FORMAT: Final = 1
DOCUMENT: Final = "model.json"
ARRAYS: Final = "arrays.npz"
PARTS: Final = ("data", "indices", "indptr", "shape")

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What a folder holds: a JSON document and arrays by name."""

    document: Mapping[str, Any]
    arrays: Arrays


def save(folder: Path, *, kind: str, document: Mapping[str, Any], arrays: Arrays) -> None:
    """Write a checkpoint; the document comes last, so that a folder with a document is whole.

    Args:
        folder: made where it is not there.
        kind: what it is a model of.
        document: JSON values.
        arrays: by name; no objects.

    Raises:
        ModelError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / ARRAYS
        np.savez_compressed(file, allow_pickle=False, **arrays)
        whole = {"format": FORMAT, "kind": kind, "arrays_sha256": _digest(file), **document}
        (folder / DOCUMENT).write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise ModelError(f"{folder} cannot be written: {error}") from error


def load(folder: Path, *, kind: str) -> Checkpoint:
    """Read a checkpoint.

    Raises:
        ModelError: it is not there, of another kind or format, or not what was written.
    """
    try:
        document = json.loads((folder / DOCUMENT).read_text(encoding="utf-8"))
        digest = _digest(folder / ARRAYS)
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder} holds no model that can be read: {error}") from error
    if document.get("format") != FORMAT or document.get("kind") != kind:
        raise ModelError(f"{folder} holds a {document.get('kind')} of format {document.get('format')}, not a {kind} of {FORMAT}")
    if document.get("arrays_sha256") != digest:
        raise ModelError(f"{folder / ARRAYS} has the digest {digest}, its document says {document.get('arrays_sha256')}")
    try:
        with np.load(folder / ARRAYS, allow_pickle=False) as stored:
            return Checkpoint(document=document, arrays={name: stored[name] for name in stored.files})
    except (OSError, ValueError, BadZipFile) as error:
        raise ModelError(f"{folder / ARRAYS} cannot be read: {error}") from error


def put_matrix(arrays: Arrays, name: str, matrix: sp.csr_matrix) -> None:
    """Add a sparse matrix to the arrays of a checkpoint."""
    for part, value in zip(PARTS, (matrix.data, matrix.indices, matrix.indptr, np.array(matrix.shape)), strict=True):
        arrays[f"{name}.{part}"] = value


def take_matrix(arrays: Arrays, name: str) -> sp.csr_matrix:
    """The sparse matrix that :func:`put_matrix` added."""
    data, indices, indptr, shape = (arrays[f"{name}.{part}"] for part in PARTS)
    return sp.csr_matrix((data, indices, indptr), shape=tuple(shape.tolist()))


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
