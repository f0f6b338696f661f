"""Vectors in the graph: written whole, switched in one step, found by nearness."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from graph.database import Database
from graph.model.ids import IdentifierKey
from graph.repositories.embeddings import EmbeddingRepository, VectorsWritten

AT = datetime(2025, 3, 1, tzinfo=UTC)
PEOPLE = {"ann": [1.0, 0.0], "bob": [0.9, 0.1], "cat": [0.0, 1.0]}
PRODUCTS = {"tea": [1.0, 0.0], "cup": [0.8, 0.6], "nail": [-1.0, 0.0]}


PEOPLE_MADE = """
UNWIND $names AS name
CREATE (:Identifier {key: 'email:' + name, namespace: 'email', value: name})
    -[:MEMBER_OF {valid_from: datetime()}]->(:Identity:Individual {id: name, purpose: 'individual'})
"""


@pytest.fixture
async def embeddings(database: Database) -> EmbeddingRepository:
    await database._driver.execute_query(
        "UNWIND $names AS name CREATE (:Product {id: name, name: toUpper(name)})", {"names": list(PRODUCTS)}
    )
    await database._driver.execute_query(PEOPLE_MADE, {"names": list(PEOPLE)})
    return EmbeddingRepository(database)


async def write(embeddings: EmbeddingRepository, version: str, products: dict[str, list[float]]) -> VectorsWritten:
    return await embeddings.write(version=version, products=products, individuals=PEOPLE, at=AT)


def key(name: str) -> IdentifierKey:
    return IdentifierKey(f"email:{name}")


def ids(rows: Sequence[object]) -> list[str]:
    return [getattr(row, "product_id", None) or row.identity_id for row in rows]  # type: ignore[attr-defined]


async def test_nothing_is_near_before_anything_is_written(embeddings: EmbeddingRepository) -> None:
    assert await embeddings.current() is None
    assert await embeddings.similar_products("tea", count=3) == []
    assert await embeddings.lookalikes([key("ann")], count=3) == []


async def test_the_nearest_come_first_with_their_cosine(embeddings: EmbeddingRepository) -> None:
    assert await write(embeddings, "v1", PRODUCTS) == VectorsWritten(slot="a", products=3, individuals=3)
    found = await embeddings.similar_products("tea", count=5)
    assert ids(found) == ["cup", "nail"]
    # Cosines of 0.8 and -1, as Neo4j scores them: (1 + cosine) / 2.
    assert [row.score for row in found] == pytest.approx([0.9, 0.0], abs=1e-3)
    assert (found[0].name, found[0].version) == ("CUP", "v1")
    assert ids(await embeddings.lookalikes([key("ann")], count=5)) == ["bob", "cat"]
    # The mean of Ann and Cat is as near to Bob as anybody can be.
    assert ids(await embeddings.lookalikes([key("ann"), key("cat")], count=5)) == ["bob"]


async def test_versions_take_turns_and_leave_nothing_behind(embeddings: EmbeddingRepository, database: Database) -> None:
    await write(embeddings, "v1", PRODUCTS)
    assert (await write(embeddings, "v2", {"tea": [1.0, 0.0], "nail": [1.0, 0.1]})).slot == "b"
    assert ids(await embeddings.similar_products("tea", count=5)) == ["nail"]
    third = await write(embeddings, "v3", {"tea": [1.0, 0.0]})
    assert third == VectorsWritten(slot="a", products=1, individuals=3)
    assert await embeddings.similar_products("tea", count=5) == []
    current = await embeddings.current()
    assert current is not None
    assert (current.slot, current.version) == ("a", "v3")


async def test_who_is_gone_gets_no_vector(embeddings: EmbeddingRepository, database: Database) -> None:
    await database._driver.execute_query("MATCH (gone:Individual {id: 'bob'}) SET gone.retired_at = datetime()")
    written = await embeddings.write(version="v1", products={}, individuals={**PEOPLE, "nobody": [1.0, 0.0]}, at=AT)
    assert written.individuals == 2
    assert ids(await embeddings.lookalikes([key("ann")], count=5)) == ["cat"]
