"""What resolutions learnt of the whole graph, so that a part of it can be concluded by itself."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime

from graph.database import Runs
from graph.model.identity import Purpose
from graph.statements import reference as statements
from graph.statements.statement import NoParameters


class ReferenceRepository:
    """One reference for each purpose."""

    def __init__(self, database: Runs) -> None:
        self._database = database

    async def keep(self, purpose: Purpose, data: bytes, *, at: datetime) -> None:
        """Keep what was learnt for a purpose; nothing is written where just that is kept already."""
        digest = hashlib.sha256(data).hexdigest()[:32]
        if (await self.ids()).get(purpose) != digest:
            await self._database.run(
                statements.KEEP, statements.KeepParameters(purpose=purpose, id=digest, learnt_at=at, data=data)
            )

    async def ids(self) -> dict[Purpose, str]:
        """The id of what is kept for each purpose: another whenever something else is."""
        rows = await self._database.run(statements.LIST, NoParameters())
        return {Purpose(row.purpose): row.id for row in rows}

    async def read(self, purposes: Iterable[Purpose]) -> Mapping[Purpose, bytes]:
        """What is kept for some purposes; those for which nothing is are left out."""
        rows = await self._database.run(statements.READ, statements.ReadParameters(purposes=sorted(purposes)))
        return {Purpose(row.purpose): row.data for row in rows}
