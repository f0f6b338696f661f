"""Households around a change are what they would be if everybody's were concluded, given the same reference."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.identity.conclusion import Conclusion, conclude_households
from graph.identity.home_surroundings import HomeSurroundings, TooWide
from graph.identity.homes.reference import HomeReference
from graph.identity.policy import Policy
from graph.identity.reference import Reference
from graph.identity.surroundings import Centre
from graph.model.claim import Assertion, Claim, EvidenceSet, Sighting
from graph.model.evidence import PersonName, PostalAddress
from graph.model.home import HomeKeys, StatedHome, home_keys
from graph.model.identity import Purpose
from graph.model.ids import IdentifierKey, IdentityId, RecordId
from graph.model.plan import Current, CurrentIdentity
from tests.laws.conclusions import HOUSEHOLD, NetworkxComponents, at_once
from tests.laws.evidence import START, assertion

ADDRESSES = (
    None, None,
    ("1 main street", "891", "las vegas"), ("1 main stret", "891", None), ("1 main street", None, "las vegas"),
    ("1 main street apt 2", "891", None), ("1 maine strete", "891", None), (None, "891", None), (None, "891", None),
    ("2 oak road", "891", "las vegas"), ("2 oak road", "892", "las vegas"), ("2 oak road", None, "las vegas"),
    ("old mill", "892", None), ("1 long meadow lane", "892", None), ("1 lang meadow lane", "892", None),
)  # fmt: skip
FAMILIES = ("smith", "smith", "smyth", "jones", "okonkwo", None)
KINDS = ("phone", "phone", "email", "anonymous_id")
PURPOSES = (Purpose.HOUSEHOLD, Purpose.HOUSEHOLD, None)
assert HOUSEHOLD.home is not None
# So little is seen here that nothing would follow from it, were what the policy expects not more certain.
HOME = replace(
    HOUSEHOLD.home,
    max_individuals_per_value=3,
    crowded_from=3,
    namesakes=0.9,
    prior_pairs=5.0,
    two_surnames=(0.7, 0.6, 0.5),
    shared={**dict.fromkeys(HOUSEHOLD.home.shared, 0.9), "anonymous_id": 0.9},
)
POLICY = replace(HOUSEHOLD, home=HOME)


@dataclass(frozen=True)
class World:
    """What records state, and whose they and the identifiers are."""

    claims: tuple[Claim, ...]
    individual_of: dict[str, IdentityId]
    sightings: tuple[Sighting, ...] = ()
    assertions: tuple[Assertion, ...] = ()

    @property
    def evidence(self) -> EvidenceSet:
        return EvidenceSet(claims=self.claims, sightings=self.sightings, assertions=self.assertions)

    def members(self, individual: str) -> frozenset[str]:
        return frozenset(member for member, each in self.individual_of.items() if each == individual)


class Graph:
    """A world as it is read from the graph, with the households that stand."""

    def __init__(self, world: World, homes: Conclusion) -> None:
        self._world = world
        self._home_of = {each: IdentityId(f"hh_{number}") for number, part in enumerate(homes.parts) for each in part}

    async def claims(self, members: Sequence[str]) -> list[Claim]:
        return [claim for claim in self._world.claims if claim.record_id in members]

    async def records_of(self, individuals: Sequence[str]) -> dict[str, IdentityId]:
        return {m: each for m, each in self._world.individual_of.items() if each in individuals and self._is_record(m)}

    async def identifiers_of(self, individuals: Sequence[str]) -> dict[str, IdentityId]:
        return {m: each for m, each in self._world.individual_of.items() if each in individuals and not self._is_record(m)}

    async def individuals_of(self, members: Sequence[str]) -> dict[str, IdentityId]:
        return {member: self._world.individual_of[member] for member in members if member in self._world.individual_of}

    async def homes(self, *, buildings: Collection[str], cities: Collection[str]) -> list[StatedHome]:
        return [
            each
            for each in self._stated()
            if each.keys.building in buildings or (each.keys.city is not None and each.keys.city.text in cities)
        ]

    async def namesakes(self, names: Sequence[str]) -> list[StatedHome]:
        return [each for each in self._stated() if each.keys.namesakes in names]

    async def keys_of(self, records: Sequence[str]) -> list[HomeKeys]:
        return [home_keys(each) for each in self._world.claims if each.record_id in records]

    async def seen_with(self, keys: Sequence[str], *, most: int) -> list[Sighting]:
        found: dict[tuple[str, str], Sighting] = {}
        for key in keys:
            mine = [each for each in self._world.sightings if key in (each.left, each.right)]
            found.update({(each.left, each.right): each for each in mine[:most]})
        return list(found.values())

    async def holders(self, keys: Sequence[str], *, most: int) -> list[tuple[str, str, IdentityId]]:
        people = [
            each for each in self._world.claims if each.entity_type == "person" and each.record_id in self._world.individual_of
        ]
        rows: list[tuple[str, str, IdentityId]] = []
        for key in keys:
            mine = [
                (key, each.record_id, self._world.individual_of[each.record_id]) for each in people if key in each.identifiers
            ]
            rows += mine[:most]
        return rows

    async def assertions(self, members: Sequence[str]) -> list[Assertion]:
        return [each for each in self._world.assertions if {each.left, each.right}.intersection(members)]

    async def memberships(self, members: Sequence[str], purpose: Purpose) -> Current:
        assert purpose is Purpose.HOUSEHOLD
        return self._current({each: home for each, home in self._home_of.items() if each in members})

    async def members_of(self, identity_ids: Iterable[str]) -> Current:
        return self._current({each: home for each, home in self._home_of.items() if home in set(identity_ids)})

    def _current(self, home_of: dict[str, IdentityId]) -> Current:
        return Current(
            identity_of=home_of, identities={home: CurrentIdentity(id=home, created_at=START) for home in home_of.values()}
        )

    def _stated(self) -> list[StatedHome]:
        return [
            StatedHome(record_id=each.record_id, identity_id=self._world.individual_of[each.record_id], keys=home_keys(each))
            for each in self._world.claims
            if each.record_id in self._world.individual_of
        ]

    def _is_record(self, member: str) -> bool:
        return member.startswith("crm:")


@dataclass(frozen=True)
class Town:
    """What there is to be stated: little, so that there are coincidences."""

    addresses: tuple[tuple[str | None, str | None, str | None] | None, ...]
    families: tuple[str | None, ...]
    codes: int
    """Postal codes that each address is found in."""
    keys: int
    """Values of each kind of identifier."""


def town(chance: Random, size: int) -> Town:
    """Somewhere for so many records."""
    return Town(
        addresses=tuple(chance.sample(ADDRESSES, chance.randint(2, 6))),
        families=tuple(chance.sample(FAMILIES, chance.randint(1, 3))),
        codes=chance.randint(1, max(1, size // 3)),
        keys=chance.choice((1, size, 4 * size)),
    )


def stated(chance: Random, record_id: str, town: Town) -> Claim:
    """What a record states: an address in one of several spellings, a name, things in common with others."""
    street, code, city = chance.choice(town.addresses) or (None, None, None)
    code = code and f"{code}{chance.randrange(town.codes)}"
    family = chance.choice(town.families)
    at = START + timedelta(days=chance.randrange(400))
    keys = {f"{chance.choice(KINDS)}:{chance.randrange(town.keys)}" for _ in range(chance.choice((0, 0, 1, 2)))}
    if street:
        keys.add(f"postal_address:{street}|{code}" if code else f"postal_address:{street}|{city}|")
    return Claim(
        record_id=RecordId(record_id),
        source="crm",
        entity_type=chance.choice(("person", "person", "person", "person", "organization")),
        name=PersonName(given="ann", family=family, full=f"ann {family}"),
        gender=chance.choice(("f", "m", None)),
        birth_date=chance.choice((date(1950, 1, 1), date(1980, 1, 1), date(1982, 1, 1), None)),
        address=PostalAddress(street=street, postal_code=code, city=city),
        at=at,
        first_seen=at - timedelta(days=chance.randrange(300)),
        identifiers=tuple(IdentifierKey(key) for key in sorted(keys)),
    )


def world(chance: Random) -> tuple[World, Town]:
    """Individuals of some records each; identifiers are of one of those who state them, or of nobody."""
    size = chance.choice((3, 6, 12, 20))
    there, people = town(chance, size), chance.choice((size, max(1, size // 2)))
    claims: list[Claim] = []
    individual_of: dict[str, IdentityId] = {}
    for number in range(size):
        claims.append(stated(chance, f"crm:{number}", there))
        individual_of[claims[-1].record_id] = IdentityId(f"ind_{chance.randrange(people)}")
    own = sorted(set(individual_of.values()))
    keys = [f"{kind}:{number}" for kind in KINDS for number in range(min(there.keys, size))]
    for key in keys:
        if chance.random() < 0.4:
            individual_of[key] = chance.choice(own)
    keys += [f"device_id:{number}" for number in range(2)]
    pairs = {tuple(sorted(chance.sample(keys, 2))) for _ in range(chance.choice((0, 1, 4)))}
    members = sorted(individual_of)
    said = [
        assertion(number, *chance.sample(members, 2), same=chance.random() < 0.5, purpose=chance.choice(PURPOSES), day=number)
        for number in range(chance.choice((0, 0, 0, 1, 2)))
    ]
    found = World(
        claims=tuple(claims),
        individual_of=individual_of,
        sightings=tuple(
            Sighting(left=IdentifierKey(left), right=IdentifierKey(right), first_seen=START) for left, right in sorted(pairs)
        ),
        assertions=tuple(said),
    )
    return found, there


def changed(chance: Random, before: World, there: Town) -> World:
    """The world after something happened."""
    claims, individual_of = {claim.record_id: claim for claim in before.claims}, dict(before.individual_of)
    for _ in range(chance.choice((1, 1, 2))):
        own = [*sorted(set(individual_of.values())), IdentityId("ind_new")]
        match chance.choice(("restate", "restate", "new", "move", "merge", "leave", "unlink")):
            case "restate":
                old = claims[chance.choice(sorted(claims))]
                new = stated(chance, old.record_id, there)
                # What any version of a record stated stays its own.
                claims[old.record_id] = replace(new, identifiers=tuple(sorted({*old.identifiers, *new.identifiers})))
            case "new":
                new = stated(chance, chance.choice(("crm:00", "crm:99")), there)
                if new.record_id not in claims:
                    claims[new.record_id], individual_of[new.record_id] = new, chance.choice(own)
            case "move":
                individual_of[chance.choice(sorted(individual_of))] = chance.choice(own)
            case "unlink":
                old = claims[chance.choice(sorted(claims))]
                claims[old.record_id] = replace(old, identifiers=old.identifiers[1:])
            case "merge":
                one, other = chance.choice(own), chance.choice(own)
                individual_of = {member: one if each == other else each for member, each in individual_of.items()}
            case _:
                member = chance.choice(sorted(individual_of))
                if not member.startswith("crm:"):
                    del individual_of[member]
    return replace(before, claims=tuple(claims.values()), individual_of=individual_of)


def households(world: World, reference: HomeReference | None = None, policy: Policy = POLICY) -> Conclusion:
    known = Reference() if reference is None else Reference(household=reference)
    return at_once(conclude_households(world.evidence, policy, NetworkxComponents(), world.individual_of, known))


def centre_of(before: World, after: World) -> Centre:
    """The individuals of which anything changed."""
    was, now = {c.record_id: c for c in before.claims}, {c.record_id: c for c in after.claims}
    individuals = {
        each
        for each in {*before.individual_of.values(), *after.individual_of.values()}
        if before.members(each) != after.members(each)
        or any(was.get(RecordId(member)) != now.get(RecordId(member)) for member in after.members(each))
    }
    members = frozenset(member for each in individuals for member in before.members(each) | after.members(each))
    return Centre(
        members=members,
        individual_of={member: after.individual_of[member] for member in members if member in after.individual_of},
        claims=tuple(claim for claim in after.claims if claim.record_id in members),
        unlinked=frozenset(
            (record, key)
            for record, old in was.items()
            if record in now
            for key in {*old.identifiers} - {*now[record].identifiers}
        ),
        ended=frozenset(individuals - set(after.individual_of.values())),
    )


def check(before: World, after: World, policy: Policy = POLICY) -> None:
    """That what is concluded around the change, and what stands elsewhere, is what the whole yields."""
    learnt = households(before, policy=policy).learnt
    assert isinstance(learnt, HomeReference)
    earlier, whole = households(before, learnt, policy), households(after, learnt, policy)
    found = at_once(HomeSurroundings(Graph(before, earlier), policy, learnt).decide(centre_of(before, after))).decided
    assert set(found.parts) == {part for part in whole.parts if found.members.intersection(part)}
    assert set(found.findings) == {each for each in whole.findings if found.members.intersection(each.members)}
    # Nothing else has changed.
    others = {part for part in whole.parts if not found.members.intersection(part)}
    assert others == {part for part in earlier.parts if not found.members.intersection(part)}
    findings = {each for each in whole.findings if not found.members.intersection(each.members)}
    assert findings == {each for each in earlier.findings if not found.members.intersection(each.members)}


@given(seed=st.integers(0, 2**32))
def test_households_follow_a_change_as_if_everything_were_concluded(seed: int) -> None:
    chance = Random(seed)
    before, there = world(chance)
    check(before, changed(chance, before, there))


def states(record: str, family: str | None, street: str | None = None, code: str = "89111", *keys: str, day: int = 0) -> Claim:
    """A record by hand."""
    return Claim(
        record_id=RecordId(f"crm:{record}"),
        source="crm",
        name=PersonName(given="ann", family=family, full=f"ann {family}"),
        address=PostalAddress(street=street, postal_code=code),
        at=START + timedelta(days=day),
        first_seen=START,
        identifiers=tuple(IdentifierKey(key) for key in keys),
    )


def of_people(*claims: Claim, **own: str) -> World:
    """A world in which the first letter of a record's id is its individual; identifiers are of whom they are said to be."""
    individual_of = {claim.record_id: IdentityId(f"ind_{claim.record_id[4]}") for claim in claims}
    return World(claims=claims, individual_of={**individual_of, **{key: IdentityId(f"ind_{each}") for key, each in own.items()}})


def homes_of(world: World) -> set[str]:
    """Households by the letters of their individuals."""
    return {"".join(each.removeprefix("ind_") for each in part) for part in households(world).parts}


def test_whoever_moves_away_with_the_spelling_of_a_namesake_leaves_others_behind() -> None:
    """Of two spellings a slip apart the one counts that namesakes use: with one of them less the other does."""
    mine = (states("a1", "okonkwo", "1 main street", "89111"), states("a2", "okonkwo", "1 main street", "89112", day=1))
    neighbours = states("c1", "okonkwo", "1 main street", "89111"), states("d1", "okonkwo", "1 main street", "89112")
    leaving = states("b1", "okonkwo", "1 main street", "89112")
    before = of_people(*mine, *neighbours, leaving)
    after = of_people(*mine, *neighbours, states("b1", "okonkwo", "7 elm street", "89113"))
    assert homes_of(before) == {"abd", "c"}
    assert homes_of(after) == {"ac", "b", "d"}
    check(before, after)
    check(after, before)
    # Whoever only states that building, and lives elsewhere, counts as well: what is said of it is read of all.
    elsewhere = (states("e1", "okonkwo", "1 main street", "89112"), states("e2", "okonkwo", "5 oak road", "89114", day=9))
    for others in ((), elsewhere):
        new = states("f1", "jones", "1 main street", "89111")
        check(of_people(*mine, *neighbours, *others), of_people(*mine, *neighbours, *others, new))


def test_a_spelling_that_nobody_uses_any_more_holds_nothing_together() -> None:
    ends = states("a1", "okonkwo", "1 long meadow lane"), states("b1", "okonkwo", "1 lung meaddow lane")
    between = states("c1", "jones", "1 lung meadow lane")
    before, after = of_people(*ends, between), of_people(*ends, states("c1", "jones", "9 elm street"))
    check(before, after)
    check(after, before)


def test_one_more_who_has_an_identifier_may_be_one_too_many() -> None:
    """An identifier that more have than may be of one home says nothing of any of them."""
    placed = states("a1", "okonkwo", "1 main street", "89111", "phone:1")
    unplaced = states("b1", "okonkwo", None, "89119", "phone:1")
    third = states("c1", "jones", None, "89115", "phone:1")
    before = of_people(placed, unplaced, third, states("d1", "abel", "5 oak road", "89114"))
    after = of_people(placed, unplaced, third, states("d1", "abel", "5 oak road", "89114", "phone:1"))
    assert homes_of(before) != homes_of(after)
    check(before, after)
    check(after, before)


def test_whom_others_point_to_is_concluded_with_all_who_live_there() -> None:
    """Two who are pointed to are one household only by what others at their address are."""
    two = states("a1", "okonkwo", "1 main street", "89111", "phone:1"), states("b1", "smith", "1 main street", "89111", "phone:2")
    kin = states("c1", "okonkwo-smith", "1 main street", "89111"), states("d1", "okonkwo smith", "1 main street", "89111")
    for others in ((), kin[:1], kin):
        before = of_people(*two, *others, states("e1", "jones", None, "89119", "phone:1"))
        after = of_people(*two, *others, states("e1", "jones", None, "89119", "phone:1", "phone:2"))
        check(before, after)
        check(after, before)


def test_whoever_has_no_street_follows_the_namesakes_of_the_area() -> None:
    unplaced = states("a1", "okonkwo", None, "89111")
    first, second = states("b1", "okonkwo", "1 main street"), states("c1", "okonkwo", "2 oak road")
    neighbour = states("d1", "okonkwo", "1 main street", "89112")
    one, two = of_people(unplaced, first, neighbour), of_people(unplaced, first, second, neighbour)
    assert homes_of(one) != homes_of(two)
    for before, after in ((one, two), (two, one)):
        check(before, after)
    # Another name, another area: no namesake any more.
    check(of_people(unplaced, first, second), of_people(unplaced, first, states("c1", "jones", "2 oak road")))
    check(one, of_people(unplaced, states("b1", "okonkwo", "1 main street", "89115"), neighbour))


def test_more_around_than_is_read_at_once_is_left_to_the_next_resolution() -> None:
    crowd = [states(f"{letter}1", "okonkwo", "1 main street") for letter in "abcdefgh"]
    before, after = of_people(*crowd[1:]), of_people(*crowd)
    learnt = households(before).learnt
    assert isinstance(learnt, HomeReference)
    graph = Graph(before, households(before, learnt))
    with pytest.raises(TooWide, match="more than 5 individuals are around a change of 1"):
        at_once(HomeSurroundings(graph, POLICY, learnt, most=5).decide(centre_of(before, after)))
