"""Scores records as soon as they come, by what the matcher of everything learnt last, and keeps the scores as evidence."""

import asyncio
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numba import get_num_threads, set_num_threads

from graph.database import Runs
from graph.identity.matching.linkage import components
from graph.identity.matching.live import LiveMatching, Rescored
from graph.identity.matching.matching import CONNECTING
from graph.identity.matching.records import Records
from graph.identity.matching.scored import NAT_BITS
from graph.identity.matching.scorer import Scorer
from graph.model.claim import Claim, Match
from graph.repositories.matches import MatchRepository
from graph.repositories.neighbourhoods import NeighbourhoodRepository

MOST_SINCE = 10_000
"""Records that are scored, or as many as were matched if these are more, before what was learnt is too old to score by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """What scoring some records changed in the graph."""

    members: frozenset[str]
    """Records of which scores are others now."""
    keep: Callable[[], None]
    """To be called once it is committed."""


NOTHING = Scored(members=frozenset(), keep=lambda: None)


class LiveMatcher:
    """Knows all records that were matched, in memory, and scores those that come since. It scores nothing before it has learnt.

    What it knows is what the resolver of this process matched: of several resolvers each should be told of all records.
    """

    def __init__(self, *, told: Callable[[int, int], None] = lambda _scored, _unscored: None) -> None:
        """``told`` is given how many records were scored, and how many wait for the next matching of everything."""
        self._told = told
        self._live: LiveMatching | None = None
        self._model = ""
        self._most = 0
        self._since = 0

    async def learn(self, records: Records, scorer: Scorer, *, matches: Iterable[Match], model: str) -> None:
        """Take what all records were matched by, and the matches that came out; ``model`` is the id of what is kept of it."""
        if model == self._model and not self._since:
            return

        def known() -> LiveMatching:
            number = {record_id: place for place, record_id in enumerate(records.ids)}
            connecting = [
                (number[match.left], number[match.right])
                for match in matches
                if match.linked or match.match_weight > CONNECTING * NAT_BITS
            ]
            left, right = np.array(connecting, dtype=np.int64).reshape(-1, 2).T
            return LiveMatching(records, scorer, components(left, right, len(records)))

        self._live, self._model = await asyncio.to_thread(known), model
        self._most, self._since = max(MOST_SINCE, len(records)), 0

    async def score(self, runs: Runs, members: Set[str], *, at: datetime) -> Scored:
        """Score those of some members that are records and say something new; what is new of the scores is in the graph then.

        It writes: whoever calls it has the right to resolve individuals.
        """
        live = self._live
        # A record's id begins with its source; identifiers of a namespace of the same name are no records, and not found.
        asked = [] if live is None else sorted(member for member in members if member.partition(":")[0] in live.sources)
        if live is None or not asked:
            return NOTHING
        around = NeighbourhoodRepository(runs)
        claims = [claim for claim in await around.claims(asked) if claim.record_id in members]
        if self._since >= self._most:
            self._told(0, len(claims))
            return NOTHING
        rescored = await asyncio.to_thread(_by_one_thread, live, claims)
        changed = await MatchRepository(runs).bring_in_line(rescored.group_of, rescored.matches, model=self._model, at=at)

        def keep() -> None:
            self._since += len(rescored.keys)
            self._told(len(rescored.keys), rescored.unscored)
            live.keep(rescored)

        return Scored(members=frozenset(changed), keep=keep)


def _by_one_thread(live: LiveMatching, claims: Sequence[Claim]) -> Rescored:
    """Score records by this thread alone: of so few pairs others would cost more than they bring."""
    threads = get_num_threads()
    set_num_threads(1)
    try:
        return live.score(claims)
    finally:
        set_num_threads(threads)
