"""Components and communities of links, found by GDS on a graph projected for the purpose and dropped afterwards."""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from graph.database import Database
from graph.statements import identity as statements

WeightedLink = tuple[str, str, float]


class ComponentRepository:
    """Runs GDS over links between members.

    Members are numbered in the order of their names, so that the result does not depend on the order of the links.
    ``new_graph_name`` makes a name in GDS's catalogue that nothing else has.
    """

    def __init__(self, database: Database, *, new_graph_name: Callable[[], str]) -> None:
        self._database = database
        self._new_graph_name = new_graph_name

    async def components(self, links: Sequence[WeightedLink]) -> dict[str, int]:
        """The weakly connected component of each member that has a link (GDS WCC)."""
        if not links:
            return {}
        async with self._projection(links) as (graph_name, names):
            parameters = statements.GraphParameters(graph_name=graph_name)
            return {
                names[row.node]: row.component async for row in self._database.stream(statements.STREAM_COMPONENTS, parameters)
            }

    async def communities(self, links: Sequence[WeightedLink], gamma: float) -> list[tuple[str, ...]]:
        """Leiden communities at resolution ``gamma``, each sorted, in order of their first member (GDS Leiden)."""
        if not links:
            return []
        async with self._projection(links) as (graph_name, names):
            parameters = statements.LeidenParameters(graph_name=graph_name, gamma=gamma)
            groups: dict[int, list[str]] = defaultdict(list)
            async for row in self._database.stream(statements.STREAM_COMMUNITIES, parameters):
                groups[row.component].append(names[row.node])
            return sorted(tuple(sorted(group)) for group in groups.values())

    @asynccontextmanager
    async def _projection(self, links: Sequence[WeightedLink]) -> AsyncIterator[tuple[str, list[str]]]:
        names = sorted({name for left, right, _ in links for name in (left, right)})
        number_of = {name: number for number, name in enumerate(names)}
        ordered = sorted(links)
        graph_name = self._new_graph_name()
        try:
            await self._database.run(
                statements.PROJECT_LINKS,
                statements.ProjectLinksParameters(
                    graph_name=graph_name,
                    sources=[number_of[left] for left, _, _ in ordered],
                    targets=[number_of[right] for _, right, _ in ordered],
                    weights=[weight for _, _, weight in ordered],
                ),
            )
            yield graph_name, names
        finally:
            await self._database.run(statements.DROP_PROJECTION, statements.GraphParameters(graph_name=graph_name))
