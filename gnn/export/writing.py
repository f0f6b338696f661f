"""From Neo4j to Parquet: everything that was known before a cutoff, streamed, a batch of rows in memory at a time."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from gnn.errors import ExportError
from gnn.export.layout import FILES, FORMAT, MANIFEST, Written, digest_of, file_of
from gnn.export.strengths import strength_of
from graph.hashing import hashed
from graph.model.identity import Purpose
from graph.repositories.exports import ExportRepository
from graph.statements.export import ActRow

BATCH: Final = 50_000
ANONYMOUS: Final = "anonymous:"
"""What the id of a customer begins with who belongs to no identity; a hash of its least identifier follows."""


async def export_graph(
    exports: ExportRepository,
    folder: Path,
    *,
    purpose: Purpose,
    cutoff: datetime,
    as_of: datetime,
    made_at: datetime,
    salt: str,
) -> Mapping[str, Written]:
    """Write the graph of customers and products into a folder.

    A customer is an identity of the purpose as of a moment; whoever belongs to none is a customer of its own. Identifiers
    themselves are not written. Products have their first description, and only the categories given before the cutoff, so that
    nothing that happened at or after the cutoff changes a row.

    Args:
        exports: of the graph.
        folder: made where it is not there; files of an earlier export are overwritten.
        purpose: which identity graph says who a customer is.
        cutoff: what happened at or after it is left out.
        as_of: memberships, and the evidence that had arrived, as of this moment. Equal to the cutoff for what could be known
            then; later where history was imported after it happened.
        made_at: noted in the manifest.
        salt: of the hashes that stand for the identifiers of anonymous customers.

    Returns:
        Rows and digest of each file, by its name.

    Raises:
        ExportError: the folder cannot be written.
    """
    try:
        _make_ready(folder)
        with ExitStack() as opened:
            tables = {name: opened.enter_context(_Table(file_of(folder, name), schema)) for name, schema in FILES.items()}
            async for act in exports.acts(purpose, cutoff=cutoff, as_of=as_of):
                for customer in _customers(act, salt):
                    _write_act(tables, act, customer)
            async for product in exports.products(cutoff=cutoff, as_of=as_of):
                tables["products"].write({"product": product.id, "name": product.name, "brand": product.brand})
            await _write_all(tables["product_categories"], exports.product_categories(cutoff=cutoff))
            if purpose is Purpose.INDIVIDUAL:
                await _write_all(tables["residences"], exports.residences(as_of=as_of))
        written = {name: Written(rows=table.rows, sha256=digest_of(file_of(folder, name))) for name, table in tables.items()}
        manifest = {
            "format": FORMAT,
            "purpose": purpose.value,
            "cutoff": cutoff.isoformat(),
            "as_of": as_of.isoformat(),
            "made_at": made_at.isoformat(),
            "files": {name: asdict(each) for name, each in written.items()},
        }
        # Last, so that a folder with a manifest is whole.
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise ExportError(f"{folder} cannot be written: {error}") from error
    return written


def _make_ready(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)


def _customers(act: ActRow, salt: str) -> Iterator[str]:
    if act.identity_ids:
        yield from act.identity_ids
    elif act.identifier_key is not None:
        yield ANONYMOUS + hashed(act.identifier_key, salt=salt)


def _write_act(tables: Mapping[str, "_Table"], act: ActRow, customer: str) -> None:
    contact = {"customer": customer, "at": act.at, "type": act.type, "touchpoint": act.id}
    store = next(iter(act.store_ids), None)
    strength = strength_of(act.type, act.event)
    if strength is not None:
        for line in act.products:
            tables["interactions"].write(
                {
                    **contact,
                    "product": line["id"],
                    "strength": strength,
                    "quantity": line["quantity"],
                    "price_cents": line["price_cents"],
                    "store": store,
                }
            )
    for name, column, ids in (
        ("store_visits", "store", act.store_ids),
        ("campaign_contacts", "campaign", act.campaign_ids),
        ("offer_contacts", "offer", act.offer_ids),
    ):
        for subject in ids:
            tables[name].write({**contact, column: subject})


async def _write_all(table: "_Table", rows: AsyncIterator[Any]) -> None:
    async for row in rows:
        table.write(asdict(row))


class _Table:
    """A Parquet file that is written row by row, a batch in memory at a time."""

    def __init__(self, file: Path, schema: pa.Schema) -> None:
        self._schema = schema
        self._writer = pq.ParquetWriter(file, schema, compression="zstd")
        self._held: list[dict[str, Any]] = []
        self.rows = 0

    def __enter__(self) -> "_Table":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        self._flush()
        self._writer.close()

    def write(self, row: dict[str, Any]) -> None:
        self._held.append(row)
        self.rows += 1
        if len(self._held) >= BATCH:
            self._flush()

    def _flush(self) -> None:
        if self._held:
            self._writer.write_table(pa.Table.from_pylist(self._held, schema=self._schema))
            self._held.clear()
