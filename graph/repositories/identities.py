"""Identities in the graph: reading them, applying plans, what is held back, runs and leases."""

import asyncio
from collections.abc import AsyncIterator, Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

import orjson
import structlog
from neo4j.exceptions import DriverError, Neo4jError

from graph.database import Runs
from graph.errors import KindredError
from graph.model.explanation import HeldBack
from graph.model.identity import Decision, DecisionKind, Purpose
from graph.model.ids import DecisionId, IdentityId
from graph.model.plan import Change, Current, CurrentIdentity, MembershipPlan
from graph.repositories.formations import Formation, formation_batches, is_formation
from graph.repositories.paging import WRITERS, all_or_stop, instant, read_pages
from graph.repositories.reviews import ReviewRepository
from graph.statements import identity as statements

log = structlog.get_logger(__name__)

BATCH_MEMBERS = 2_000
"""Memberships opened or closed in one transaction, unless one decision alone has more."""
PAGE_IDENTITIES = 2_000
LEASE = timedelta(minutes=2)
"""How long a lease outlives a holder that was killed; a living holder prolongs it."""
LEASE_RENEWAL_SECONDS = 20.0
LEASES = "resolve:"
"""How the names of leases begin; the purpose follows."""
TURN = timedelta(seconds=2)
"""How long whoever asked for a lease in vain is the next to get it; who wants to keep its turn asks again sooner."""
_APPLY = {
    Purpose.INDIVIDUAL: statements.APPLY_INDIVIDUAL_CHANGES,
    Purpose.OPERATIONAL: statements.APPLY_OPERATIONAL_CHANGES,
    Purpose.HOUSEHOLD: statements.APPLY_HOUSEHOLD_CHANGES,
}


class ResolutionBusy(KindredError):  # noqa: N818 - states what was observed, as the others do
    """Somebody else resolves this purpose now."""

    code = "resolution_busy"


class IdentityRepository:
    """Identities, memberships and what policies hold back."""

    def __init__(self, database: Runs) -> None:
        self._database = database

    async def standing(self, purpose: Purpose) -> Current:
        """The identities of a purpose that are not retired, and the identity of each member; households have individuals."""
        identities: dict[IdentityId, CurrentIdentity] = {}
        identity_of: dict[str, IdentityId] = {}

        async def read(after: str) -> statements.IdentityPageRow:
            parameters = statements.PurposePageParameters(purpose=purpose, after=after, limit=PAGE_IDENTITIES)
            [page] = await self._database.run(statements.READ_IDENTITIES, parameters)
            return page

        def next_after(page: statements.IdentityPageRow) -> str | None:
            return page.identities[-1][0] if len(page.identities) == PAGE_IDENTITIES else None

        async for page in read_pages(read, next_after):
            for name, seconds, nanoseconds, members in page.identities:
                identity_id = IdentityId(name)
                identities[identity_id] = CurrentIdentity(id=identity_id, created_at=instant(seconds, nanoseconds))
                identity_of.update(dict.fromkeys(members, identity_id))
        return Current(identities=identities, identity_of=identity_of)

    async def identities(self, purpose: Purpose) -> Mapping[IdentityId, CurrentIdentity]:
        """The identities of a purpose that are not retired."""
        return (await self.standing(purpose)).identities

    async def memberships(self, purpose: Purpose) -> Mapping[str, IdentityId]:
        """Member to its current identity; members of households are individuals."""
        return (await self.standing(purpose)).identity_of

    async def exist(self, purpose: Purpose) -> bool:
        """Whether there is an identity of the purpose that is not retired."""
        return bool(await self._database.run(statements.FIND_IDENTITY, statements.PurposeParameters(purpose=purpose)))

    async def latest_change(self, purpose: Purpose) -> datetime | None:
        """When an identity of the purpose last changed."""
        rows = await self._database.run(statements.READ_LATEST_DECISION, statements.PurposeParameters(purpose=purpose))
        return rows[0].latest

    async def apply(
        self, plan: MembershipPlan, *, run_id: str, progress: Callable[[int], None], records: Container[str] | None = None
    ) -> None:
        """Write a plan's changes in batches; each decision is written whole. ``progress`` is called with decisions written.

        A crash between two batches leaves a valid state from which planning again heals the rest.

        Args:
            plan: what to write.
            run_id: the run that it is part of.
            progress: told how many more decisions are written.
            records: which members are records, where that is known: identities of members that were in none are then written
                far faster, by several transactions at once.
        """
        formed = [change for change in plan.changes if is_formation(change)] if records is not None else []
        if records is not None:
            batches = formation_batches(plan.purpose, formed, run_id=run_id, records=records)
            await all_or_stop([self._form(batches, progress) for _ in range(WRITERS)])
        others = [change for change in plan.changes if not is_formation(change)] if formed else plan.changes
        batch: list[statements.ChangeMap] = []
        members = 0
        for change in others:
            batch.append(_change_map(change, run_id))
            members += len(change.openings) + len(change.closings) + 1
            if members >= BATCH_MEMBERS:
                await self._apply_batch(plan.purpose, batch)
                progress(len(batch))
                batch, members = [], 0
        if batch:
            await self._apply_batch(plan.purpose, batch)
            progress(len(batch))

    async def _form(self, batches: Iterator[Formation], progress: Callable[[int], None]) -> None:
        for batch in batches:
            if isinstance(batch, statements.FormHouseholdsParameters):
                rows = await self._database.run(statements.FORM_HOUSEHOLDS, batch)
            elif batch.purpose == Purpose.INDIVIDUAL:
                rows = await self._database.run(statements.FORM_INDIVIDUALS, batch)
            else:
                rows = await self._database.run(statements.FORM_OPERATIONAL, batch)
            _require_whole(rows[0].applied, len(batch.identity_ids))
            progress(rows[0].applied)

    async def _apply_batch(self, purpose: Purpose, batch: Sequence[statements.ChangeMap]) -> None:
        rows = await self._database.run(_APPLY[purpose], statements.ApplyParameters(changes=batch))
        _require_whole(rows[0].applied, len(batch))

    async def held_back(self, purpose: Purpose) -> list[HeldBack]:
        """What a purpose holds back now."""
        rows = self._database.stream(statements.READ_HELD_BACK, statements.PurposeParameters(purpose=purpose))
        return [_held_back(row) async for row in rows]

    async def replace_held_back(
        self,
        purpose: Purpose,
        target: Mapping[tuple[str, tuple[str, ...]], str],
        now: datetime,
        *,
        records: Container[str] = frozenset(),
    ) -> None:
        """Report exactly ``target`` (reason and members, to detail) as held back: add what is new, end what is gone.

        Members that are known to be ``records`` are found far faster.
        """
        reviews = ReviewRepository(self._database)
        await reviews.report_held_back(purpose, target, among=await self.held_back(purpose), now=now, records=records)

    async def identities_of(self, members: Sequence[str], purpose: Purpose) -> dict[str, IdentityId]:
        """Current identities of some members, by identifier key or record id."""
        parameters = statements.MemberPurposeParameters(members=members, purpose=purpose)
        rows = await self._database.run(statements.READ_IDENTITIES_OF_MEMBERS, parameters)
        return {row.member: IdentityId(row.identity_id) for row in rows}

    async def members_of(self, identity_id: IdentityId) -> list[str]:
        """Current members of an identity, sorted."""
        rows = await self._database.run(
            statements.READ_MEMBERS_OF_IDENTITY, statements.IdentityIdParameters(identity_id=identity_id)
        )
        return sorted(row.member for row in rows)

    async def decisions_of(self, members: Sequence[str], purpose: Purpose) -> list[Decision]:
        """Decisions that put some members into identities of a purpose, then and now, oldest first."""
        parameters = statements.MemberPurposeParameters(members=members, purpose=purpose)
        rows = await self._database.run(statements.READ_DECISIONS_OF_MEMBERS, parameters)
        return [decision_of(row) for row in rows]

    async def held_back_about(self, members: Sequence[str], purpose: Purpose) -> list[HeldBack]:
        """What a purpose holds back now about some members."""
        parameters = statements.MemberPurposeParameters(members=members, purpose=purpose)
        rows = await self._database.run(statements.READ_HELD_BACK_OF_MEMBERS, parameters)
        return sorted((_held_back(row) for row in rows), key=lambda held: held.id)

    async def record_run(
        self,
        *,
        run_id: str,
        purpose: Purpose,
        policy_version: str,
        started_at: datetime,
        finished_at: datetime | None,
        counts: Mapping[str, object],
        estimates: Mapping[str, object] | None,
    ) -> None:
        """Write a run's node, at its start and again at its end.

        ``estimates`` are what the matcher expects of its own precision and recall, None where it estimated nothing.
        """
        await self._database.run(
            statements.RECORD_RUN,
            statements.RunParameters(
                id=run_id,
                purpose=purpose,
                policy_version=policy_version,
                started_at=started_at,
                finished_at=finished_at,
                counts=orjson.dumps(counts).decode(),
                estimates=None if estimates is None else orjson.dumps(estimates).decode(),
            ),
        )

    @asynccontextmanager
    async def lease(self, *purposes: Purpose, holder: str, clock: Callable[[], datetime]) -> AsyncIterator[None]:
        """Hold the right to resolve some purposes, prolonged while it is held; it lapses by itself should the holder die.

        Whoever asks in vain is the next to get it.

        Raises:
            ResolutionBusy: somebody else holds one of them, or is next to.
        """
        await self.hold(*purposes, holder=holder, now=clock())
        renewal = asyncio.create_task(self._renew(*purposes, holder=holder, clock=clock))
        try:
            yield
        finally:
            renewal.cancel()
            with suppress(asyncio.CancelledError):
                await renewal
            await self.release(*purposes, holder=holder)

    async def hold(self, *purposes: Purpose, holder: str, now: datetime) -> None:
        """Take leases or prolong one's own, all of them or none. Before writing, call it again: one may have lapsed meanwhile.

        Raises:
            ResolutionBusy: somebody else holds one of them, or is next to.
        """
        parameters = statements.LeaseParameters(
            names=_lease_names(purposes),
            holder=holder,
            now=now,
            until=now + LEASE,
            waits_until=now + TURN,
        )
        for row in await self._database.run(statements.TAKE_LEASES, parameters):
            if row.holder is not None and row.until is not None and row.holder != holder:
                raise _busy(row)

    async def lock(self, *purposes: Purpose, now: datetime) -> None:
        """In a transaction: keep others from resolving some purposes until its end, without a lease that outlives it.

        It gives way to whoever waits for a lease, so that transactions may follow each other without a pause.

        Raises:
            ResolutionBusy: somebody holds one of the leases, or is next to.
        """
        for row in await self._database.run(
            statements.LOCK_LEASES, statements.LockParameters(names=_lease_names(purposes), now=now)
        ):
            raise _busy(row)

    async def release(self, *purposes: Purpose, holder: str) -> None:
        """Give back leases; of those that somebody else has nothing changes."""
        parameters = statements.ReleaseLeasesParameters(names=_lease_names(purposes), holder=holder)
        await self._database.run(statements.RELEASE_LEASES, parameters)

    async def _renew(self, *purposes: Purpose, holder: str, clock: Callable[[], datetime]) -> None:
        while True:
            await asyncio.sleep(LEASE_RENEWAL_SECONDS)
            try:
                await self.hold(*purposes, holder=holder, now=clock())
            except (ResolutionBusy, Neo4jError, DriverError) as error:
                # The holder finds out for itself, before it writes.
                log.warning("lease.not_renewed", purposes=[purpose.value for purpose in purposes], reason=str(error))


def _busy(row: statements.LeaseRow) -> ResolutionBusy:
    purpose, until = row.name.removeprefix(LEASES), f"{row.until:%H:%M:%S}" if row.until is not None else "later"
    return ResolutionBusy(f"{purpose} identities are being resolved by {row.holder} until {until}")


def _require_whole(applied: int, decisions: int) -> None:
    if applied != decisions:
        raise KindredError(f"{applied} of {decisions} decisions were written", code="apply_incomplete")


def _lease_names(purposes: Iterable[Purpose]) -> list[str]:
    # Sorted: whoever takes several takes them in one order.
    return sorted(f"{LEASES}{purpose.value}" for purpose in purposes)


def _change_map(change: Change, run_id: str) -> statements.ChangeMap:
    decision = change.decision
    return statements.ChangeMap(
        decision_id=decision.id,
        identity_id=decision.identity_id,
        kind=decision.kind,
        purpose=decision.purpose,
        policy_version=decision.policy_version,
        actor=decision.actor,
        at=decision.at,
        before=orjson.dumps(decision.before).decode(),
        after=orjson.dumps(decision.after).decode(),
        reason=decision.reason,
        run_id=run_id,
        openings=[opening.member for opening in change.openings],
        closings=[(closing.member, closing.identity_id) for closing in change.closings],
        redirects=[redirect.merged for redirect in change.redirects],
        retired=list(change.retired),
    )


def _held_back(row: statements.HeldBackRow) -> HeldBack:
    return HeldBack(
        id=row.id,
        purpose=Purpose(row.purpose),
        reason=row.reason,
        detail=row.detail,
        members=tuple(sorted(row.members)),
        since=row.since,
    )


def decision_of(row: statements.DecisionRow) -> Decision:
    """A decision as it is read."""
    return Decision(
        id=DecisionId(row.id),
        kind=DecisionKind(row.kind),
        purpose=Purpose(row.purpose),
        policy_version=row.policy_version,
        actor=row.actor,
        at=row.at,
        identity_id=IdentityId(row.identity_id),
        before={name: tuple(members) for name, members in orjson.loads(row.before).items()},
        after={name: tuple(members) for name, members in orjson.loads(row.after).items()},
        reason=row.reason,
    )
