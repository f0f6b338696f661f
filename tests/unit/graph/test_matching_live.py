"""Records that come one by one are scored as those that were matched together, as far as the same is known of them."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import combinations

import pytest

from graph.identity.matching.live import LiveMatching
from graph.identity.matching.matching import Matching, match_records
from graph.identity.matching.records import records_of
from graph.identity.matching.scored import kept_pairs, scored_matches
from graph.model.claim import Claim
from graph.model.scored_match import ScoredMatch

RECORDS = 900
EVERY = 10
"""Of so many records one comes later."""

Pair = tuple[str, str]


@pytest.fixture(scope="module")
def claims(customers: Callable[[int], list[Claim]]) -> list[Claim]:
    return customers(RECORDS)


@pytest.fixture(scope="module")
def together(claims: list[Claim]) -> Matching:
    return match_records(records_of(claims))


@pytest.fixture(scope="module")
def before(claims: list[Claim]) -> Matching:
    """What was matched before the others came."""
    return match_records(records_of(claim for number, claim in enumerate(claims) if number % EVERY))


def standing(matching: Matching) -> dict[Pair, ScoredMatch]:
    return {(match.left, match.right): match for match in scored_matches(matching, kept_pairs(matching))}


def come(live: LiveMatching, claims: Iterable[Claim], matches: dict[Pair, ScoredMatch]) -> None:
    """Let records come together, and bring the matches in line."""
    scored = live.score(claims)
    group_of = scored.group_of
    for pair in combinations(scored.records, 2):
        if group_of[pair[0]] == group_of[pair[1]]:
            matches.pop(pair, None)
    matches.update({(match.left, match.right): match for match in scored.matches})
    live.keep(scored)


def linked(matches: dict[Pair, ScoredMatch]) -> set[Pair]:
    return {pair for pair, match in matches.items() if match.linked}


def test_what_comes_one_by_one_is_linked_as_if_it_had_been_there(
    claims: list[Claim], before: Matching, together: Matching
) -> None:
    matches = standing(before)
    live = LiveMatching.of(before)
    for claim in claims[::EVERY]:
        come(live, [claim], matches)
    late = {claim.record_id for claim in claims[::EVERY]}
    found = {pair for pair in linked(matches) if late.intersection(pair)}
    expected = {pair for pair in linked(standing(together)) if late.intersection(pair)}
    assert len(expected) > len(late), "the records that come late have nobody to be linked with"
    # Not all: the model that both are scored by was learnt of fewer records.
    assert len(found & expected) >= 0.97 * len(expected), f"{len(expected - found)} of {len(expected)} were not found"
    assert len(found - expected) <= 0.03 * len(found), f"{len(found - expected)} of {len(found)} are not linked together"


def test_it_matters_little_how_many_come_together(claims: list[Claim], before: Matching) -> None:
    one_by_one, at_once = standing(before), standing(before)
    live = LiveMatching.of(before)
    for claim in claims[::EVERY]:
        come(live, [claim], one_by_one)
    come(LiveMatching.of(before), claims[::EVERY], at_once)
    both = linked(one_by_one) & linked(at_once)
    assert len(both) >= 0.99 * len(linked(one_by_one) | linked(at_once))


def test_a_record_that_says_the_same_again_is_not_scored(claims: list[Claim], before: Matching) -> None:
    live = LiveMatching.of(before)
    assert live.score(claims[1:5]).records == ()
    new = live.score(claims[:1])
    assert claims[0].record_id in new.records
    live.keep(new)
    assert live.score(claims[:1]).records == ()


def test_a_record_that_becomes_somebody_elses_leaves_its_fellows(claims: list[Claim], before: Matching) -> None:
    matches = standing(before)
    (one, other), *_ = sorted(linked(matches))
    [mine] = [claim for claim in claims if claim.record_id == one]
    stranger = next(claim for claim in claims[::EVERY] if claim.name.given != mine.name.given and claim.birth_date)
    live = LiveMatching.of(before)
    come(live, [replace(stranger, record_id=mine.record_id, source=mine.source, at=mine.at)], matches)
    assert (one, other) not in linked(matches)
    come(live, [mine], matches)
    assert (one, other) in linked(matches)


def test_records_of_a_source_that_is_new_wait_for_the_next_matching(claims: list[Claim], before: Matching) -> None:
    scored = LiveMatching.of(before).score([replace(claims[0], source="unheard_of")])
    assert (scored.records, scored.matches, scored.unscored) == ((), (), 1)
