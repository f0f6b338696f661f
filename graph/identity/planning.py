"""Planning of memberships: from the identities that are to those that evidence yields, with stable ids.

Pure: the same arguments give the same plan. Time and new ids are arguments.

Who keeps an id (law 6): each current identity is claimed by the one target part that keeps the most of its members, then the
oldest, then the first by name. A part that is claimed by several keeps the oldest of their ids and the others redirect to it; a
part claimed by none is new. Ids are never reused, and identities whose members stay the same are not touched.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from graph.memory import no_search_for_cycles
from graph.model.identity import Decision, DecisionKind, Purpose
from graph.model.ids import IdentityId
from graph.model.plan import Change, Closing, Current, DecisionIds, MembershipPlan, Opening, Redirect

ID_PREFIX = {Purpose.INDIVIDUAL: "ind_", Purpose.HOUSEHOLD: "hh_", Purpose.OPERATIONAL: "op_"}
"""How the ids of identities begin."""

NEVER = datetime.max.replace(tzinfo=UTC)


@no_search_for_cycles()
def plan_memberships(
    current: Current,
    target: Sequence[Sequence[str]],
    *,
    purpose: Purpose,
    policy_version: str,
    now: datetime,
    decision_ids: DecisionIds,
    new_identity_id: Callable[[], IdentityId],
    first_seen: Mapping[str, datetime | None],
    actor: str = "resolver",
) -> MembershipPlan:
    """Plan the changes that turn ``current`` into ``target``.

    Args:
        current: the identities as they stand.
        target: disjoint groups of members; members of ``current`` that are in none leave.
        purpose: the identities' purpose.
        policy_version: version of the policy that yielded ``target``.
        now: when the plan takes effect.
        decision_ids: ids of the decisions.
        new_identity_id: makes an id that was never used.
        first_seen: age of the members' evidence, where known.
        actor: who decides.
    """
    parts, untouched = _changed(current, target)
    id_of_part, merged = _assign_ids(current, parts, first_seen)
    members_of: dict[IdentityId, list[str]] = defaultdict(list)
    if len(untouched) < len(current.identities):
        for member, identity_id in current.identity_of.items():
            if identity_id not in untouched:
                members_of[identity_id].append(member)
    changes: list[Change] = []
    placed = {member for part in parts for member in part} if members_of else set()

    def decide(
        kind: DecisionKind,
        identity_id: IdentityId,
        before: Mapping[IdentityId, Sequence[str]],
        after: Mapping[IdentityId, Sequence[str]],
        why: str,
    ) -> Decision:
        return Decision(
            id=decision_ids.nth(len(changes)),
            kind=kind,
            purpose=purpose,
            policy_version=policy_version,
            actor=actor,
            at=now,
            identity_id=identity_id,
            before={name: tuple(members) for name, members in sorted(before.items())},
            after={name: tuple(members) for name, members in sorted(after.items())},
            reason=why,
        )

    for index, part in enumerate(parts):
        kept_id = id_of_part.get(index)
        absorbed = merged.get(index, ())
        entering = part if kept_id is None else tuple(m for m in part if current.identity_of.get(m) != kept_id)
        if not entering and not absorbed:
            continue
        identity_id = kept_id or new_identity_id()
        before: dict[IdentityId, list[str]] = defaultdict(list)
        for member in entering:
            if (former := current.identity_of.get(member)) is not None:
                before[former].append(member)
        kind, why = _kind_of(kept_id, absorbed, before, entering)
        changes.append(
            Change(
                decision=decide(kind, identity_id, before, {identity_id: entering}, why),
                created=kept_id is None,
                openings=tuple([Opening(member=member, identity_id=identity_id) for member in entering]),
                closings=tuple([Closing(member=m, identity_id=i) for i, members in sorted(before.items()) for m in members])
                if before
                else (),
                redirects=tuple(Redirect(merged=name, survivor=identity_id) for name in absorbed),
                retired=tuple(absorbed),
            )
        )
    gone = {name for names in merged.values() for name in names}
    kept = set(id_of_part.values())
    for identity_id in sorted(current.identities.keys() - untouched):
        leaving = [member for member in sorted(members_of[identity_id]) if member not in placed]
        retired = identity_id not in kept and identity_id not in gone
        if not leaving and not retired:
            continue
        kind = DecisionKind.RETIRED if retired else DecisionKind.LEFT
        why = "no evidence is left of it" if retired else f"{len(leaving)} members no longer count as evidence"
        changes.append(
            Change(
                decision=decide(kind, identity_id, {identity_id: leaving}, {}, why),
                created=False,
                openings=(),
                closings=tuple(Closing(member=member, identity_id=identity_id) for member in leaving),
                redirects=(),
                retired=(identity_id,) if retired else (),
            )
        )
    return MembershipPlan(purpose=purpose, at=now, changes=tuple(changes))


def _changed(current: Current, target: Sequence[Sequence[str]]) -> tuple[list[tuple[str, ...]], set[IdentityId]]:
    """The parts that are no identity as they stand, sorted, each with its members sorted; and the identities that are a part."""
    identity_of = current.identity_of
    sizes = Counter(identity_of.values())
    changed: list[tuple[str, ...]] = []
    untouched: set[IdentityId] = set()
    for part in target:
        owners = {identity_of.get(member) for member in part}
        if len(owners) == 1 and (owner := owners.pop()) is not None and sizes[owner] == len(part):
            untouched.add(owner)
        elif part:
            changed.append(tuple(sorted(part)))
    return sorted(changed), untouched


def identities_after(current: Current, plan: MembershipPlan) -> dict[str, IdentityId]:
    """Member to its identity once a plan has been applied."""
    identity_of = dict(current.identity_of)
    for change in plan.changes:
        for closing in change.closings:
            del identity_of[closing.member]
    # Only now: who leaves one identity by one decision may enter another by an earlier one.
    for change in plan.changes:
        for opening in change.openings:
            identity_of[opening.member] = opening.identity_id
    return identity_of


def _assign_ids(
    current: Current, parts: Sequence[Sequence[str]], first_seen: Mapping[str, datetime | None]
) -> tuple[dict[int, IdentityId], dict[int, tuple[IdentityId, ...]]]:
    """The id that each part keeps, and those that it absorbs."""
    kept: dict[IdentityId, Counter[int]] = defaultdict(Counter)
    oldest: dict[tuple[IdentityId, int], datetime] = {}
    for index, part in enumerate(parts):
        for member in part:
            if (identity_id := current.identity_of.get(member)) is not None:
                kept[identity_id][index] += 1
                seen = first_seen.get(member) or NEVER
                oldest[identity_id, index] = min(oldest.get((identity_id, index), NEVER), seen)
    claimed: dict[int, list[IdentityId]] = defaultdict(list)
    for identity_id, counts in kept.items():
        heir = min(counts, key=lambda i: (-counts[i], oldest[identity_id, i], parts[i][0]))
        claimed[heir].append(identity_id)
    ids: dict[int, IdentityId] = {}
    absorbed: dict[int, tuple[IdentityId, ...]] = {}
    for index, names in claimed.items():
        by_age = sorted(names, key=lambda name: (current.identities[name].created_at, name))
        ids[index] = by_age[0]
        if by_age[1:]:
            absorbed[index] = tuple(by_age[1:])
    return ids, absorbed


def _kind_of(
    kept_id: IdentityId | None,
    absorbed: Sequence[IdentityId],
    before: Mapping[IdentityId, Sequence[str]],
    entering: Sequence[str],
) -> tuple[DecisionKind, str]:
    moved = sum(len(members) for members in before.values())
    if absorbed:
        return (
            DecisionKind.MERGED,
            f"evidence joins it with {len(absorbed)} other {_plural(len(absorbed), 'identity', 'identities')}",
        )
    if kept_id is None and moved:
        return (
            DecisionKind.SPLIT,
            f"{moved} {_plural(moved, 'member', 'members')} no longer hold together with the rest of {', '.join(sorted(before))}",
        )
    if kept_id is None:
        return DecisionKind.FORMED, f"evidence joins {len(entering)} {_plural(len(entering), 'member', 'members')}" if len(
            entering
        ) > 1 else "seen for the first time"
    return DecisionKind.JOINED, f"evidence joins {len(entering)} more {_plural(len(entering), 'member', 'members')}"


def _plural(number: int, one: str, many: str) -> str:
    return one if number == 1 else many
