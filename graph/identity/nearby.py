"""Components of few links, found in this process; communities are left to GDS, whose result could not be had otherwise."""

from collections.abc import Sequence

import networkx as nx

from graph.identity.individuals import Components


class NearbyComponents:
    """Weakly connected components without a projection: for a neighbourhood, a server's overhead is all that it would cost."""

    def __init__(self, communities: Components) -> None:
        self._communities = communities

    async def components(self, links: Sequence[tuple[str, str, float]]) -> dict[str, int]:
        """The component of each member that has a link."""
        graph: nx.Graph[str] = nx.Graph()
        graph.add_edges_from((left, right) for left, right, _ in sorted(links))
        parts = sorted(sorted(part) for part in nx.connected_components(graph))
        return {member: number for number, part in enumerate(parts) for member in part}

    async def communities(self, links: Sequence[tuple[str, str, float]], gamma: float) -> list[tuple[str, ...]]:
        """Communities at a resolution, in order of their first member."""
        return await self._communities.communities(links, gamma)
