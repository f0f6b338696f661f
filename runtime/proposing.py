"""Comparing policies beside a server: in a thread of its own, so that whoever else asks does not wait for it."""

import asyncio
import uuid
from datetime import UTC, datetime

from api.context import Propose
from graph.database import Neo4jAddress, open_database
from graph.identity.progress import NoProgress
from graph.identity.proposal import open_proposer
from graph.model.proposal import PolicyDiff


def proposer_apart(address: Neo4jAddress) -> Propose:
    """Compares policies with the graph at an address, on a connection and an event loop that are made for it."""

    async def compare(document: str, examples: int, *, pending: bool) -> PolicyDiff:
        async with open_database(address) as database:
            proposer = open_proposer(database, clock=lambda: datetime.now(UTC), new_id=lambda: uuid.uuid4().hex)
            return (await proposer.propose(document, examples=examples, pending=pending, progress=NoProgress())).diff

    async def propose(document: str, *, examples: int, pending: bool) -> PolicyDiff:
        return await asyncio.to_thread(lambda: asyncio.run(compare(document, examples, pending=pending)))

    return propose
