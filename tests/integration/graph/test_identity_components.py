"""Components and communities by GDS: the same whatever the order of the links, and nothing left in its catalogue."""

import random
import uuid

import pytest

from graph.database import Database
from graph.repositories.components import ComponentRepository

# Two cliques of four with one weak link between them, and a pair apart.
CLIQUES = [
    (f"{side}{i}", f"{side}{j}", 2.0) for side in "ab" for i in range(4) for j in range(i + 1, 4)
] + [("a0", "b0", 0.5), ("c0", "c1", 1.0)]  # fmt: skip


@pytest.fixture
def components(database: Database) -> ComponentRepository:
    return ComponentRepository(database, new_graph_name=lambda: f"test-{uuid.uuid4().hex}")


async def projected(database: Database) -> list[str]:
    result = await database._driver.execute_query("CALL gds.graph.list() YIELD graphName RETURN graphName")
    return [row["graphName"] for row in result.records]


async def test_components_are_those_that_links_connect(database: Database, components: ComponentRepository) -> None:
    found = await components.components(CLIQUES)
    assert len(found) == 10
    assert len({found[name] for name in found if name[0] in "ab"}) == 1
    assert found["c0"] == found["c1"] != found["a0"]
    assert await components.components([]) == {}
    assert await projected(database) == []


@pytest.mark.parametrize("seed", range(5))
async def test_communities_do_not_depend_on_the_order_of_links(components: ComponentRepository, seed: int) -> None:
    shuffled = list(CLIQUES)
    random.Random(seed).shuffle(shuffled)
    assert await components.communities(shuffled, 1.0) == [
        ("a0", "a1", "a2", "a3"),
        ("b0", "b1", "b2", "b3"),
        ("c0", "c1"),
    ]


async def test_the_projection_is_dropped_when_its_use_fails(database: Database, components: ComponentRepository) -> None:
    with pytest.raises(ConnectionError):  # noqa: PT012 - the body is what fails
        async with components._projection(CLIQUES) as (graph_name, names):
            assert await projected(database) == [graph_name]
            assert names == sorted({name for left, right, _ in CLIQUES for name in (left, right)})
            raise ConnectionError("the server went away")
    assert await projected(database) == []
