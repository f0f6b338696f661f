"""Law 6, stable ids, over random sequences of evidence: what a resolution does with ids when evidence comes and goes.

An id is never reused; on a merge the oldest id survives and the others redirect to it; on a split the part that keeps the most
(then the oldest) evidence keeps the id; untouched identities never change id.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from graph.identity.conclusion import Conclusion
from graph.identity.planning import identities_after, plan_memberships
from graph.model.claim import EvidenceSet
from graph.model.identity import Purpose
from graph.model.ids import IdentityId
from graph.model.plan import Current, CurrentIdentity, DecisionIds, MembershipPlan
from tests.laws.conclusions import households, individuals, operational, partition, scored
from tests.laws.evidence import START, assertions, evidence_sets

NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass
class Kept:
    """What an installation keeps of one purpose."""

    purpose: Purpose
    created: dict[IdentityId, datetime] = field(default_factory=dict)
    ended: dict[IdentityId, IdentityId | None] = field(default_factory=dict)
    """Ids that are no more, with the one that they redirect to."""
    identity_of: dict[str, IdentityId] = field(default_factory=dict)

    def current(self) -> Current:
        standing = {name: CurrentIdentity(id=name, created_at=at) for name, at in self.created.items() if name not in self.ended}
        return Current(identities=standing, identity_of=self.identity_of)

    def resolve(self, conclusion: Conclusion, now: datetime) -> MembershipPlan:
        """Plan and keep what a conclusion yields; the ids are such that their order says nothing of their age."""
        made = iter(range(len(self.created), 10_000))
        current = self.current()
        plan = plan_memberships(
            current,
            conclusion.parts,
            purpose=self.purpose,
            policy_version="test",
            now=now,
            decision_ids=DecisionIds(run_id=f"{now:%j}"),
            new_identity_id=lambda: IdentityId(f"id_{next(made) * 7919 % 10_007:05}"),
            first_seen=conclusion.first_seen,
        )
        self.identity_of = identities_after(current, plan)
        for change in plan.changes:
            if change.created:
                assert change.decision.identity_id not in self.created, "an id is never reused"
                self.created[change.decision.identity_id] = plan.at
            survivors = {redirect.merged: redirect.survivor for redirect in change.redirects}
            self.ended |= {name: survivors.get(name) for name in change.retired}
        return plan


@given(steps=st.lists(evidence_sets(most=6), min_size=2, max_size=4), data=st.data())
def test_law_6_stable_ids(steps: list[EvidenceSet], data: st.DataObject) -> None:
    kept = {purpose: Kept(purpose) for purpose in Purpose}
    for day, given_now in enumerate(steps):
        now = START + timedelta(days=300 + day)
        conclusion = individuals(given_now)
        members = sorted(member for part in conclusion.parts for member in part)
        if len(members) > 1:
            given_now = replace(given_now, assertions=data.draw(assertions(members)))
            conclusion = individuals(given_now)
        step(kept[Purpose.INDIVIDUAL], conclusion, now)
        individual_of = kept[Purpose.INDIVIDUAL].identity_of
        step(kept[Purpose.OPERATIONAL], operational(given_now, individual_of), now)
        step(kept[Purpose.HOUSEHOLD], households(given_now, individual_of), now)


def step(kept: Kept, conclusion: Conclusion, now: datetime) -> None:
    """Resolve once, and hold the law."""
    before, created = dict(kept.identity_of), dict(kept.created)
    standing_before = set(kept.created) - kept.ended.keys()
    kept.resolve(conclusion, now)
    after = kept.identity_of
    assert partition(after) == frozenset(frozenset(part) for part in conclusion.parts)
    for part in partition(before) & partition(after):
        assert len({before[member] for member in part} | {after[member] for member in part}) == 1, "untouched: the same id"
    heirs = heirs_of(before, after, conclusion)
    for identity in standing_before:
        heir = heirs.get(identity)
        if identity not in kept.ended:
            assert heir is not None
            assert after[min(heir)] == identity, "the part with the most, then the oldest evidence keeps the id"
            continue
        survivor = kept.ended[identity]
        assert (survivor is None) == (heir is None), "whoever leaves members behind redirects to where most of them are"
        if survivor is not None and heir is not None:
            assert after[min(heir)] == survivor
            assert (created[survivor], survivor) < (created[identity], identity), "on a merge the oldest id survives"
    assert not kept.ended.keys() & set(after.values()), "what has ended has no members"
    again = Kept(kept.purpose, dict(kept.created), dict(kept.ended), dict(after)).resolve(conclusion, now + timedelta(hours=1))
    assert again.changes == (), "resolving again changes nothing"


def heirs_of(
    before: Mapping[str, IdentityId], after: Mapping[str, IdentityId], conclusion: Conclusion
) -> dict[IdentityId, frozenset[str]]:
    """For each identity the part that keeps the most of its members, then the oldest of them, then the first by name."""
    parts = {member: part for part in partition(after) for member in part}
    heirs: dict[IdentityId, frozenset[str]] = {}
    for identity in set(before.values()):
        mine = [member for member, owner in before.items() if owner == identity and member in parts]
        if mine:
            number = Counter(parts[member] for member in mine)
            oldest = {part: min(conclusion.first_seen.get(m) or NEVER for m in mine if m in part) for part in number}
            heirs[identity] = min(number, key=lambda part: (-number[part], oldest[part], min(part)))
    return heirs


@given(evidence=evidence_sets(), day=st.integers(1, 3))
def test_law_6_evidence_that_comes_back_finds_its_partition_but_no_old_ids(evidence: EvidenceSet, day: int) -> None:
    """All evidence goes and comes again: the same groups, under ids that were never used."""
    kept = Kept(Purpose.INDIVIDUAL)
    with_scores = scored(evidence)
    step(kept, individuals(with_scores), START + timedelta(days=300))
    first = dict(kept.identity_of)
    step(kept, individuals(EvidenceSet()), START + timedelta(days=300 + day))
    assert kept.identity_of == {}
    step(kept, individuals(with_scores), START + timedelta(days=310))
    assert partition(kept.identity_of) == partition(first)
    assert not set(kept.identity_of.values()) & set(first.values())
