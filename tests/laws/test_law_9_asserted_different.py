"""Law 9: asserted-different wins over everything but a later assertion."""

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from graph.model.claim import Assertion, EvidenceSet
from graph.model.identity import Purpose
from graph.model.ids import IdentityId
from tests.laws.conclusions import households, individuals, named, operational
from tests.laws.evidence import assertion, assertions, evidence_sets


def together(evidence: EvidenceSet, left: str, right: str, *also: Assertion) -> bool:
    found = individuals(replace(evidence, assertions=(*evidence.assertions, *also)))
    return any({left, right} <= set(part) for part in found.parts)


@given(evidence=evidence_sets(), data=st.data(), purpose=st.sampled_from([None, Purpose.INDIVIDUAL]))
def test_law_9_individuals(evidence: EvidenceSet, data: st.DataObject, purpose: Purpose | None) -> None:
    members = sorted(m for part in individuals(evidence).parts for m in part)
    assume(len(members) > 1)
    evidence = replace(evidence, assertions=data.draw(assertions(members)))
    left, right = data.draw(st.lists(st.sampled_from(members), min_size=2, max_size=2, unique=True))
    different = assertion(11, left, right, same=False, day=11, purpose=purpose)
    assert not together(evidence, left, right, different)
    assert not together(evidence, left, right, assertion(10, left, right, same=True, day=10), different)
    assert together(evidence, left, right, different, assertion(12, right, left, same=True, day=12))


@given(evidence=evidence_sets(), data=st.data(), purpose=st.sampled_from([None, Purpose.OPERATIONAL]))
def test_law_9_operational_identities(evidence: EvidenceSet, data: st.DataObject, purpose: Purpose | None) -> None:
    """Apart also where they stay one individual, which an assertion for this purpose alone does not touch."""
    individual_of = named(individuals(evidence).parts)
    together_now = [part for part in operational(evidence, individual_of).parts if len(part) > 1]
    assume(together_now)
    left, right = data.draw(st.lists(st.sampled_from(data.draw(st.sampled_from(together_now))), min_size=2, unique=True))[:2]
    earlier = (assertion(10, left, right, same=True, day=10, purpose=purpose),)
    different = assertion(11, left, right, same=False, day=11, purpose=purpose)
    found = operational(replace(evidence, assertions=(*earlier, different)), individual_of)
    assert not any({left, right} <= set(part) for part in found.parts)


@given(evidence=evidence_sets(), data=st.data())
def test_law_9_households(evidence: EvidenceSet, data: st.DataObject) -> None:
    """Of homes only counts what was said of homes; of earlier assertions any number may say that the others live together."""
    individual_of = named(individuals(evidence).parts)
    people = sorted({individual_of[claim.record_id] for claim in evidence.claims if claim.entity_type != "organization"})
    assume(len(people) > 1)
    left, right = data.draw(st.lists(st.sampled_from(people), min_size=2, max_size=2, unique=True))
    others = st.tuples(st.sampled_from(people), st.sampled_from(people)).filter(lambda pair: pair[0] != pair[1])
    earlier = tuple(
        assertion(number, one, other, same=True, day=number, purpose=Purpose.HOUSEHOLD)
        for number, (one, other) in enumerate(data.draw(st.lists(others, max_size=6)))
    )
    different = assertion(11, left, right, same=False, day=11, purpose=Purpose.HOUSEHOLD)
    assert not live_together(replace(evidence, assertions=(*earlier, different)), individual_of, left, right)
    later = assertion(12, left, right, same=True, day=12, purpose=Purpose.HOUSEHOLD)
    assert live_together(replace(evidence, assertions=(different, later)), individual_of, left, right)


def live_together(evidence: EvidenceSet, individual_of: Mapping[str, IdentityId], left: str, right: str) -> bool:
    return any({left, right} <= set(part) for part in households(evidence, individual_of).parts)
