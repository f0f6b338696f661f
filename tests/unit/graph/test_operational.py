"""Operational identities: two independent kinds of evidence, sure against strangers and the same home, or into review."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from math import log2

import numpy as np
import pytest

from graph.identity.conclusion import Conclusion, conclude_operational
from graph.identity.confirmed.statements import MAX_TOGETHER, candidates, statements_of
from graph.identity.confirmed.weights import NAMED_ALIKE_BITS, PSEUDO_RECORDS, RARE, digits_after_name
from graph.identity.operational import Confirmed, read_confirmed
from graph.identity.policy import Confirmation, load_policy
from graph.model.claim import Assertion, Claim, EvidenceSet, Match
from graph.model.evidence import PersonName, PostalAddress
from graph.model.identity import Purpose
from graph.model.ids import IdentifierKey, IdentityId, RecordId

POLICY = load_policy(Purpose.OPERATIONAL)
assert POLICY.confirmation is not None
CONFIRMATION: Confirmation = POLICY.confirmation
NOW = datetime(2024, 6, 1, tzinfo=UTC)
ONE = IdentityId("ind_1")
NUMBERS = count(1)
OWL, PHONE = "email:blueowl@x.com", "phone:+17025550001"


def record(
    given: str | None,
    family: str | None,
    *keys: str,
    born: str | None = None,
    gender: str | None = None,
    suffix: str | None = None,
    middle: str | None = None,
    street: str | None = None,
    entity_type: str = "person",
) -> Claim:
    return Claim(
        record_id=RecordId(f"crm:{next(NUMBERS):05d}"),
        source="crm",
        entity_type=entity_type,
        name=PersonName(
            given=given, middle=middle, family=family, suffix=suffix, full=" ".join(filter(None, (given, family))) or None
        ),
        birth_date=date.fromisoformat(born) if born else None,
        gender=gender,
        address=PostalAddress(street=street, postal_code="89111") if street else PostalAddress(),
        at=NOW,
        first_seen=NOW,
        identifiers=tuple(IdentifierKey(key) for key in sorted(keys)),
    )


def population(number: int = 500) -> list[Claim]:
    """Records of others, each an individual of its own, so that names and dates have frequencies."""
    start = date(1930, 1, 1)
    return [
        record(f"given{n % 100}", f"family{n}", f"user_id:u{n}", born=(start + timedelta(days=41 * n)).isoformat())
        for n in range(number)
    ]


def read(claims: Sequence[Claim], *, matches: tuple[Match, ...] = (), others: int = 500) -> Confirmed:
    """The claims are of one individual, so that this keeps nobody apart."""
    strangers = population(others)
    individual_of = {claim.record_id: ONE for claim in claims} | {
        c.record_id: IdentityId(f"ind_{c.record_id}") for c in strangers
    }
    return read_confirmed(
        EvidenceSet(claims=(*claims, *strangers), matches=matches), POLICY, {str(k): v for k, v in individual_of.items()}
    )


def conclude(
    claims: Sequence[Claim],
    *assertions: Assertion,
    matches: tuple[Match, ...] = (),
    individual_of: dict[str, IdentityId] | None = None,
) -> Conclusion:
    strangers = population()
    known: dict[str, IdentityId] = {c.record_id: IdentityId(f"ind_{c.record_id}") for c in strangers}
    known |= individual_of or {claim.record_id: ONE for claim in claims}
    evidence = EvidenceSet(claims=(*claims, *strangers), matches=matches, assertions=assertions)
    return asyncio.run(conclude_operational(evidence, POLICY, None, known))  # type: ignore[arg-type]


def together(claims: Sequence[Claim], *assertions: Assertion, matches: tuple[Match, ...] = ()) -> list[set[int]]:
    """Which of the claims, by position, are one operational identity; those of several."""
    position = {claim.record_id: index for index, claim in enumerate(claims)}
    found = [
        {position[RecordId(m)] for m in part if m in position} for part in conclude(claims, *assertions, matches=matches).parts
    ]
    return sorted((part for part in found if len(part) > 1), key=min)


def in_doubt(claims: Sequence[Claim]) -> list[str]:
    ids = {claim.record_id for claim in claims}
    return [f.detail for f in conclude(claims).findings if f.reason == "in_doubt" and set(f.members) <= ids]


def test_the_weight_against_a_stranger_and_the_same_home_is_what_the_formulas_say() -> None:
    confirmed = read([record("ann", "smith", born="1980-02-03"), record("ann", "smith", born="1980-02-03")], others=500)
    [pair] = np.flatnonzero(confirmed.compared.kinds == 2).tolist()
    # Two of 502 records, counted as if there were a hundred more, state each of the three values.
    surprise = -log2((2 + PSEUDO_RECORDS * RARE) / (502 + PSEUDO_RECORDS))
    stranger = -log2(502) + 3 * surprise
    home = -log2(CONFIRMATION.juniors) - log2(CONFIRMATION.twins)
    assert (round(surprise, 2), round(stranger, 2), round(home, 2)) == (8.16, 15.52, 12.29)
    assert confirmed.compared.weight[pair] == pytest.approx(home)
    assert bool(confirmed.compared.against_home[pair])
    assert bool(confirmed.joined[pair])


def test_an_e_mail_address_of_one_s_own_and_the_name_join() -> None:
    assert together([record("ann", "smith", OWL), record("ann", "smith", OWL)]) == [{0, 1}]


def test_one_kind_of_evidence_joins_nobody() -> None:
    assert together([record("ann", "smith"), record("ann", "smith")]) == []
    assert together([record(None, None, OWL), record(None, None, OWL)]) == []


def test_an_e_mail_address_made_of_the_name_is_no_second_kind() -> None:
    pair = [record("john", "smith", "email:john.smith@x.com"), record("john", "smith", "email:john.smith@x.com")]
    assert together(pair) == []
    assert together([replace(claim, birth_date=date(1980, 1, 2)) for claim in pair]) == [{0, 1}]


@pytest.mark.parametrize(
    ("local_part", "digits"),
    [
        ("jane.smith", 0),
        ("jsmith", 0),
        ("smithj", 0),
        ("jane.smith84", 2),
        ("jane1", 1),
        ("blueowl", -1),
        ("janeowl", -1),
        ("84", -1),
    ],
)
def test_what_an_e_mail_address_is_made_of(local_part: str, digits: int) -> None:
    assert digits_after_name(local_part, ["jane", "smith"]) == digits


def test_a_couple_with_one_e_mail_address_and_telephone_is_two_people() -> None:
    couple = [
        record("ann", "smith", OWL, PHONE, street="1 main st", gender="f"),
        record("bob", "smith", OWL, PHONE, street="1 main st", gender="m"),
    ]
    assert together(couple) == []


def test_a_father_and_his_son_of_one_name_at_one_address_are_left_for_review() -> None:
    # Name and address, telephone: against somebody of the same home log2(50) for the given name and 1 for the telephone.
    family = [record("john", "smith", PHONE, street="1 main st"), record("john", "smith", PHONE, street="1 main st")]
    assert together(family) == []
    [doubt] = in_doubt(family)
    assert doubt == (
        "agree in phone, name, address: 6.6 bits against somebody of the same home, 10 and 2 independent kinds needed"
    )
    assert -log2(CONFIRMATION.juniors) - log2(CONFIRMATION.shared["phone"]) == pytest.approx(6.64, abs=0.01)


def test_a_junior_and_a_senior_are_two_people_and_so_may_be_a_junior_and_somebody_without_suffix() -> None:
    def pair(first: str | None, second: str | None) -> list[Claim]:
        return [record("john", "smith", OWL, suffix=suffix, street="1 main st") for suffix in (first, second)]

    assert together(pair("jr", "sr")) == []
    assert together(pair("jr", None)) == []
    assert together(pair("jr", "jr")) == [{0, 1}]


def test_twins_are_two_people_whether_their_names_differ_or_resemble_each_other() -> None:
    def twins(one: str, other: str) -> list[Claim]:
        return [record(name, "smith", PHONE, born="2001-05-06", street="1 main st", gender="f") for name in (one, other)]

    assert together(twins("ann", "eve")) == []
    assert (
        together([replace(c, name=replace(c.name, middle=m)) for c, m in zip(twins("ann", "ann"), ("lee", "may"), strict=True)])
        == []
    )


def test_birth_date_gender_given_name_and_kind_of_entity_contradict() -> None:
    base = record("ann", "smith", OWL, "ssn:1", born="1980-02-03", gender="f")
    for other in (
        replace(base, birth_date=date(1980, 2, 4)),
        replace(base, gender="m"),
        replace(base, name=replace(base.name, given="zoe")),
        replace(base, entity_type="organization"),
    ):
        assert together([base, replace(other, record_id=RecordId(f"crm:x{next(NUMBERS)}"))]) == []


def test_a_married_name_needs_more_evidence_but_is_possible() -> None:
    # Against the same home: national id 7.6, given name 5.6, birth date 6.6, less 4 for the surnames: 15.9.
    married = [record("ann", "smith", "ssn:1", born="1980-02-03"), record("ann", "jones", "ssn:1", born="1980-02-03")]
    assert together(married) == [{0, 1}]
    assert together([record("ann", "smith", OWL), record("ann", "jones", OWL)]) == []


def test_one_birth_date_one_loyalty_account_and_one_national_id_to_an_identity() -> None:
    def three(*extra: str, dates: tuple[str | None, ...] = (None, None, None)) -> list[Claim]:
        keys = [*extra, *[""] * (3 - len(extra))]
        return [record("ann", "smith", OWL, *([key] if key else []), born=born) for key, born in zip(keys, dates, strict=True)]

    assert together(three()) == [{0, 1, 2}]
    assert together(three(dates=("1980-02-03", None, "1981-02-03"))) == []
    for namespace in ("loyalty_id", "ssn", "national_id"):
        assert together(three(f"{namespace}:1000", f"{namespace}:2999")) == [], namespace
    assert together(three("ssn:294669999", "ssn:294669998")) == [{0, 1, 2}]
    assert together(three("loyalty_id:294669999", "loyalty_id:294669998")) == []


def test_the_weakest_link_is_dropped_where_a_limit_breaks() -> None:
    # The first two agree in the birth date as well; the third has another one.
    claims = [
        record("ann", "smith", OWL, born="1980-02-03"),
        record("ann", "smith", OWL, "user_id:7", born="1980-02-03"),
        record("ann", "smith", "user_id:7"),
        record("ann", "smith", "user_id:7", OWL, born="1990-09-09"),
    ]
    found = together(claims)
    assert not any({0, 3} <= part or {1, 3} <= part for part in found)
    assert {0, 1} <= found[0]


def test_a_scored_match_joins_with_one_exact_kind_beside_it_and_not_without() -> None:
    pair = [record("katherine", "smith", born="1980-02-03"), record("kathrin", "smyth", born="1980-02-03", street="9 oak rd")]
    low, high = sorted(claim.record_id for claim in pair)
    assert POLICY.min_match_weight is not None
    strong = Match(left=low, right=high, match_weight=POLICY.min_match_weight)
    weak = replace(strong, match_weight=POLICY.min_match_weight - 0.1)
    silent = [replace(claim, birth_date=None) for claim in pair]
    different = [pair[0], replace(pair[1], birth_date=date(1980, 2, 13))]
    # Twins are named alike: with another spelling of the name a match needs more than the policy's least.
    surer = replace(strong, match_weight=POLICY.min_match_weight + NAMED_ALIKE_BITS)
    named = [pair[0], replace(pair[1], name=replace(pair[1].name, given="katherine"))]
    assert together(pair, matches=(surer,)) == [{0, 1}]
    assert together(pair, matches=(strong,)) == []
    assert together(named, matches=(strong,)) == [{0, 1}]
    assert together(silent, matches=(weak,)) == []
    assert together(silent, matches=(strong,)) == []
    assert together(different, matches=(strong,)) == []


def test_an_identity_lies_inside_one_individual() -> None:
    pair = [record("ann", "smith", OWL, born="1980-02-03"), record("ann", "smith", OWL, born="1980-02-03")]
    apart = {pair[0].record_id: ONE, pair[1].record_id: IdentityId("ind_2")}
    parts = conclude(pair, individual_of=dict(apart)).parts  # type: ignore[arg-type]
    assert not any({claim.record_id for claim in pair} <= set(part) for part in parts)


def test_identifiers_belong_to_who_alone_states_them() -> None:
    ann, also, bob = record("ann", "smith", OWL, PHONE), record("ann", "smith", OWL), record("bob", "smith", PHONE)
    known: dict[str, IdentityId] = {claim.record_id: ONE for claim in (ann, also, bob)} | {OWL: ONE, PHONE: ONE}
    conclusion = conclude([ann, also, bob], individual_of=known)
    assert tuple(sorted((ann.record_id, also.record_id, OWL))) in conclusion.parts
    assert (bob.record_id,) in conclusion.parts
    [shared] = [finding for finding in conclusion.findings if finding.reason == "shared"]
    assert (shared.members, shared.detail) == ((PHONE,), f"identifier {PHONE} belongs to 2 operational identities")


def test_a_value_of_too_many_individuals_is_generic_and_a_blocked_one_says_nothing() -> None:
    desk = [record("ann", f"desk{n}", "user_id:desk") for n in range(3)]
    known = {claim.record_id: IdentityId(f"ind_desk{n}") for n, claim in enumerate(desk)}
    conclusion = conclude(desk, individual_of=dict(known))  # type: ignore[arg-type]
    assert [(f.members, f.detail) for f in conclusion.findings if f.reason == "generic"] == [
        (("user_id:desk",), "stated by 3 individuals, more than 2")
    ]
    assert together([record("ann", "smith", "email:info@x.com"), record("ann", "smith", "email:info@x.com")]) == []


def test_a_steward_joins_and_separates() -> None:
    def say(left: Claim, right: Claim, *, same: bool, day: int) -> Assertion:
        return Assertion(
            id=f"a{day}",
            same=same,
            left=left.record_id,
            right=right.record_id,
            by="sue",
            at=NOW + timedelta(days=day),
            reason="saw both",
        )

    sure = [record("ann", "smith", OWL, born="1980-02-03"), record("ann", "smith", OWL, born="1980-02-03")]
    unsure = [record("ann", "smith"), record("ann", "jones")]
    assert together(sure, say(*sure, same=False, day=1)) == []
    assert together(sure, say(*sure, same=False, day=1), say(*sure, same=True, day=2)) == [{0, 1}]
    assert together(unsure, say(*unsure, same=True, day=1)) == [{0, 1}]


def test_candidates_of_a_crowded_individual_are_few_and_still_hold_those_that_agree() -> None:
    number = 40 * MAX_TOGETHER
    claims = [record("ann", "smith", OWL, f"user_id:{n // 2}", born="1980-02-03") for n in range(number)]
    left, right = candidates(statements_of(claims, {c.record_id: ONE for c in claims}, counts=lambda _: True), ())
    assert len(left) < 20 * number
    pairs = set(zip(left.tolist(), right.tolist(), strict=True))
    assert {(2 * n, 2 * n + 1) for n in range(number // 2)} <= pairs


def test_the_order_of_the_evidence_does_not_matter() -> None:
    claims = [record("ann", "smith", OWL, born="1980-02-03" if n % 3 else None, street=f"{n % 2} main st") for n in range(9)]
    first, second = read(claims), read(claims[::-1])
    assert first.compared.weight.tolist()[: first.joined.sum()] == second.compared.weight.tolist()[: second.joined.sum()]
    assert together(claims) == [set(range(9))]
