"""Vectors of products and individuals in the graph: two slots, of which one is read while the other is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from graph.database import Database
from graph.model.ids import IdentifierKey
from graph.statements import embedding as statements
from graph.statements.statement import NoParameters

SLOTS: Final = ("a", "b")
BATCH: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorsWritten:
    """What a version came to: the slot it is in, and to how many nodes that were there it gave a vector."""

    slot: str
    products: int
    individuals: int


class EmbeddingRepository:
    """Writes a whole version into the slot that nobody reads, puts it into use, and finds what is near."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def write(
        self,
        *,
        version: str,
        products: Mapping[str, Sequence[float]],
        individuals: Mapping[str, Sequence[float]],
        at: datetime,
    ) -> VectorsWritten:
        """Write the vectors of a version and put them into use; until the last step readers see the version before.

        Args:
            version: of the model that made them.
            products: vectors by product id; all of one width, none all 0.
            individuals: vectors by the id of the individual; those who are gone by now are passed over.
            at: when.
        """
        current = await self.current()
        slot = SLOTS[1] if current is not None and current.slot == SLOTS[0] else SLOTS[0]
        name = f"embedding_{slot}"
        await self._database.run(statements.CLEAR_PRODUCTS, statements.SlotProperty(property=name))
        await self._database.run(statements.CLEAR_INDIVIDUALS, statements.SlotProperty(property=name))
        counts = []
        for statement, vectors in (
            (statements.WRITE_PRODUCTS, products),
            (statements.WRITE_INDIVIDUALS, individuals),
        ):
            rows = [statements.VectorRow(id=each, vector=vector) for each, vector in vectors.items()]
            written = 0
            for start in range(0, len(rows), BATCH):
                batch = statements.Vectors(property=name, rows=rows[start : start + BATCH])
                written += sum(row.written for row in await self._database.run(statement, batch))
            counts.append(written)
        await self._database.run(statements.USE_SLOT, statements.SlotUse(slot=slot, version=version, at=at))
        return VectorsWritten(slot=slot, products=counts[0], individuals=counts[1])

    async def current(self) -> statements.CurrentSlotRow | None:
        """The slot in use and its version; None before the first."""
        rows = await self._database.run(statements.READ_CURRENT, NoParameters())
        return rows[0] if rows else None

    async def similar_products(self, product_id: str, *, count: int) -> list[statements.SimilarProductRow]:
        """The products nearest to one, nearest first; none where it has no vector."""
        return await self._database.run(
            statements.FIND_SIMILAR_PRODUCTS, statements.ProductLookup(product_id=product_id, count=count)
        )

    async def lookalikes(self, keys: Sequence[IdentifierKey], *, count: int) -> list[statements.NearIdentityRow]:
        """The individuals nearest to the mean of those who have the identifiers, without these, nearest first.

        None where none of them has a vector.
        """
        seeds = await self._database.run(statements.READ_VECTORS_OF_IDENTIFIERS, statements.IdentifierKeys(keys=keys))
        if not seeds:
            return []
        mean = [sum(values) / len(seeds) for values in zip(*(seed.vector for seed in seeds), strict=True)]
        if not any(mean):
            return []
        lookup = statements.NearestLookup(vector=mean, count=count, left_out=[seed.identity_id for seed in seeds])
        return await self._database.run(statements.FIND_NEAREST_INDIVIDUALS, lookup)
