"""Notes of changes: worker, resolver and API tell one another about whom something new is in the graph.

A note only says when to look: it is published without waiting for an acknowledgement, kept for minutes, and may be lost. What is
true stands in the graph.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import nats.errors
import orjson
import structlog
from nats.aio.client import Client

from ingest import metrics
from ingest.publisher import parts_of
from ingest.streams import CHANGES_SUBJECT

log = structlog.get_logger(__name__)

FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """About whom something is new."""

    topics: tuple[str, ...] = ()
    """Keys of identifiers, ids of records and of identities."""
    everybody: bool = False
    """It may be anybody: so much has changed, or notes were lost."""


class ChangeNotes:
    """Publishes notes of changes."""

    def __init__(self, connection: Client) -> None:
        self._connection = connection

    async def tell(self, topics: Iterable[str]) -> None:
        """Tell about whom something is new in the graph, once it is. Raises nothing: whoever misses it finds out by looking."""
        for part in parts_of(sorted(topics), bytes_of_one=max(self._connection.max_payload // 2, 1)):
            await self._publish({"v": FORMAT, "topics": part})

    async def tell_everybody(self) -> None:
        """Tell that a resolution of everything has changed identities."""
        await self._publish({"v": FORMAT, "everybody": True})

    async def _publish(self, note: dict[str, object]) -> None:
        try:
            await self._connection.publish(CHANGES_SUBJECT, orjson.dumps(note))
        except (nats.errors.Error, OSError, TimeoutError) as error:
            metrics.NOTES_LOST.inc()
            log.info("changes.not_told", reason=str(error) or type(error).__name__)
