"""Law 3, order does not matter: any permutation of the evidence gives the same partition."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from graph.model.claim import EvidenceSet
from tests.laws.conclusions import conclusions, households, individuals, named, operational, scored
from tests.laws.evidence import assertions, claims, evidence_sets


def permuted(evidence: EvidenceSet, data: st.DataObject) -> EvidenceSet:
    return EvidenceSet(
        claims=tuple(data.draw(st.permutations(evidence.claims))),
        sightings=tuple(data.draw(st.permutations(evidence.sightings))),
        identifiers=tuple(data.draw(st.permutations(evidence.identifiers))),
        matches=tuple(data.draw(st.permutations(evidence.matches))),
        assertions=tuple(data.draw(st.permutations(evidence.assertions))),
    )


@given(evidence=evidence_sets(), data=st.data())
def test_law_3_any_order_gives_the_same_conclusions(evidence: EvidenceSet, data: st.DataObject) -> None:
    members = sorted(m for part in individuals(evidence).parts for m in part)
    if len(members) > 1:
        evidence = replace(evidence, assertions=data.draw(assertions(members)))
    other = permuted(evidence, data)
    concluded = individuals(evidence)
    assert individuals(other) == concluded
    individual_of = named(concluded.parts)
    assert households(other, individual_of) == households(evidence, individual_of)
    assert operational(other, individual_of) == operational(evidence, individual_of)


@given(stated=claims(), data=st.data())
def test_law_3_records_in_any_order_are_scored_alike(stated: EvidenceSet, data: st.DataObject) -> None:
    evidence = EvidenceSet(claims=stated)
    other = EvidenceSet(claims=tuple(data.draw(st.permutations(stated))))
    assert scored(other).matches == scored(evidence).matches


@given(evidence=evidence_sets())
def test_law_3_the_names_of_individuals_do_not_matter(evidence: EvidenceSet) -> None:
    """Ids are made at random: what is made of individuals must not depend on the order of theirs."""
    assert conclusions(evidence, salt=1) == conclusions(evidence)


@given(evidence=evidence_sets())
def test_every_record_and_identifier_is_in_exactly_one_individual_or_reported(evidence: EvidenceSet) -> None:
    conclusion = individuals(evidence)
    members = [member for part in conclusion.parts for member in part]
    assert len(members) == len(set(members))
    stated = {key for claim in evidence.claims for key in claim.identifiers} | set(evidence.identifiers)
    left_out = {m for finding in conclusion.findings if finding.reason in ("blocked", "generic") for m in finding.members}
    assert set(members) == {claim.record_id for claim in evidence.claims} | (stated - left_out)
    assert "email:test@test.com" not in members
