"""An exported graph, read back from its folder: whole or not at all."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gnn.data.interactions import Interactions
from gnn.data.tables import from_table
from gnn.errors import ExportError
from gnn.export.layout import FILES, FORMAT, MANIFEST, digest_of, file_of

CENTS = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """The tables of an export.

    Attributes:
        folder: where it was read from.
        purpose: which identity graph says who a customer is.
        cutoff: nothing in it happened at or after.
        as_of: memberships and evidence as of this moment.
        tables: by the names of ``gnn.export.layout.FILES``, with its columns.
    """

    folder: Path
    purpose: str
    cutoff: datetime
    as_of: datetime
    tables: Mapping[str, pa.Table]

    def interactions(self) -> Interactions:
        """What the recommender learns from: customers, products, times, strengths, prices, stores, categories and brands."""
        rows = self.tables["interactions"]
        price = pc.call_function("divide", [pc.cast(rows.column("price_cents"), pa.float64()), CENTS])
        taken = pa.table(
            {
                "customer": rows.column("customer"),
                "item": rows.column("product"),
                "time": rows.column("at"),
                "strength": rows.column("strength"),
                "quantity": rows.column("quantity"),
                "price": price,
                "place": rows.column("store"),
            }
        )
        return from_table(taken, items=self._items(), of=str(file_of(self.folder, "interactions")))

    def _items(self) -> pa.Table:
        """Products with their brand, and as category the first that each was said to be of."""
        given = self.tables["product_categories"].sort_by([("at", "ascending"), ("category", "ascending")])
        category_of: dict[str, str] = {}
        for product, category in zip(given.column("product").to_pylist(), given.column("category").to_pylist(), strict=True):
            category_of.setdefault(product, category)
        products = self.tables["products"]
        ids = products.column("product").to_pylist()
        return pa.table(
            {
                "item": products.column("product"),
                "title": products.column("name"),
                "category": pa.array([category_of.get(each) for each in ids], pa.string()),
                "brand": products.column("brand"),
            }
        )


def load(folder: Path) -> Dataset:
    """Read an export.

    Raises:
        ExportError: there is none, it is of another format, or a file is not what was written.
    """
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ExportError(f"{folder} holds no export that can be read: {error}") from error
    if manifest.get("format") != FORMAT:
        raise ExportError(f"{folder / MANIFEST} says format {manifest.get('format')}; {FORMAT} can be read")
    return Dataset(
        folder=folder,
        purpose=manifest["purpose"],
        cutoff=datetime.fromisoformat(manifest["cutoff"]),
        as_of=datetime.fromisoformat(manifest["as_of"]),
        tables={name: _table(folder, name, manifest["files"]) for name in FILES},
    )


def _table(folder: Path, name: str, written: Mapping[str, Mapping[str, Any]]) -> pa.Table:
    file = file_of(folder, name)
    try:
        digest = digest_of(file)
    except OSError as error:
        raise ExportError(f"{file} cannot be read: {error}") from error
    stated = written.get(name, {}).get("sha256")
    if digest != stated:
        raise ExportError(f"{file} has the digest {digest}; the manifest says {stated}")
    try:
        return pq.read_table(file, schema=FILES[name])
    except (OSError, pa.ArrowException) as error:
        raise ExportError(f"{file} cannot be read: {error}") from error
