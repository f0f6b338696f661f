"""Summing up a plan for whoever decides on it: merges, splits, households, consent, a digest."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from graph.identity.planning import identities_after
from graph.model.attributes import strictest_consent
from graph.model.identity import DecisionKind
from graph.model.ids import IdentityId
from graph.model.plan import Current, MembershipPlan
from graph.model.proposal import ConsentEffect, ConsentExample, MergeExample, PurposeDiff, SplitExample

SAMPLE = 5
"""Members named of each part of an example."""
GRANTED = "granted"
NO_STATEMENT = "unknown"

ReadConsents = Callable[[Sequence[str]], Awaitable[Mapping[str, Mapping[str, str]]]]
"""Record ids to the newest state that each gives per purpose of consent."""


def purpose_diff(
    current: Current,
    plan: MembershipPlan,
    *,
    policy_version: str,
    pending: MembershipPlan | None,
    consent: ConsentEffect | None,
    examples: int,
) -> PurposeDiff:
    """A plan in figures, with some examples of each kind, the largest first."""
    after = identities_after(current, plan)
    merged = [change for change in plan.changes if change.redirects]
    split = _splits(current, plan, after)
    created = sum(change.created for change in plan.changes)
    redirected = sum(len(change.redirects) for change in plan.changes)
    retired = sum(len(change.retired) - len(change.redirects) for change in plan.changes)
    moved = sum(opening.member in current.identity_of for change in plan.changes for opening in change.openings)
    sizes = Counter(after.values())
    return PurposeDiff(
        purpose=plan.purpose,
        policy_version=policy_version,
        identities_before=len(current.identities),
        identities_after=len(current.identities) + created - redirected - retired,
        decisions=decisions_of(plan),
        pending=None if pending is None else decisions_of(pending),
        merges=len(merged),
        redirected=redirected,
        splits=len(split),
        created=created,
        retired=retired,
        members_moved=moved,
        members_entering=sum(len(change.openings) for change in plan.changes) - moved,
        members_leaving=sum(len(change.closings) for change in plan.changes) - moved,
        merge_examples=tuple(
            MergeExample(
                survivor=change.decision.identity_id,
                absorbed=tuple(redirect.merged for redirect in change.redirects),
                members=sizes[change.decision.identity_id],
                sample=tuple(opening.member for opening in change.openings[:SAMPLE]),
            )
            for change in sorted(merged, key=lambda c: (-len(c.redirects), -len(c.openings), c.decision.identity_id))[:examples]
        ),
        split_examples=tuple(_split_examples(current, after, split, examples)),
        consent=consent,
    )


def decisions_of(plan: MembershipPlan) -> Mapping[str, int]:
    """Number of decisions by kind, in the order of the kinds; kinds of which there are none are left out."""
    counts = Counter(change.decision.kind for change in plan.changes)
    return {kind.value: counts[kind] for kind in DecisionKind if counts[kind]}


def _splits(current: Current, plan: MembershipPlan, after: Mapping[str, IdentityId]) -> dict[IdentityId, int]:
    """Identities whose members end in several, with the number of members that leave for another."""
    leaving = Counter(closing.identity_id for change in plan.changes for closing in change.closings if closing.member in after)
    if not leaving:
        return {}
    ends: dict[IdentityId, set[IdentityId]] = defaultdict(set)
    for member, identity_id in current.identity_of.items():
        if identity_id in leaving and member in after:
            ends[identity_id].add(after[member])
    return {identity_id: leaving[identity_id] for identity_id, found in ends.items() if len(found) > 1}


def _split_examples(
    current: Current, after: Mapping[str, IdentityId], split: Mapping[IdentityId, int], examples: int
) -> list[SplitExample]:
    chosen = sorted(split, key=lambda identity_id: (-split[identity_id], identity_id))[:examples]
    parts: dict[IdentityId, dict[IdentityId, list[str]]] = {identity_id: defaultdict(list) for identity_id in chosen}
    for member in sorted(current.identity_of):
        if (identity_id := current.identity_of[member]) in parts and member in after:
            parts[identity_id][after[member]].append(member)
    found = []
    for identity_id in chosen:
        ordered = sorted(parts[identity_id].items(), key=lambda item: (item[0] != identity_id, -len(item[1]), item[1][0]))
        found.append(
            SplitExample(
                identity_id=identity_id,
                parts=tuple(tuple(members[:SAMPLE]) for _, members in ordered),
                sizes=tuple(len(members) for _, members in ordered),
            )
        )
    return found


def affected_households(individuals: MembershipPlan, standing: Current, households: MembershipPlan) -> frozenset[IdentityId]:
    """Households that exist and whose individuals would change, or the members of those."""
    changed = {
        identity_id
        for change in individuals.changes
        for identity_id in (change.decision.identity_id, *(closing.identity_id for closing in change.closings))
    }
    affected = {standing.identity_of[individual] for individual in changed if individual in standing.identity_of}
    for change in households.changes:
        affected |= {change.decision.identity_id, *(closing.identity_id for closing in change.closings), *change.retired}
    return frozenset(affected & standing.identities.keys())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shift:
    """How one purpose of consent changes within one identity as it would be."""

    identity_id: IdentityId
    consent: str
    after: str
    before: Mapping[str, list[str]]
    """State in force now to the records for which it is."""
    records: int
    """Records for which it changes."""


async def consent_effect(
    current: Current, plan: MembershipPlan, *, records: Collection[str], read: ReadConsents, examples: int
) -> ConsentEffect:
    """How consent would change: the strictest statement of an identity's records counts for all of them.

    Only identities that the plan touches are looked at.
    """
    after = identities_after(current, plan)
    touched = {
        identity_id
        for change in plan.changes
        for identity_id in (change.decision.identity_id, *(closing.identity_id for closing in change.closings))
    }
    before_of: dict[IdentityId, list[str]] = defaultdict(list)
    after_of: dict[IdentityId, list[str]] = defaultdict(list)
    for member, identity_id in current.identity_of.items():
        if identity_id in touched and member in records:
            before_of[identity_id].append(member)
    for member, identity_id in after.items():
        if identity_id in touched and member in records:
            after_of[identity_id].append(member)
    asked = sorted({record for group in (*before_of.values(), *after_of.values()) for record in group})
    stated = await read(asked) if asked else {}

    def strictest(group: Iterable[str]) -> dict[str, str]:
        return strictest_consent(stated[record] for record in group if record in stated)

    in_force = {identity_id: strictest(group) for identity_id, group in before_of.items()}
    lost: list[_Shift] = []
    restored: list[_Shift] = []
    for identity_id, group in sorted(after_of.items()):
        for consent, state in strictest(group).items():
            before: dict[str, list[str]] = defaultdict(list)
            for record in sorted(group):
                was = current.identity_of.get(record)
                # A record that is in no identity yet counts by what it states itself.
                known = stated.get(record, {}) if was is None else in_force[was]
                before[known.get(consent, NO_STATEMENT)].append(record)
            granted = len(before.get(GRANTED, ()))
            if state != GRANTED and granted and state != NO_STATEMENT:
                lost.append(_Shift(identity_id=identity_id, consent=consent, after=state, before=before, records=granted))
            refused = sum(len(group) for known, group in before.items() if known not in (GRANTED, NO_STATEMENT))
            if state == GRANTED and refused:
                restored.append(_Shift(identity_id=identity_id, consent=consent, after=state, before=before, records=refused))
    return ConsentEffect(
        lost_records=len({record for shift in lost for record in shift.before[GRANTED]}),
        lost_identities=len({shift.identity_id for shift in lost}),
        restored_records=len(
            {
                record
                for shift in restored
                for known, group in shift.before.items()
                if known not in (GRANTED, NO_STATEMENT)
                for record in group
            }
        ),
        restored_identities=len({shift.identity_id for shift in restored}),
        conflicts=_consent_examples(current, lost, examples),
        restored=_consent_examples(current, restored, examples),
    )


def _consent_examples(current: Current, shifts: Sequence[_Shift], examples: int) -> tuple[ConsentExample, ...]:
    chosen = sorted(shifts, key=lambda shift: (-shift.records, shift.identity_id, shift.consent))[:examples]
    return tuple(
        ConsentExample(
            identity_id=shift.identity_id if shift.identity_id in current.identities else None,
            consent=shift.consent,
            before={state: tuple(group[:SAMPLE]) for state, group in sorted(shift.before.items())},
            after=shift.after,
            records=shift.records,
        )
        for shift in chosen
    )


def digest_of(plans: Iterable[MembershipPlan]) -> str:
    """Digest of what plans would do, whenever. New identities count by their number within the plan."""
    lines = [
        [
            plan.purpose.value,
            change.decision.kind.value,
            change.decision.identity_id,
            [opening.member for opening in change.openings],
            [[closing.member, closing.identity_id] for closing in change.closings],
            [redirect.merged for redirect in change.redirects],
            list(change.retired),
        ]
        for plan in plans
        for change in plan.changes
    ]
    return hashlib.sha256(json.dumps(lines).encode()).hexdigest()[:16]
