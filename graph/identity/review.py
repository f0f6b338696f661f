"""What stewards read before they act: doubtful links that wait, the evidence between their sides, and what was asserted."""

from collections.abc import Sequence

from graph.database import Database
from graph.model.explanation import MatchDetail
from graph.model.identity import Purpose
from graph.model.profile import Page, TimeCursor
from graph.model.stewardship import AssertionRecord, ReviewItem
from graph.repositories.assertions import AssertionRepository
from graph.repositories.neighbourhoods import NeighbourhoodRepository
from graph.repositories.reviews import REVIEWABLE, ReviewRepository


class ReviewDesk:
    """Where doubtful links and assertions are read; it writes nothing."""

    def __init__(self, database: Database) -> None:
        self._assertions = AssertionRepository(database)
        self._nearby = NeighbourhoodRepository(database)
        self._reviews = ReviewRepository(database)

    async def queue(
        self,
        *,
        purposes: Sequence[Purpose],
        first: int,
        after: TimeCursor | None = None,
        reasons: Sequence[str] = REVIEWABLE,
    ) -> Page[ReviewItem]:
        """One page of the doubtful links that wait, oldest first."""
        return await self._reviews.queue(purposes=purposes, first=first, after=after, reasons=reasons)

    async def waiting(self, review_id: str) -> ReviewItem:
        """A doubtful link that waits; the identities of its sides are not told.

        Raises:
            UnknownReview: there is none of that id, or it was settled.
        """
        return await self._reviews.find(review_id)

    async def matches_between(self, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], MatchDetail]:
        """The scored evidence between the two sides of some pairs; of each pair the one that sorts first comes first."""
        wanted = set(pairs)
        found = await self._nearby.matches(sorted({left for left, _ in wanted})) if wanted else []
        return {(match.left, match.right): match for match in found if (match.left, match.right) in wanted}

    async def assertions(self, *, first: int, after: TimeCursor | None = None) -> Page[AssertionRecord]:
        """One page of all assertions, retracted ones included, newest first."""
        return await self._assertions.all(first=first, after=after)

    async def assertion(self, assertion_id: str) -> AssertionRecord:
        """An assertion, in force or retracted.

        Raises:
            UnknownAssertion: there is none of that id.
        """
        return await self._assertions.find(assertion_id)
