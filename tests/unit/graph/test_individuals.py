"""Individuals found over columns, beside the same evidence read link by link."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.identity.individuals import DOUBTFUL_BITS, Individuals, group_individuals
from graph.identity.policy import Policy, load_policy
from graph.identity.reading import read_evidence
from graph.model.claim import Assertion, Claim, EvidenceSet, Match, Sighting
from graph.model.evidence import PersonName
from graph.model.identity import Purpose
from graph.model.ids import IdentifierKey, RecordId

AT = datetime(2025, 1, 1, tzinfo=UTC)
POLICY = load_policy(Purpose.INDIVIDUAL)
UNLIMITED = replace(POLICY, contradictions=(), evidence={n: replace(k, max_per_identity=0) for n, k in POLICY.evidence.items()})
"""A policy by which nothing that is linked comes apart."""
KEYS = [f"email:{name}@mail.net" for name in ("ann", "bob", "cy")] + ["phone:+17025550101", "ssn:123456789", "anonymous_id:c1"]


class Networkx:
    """Components without a server; nothing here is large enough for communities."""

    async def components(self, links: Sequence[tuple[str, str, float]]) -> dict[str, int]:
        graph = nx.Graph((left, right) for left, right, _ in links)
        return {member: number for number, part in enumerate(nx.connected_components(graph)) for member in part}

    async def communities(self, links: Sequence[tuple[str, str, float]], gamma: float) -> list[tuple[str, ...]]:
        raise AssertionError("nothing here is large")


def individuals(evidence: EvidenceSet, policy: Policy) -> Individuals:
    return asyncio.run(group_individuals(evidence, policy, Networkx()))


def claim(number: int, given: str | None, keys: Sequence[str]) -> Claim:
    return Claim(
        record_id=RecordId(f"crm:{number}"),
        source="crm",
        name=PersonName(given=given, family="smith", full=f"{given} smith"),
        at=AT,
        first_seen=AT + timedelta(days=number),
        identifiers=tuple(IdentifierKey(key) for key in sorted(keys)),
    )


@st.composite
def evidence_sets(draw: st.DrawFn) -> EvidenceSet:
    """Up to eight records with names, identifiers, scores, sightings and what stewards said."""
    number = draw(st.integers(1, 8))
    claims = [
        claim(n, draw(st.sampled_from(["ann", "bob", None])), sorted(draw(st.sets(st.sampled_from(KEYS), max_size=3))))
        for n in range(number)
    ]
    ids = [each.record_id for each in claims]
    pairs = st.tuples(st.sampled_from(ids), st.sampled_from(ids)).filter(lambda pair: pair[0] < pair[1])
    matches = draw(st.dictionaries(pairs, st.tuples(st.floats(-8, 8), st.booleans()), max_size=8)) if number > 1 else {}
    sighted = st.sampled_from([("anonymous_id:c1", "email:ann@mail.net"), ("anonymous_id:c1", "anonymous_id:c2")])
    said = draw(st.sets(pairs, max_size=2)) if number > 1 else set()
    return EvidenceSet(
        claims=tuple(draw(st.permutations(claims))),
        identifiers=(IdentifierKey("anonymous_id:c2"),),
        matches=tuple(Match(left=a, right=b, match_weight=w, linked=linked) for (a, b), (w, linked) in matches.items()),
        sightings=tuple(
            Sighting(left=IdentifierKey(a), right=IdentifierKey(b), first_seen=AT) for a, b in draw(st.sets(sighted, max_size=2))
        ),
        assertions=tuple(
            Assertion(id=f"said:{n}", same=True, left=a, right=b, by="steward", at=AT, reason="known")
            for n, (a, b) in enumerate(sorted(said))
        ),
    )


@settings(max_examples=400, deadline=None)
@given(evidence_sets())
def test_where_nothing_comes_apart_individuals_are_what_links_join(evidence: EvidenceSet) -> None:
    reading = read_evidence(evidence, UNLIMITED)
    graph = nx.Graph((link.left, link.right) for link in reading.links)
    graph.add_nodes_from(reading.members)
    found = individuals(evidence, UNLIMITED)
    assert set(found.parts) == {tuple(sorted(part)) for part in nx.connected_components(graph)}
    assert found.first_seen == reading.members
    # What is held back is the same too, but for doubtful pairs, which depend on who came together.
    part_of = {member: part for part in found.parts for member in part}
    doubtful = {
        frozenset((part_of[m.left], part_of[m.right]))
        for m in evidence.matches
        if not m.linked and m.match_weight >= DOUBTFUL_BITS and part_of[m.left] != part_of[m.right]
    }
    told = [finding for finding in found.findings if finding.reason == "doubtful"]
    assert len(told) == len(doubtful)
    assert {frozenset(part_of[member] for member in finding.members) for finding in told} == doubtful
    assert sorted((f.reason, f.members) for f in found.findings if f.reason != "doubtful") == sorted(
        (f.reason, f.members) for f in reading.findings
    )


def test_of_several_doubtful_pairs_between_two_people_the_strongest_is_told() -> None:
    claims = tuple(claim(n, None, ()) for n in range(3))
    matches = (
        Match(left=RecordId("crm:0"), right=RecordId("crm:1"), match_weight=7.0),
        Match(left=RecordId("crm:0"), right=RecordId("crm:2"), match_weight=-1.5, linked=False),
        Match(left=RecordId("crm:1"), right=RecordId("crm:2"), match_weight=0.25, linked=False),
    )
    found = individuals(EvidenceSet(claims=claims, matches=matches), POLICY)
    assert found.parts == (("crm:0", "crm:1"), ("crm:2",))
    [finding] = found.findings
    assert (finding.reason, finding.detail, finding.members) == (
        "doubtful",
        "scored +0.2 bits and kept apart",
        ("crm:1", "crm:2"),
    )


def test_a_limit_takes_apart_what_only_shared_identifiers_join() -> None:
    # Two social security numbers, and nothing but a phone in common: the phone does not outweigh them.
    one, other = claim(1, None, ["ssn:123456789", "phone:+17025550101"]), claim(2, None, ["ssn:987650000", "phone:+17025550101"])
    found = individuals(EvidenceSet(claims=(one, other)), POLICY)
    part_of = {member: part for part in found.parts for member in part}
    assert part_of["crm:1"] != part_of["crm:2"]
    assert "over_limit" in {finding.reason for finding in found.findings}


def test_nothing_is_concluded_of_nothing() -> None:
    assert individuals(EvidenceSet(), POLICY) == Individuals(parts=(), first_seen={}, findings=())
