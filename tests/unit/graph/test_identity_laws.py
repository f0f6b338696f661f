"""The laws of the design, held over random evidence; components are found here by networkx, by GDS in the integration tests."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.identity.conclusion import Conclusion, conclude_households, conclude_individuals, conclude_operational
from graph.identity.explain import evidence_path
from graph.identity.policy import load_policy
from graph.identity.reading import read_evidence
from graph.model.claim import Assertion, Claim, EvidenceSet, Sighting
from graph.model.evidence import PersonName, PostalAddress
from graph.model.identity import Purpose
from graph.model.ids import IdentityId

INDIVIDUAL, HOUSEHOLD, OPERATIONAL = (load_policy(purpose) for purpose in Purpose)
START = datetime(2024, 1, 1, tzinfo=UTC)
KEYS = (
    "anonymous_id:c1",
    "email:a@x.com",
    "email:b@x.com",
    "email:test@test.com",
    "loyalty_id:7",
    "phone:+17029191300",
    "phone:+17029191301",
    "ssn:1",
    "ssn:2",
    "user_id:u1",
)


class NetworkxComponents:
    """Components and communities without a server."""

    async def components(self, links: Sequence[tuple[str, str, float]]) -> dict[str, int]:
        graph = nx.Graph((left, right) for left, right, _ in links)
        return {member: number for number, part in enumerate(nx.connected_components(graph)) for member in part}

    async def communities(self, links: Sequence[tuple[str, str, float]], gamma: float) -> list[tuple[str, ...]]:
        graph = nx.Graph()
        for left, right, weight in sorted(links):
            graph.add_edge(left, right, weight=weight)
        found = nx.community.louvain_communities(graph, resolution=gamma, seed=1)
        return sorted(tuple(sorted(part)) for part in found)


def individuals(evidence: EvidenceSet) -> Conclusion:
    return asyncio.run(conclude_individuals(evidence, INDIVIDUAL, NetworkxComponents()))


@st.composite
def claims(draw: st.DrawFn) -> tuple[Claim, ...]:
    """Records over so few values that they collide: families, shared phones, typing errors, missing fields."""
    number = draw(st.integers(0, 9))
    maybe = lambda values: st.sampled_from([None, *values])  # noqa: E731
    found = []
    for index in range(number):
        given_name = draw(maybe(["robert", "bob", "mary", "r", "rachel"]))
        family = draw(maybe(["smith", "smyth", "jones"]))
        born = draw(maybe([date(1980, 2, 3), date(1980, 3, 2), date(2001, 7, 9)]))
        keys = draw(
            st.sets(
                st.sampled_from(KEYS),
                max_size=3,
            )
        )
        found.append(
            Claim(
                record_id=f"crm:{index}",
                source="crm",
                name=PersonName(given=given_name, family=family, full=" ".join(filter(None, (given_name, family))) or None),
                birth_date=born,
                address=PostalAddress(street=draw(maybe(["1 main st", "2 oak rd"])), postal_code="89111"),
                at=START + timedelta(days=index),
                first_seen=START + timedelta(days=index),
                identifiers=tuple(sorted(keys)),
            )
        )
    return tuple(found)


@st.composite
def evidence_sets(draw: st.DrawFn) -> EvidenceSet:
    cookies = ["anonymous_id:c1", "anonymous_id:c2", "email:a@x.com", "user_id:u1", "user_id:u2"]
    pairs = draw(st.sets(st.tuples(st.sampled_from(cookies), st.sampled_from(cookies)).filter(lambda p: p[0] < p[1]), max_size=3))
    stated = draw(claims())
    sightings = tuple(Sighting(left=left, right=right, first_seen=START) for left, right in sorted(pairs))
    known = {key for claim in stated for key in claim.identifiers}
    return EvidenceSet(claims=stated, sightings=sightings, identifiers=tuple(sorted({k for pair in pairs for k in pair} - known)))


@settings(deadline=None)
@given(evidence=evidence_sets(), data=st.data())
def test_law_3_order_does_not_matter(evidence: EvidenceSet, data: st.DataObject) -> None:
    permuted = EvidenceSet(
        claims=tuple(data.draw(st.permutations(evidence.claims))),
        sightings=tuple(data.draw(st.permutations(evidence.sightings))),
        identifiers=tuple(data.draw(st.permutations(evidence.identifiers))),
    )
    assert individuals(permuted) == individuals(evidence)


@settings(deadline=None)
@given(evidence=evidence_sets())
def test_every_record_and_identifier_is_in_exactly_one_individual_or_reported(evidence: EvidenceSet) -> None:
    conclusion = individuals(evidence)
    members = [member for part in conclusion.parts for member in part]
    assert len(members) == len(set(members))
    stated = {key for claim in evidence.claims for key in claim.identifiers} | set(evidence.identifiers)
    left_out = {m for finding in conclusion.findings if finding.reason in ("blocked", "generic") for m in finding.members}
    assert set(members) == {claim.record_id for claim in evidence.claims} | (stated - left_out)
    assert "email:test@test.com" not in members


@settings(deadline=None)
@given(evidence=evidence_sets())
def test_law_5_refinement(evidence: EvidenceSet) -> None:
    individual_of = {m: IdentityId(f"ind_{i}") for i, part in enumerate(individuals(evidence).parts) for m in part}
    operational = asyncio.run(conclude_operational(evidence, OPERATIONAL, NetworkxComponents(), individual_of))
    for part in operational.parts:
        assert len({individual_of[member] for member in part}) == 1
        assert not any(member.startswith("anonymous_id:") for member in part)
    households = asyncio.run(conclude_households(evidence, HOUSEHOLD, NetworkxComponents(), individual_of))
    residents = [individual for part in households.parts for individual in part]
    assert len(residents) == len(set(residents))
    with_home = {individual_of[claim.record_id] for claim in evidence.claims if claim.address.street}
    assert with_home <= set(residents)


@settings(deadline=None)
@given(evidence=evidence_sets())
def test_law_7_the_links_inside_an_individual_connect_it_by_themselves(evidence: EvidenceSet) -> None:
    links = read_evidence(evidence, INDIVIDUAL).links
    for part in individuals(evidence).parts:
        for member in part[1:]:
            path = evidence_path(part[0], member, links, set(part))
            assert path
            assert path[0][0] == part[0]
            ends = [link.right if link.left == start else link.left for start, link in path]
            assert ends[-1] == member
            assert [start for start, _ in path[1:]] == ends[:-1]


@settings(deadline=None)
@given(evidence=evidence_sets(), data=st.data())
def test_law_9_asserted_different_wins_but_for_a_later_assertion(evidence: EvidenceSet, data: st.DataObject) -> None:
    members = sorted(m for part in individuals(evidence).parts for m in part)
    if len(members) < 2:
        return
    left, right = sorted(data.draw(st.lists(st.sampled_from(members), min_size=2, max_size=2, unique=True)))
    ids = count()

    def say(*, same: bool, day: int) -> Assertion:
        at = START + timedelta(days=day)
        return Assertion(id=f"a{next(ids)}", same=same, left=left, right=right, by="ann", at=at, reason="called both")

    def together(*assertions: Assertion) -> bool:
        found = individuals(
            EvidenceSet(
                claims=evidence.claims, sightings=evidence.sightings, identifiers=evidence.identifiers, assertions=assertions
            )
        )
        return any({left, right} <= set(part) for part in found.parts)

    assert not together(say(same=False, day=1))
    assert not together(say(same=True, day=1), say(same=False, day=2))
    assert together(say(same=False, day=1), say(same=True, day=2))
