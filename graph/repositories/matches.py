"""Scored evidence between records in the graph: reading it, and bringing it in line with new scores."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from graph.database import Runs
from graph.model.claim import Match, weight_as_read
from graph.model.ids import RecordId
from graph.model.scored_match import MatchModelRecord, ScoredMatch, levels_in
from graph.repositories.paging import WRITERS, all_or_stop, batches, read_pages
from graph.statements import match as statements
from graph.statements.identity import PageParameters
from graph.statements.review import READ_MATCHES_AROUND, AroundParameters
from graph.statements.statement import NoParameters

PAGE_RECORDS = 5_000
BATCH_MATCHES = 10_000

_Standing = dict[tuple[str, str], tuple[float, bool, str]]


class MatchRepository:
    """Scored pairs of records, and the models that scored them."""

    def __init__(self, database: Runs) -> None:
        self._database = database

    async def latest_model(self) -> statements.LatestModelRow | None:
        """The model that was used last, if there is one."""
        rows = await self._database.run(statements.READ_LATEST_MODEL, NoParameters())
        return rows[0] if rows else None

    async def matches(self) -> tuple[Match, ...]:
        """The scored evidence that holds now."""
        standing = await self._standing()
        return tuple(
            Match(left=RecordId(left), right=RecordId(right), match_weight=weight_as_read(weight), linked=linked)
            for (left, right), (weight, linked, _) in standing.items()
        )

    async def replace(
        self, scored: Iterable[ScoredMatch], model: MatchModelRecord, *, at: datetime, progress: Callable[[int], None]
    ) -> None:
        """Let exactly these scores hold: what is new or changed is added, what does not hold any more is retracted.

        The model is recorded last, so that a run that was interrupted is not taken for a whole one. Scores of neighbouring pairs
        should come one after the other: writers then seldom wait for each other. ``progress`` is told how many more were seen.
        """
        standing = await self._standing()
        gone = set(standing)

        def changed() -> Iterator[ScoredMatch]:
            if not standing:
                yield from scored
                return
            for match in scored:
                pair = (match.left, match.right)
                gone.discard(pair)
                before = standing.get(pair)
                if before is None or not _same(before, match):
                    yield match

        to_write = batches(changed(), BATCH_MATCHES)
        turn = asyncio.Lock()

        async def take() -> list[ScoredMatch] | None:
            # In a thread: making a batch takes longer than a heartbeat should wait.
            async with turn:
                return await asyncio.to_thread(next, to_write, None)

        await all_or_stop([self._write(take, standing, model.id, at, progress) for _ in range(WRITERS)])
        for pairs in batches(sorted(gone), BATCH_MATCHES):
            await self._retract(pairs, at)
        parameters = statements.RecordModelParameters(
            id=model.id,
            evidence_digest=model.evidence_digest,
            parameters=model.parameters,
            estimates=model.estimates,
            scorer=model.scorer,
            at=at,
        )
        await self._database.run(statements.RECORD_MODEL, parameters)

    async def bring_in_line(
        self, group_of: Mapping[RecordId, int], scored: Iterable[ScoredMatch], *, model: str, at: datetime
    ) -> set[RecordId]:
        """Let exactly these scores hold among the records of each group, and all others as they are.

        Returns the records of which scores are others now. The model was recorded before.
        """
        if not group_of:
            return set()
        rows = await self._database.run(READ_MATCHES_AROUND, AroundParameters(members=list(group_of), as_of=None))
        standing = {
            (row.left_id, row.right_id): (row.match_weight, row.linked, levels_in(row.comparisons))
            for row in rows
            if group_of.get(RecordId(row.left_id), -1) == group_of.get(RecordId(row.right_id), -2)
        }
        wanted = {(match.left, match.right): match for match in scored}
        changed = [match for pair, match in wanted.items() if (before := standing.get(pair)) is None or not _same(before, match)]
        gone = sorted({*(standing.keys() - wanted.keys()), *(standing.keys() & {(m.left, m.right) for m in changed})})
        if gone:
            await self._retract(gone, at)
        if changed:
            await self._record(changed, model, at)
        return {RecordId(end) for pair in (*gone, *((m.left, m.right) for m in changed)) for end in pair}

    async def _record(self, scored: Sequence[ScoredMatch], model: str, at: datetime) -> None:
        left, right, weights, linked, comparisons = zip(*scored, strict=True)
        parameters = statements.RecordMatchesParameters(
            left_ids=left, right_ids=right, match_weights=weights, linked=linked, comparisons=comparisons, model=model, at=at
        )
        await self._database.run(statements.RECORD_MATCHES, parameters)

    async def _write(
        self,
        take: Callable[[], Awaitable[list[ScoredMatch] | None]],
        standing: _Standing,
        model: str,
        at: datetime,
        progress: Callable[[int], None],
    ) -> None:
        while batch := await take():
            # Retract before recording: of one pair two scores never hold at once.
            if replaced := [(m.left, m.right) for m in batch if (m.left, m.right) in standing]:
                await self._retract(replaced, at)
            await self._record(batch, model, at)
            progress(len(batch))

    async def _retract(self, pairs: Iterable[tuple[str, str]], at: datetime) -> None:
        parameters = statements.RetractMatchesParameters(pairs=[list(pair) for pair in pairs], at=at)
        await self._database.run(statements.RETRACT_MATCHES, parameters)

    async def _standing(self) -> _Standing:
        async def read(after: str) -> statements.MatchPageRow:
            [page] = await self._database.run(statements.READ_MATCHES, PageParameters(after=after, limit=PAGE_RECORDS))
            return page

        def next_after(page: statements.MatchPageRow) -> str | None:
            return page.records[-1][0] if len(page.records) == PAGE_RECORDS else None

        [row] = await self._database.run(statements.COUNT_MATCHES, NoParameters())
        if not row.matches:
            return {}
        known: dict[str, str] = {}
        standing: _Standing = {}
        async for page in read_pages(read, next_after):
            for left, matches in page.records:
                for right, weight, linked, comparisons in matches:
                    levels = levels_in(comparisons)
                    standing[left, right] = (weight, linked, known.setdefault(levels, levels))
        return standing


def _same(before: tuple[float, bool, str], match: ScoredMatch) -> bool:
    """Whether policies read the same of a score as before, on the same levels; it is then not written again."""
    weight, linked, levels = before
    read, now = weight_as_read(weight), weight_as_read(match.match_weight)
    return linked == match.linked and read == now and levels == levels_in(match.comparisons)
