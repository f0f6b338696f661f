"""Links that a model predicts: kept as evidence of nothing, shown to stewards, acted on by nobody else."""

from collections.abc import Sequence
from datetime import datetime

from graph.database import Database
from graph.model.explanation import HeldBack
from graph.model.identity import Purpose
from graph.model.scored_match import Comparisons
from graph.repositories.reviews import PREDICTED, ReviewRepository
from graph.statements import prediction as statements
from graph.statements.identity import PurposeParameters
from graph.statements.statement import NoParameters

MOST_TOLD = 3
"""Fields that the sentence of a predicted link names, those that say most."""


class PredictionRepository:
    """Reads what links are predicted from, and puts predictions in the place of earlier ones."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def individuals_of_records(self) -> dict[str, str]:
        """The individual of every record that has one."""
        rows = self._database.stream(statements.READ_INDIVIDUALS_OF_RECORDS, NoParameters())
        return {row.record_id: row.identity_id async for row in rows}

    async def replace(self, links: Sequence[statements.PredictedLinkRow], *, model: str, at: datetime) -> int:
        """Keep exactly these predictions, and have exactly these wait for review; returns how many were written.

        A link that a steward has settled is not shown again, whatever is predicted.

        Args:
            links: from the smaller record id to the greater.
            model: the version that predicts them.
            at: when.
        """
        [row] = await self._database.run(
            statements.REPLACE_LINKS, statements.PredictedLinks(links=links, model=model, at=at)
        ) or [statements.LinksWrittenRow(written=0)]
        waiting = await self._database.run(statements.READ_WAITING, PurposeParameters(purpose=Purpose.INDIVIDUAL))
        among = [
            HeldBack(
                id=each.id,
                purpose=Purpose.INDIVIDUAL,
                reason=each.reason,
                detail=each.detail,
                members=tuple(sorted(each.members)),
                since=each.since,
            )
            for each in waiting
        ]
        target: dict[tuple[str, tuple[str, ...]], str] = {}
        for link in links:
            target[PREDICTED, (link.left, link.right)] = sentence(link, model=model)
        # What waits with another probability than now is told anew.
        standing = {(each.reason, each.members): each.detail for each in among}
        changed = {key for key, detail in target.items() if key in standing and standing[key] != detail}
        kept = [each for each in among if (each.reason, each.members) not in changed]
        reviews = ReviewRepository(self._database)
        await reviews.report_held_back(
            Purpose.INDIVIDUAL, {}, among=[each for each in among if (each.reason, each.members) in changed], now=at
        )
        members = {member for link in links for member in (link.left, link.right)}
        await reviews.report_held_back(Purpose.INDIVIDUAL, target, among=kept, now=at, records=members)
        return row.written


def sentence(link: statements.PredictedLinkRow, *, model: str) -> str:
    """A predicted link in words: how likely, why, and who else it could be."""
    compared = sorted(Comparisons.parse(link.comparisons).fields, key=lambda each: -each.stranger_weight)
    for_it = [f"{each.field} {each.level}" for each in compared[:MOST_TOLD] if each.stranger_weight > 0]
    against = [f"{each.field} {each.level}" for each in compared[:-2:-1] if each.stranger_weight < 0]
    parts = [f"{link.probability:.0%} likely one person, {link.least:.0%} at least, by {model}"]
    parts += [f"for it {', '.join(for_it)}"] if for_it else []
    parts += [f"against it {', '.join(against)}"] if against else []
    others = "no other candidate" if not link.alternatives else f"{link.alternatives} other candidates of the two"
    return "; ".join([*parts, others])
