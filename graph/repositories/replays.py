"""How far replays have come, kept in the graph that they write: a graph made anew begins anew."""

from neo4j.exceptions import DriverError, Neo4jError

from graph.database import Database
from graph.repositories.evidence import GraphUnavailable
from graph.statements import replay as statements


class ReplayRepository:
    """Positions of replays."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def position(self, name: str) -> int:
        """The last sequence that a replay wrote; 0 before the first."""
        rows = await self._database.run(statements.READ_POSITION, statements.NameParameters(name=name))
        return rows[0].sequence if rows else 0

    async def keep(self, name: str, sequence: int) -> None:
        """Keep that everything up to a sequence is written.

        Raises:
            GraphUnavailable: it is not known to be kept.
        """
        try:
            await self._database.run(statements.KEEP_POSITION, statements.KeepParameters(name=name, sequence=sequence))
        except (DriverError, Neo4jError, OSError) as error:
            raise GraphUnavailable(f"the database could not be reached: {type(error).__name__}") from error
