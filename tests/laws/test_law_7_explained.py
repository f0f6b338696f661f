"""Law 7, explained: every membership has a decision, and ``explain`` returns a path of evidence that, by itself, yields it.

By itself means: given nothing but the records, identifiers and pieces of evidence on the path (and, where the path does not do
alone, of its support) the policy concludes that its two ends are one person. Scored matches stay as they were scored: they weigh
what all records together say of how rare a value is. That is also why the law is held to the letter for individuals only:
operational identities and households weigh by what is frequent among all records, which a path cannot hold. Of these every path
leads from the one member to the other.
"""

import json

from hypothesis import given
from hypothesis import strategies as st

from graph.identity.explain import explain, explain_identity
from graph.identity.paths import reduced_to
from graph.model.evidence import Evidence
from graph.model.explanation import Explanation
from graph.model.identity import Purpose
from graph.repositories.profiles import ProfileRepository
from tests.laws.conclusions import individuals
from tests.laws.evidence import events
from tests.laws.installation import Installation
from tests.laws.stewards import act


@given(sent=events(least=2, most=8), data=st.data())
def test_law_7_explained(installation: Installation, sent: list[Evidence], data: st.DataObject) -> None:
    installation.empty()
    installation.deliver(sent)
    installation.resolve()
    for _ in range(data.draw(st.integers(0, 2))):
        act(installation, data)
    memberships = installation.memberships()
    for purpose, identity_of in memberships.items():
        groups: dict[str, list[str]] = {}
        for member, identity in sorted(identity_of.items()):
            groups.setdefault(identity, []).append(member)
        if purpose is not Purpose.HOUSEHOLD:
            every_membership_has_a_decision(installation, groups)
        shared = [identity for identity, members in sorted(groups.items()) if len(members) > 1]
        if not shared:
            continue
        identity = data.draw(st.sampled_from(shared))
        whole = installation.run(explain_identity(installation.database, identity))
        assert set(whole.members) == set(groups[identity])
        assert whole.unreached == ()
        pair = st.lists(st.sampled_from(groups[identity]), min_size=2, max_size=2, unique=True)
        first, last = data.draw(pair)
        found = installation.run(explain(installation.database, first, last, purpose))
        leads_from_one_to_the_other(found, first, last)
        if purpose is Purpose.INDIVIDUAL:
            only = reduced_to(installation.with_standing_scores(), (*found.steps, *found.support))
            assert any({first, last} <= set(part) for part in individuals(only).parts)


def leads_from_one_to_the_other(found: Explanation, first: str, last: str) -> None:
    assert found.together
    assert found.steps, found.summary
    assert (found.steps[0].start, found.steps[-1].end) == (first, last)
    assert [step.end for step in found.steps[:-1]] == [step.start for step in found.steps[1:]]


def every_membership_has_a_decision(installation: Installation, groups: dict[str, list[str]]) -> None:
    profiles = ProfileRepository(installation.database)
    pages = installation.run(profiles.members(sorted(groups), first=1000, after=None, as_of=None))
    decided = {(member.key, identity): member.decision_id for identity, page in pages.items() for member in page.items}
    assert set(decided) == {(member, identity) for identity, members in groups.items() for member in members}
    decisions = installation.run(profiles.decisions_by_id(sorted(set(decided.values()))))
    for (member, identity), decision_id in decided.items():
        decision = decisions[decision_id]
        assert decision is not None
        assert member in json.loads(decision.after or "{}")[identity]
