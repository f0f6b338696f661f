"""Decisions in the order in which they are announced, and how far that has come."""

from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from graph.database import Database
from graph.model.identity import DecisionKind, Purpose
from graph.repositories.identities import LEASES, IdentityRepository
from graph.statements import announcement as statements

FIRST = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Position:
    """A decision, in the order in which those of its purpose are announced."""

    at: datetime = FIRST
    decision_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A decision as it is announced: without members and reason, which name people."""

    id: str
    kind: DecisionKind
    purpose: Purpose
    policy_version: str
    actor: str
    at: datetime
    identity_ids: tuple[str, ...]
    """Whom it is about."""
    before: tuple[str, ...]
    """Identities that held what it touched, before it."""
    after: tuple[str, ...]
    """Those that hold it now."""

    @property
    def position(self) -> Position:
        """Where it stands."""
        return Position(at=self.at, decision_id=self.id)


class AnnouncementRepository:
    """Decisions of the graph, as they are announced."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._identities = IdentityRepository(database)

    async def decisions(self, purpose: Purpose, *, after: Position, now: datetime, limit: int) -> list[Decided]:
        """Decisions behind a position, in order, and none before which another may still be written.

        All that one resolution decides has one time, later than all before, and is written while it holds the purpose's lease:
        what has the latest time of all is complete once nobody holds it.
        """
        latest = await self._identities.latest_change(purpose)
        if latest is None or latest < after.at:
            return []
        rows = await self._database.run(statements.READ_LEASE, statements.AnnouncerParameters(name=f"{LEASES}{purpose.value}"))
        free = all(row.holder is None or row.until is None or row.until <= now for row in rows)
        parameters = statements.DecisionsParameters(
            purpose=purpose, after_at=after.at, after_id=after.decision_id, until=latest, inclusive=free, limit=limit
        )
        return [_decided(row) for row in await self._database.run(statements.LIST_DECISIONS, parameters)]

    async def position(self, purpose: Purpose) -> Position:
        """The last decision that is known to be announced."""
        rows = await self._database.run(statements.READ_POSITION, statements.AnnouncerParameters(name=purpose.value))
        return Position(at=rows[0].at, decision_id=rows[0].decision_id) if rows else Position()

    async def keep(self, purpose: Purpose, position: Position) -> None:
        """Keep that everything up to a decision is announced."""
        parameters = statements.KeepParameters(name=purpose.value, at=position.at, decision_id=position.decision_id)
        await self._database.run(statements.KEEP_POSITION, parameters)


def _decided(row: statements.DecisionRow) -> Decided:
    return Decided(
        id=row.id,
        kind=DecisionKind(row.kind),
        purpose=Purpose(row.purpose),
        policy_version=row.policy_version,
        actor=row.actor,
        at=row.at,
        identity_ids=tuple(row.identity_ids),
        before=tuple(sorted(orjson.loads(row.before or "{}"))),
        after=tuple(sorted(orjson.loads(row.after or "{}"))),
    )
