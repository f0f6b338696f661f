"""Decisions that form identities of members that were in none, in columns: nearly all that a first resolution writes."""

from collections.abc import Container, Iterator, Sequence
from typing import Any

import orjson

from graph.model.identity import Purpose
from graph.model.plan import Change
from graph.statements import identity as statements

Formation = statements.FormOfMembersParameters | statements.FormHouseholdsParameters

BATCH_MEMBERS = 2_500
"""Memberships written in one transaction, unless one decision alone has more; ten times as many are slower."""


def is_formation(change: Change) -> bool:
    """Whether a change forms an identity and touches no other."""
    return change.created and not (change.closings or change.redirects or change.retired)


def formation_batches(
    purpose: Purpose, changes: Sequence[Change], *, run_id: str, records: Container[str]
) -> Iterator[Formation]:
    """The changes in batches, each with distinct identities, made as they are asked for.

    Args:
        purpose: of all the changes.
        changes: formations of one plan.
        run_id: the run that they are part of.
        records: which members are records; the others are identifiers (of households: individuals, all of them).
    """
    batch: list[Change] = []
    members = 0
    for change in changes:
        batch.append(change)
        members += len(change.openings)
        if members >= BATCH_MEMBERS:
            yield _batch(purpose, batch, run_id, records)
            batch, members = [], 0
    if batch:
        yield _batch(purpose, batch, run_id, records)


def _batch(purpose: Purpose, changes: Sequence[Change], run_id: str, records: Container[str]) -> Formation:
    first = changes[0].decision
    # Sorted: writers beside each other take their locks, and the server reads its index, in one order.
    entering = sorted((opening.member, position) for position, change in enumerate(changes) for opening in change.openings)
    decided: dict[str, Any] = {
        "identity_ids": [change.decision.identity_id for change in changes],
        "decision_ids": [change.decision.id for change in changes],
        "afters": [orjson.dumps(change.decision.after).decode() for change in changes],
        "reasons": [change.decision.reason for change in changes],
        "kind": first.kind,
        "purpose": purpose,
        "policy_version": first.policy_version,
        "actor": first.actor,
        "at": first.at,
        "before": "{}",
        "run_id": run_id,
    }
    if purpose is Purpose.HOUSEHOLD:
        return statements.FormHouseholdsParameters(
            **decided, individuals=[member for member, _ in entering], individual_positions=[at for _, at in entering]
        )
    stating = [pair for pair in entering if pair[0] in records]
    stated = [pair for pair in entering if pair[0] not in records]
    return statements.FormOfMembersParameters(
        **decided,
        records=[member for member, _ in stating],
        record_positions=[at for _, at in stating],
        identifiers=[member for member, _ in stated],
        identifier_positions=[at for _, at in stated],
    )
