"""The review queue: doubtful links that policies report, for as long as nobody has asserted anything about their two sides."""

import hashlib
from collections.abc import Container, Mapping, Sequence
from datetime import datetime
from typing import Any

from graph.database import Runs
from graph.errors import KindredError
from graph.model.explanation import HeldBack
from graph.model.identity import Purpose
from graph.model.ids import IdentityId
from graph.model.profile import Page, TimeCursor
from graph.model.stewardship import ReviewItem
from graph.repositories.paging import WRITERS, all_or_stop, batches
from graph.statements import identity as identity_statements
from graph.statements import review as statements

PREDICTED = "predicted"
"""The reason of links that no policy reports but a model predicts."""
REVIEWABLE = ("contradicted", "doubtful", "in_doubt", "over_limit", PREDICTED)
"""Reasons of what policies hold back that are about a link between two members, and that a person can settle."""
BATCH = 2_000
"""What is reported in one transaction."""


class UnknownReview(KindredError):  # noqa: N818 - states what was observed, as the others do
    """No such link waits for review."""

    code = "unknown_review"


class ReviewRepository:
    """Doubtful links. They are the ``HeldBack`` nodes that a resolution reports; settling one is an assertion, which ends it."""

    def __init__(self, database: Runs) -> None:
        self._database = database

    async def queue(
        self,
        *,
        purposes: Sequence[Purpose],
        first: int,
        after: TimeCursor | None = None,
        reasons: Sequence[str] = REVIEWABLE,
    ) -> Page[ReviewItem]:
        """One page of what waits, oldest first."""
        [row] = await self._database.run(
            statements.LIST_QUEUE,
            statements.QueueParameters(
                purposes=purposes,
                reasons=reasons,
                first=first + 1,
                after_at=after.at if after else None,
                after_id=after.id if after else None,
            ),
        )
        return Page(items=tuple(_item(item) for item in row.items[:first]), total=row.total, more=len(row.items) > first)

    async def find(self, review_id: str) -> ReviewItem:
        """A link that waits.

        Raises:
            UnknownReview: there is none of that id, it was settled, or it is about no two members.
        """
        rows = await self._database.run(statements.FIND_ITEM, statements.ItemParameters(id=review_id))
        if not rows or rows[0].reason not in REVIEWABLE:
            raise UnknownReview(f"no link {review_id} waits for review")
        row = rows[0]
        if row.until is not None:
            raise UnknownReview(f"the link {review_id} was settled at {row.until.isoformat(timespec='seconds')}")
        sides = sorted(row.members if len(row.members) == 2 else row.records)
        if len(sides) != 2:
            raise UnknownReview(f"{review_id} is about {len(row.members)} members, not about a link between two")
        return ReviewItem(
            id=row.id,
            purpose=Purpose(row.purpose),
            reason=row.reason,
            detail=row.detail,
            left=sides[0],
            right=sides[1],
            left_identity=None,
            right_identity=None,
            members=tuple(sorted(row.members)),
            since=row.since,
        )

    async def report_held_back(
        self,
        purpose: Purpose,
        target: Mapping[tuple[str, tuple[str, ...]], str],
        *,
        among: Sequence[HeldBack],
        now: datetime,
        records: Container[str] = frozenset(),
    ) -> None:
        """Of ``among``, keep held back exactly ``target`` (reason and members, to detail): add what is new, end what is gone.

        Members that are known to be ``records`` are found far faster.
        """
        current = {(held.reason, held.members): held for held in among}
        new = batches((key for key in sorted(target) if key not in current), BATCH)

        async def hold() -> None:
            for keys in new:
                await self._database.run(identity_statements.HOLD_BACK, _held(purpose, keys, target, now, records))

        await all_or_stop([hold() for _ in range(WRITERS)])
        gone = sorted(held.id for key, held in current.items() if key not in target)
        for ids in batches(gone, BATCH):
            parameters = identity_statements.ReleaseParameters(ids=ids, until=now)
            await self._database.run(identity_statements.RELEASE_HELD_BACK, parameters)


def _held(
    purpose: Purpose,
    keys: Sequence[tuple[str, tuple[str, ...]]],
    target: Mapping[tuple[str, tuple[str, ...]], str],
    now: datetime,
    records: Container[str],
) -> identity_statements.HoldBackParameters:
    # Sorted: writers beside each other take their locks in one order.
    members = sorted((member, position) for position, (_, members) in enumerate(keys) for member in members)
    known = [pair for pair in members if pair[0] in records]
    others = [pair for pair in members if pair[0] not in records]
    return identity_statements.HoldBackParameters(
        purpose=purpose,
        since=now,
        ids=[_held_back_id(purpose, reason, members, now) for reason, members in keys],
        reasons=[reason for reason, _ in keys],
        details=[target[key] for key in keys],
        records=[member for member, _ in known],
        record_positions=[position for _, position in known],
        others=[member for member, _ in others],
        other_positions=[position for _, position in others],
    )


def _held_back_id(purpose: Purpose, reason: str, members: Sequence[str], since: datetime) -> str:
    parts = "\x00".join((purpose.value, reason, *members, since.isoformat()))
    return f"held_{hashlib.sha256(parts.encode()).hexdigest()[:32]}"


def _item(item: Mapping[str, Any]) -> ReviewItem:
    return ReviewItem(
        id=item["id"],
        purpose=Purpose(item["purpose"]),
        reason=item["reason"],
        detail=item["detail"],
        left=item["left"],
        right=item["right"],
        left_identity=IdentityId(item["left_identity"]) if item["left_identity"] else None,
        right_identity=IdentityId(item["right_identity"]) if item["right_identity"] else None,
        members=tuple(sorted(item["members"])),
        since=item["since"],
    )
