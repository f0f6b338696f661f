"""What customers did with products, as of now."""

from collections.abc import Sequence

from graph.database import Database
from graph.model.identity import Purpose
from graph.model.ids import IdentifierKey
from graph.statements import recommendation as statements

MOST = 2_000
"""Touchpoints of one customer that are read; older ones say little of what is wanted now."""


class ActRepository:
    """Reads the acts of one customer, live: the click of a moment ago included."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, key: IdentifierKey, *, purpose: Purpose, types: Sequence[str]) -> list[statements.ProductAct]:
        """What whoever has an identifier did with products, newest first; nothing where nobody has it."""
        lookup = statements.ActLookup(key=key, purpose=purpose, types=types, most=MOST)
        [row] = await self._database.run(statements.READ_ACTS, lookup)
        return [statements.ProductAct(*act) for act in row.acts]
