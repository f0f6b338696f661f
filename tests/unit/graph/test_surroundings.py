"""What is concluded of the surroundings of a change is what would be concluded of everything, given the same reference."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from graph.identity.conclusion import Conclusion, conclude
from graph.identity.confirmed.frequencies import FieldFrequencies, Frequencies
from graph.identity.reference import Reference, packed, unpacked
from graph.identity.surroundings import Centre, OperationalSurroundings, decided
from graph.model.claim import Assertion, Claim, EvidenceSet, Match
from graph.model.evidence import PersonName
from graph.model.explanation import HeldBack
from graph.model.identity import Purpose
from graph.model.ids import IdentifierKey, IdentityId, RecordId
from graph.repositories.neighbourhoods import Crowd
from tests.laws.conclusions import OPERATIONAL, NetworkxComponents, at_once
from tests.laws.evidence import START, assertions

Owners = dict[str, IdentityId]


class AllEvidence:
    """Evidence in memory, read as from the graph."""

    def __init__(self, evidence: EvidenceSet, individual_of: Owners) -> None:
        self._evidence = evidence
        self._individual_of = individual_of

    async def claims(self, members: Sequence[str]) -> list[Claim]:
        wanted = set(members)
        return [c for c in self._evidence.claims if c.record_id in wanted or not wanted.isdisjoint(c.identifiers)]

    async def crowds(self, keys: Sequence[str]) -> dict[str, Crowd]:
        return {key: Crowd(carriers=sum(key in c.identifiers for c in self._evidence.claims), neighbours=0) for key in keys}

    async def records_of(self, individuals: Sequence[str]) -> Owners:
        records = {c.record_id for c in self._evidence.claims}
        return {m: i for m, i in self._individual_of.items() if i in set(individuals) and m in records}

    async def individuals_of(self, members: Sequence[str]) -> Owners:
        return {member: self._individual_of[member] for member in members if member in self._individual_of}

    async def scores(self, records: Sequence[str]) -> list[Match]:
        return [m for m in self._evidence.matches if {m.left, m.right} & set(records)]

    async def assertions(self, members: Sequence[str]) -> list[Assertion]:
        return [a for a in self._evidence.assertions if {a.left, a.right} & set(members)]

    async def held_back(self, members: Sequence[str], purpose: Purpose) -> list[HeldBack]:
        return []


NAMES = ("ann", "bert", "carla", "dora")
FAMILIES = ("abel", "baker", "cole")
SHARED_KEYS = tuple(f"{kind}:{number}" for kind in ("user_id", "card_token", "loyalty_id") for number in range(3))


@st.composite
def people(draw: st.DrawFn) -> tuple[tuple[Claim, ...], Owners]:
    """Records of people who share identifiers with each other, and the individual of each record and identifier."""
    found: list[Claim] = []
    individual_of: Owners = {}
    for person in range(draw(st.integers(2, 6))):
        given_name, family, day = draw(st.sampled_from(NAMES)), draw(st.sampled_from(FAMILIES)), draw(st.integers(1, 3))
        own = draw(st.sets(st.sampled_from(SHARED_KEYS), min_size=1, max_size=3))
        for number in range(draw(st.integers(1, 3))):
            at = START + timedelta(days=person)
            found.append(
                Claim(
                    record_id=RecordId(f"crm:{person}-{number}"),
                    source="crm",
                    name=PersonName(given=given_name, family=draw(st.sampled_from((family, family, None)))),
                    birth_date=draw(st.sampled_from((date(1980, 1, day), None, None))),
                    at=at,
                    first_seen=at,
                    identifiers=tuple(IdentifierKey(key) for key in sorted(own) if draw(st.integers(0, 3))),
                )
            )
            individual_of[found[-1].record_id] = IdentityId(f"ind_{person}")
        individual_of.update({key: IdentityId(f"ind_{person}") for key in own if key not in individual_of})
    return tuple(found), individual_of


def operational(evidence: EvidenceSet, individual_of: Owners, reference: Reference) -> Conclusion:
    return at_once(conclude(OPERATIONAL, evidence, NetworkxComponents(), individual_of, reference))


@given(made=people(), records=st.sampled_from((30, 300)), data=st.data())
def test_operational_identities_follow_a_change_as_if_everything_were_concluded(
    made: tuple[tuple[Claim, ...], Owners], records: int, data: st.DataObject
) -> None:
    stated, individual_of = made
    given = FieldFrequencies(stated=records, several={})
    reference = Reference(operational=Frequencies(records=records, fields={"given": given}))
    # One record is new, or states other identifiers than before; whatever else changes is of its individual.
    one = data.draw(st.sampled_from(stated))
    before = tuple(c for c in stated if c is not one)
    if data.draw(st.booleans()):
        before += (replace(one, identifiers=tuple(key for key in one.identifiers if data.draw(st.booleans()))),)
    # Of an identifier that nobody states any more its individual would be another.
    taken = {key for c in stated for key in c.identifiers} - {key for c in before for key in c.identifiers}
    was = {m: i for m, i in individual_of.items() if m not in taken and (m != one.record_id or len(before) == len(stated))}
    words = data.draw(assertions([c.record_id for c in stated], most=1)) if len(stated) > 1 else ()
    evidence = EvidenceSet(claims=stated, assertions=words)
    whole = operational(evidence, individual_of, reference)
    earlier = operational(EvidenceSet(claims=before, assertions=words), was, reference)

    mine = {m for m, i in individual_of.items() if i == individual_of[one.record_id]} | set(one.identifiers)
    centre = Centre(
        members=frozenset(mine),
        individual_of={m: individual_of[m] for m in mine if m in individual_of},
        claims=tuple(c for c in stated if c.record_id in mine),
    )
    around = at_once(OperationalSurroundings(AllEvidence(evidence, individual_of), OPERATIONAL).read(centre))
    found = decided(around, operational(around.evidence, around.individual_of, reference))

    concerned = {c.record_id for c in stated if individual_of[c.record_id] in around.concerned}
    expected = {part for part in whole.parts if concerned.intersection(part)}
    assert set(found.parts) == expected
    assert {f for f in whole.findings if found.members.intersection(f.members)} == set(found.findings)
    # Nothing else has changed.
    assert {p for p in whole.parts if p not in expected} == {p for p in earlier.parts if not concerned.intersection(p)}
    kept = {f for f in earlier.findings if not found.members.intersection(f.members)}
    assert {f for f in whole.findings if not found.members.intersection(f.members)} == kept


@given(made=people())
def test_what_was_learnt_of_everything_is_kept_to_the_last_bit(made: tuple[tuple[Claim, ...], Owners]) -> None:
    stated, individual_of = made
    learnt = operational(EvidenceSet(claims=stated), individual_of, Reference())
    assert learnt.learnt is not None
    reference = unpacked({Purpose.OPERATIONAL: packed(learnt.learnt)})
    assert reference.operational == learnt.learnt
    assert operational(EvidenceSet(claims=stated), individual_of, reference) == learnt
