"""The effect of plans, as it is shown to a steward before anything is written."""

import hashlib
from collections.abc import Iterable, Sequence

import orjson

from graph.model.identity import Purpose
from graph.model.ids import IdentityId
from graph.model.plan import Change, MembershipPlan
from graph.model.stewardship import Effect, IdentityChange


def effect_of(plans: Sequence[MembershipPlan], *, households: Iterable[IdentityId], pending: bool) -> Effect:
    """What plans change.

    Args:
        plans: one for each purpose.
        households: those in which a touched individual lives.
        pending: whether households and operational identities are settled by the next resolution only.
    """
    changes = tuple(_change(change) for plan in plans for change in plan.changes)
    affected = set(households)
    for change in changes:
        if change.purpose is Purpose.HOUSEHOLD:
            affected |= {household for _, household in change.leaving} | {*change.merged, *change.retired}
            affected |= {change.identity_id} if change.identity_id else set()
    return Effect(changes=changes, households=tuple(sorted(affected)), pending=pending, digest=_digest(changes))


def _change(change: Change) -> IdentityChange:
    decision = change.decision
    return IdentityChange(
        purpose=decision.purpose,
        kind=decision.kind,
        identity_id=None if change.created else decision.identity_id,
        entering=tuple(opening.member for opening in change.openings),
        leaving=tuple((closing.member, closing.identity_id) for closing in change.closings),
        merged=tuple(redirect.merged for redirect in change.redirects),
        retired=tuple(identity for identity in change.retired if identity not in {r.merged for r in change.redirects}),
    )


def _digest(changes: Sequence[IdentityChange]) -> str:
    """Of everything but ids that are made on the way: an individual made by one run is another one in the next."""
    described = sorted(
        orjson.dumps(
            [
                change.purpose,
                change.kind,
                change.identity_id,
                [] if change.purpose is Purpose.HOUSEHOLD else sorted(change.entering),
                sorted(change.leaving),
                sorted(change.merged),
                sorted(change.retired),
            ]
        ).decode()
        for change in changes
    )
    return hashlib.sha256("\n".join(described).encode()).hexdigest()[:16]
