"""Households: who lives with whom, for every kind of address that is not simply a family's."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from math import log2

import numpy as np
import pytest

from graph.identity.conclusion import Conclusion, conclude_households
from graph.identity.homes.arrays import within
from graph.identity.homes.linkage import average_linkage
from graph.identity.homes.links import links_of
from graph.identity.homes.moves import Moves
from graph.identity.homes.pairs import RARE, SHARE_PSEUDO
from graph.identity.homes.score import ONE_SURNAME
from graph.identity.household import Homes, read_homes
from graph.identity.policy import HomeEvidence, load_policy
from graph.model.claim import Assertion, Claim, EvidenceSet, Sighting
from graph.model.evidence import PersonName, PostalAddress
from graph.model.identity import Purpose
from graph.model.ids import IdentifierKey, IdentityId, RecordId
from graph.model.street import parse

POLICY = load_policy(Purpose.HOUSEHOLD)
assert POLICY.home is not None
HOME: HomeEvidence = POLICY.home
NOW = datetime(2024, 6, 1, tzinfo=UTC)
NUMBERS = count(1)
RARE_NAMES = (
    "abelard", "brockhurst", "czerny", "dunwoody", "eisenhart", "fitzwater", "gulbrandsen", "hollister", "ingersoll", "jankowiak",
    "kettering", "lindqvist", "mcgillicuddy", "nakashima", "ollenshaw", "przybylski", "quattlebaum", "rosenzweig", "stavropoulos",
    "thistlewood", "underhill", "vandermeer", "witherspoon", "xanthopoulos", "yellowhammer", "zabriskie",
)  # fmt: skip


def person(
    given: str,
    family: str | None,
    street: str | None = "1 main st",
    *keys: str,
    born: int | None = None,
    gender: str | None = None,
    postal_code: str | None = "89111",
    at: datetime = NOW,
    individual: str | None = None,
) -> tuple[Claim, str]:
    """One record of one individual, with the individual's id (its given name, unless another is named)."""
    claim = Claim(
        record_id=RecordId(f"crm:{next(NUMBERS)}"),
        source="crm",
        name=PersonName(given=given, family=family),
        gender=gender,
        birth_date=date(born, 3, 5) if born else None,
        address=PostalAddress(street=street, postal_code=postal_code),
        at=at,
        first_seen=at,
        identifiers=tuple(
            IdentifierKey(key) for key in sorted([*keys, *([f"postal_address:{street}|{postal_code}"] if street else [])])
        ),
    )
    return claim, individual or given


def strangers(number: int) -> list[tuple[Claim, str]]:
    """People who live alone, elsewhere, so that names have frequencies and ages a distribution."""
    return [
        person(f"stranger{n}", f"{RARE_NAMES[n % 26]}{n}", f"{n} far rd", born=1940 + n % 60, postal_code=f"{10000 + n}")
        for n in range(number)
    ]


def read(people: Sequence[tuple[Claim, str]], *assertions: Assertion, sightings: tuple[Sighting, ...] = ()) -> Homes:
    evidence = EvidenceSet(claims=tuple(claim for claim, _ in people), assertions=assertions, sightings=sightings)
    return read_homes(evidence, POLICY, {claim.record_id: IdentityId(name) for claim, name in people})


def households(people: Sequence[tuple[Claim, str]], *assertions: Assertion) -> set[frozenset[str]]:
    """The households of more than one."""
    return {frozenset(part) for part in read(people, *assertions).parts if len(part) > 1}


def conclude(people: Sequence[tuple[Claim, str]]) -> Conclusion:
    evidence = EvidenceSet(claims=tuple(claim for claim, _ in people))
    individual_of = {claim.record_id: IdentityId(name) for claim, name in people}
    return asyncio.run(conclude_households(evidence, POLICY, None, individual_of))  # type: ignore[arg-type]


def weight(homes: Homes, one: str, other: str) -> float:
    left, right = sorted((homes.residents.ids.index(one), homes.residents.ids.index(other)))
    [row] = np.flatnonzero((homes.pairs.left == left) & (homes.pairs.right == right)).tolist()
    return float(homes.scores.total[row])


def test_a_family_is_one_household_and_whoever_is_alone_is_one_too() -> None:
    family = [person("ann", "abelard"), person("bob", "abelard"), person("cat", "abelard")]
    parts = read([*family, person("dan", "czerny", "9 oak rd")]).parts
    assert parts == (("ann", "bob", "cat"), ("dan",))


def test_the_weight_of_a_shared_surname_is_what_the_formula_says() -> None:
    # One more of 102 individuals is an Abelard, counted as if there were a hundred more; one surname at the address.
    homes = read([person("ann", "abelard"), person("bob", "abelard"), *strangers(100)])
    share = (1 + SHARE_PSEUDO * RARE) / (102 + SHARE_PSEUDO)
    assert weight(homes, "ann", "bob") == pytest.approx(min(log2(1 / ONE_SURNAME) + log2(HOME.same_surname / share), 12.0))


def test_a_block_of_flats_without_unit_numbers_is_its_families() -> None:
    families = [person(f"{given}{n}", name, "7 tower st") for n, name in enumerate(RARE_NAMES[:12]) for given in ("ann", "bob")]
    found = households([*families, *strangers(100)])
    assert found == {frozenset({f"ann{n}", f"bob{n}"}) for n in range(12)}


def test_units_of_a_building_are_homes_of_their_own_even_for_namesakes() -> None:
    flats = [person(f"{given}{n}", "smith", f"7 tower st apt {n}") for n in (1, 2) for given in ("ann", "bob")]
    assert households([*flats, *strangers(20)]) == {frozenset({"ann1", "bob1"}), frozenset({"ann2", "bob2"})}


def test_a_student_hall_is_no_household_and_is_reported() -> None:
    hall = [person(f"student{n}", name, "1 campus dr", born=2003 + n % 3) for n, name in enumerate(RARE_NAMES)]
    people = [*hall, *strangers(100)]
    assert households(people) == set()
    findings = [finding for finding in conclude(people).findings if finding.reason == "generic"]
    assert [(finding.detail, finding.members) for finding in findings] == [
        ("address of 26 individuals in 26 households", ("postal_address:1 campus dr|89111",))
    ]


def test_two_of_one_frequent_surname_at_an_office_are_colleagues() -> None:
    smiths = [person(f"far{n}", "smith", f"{n} hill rd", postal_code=f"{20000 + n}") for n in range(10)]
    office = [person(f"clerk{n}", name, "500 corporate blvd", born=1960 + n) for n, name in enumerate(RARE_NAMES)]
    office += [person("adam", "smith", "500 corporate blvd", born=1970), person("eve", "smith", "500 corporate blvd", born=1985)]
    assert households([*smiths, *office, *strangers(500)]) == set()


def test_a_couple_in_a_retirement_home_is_one_household_and_the_home_is_not() -> None:
    home = [person(f"guest{n}", name, "3 sunset way", born=1930 + n % 12) for n, name in enumerate(RARE_NAMES[:20])]
    couple = [
        person("wilma", "yellowhammer", "3 sunset way", born=1938, gender="f"),
        person("fred", "yellowhammer", "3 sunset way", born=1936, gender="m"),
    ]
    # 12 bits for the name; against it 20 other surnames (4.3), none of them a family's (3.5), all of one generation (3).
    assert households([*home, *couple, *strangers(5_000)]) == {frozenset({"wilma", "fred"})}
    assert households([*home, *couple, *strangers(50)]) == set()


def test_a_slip_of_the_pen_in_street_or_surname_does_not_divide_a_family() -> None:
    family = [person("ann", "dunwoody", "818 park ave"), person("bob", "dunwodoy", "818 aprk avenue")]
    assert households(family) == {frozenset({"ann", "bob"})}


def test_neighbouring_numbers_are_two_homes() -> None:
    assert households([person("ann", "dunwoody", "818 park ave"), person("bob", "eisenhart", "819 park ave")]) == set()


def test_a_double_name_and_a_maiden_name_are_the_family_s() -> None:
    family = [
        person("dad", "hollister"),
        person("mum", "ingersoll hollister"),
        person("gran", "jankowiak", individual="gran"),
        person("gran", "hollister", individual="gran"),
    ]
    assert households([*family, *strangers(30)]) == {frozenset({"dad", "mum", "gran"})}


def test_a_couple_with_two_surnames_is_doubtful_until_something_else_speaks_for_it() -> None:
    def couple(*keys: str) -> list[tuple[Claim, str]]:
        return [
            person("romeo", "kettering", "1 main st", *keys, born=1985, gender="m"),
            person("julia", "lindqvist", "1 main st", *keys, born=1986, gender="f"),
        ]

    assert households([*couple(), *strangers(100)]) == set()
    assert households([*couple("phone:+17025550001"), *strangers(100)]) == {frozenset({"romeo", "julia"})}


def test_where_homes_with_two_surnames_share_telephones_like_others_all_such_couples_are_homes() -> None:
    # 60 families of one name and 60 couples of two; a third of either has one telephone for both.
    def pair(n: int, names: tuple[str, str], kind: str) -> list[tuple[Claim, str]]:
        phones = [f"phone:+1702555{1000 + n}"] * 2 if n % 3 == 0 else [f"phone:+1702556{1000 + n}", f"phone:+1702557{1000 + n}"]
        return [
            person(f"{kind}{side}{n}", f"{names[side]}{n}", f"{n} {kind} ln", phones[side], postal_code=f"{30000 + n}")
            for side in (0, 1)
        ]

    families = [each for n in range(60) for each in pair(n, ("abelard", "abelard"), "same")]
    couples = [each for n in range(100, 160) for each in pair(n, ("quattlebaum", "nakashima"), "other")]
    homes = read([*families, *couples])
    assert homes.model.sharing_rate == pytest.approx(20 / 60)
    # 20 of the 60 couples share; by the rate of families (20 of 60) all 60 would be homes: (20 + 0.4 * 2) / (60 / 3 + 2).
    assert homes.model.two_surnames[0, 0] == pytest.approx((20 + 0.4 * HOME.prior_shares) / (20 + HOME.prior_shares))
    together = {frozenset(part) for part in homes.parts}
    assert all(frozenset({f"other0{n}", f"other1{n}"}) in together for n in range(100, 160))


def test_two_families_at_one_address_are_two_homes() -> None:
    people = [person(f"{given}-{name}", name) for name in ("abelard", "zabriskie") for given in ("ann", "bob")]
    assert households([*people, *strangers(50)]) == {
        frozenset({"ann-abelard", "bob-abelard"}),
        frozenset({"ann-zabriskie", "bob-zabriskie"}),
    }


def test_who_moved_belongs_to_the_new_home_from_then_on() -> None:
    before = [
        person("ann", "abelard", "1 main st", individual="ann"),
        person("bob", "abelard", "1 main st"),
        person("cat", "abelard", "22 new rd"),
    ]
    moved = person("ann", "abelard", "22 new rd", at=NOW + timedelta(days=1), individual="ann")
    assert households([*before, *strangers(20)]) == {frozenset({"ann", "bob"})}
    assert households([*before, moved, *strangers(20)]) == {frozenset({"ann", "cat"})}


def test_news_that_do_not_last_elsewhere_are_not_believed() -> None:
    moves = Moves()
    once_after_two = (1, 2)
    assert moves.home([(1, 7), (2, 7), (3, 8)]) == 8
    for _ in range(20):
        moves.learn([(1, 7), (2, 7), (3, 8), (4, 7)])
    # 20 returned, none stayed; ten more are counted of whom a fifth returns.
    assert moves.returns(once_after_two) == pytest.approx((20 + 2) / (20 + 10))
    assert moves.home([(1, 7), (2, 7), (3, 8)]) == 7
    assert moves.home([(1, 7), (2, 7), (3, 8), (4, 8), (5, 8)]) == 8


def test_a_telephone_that_changed_hands_joins_nobody() -> None:
    phone = "phone:+17025550001"
    early = person("old", "nakashima", None, phone, postal_code=None, at=NOW - timedelta(days=900))

    def later(days: int) -> tuple[Claim, str]:
        return person("new", "ollenshaw", "5 elm st", phone, at=NOW - timedelta(days=900 - days))

    shared = [
        person(f"p{side}{n}", f"{name}{n}", f"{n} elm rd", f"phone:+1702559{1000 + n}", postal_code=f"{40000 + n}")
        for n in range(60)
        for side, name in enumerate(("abelard", "quattlebaum"))
    ]
    assert frozenset({"old", "new"}) in households([early, later(90), *shared])
    assert frozenset({"old", "new"}) not in households([early, later(400), *shared])


def test_who_has_no_address_is_placed_where_a_reliable_telephone_points() -> None:
    shared = [
        person(f"p{side}{n}", f"abelard{n}", f"{n} elm rd", f"phone:+1702559{1000 + n}", postal_code=f"{40000 + n}")
        for n in range(30)
        for side in (0, 1)
    ]
    lost = person("lost", "abelard7", None, "phone:+17025591007", postal_code=None)
    assert frozenset({"p07", "p17", "lost"}) in households([*shared, lost])
    two_homes = person("torn", "thistlewood", None, "phone:+17025591003", "phone:+17025591004", postal_code=None)
    assert not any("torn" in home for home in households([*shared, two_homes]))


def test_a_device_that_two_people_were_seen_with_is_shared() -> None:
    people = [person("ann", "abelard", "1 main st", "email:a@x.com"), person("bob", "zabriskie", "1 main st", "email:b@x.com")]
    individual_of: dict[str, IdentityId] = {claim.record_id: IdentityId(name) for claim, name in people}
    individual_of |= {"email:a@x.com": IdentityId("ann"), "email:b@x.com": IdentityId("bob")}
    seen = tuple(
        Sighting(left=IdentifierKey("device_id:tablet"), right=IdentifierKey(key), first_seen=NOW)
        for key in ("email:a@x.com", "email:b@x.com")
    )
    claims = tuple(claim for claim, _ in people)
    alone = read_homes(EvidenceSet(claims=claims), POLICY, individual_of)
    together = read_homes(EvidenceSet(claims=claims, sightings=seen), POLICY, individual_of)
    assert alone.parts == (("ann",), ("bob",))
    assert together.parts == (("ann", "bob"),)
    [link] = links_of(together)
    assert link.rule == "address+device_id"
    assert link.via == ("address:1 main st|89111", "device_id:tablet")


def test_a_steward_has_the_last_word_on_a_home() -> None:
    people = [person("ann", "abelard"), person("bob", "abelard"), person("cat", "zabriskie", "4 hill rd")]

    def say(left: str, right: str, *, same: bool, day: int) -> Assertion:
        return Assertion(
            id=f"a{day}", same=same, left=left, right=right, by="sue", at=NOW + timedelta(days=day), reason="called",
            purpose=Purpose.HOUSEHOLD,
        )  # fmt: skip

    record_of_bob = people[1][0].record_id
    assert households(people, say("ann", record_of_bob, same=False, day=1)) == set()
    assert households(people, say("ann", "bob", same=False, day=1), say("bob", "ann", same=True, day=2)) == {
        frozenset({"ann", "bob"})
    }
    moved_in = households(people, say("cat", "bob", same=True, day=1))
    assert any({"cat", "bob"} <= home for home in moved_in)


def test_organisations_have_no_home() -> None:
    company, name = person("acme", None)
    parts = read([(replace(company, entity_type="organization"), name), person("ann", "abelard")]).parts
    assert parts == (("ann",),)


def test_the_order_of_the_evidence_does_not_matter() -> None:
    people = [person(f"{given}{n}", name, f"{n % 5} tower st") for n, name in enumerate(RARE_NAMES) for given in ("ann", "bob")]
    assert read(people).parts == read(people[::-1]).parts


@pytest.mark.parametrize(
    ("street", "number", "name", "unit"),
    [
        ("818 park ave", "818", "parkavenue", ""),
        ("2805 school ln unit 53", "2805", "schoollane", "53"),
        ("2805 school ln # 53", "2805", "schoollane", "53"),
        ("2805 school ln 53", "2805", "schoollane", "53"),
        ("flat 3 12 high st", "12", "highstreet", "3"),
        ("12 west 34th st apt b", "12", "west34thstreet", "b"),
        ("12 lower rd", "12", "lowerroad", ""),
        ("the old mill", "", "theoldmill", ""),
    ],
)
def test_a_street_line_in_its_parts(street: str, number: str, name: str, unit: str) -> None:
    address = parse(street)
    assert (address.number, address.name, address.unit) == (number, name, unit)


def test_average_linkage_breaks_a_chain_at_its_weakest_link() -> None:
    # 0-1 weigh 4, 1-2 weigh 2, and 0-2 were not seen together: (2 - 6) / 2 = -2, so 2 stays alone.
    chain = average_linkage(np.array([0, 1]), np.array([1, 2]), np.array([4.0, 2.0]), 4, missing=-6.0)
    assert chain.tolist() == [0, 0, 1, 2]
    # With 0-2 at -1 the average is (2 - 1) / 2 = 0.5: all three.
    whole = average_linkage(np.array([0, 1, 0]), np.array([1, 2, 2]), np.array([4.0, 2.0, -1.0]), 4, missing=-6.0)
    assert whole.tolist() == [0, 0, 0, 1]


def test_pairs_within_groups_leave_out_crowds_and_those_without_a_group() -> None:
    left, right = within(np.array([5, 1, 5, -1, 1, 2, 5, -1]), 2)
    assert list(zip(left.tolist(), right.tolist(), strict=True)) == [(1, 4)]
    left, right = within(np.array([5, 1, 5, -1, 1, 2, 5, -1]), 3)
    assert sorted(zip(left.tolist(), right.tolist(), strict=True)) == [(0, 2), (0, 6), (1, 4), (2, 6)]
