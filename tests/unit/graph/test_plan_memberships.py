"""Planning of memberships: stable ids (law 6), idempotence, and the history that answers "as of" (law 8)."""

from datetime import UTC, datetime, timedelta
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from graph.identity.planning import plan_memberships
from graph.model.identity import DecisionKind, Purpose
from graph.model.ids import IdentityId
from graph.model.plan import Current, CurrentIdentity, DecisionIds, MembershipPlan

START = datetime(2024, 1, 1, tzinfo=UTC)
MEMBERS = [f"m{i}" for i in range(8)]


class History:
    """What an installation keeps: identities, and memberships with their times."""

    def __init__(self) -> None:
        self.created: dict[IdentityId, datetime] = {}
        self.retired: set[IdentityId] = set()
        self.redirects: dict[IdentityId, IdentityId] = {}
        self.memberships: list[tuple[str, IdentityId, datetime, datetime | None]] = []
        self.numbers = count(1)
        self.runs = count(1)

    def current(self) -> Current:
        return Current(
            identities={
                name: CurrentIdentity(id=name, created_at=at) for name, at in self.created.items() if name not in self.retired
            },
            identity_of={member: identity for member, identity, _, until in self.memberships if until is None},
        )

    def as_of(self, moment: datetime) -> dict[str, IdentityId]:
        return {m: i for m, i, since, until in self.memberships if since <= moment and (until is None or moment < until)}

    def plan(self, target: list[list[str]], now: datetime) -> MembershipPlan:
        return plan_memberships(
            self.current(),
            target,
            purpose=Purpose.INDIVIDUAL,
            policy_version="test",
            now=now,
            decision_ids=DecisionIds(run_id=f"r{next(self.runs)}"),
            new_identity_id=lambda: IdentityId(f"ind_{next(self.numbers):03d}"),
            first_seen={member: START + timedelta(days=index) for index, member in enumerate(MEMBERS)},
        )

    def apply(self, plan: MembershipPlan) -> None:
        for change in plan.changes:
            if change.created:
                assert change.decision.identity_id not in self.created, "an id is never reused"
                self.created[change.decision.identity_id] = plan.at
            for closing in change.closings:
                position = next(
                    i for i, (m, identity, _, until) in enumerate(self.memberships)
                    if (m, identity, until) == (closing.member, closing.identity_id, None)
                )  # fmt: skip
                member, identity, since, _ = self.memberships[position]
                self.memberships[position] = (member, identity, since, plan.at)
            self.memberships.extend((o.member, o.identity_id, plan.at, None) for o in change.openings)
            self.redirects.update({r.merged: r.survivor for r in change.redirects})
            self.retired.update(change.retired)


@st.composite
def partitions(draw: st.DrawFn) -> list[list[str]]:
    """A partition of some of the members."""
    labels = draw(st.lists(st.integers(0, 4), min_size=len(MEMBERS), max_size=len(MEMBERS)))
    groups: dict[int, list[str]] = {}
    for member, label in zip(MEMBERS, labels, strict=True):
        if label:  # label 0: in no identity
            groups.setdefault(label, []).append(member)
    return list(groups.values())


def as_partition(identity_of: dict[str, IdentityId]) -> set[frozenset[str]]:
    groups: dict[IdentityId, set[str]] = {}
    for member, identity in identity_of.items():
        groups.setdefault(identity, set()).add(member)
    return {frozenset(group) for group in groups.values()}


@given(st.lists(partitions(), min_size=1, max_size=5))
def test_laws_6_and_8_over_any_sequence_of_targets(targets: list[list[list[str]]]) -> None:
    history = History()
    expected: list[tuple[datetime, dict[str, IdentityId]]] = []
    for day, target in enumerate(targets):
        now = START + timedelta(days=100 + day)
        before = dict(history.current().identity_of)
        plan = history.plan(target, now)
        history.apply(plan)
        after = dict(history.current().identity_of)
        assert as_partition(after) == {frozenset(part) for part in target}
        for part in as_partition(before) & as_partition(after):
            member = next(iter(part))
            assert before[member] == after[member], "an untouched identity keeps its id"
        touched = {change.decision.identity_id for change in plan.changes}
        for part in as_partition(before) & as_partition(after):
            assert before[next(iter(part))] not in touched
        assert not history.plan(target, now + timedelta(hours=1)).changes, "planning twice changes nothing"
        expected.append((now, after))
        for moment, answer in expected:
            assert history.as_of(moment) == answer
    for merged, survivor in history.redirects.items():
        assert merged in history.retired
        assert merged != survivor


@given(partitions(), partitions())
def test_every_membership_has_a_decision_that_names_it(first: list[list[str]], second: list[list[str]]) -> None:
    history = History()
    for day, target in enumerate((first, second)):
        plan = history.plan(target, START + timedelta(days=100 + day))
        history.apply(plan)
        for change in plan.changes:
            named = {m for members in change.decision.after.values() for m in members}
            assert {opening.member for opening in change.openings} == named
            leaving = {m for members in change.decision.before.values() for m in members}
            assert {closing.member for closing in change.closings} == leaving
        assert len({change.decision.id for change in plan.changes}) == len(plan.changes)


def test_on_a_merge_the_oldest_id_survives_and_the_others_redirect_to_it() -> None:
    history = History()
    history.apply(history.plan([["m5", "m6", "m7"]], START))
    history.apply(history.plan([["m5", "m6", "m7"], ["m0"]], START + timedelta(days=1)))
    plan = history.plan([["m0", "m5", "m6", "m7"]], START + timedelta(days=2))
    [change] = plan.changes
    assert change.decision.kind is DecisionKind.MERGED
    assert change.decision.identity_id == "ind_001"
    assert [(r.merged, r.survivor) for r in change.redirects] == [("ind_002", "ind_001")]
    assert [opening.member for opening in change.openings] == ["m0"]


def test_on_a_split_the_part_with_most_evidence_keeps_the_id_and_of_equals_the_oldest() -> None:
    history = History()
    history.apply(history.plan([["m0", "m1", "m2", "m3", "m4"]], START))
    plan = history.plan([["m0", "m1"], ["m2", "m3", "m4"]], START + timedelta(days=1))
    [change] = plan.changes
    assert change.decision.kind is DecisionKind.SPLIT
    assert [opening.member for opening in change.openings] == ["m0", "m1"]
    assert change.decision.identity_id == "ind_002"
    history.apply(plan)
    # Two against one of ind_002, and equal parts of ind_001 (m2 alone is older than m3 and m4 is gone).
    [even] = history.plan([["m0", "m1"], ["m2"], ["m3"]], START + timedelta(days=2)).changes[:1]
    assert [opening.member for opening in even.openings] == ["m3"]


def test_what_is_left_without_members_retires() -> None:
    history = History()
    history.apply(history.plan([["m0"]], START))
    [change] = history.plan([], START + timedelta(days=1)).changes
    assert change.decision.kind is DecisionKind.RETIRED
    assert change.retired == ("ind_001",)
