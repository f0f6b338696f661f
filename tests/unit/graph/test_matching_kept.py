"""Scores that are kept: each text is what its weight is made of."""

from datetime import UTC, date, datetime, timedelta

import pytest

from graph.identity.matching.matching import match_records
from graph.identity.matching.records import records_of
from graph.identity.matching.scored import kept_pairs, scored_matches
from graph.model.claim import Claim
from graph.model.evidence import PersonName, PostalAddress
from graph.model.ids import IdentifierKey, RecordId
from graph.model.scored_match import Comparisons, ScoredMatch

AT = datetime(2025, 1, 1, tzinfo=UTC)
GIVEN = ("zuri", "amahle", "thandeka", "ifeoma", "lindiwe", "chidi", "kwame")
HUNDREDTHS = 0.01 * 12
"""What rounding a dozen weights to a hundredth of a bit may add up to."""


def customer(number: int, source: str) -> Claim:
    """Two sources know each customer; one in ten of the second has a slip in the name and no e-mail address."""
    slip = source == "web" and number % 10 == 0
    given, family = GIVEN[number % len(GIVEN)], f"family{chr(97 + number % 26)}{chr(97 + number // 26 % 26)}"
    return Claim(
        record_id=RecordId(f"{source}:{number:04d}"),
        source=source,
        name=PersonName(given=given[:-1] if slip else given, family=family, full=f"{given} {family}"),
        birth_date=date(1950, 1, 1) + timedelta(days=97 * number),
        address=PostalAddress(street=f"{number // 2} elm street", city="springfield", postal_code=f"{10_000 + number // 2}"),
        at=AT,
        first_seen=AT,
        identifiers=() if slip else (IdentifierKey(f"email:{given}{number}@mail.net"),),
    )


@pytest.fixture(scope="module")
def scored() -> list[ScoredMatch]:
    matching = match_records(records_of(customer(n, source) for n in range(150) for source in ("crm", "web")))
    return list(scored_matches(matching, kept_pairs(matching)))


def test_every_customer_is_found_once(scored: list[ScoredMatch]) -> None:
    linked = {(match.left, match.right) for match in scored if match.linked}
    assert linked == {(f"crm:{number:04d}", f"web:{number:04d}") for number in range(150)}


def test_texts_are_read_again_as_they_were_written(scored: list[ScoredMatch]) -> None:
    assert all(Comparisons.parse(match.comparisons).text == match.comparisons for match in scored)


def test_weights_of_a_text_add_up_to_the_score_or_more(scored: list[ScoredMatch]) -> None:
    # The score is against all relations together, so it is at most that against any of them.
    for match in scored:
        made_of = Comparisons.parse(match.comparisons)
        stranger = made_of.prior_stranger + sum(each.stranger_weight for each in made_of.fields)
        home = made_of.prior_home
        assert match.match_weight <= stranger + HUNDREDTHS
        if home is not None:
            assert match.match_weight <= home + sum(each.home_weight or 0.0 for each in made_of.fields) + HUNDREDTHS


def test_a_slip_is_told_at_its_level(scored: list[ScoredMatch]) -> None:
    [match] = [match for match in scored if (match.left, match.right) == ("crm:0010", "web:0010")]
    levels = {each.field: each.level for each in Comparisons.parse(match.comparisons).fields}
    assert levels["given_name"] == "spelling"
    assert (levels["family_name"], levels["birth_date"], levels["street"]) == ("exact", "exact", "exact")
    assert "email" not in levels
