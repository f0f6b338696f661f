"""Law 5, refinement: operational identities lie inside one individual, individuals inside at most one household."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from graph.model.claim import EvidenceSet
from tests.laws.conclusions import households, individuals, named, operational
from tests.laws.evidence import assertions, evidence_sets


@given(evidence=evidence_sets(), data=st.data())
def test_law_5_refinement(evidence: EvidenceSet, data: st.DataObject) -> None:
    members = sorted(m for part in individuals(evidence).parts for m in part)
    if len(members) > 1:
        evidence = replace(evidence, assertions=data.draw(assertions(members)))
    individual_of = named(individuals(evidence).parts)
    parts = operational(evidence, individual_of).parts
    inside = [member for part in parts for member in part]
    assert len(inside) == len(set(inside))
    for part in parts:
        assert len({individual_of[member] for member in part}) == 1
        assert not any(member.startswith("anonymous_id:") for member in part)
    residents = [individual for part in households(evidence, individual_of).parts for individual in part]
    assert len(residents) == len(set(residents))
    people = {individual_of[claim.record_id] for claim in evidence.claims if claim.entity_type != "organization"}
    assert people == set(residents), "who has a record of a person is in exactly one household"
