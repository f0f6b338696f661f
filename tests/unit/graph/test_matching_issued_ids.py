"""Ids that software gives: the next number is another person's, however alike the two look."""

import random
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from bench.population_words import Choice, words
from graph.identity.matching.matching import match_records
from graph.identity.matching.records import records_of
from graph.model.claim import Claim
from graph.model.evidence import PersonName, PostalAddress
from graph.model.ids import IdentifierKey, RecordId

HOMES = 300
ISSUED = ("anonymous_id", "device_id", "user_id")
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def drawn(choice: Choice, chance: random.Random) -> str:
    return str(chance.choices(choice.words, choice.shares)[0])


def person(number: int) -> Claim:
    """One of two at home, with ids that are one more than those of who lives there with them."""
    home, own, known = random.Random(number // 2), random.Random(f"person {number}"), words()
    town = home.randrange(len(known.states))
    return Claim(
        record_id=RecordId(f"{number:06d}"),
        source="shop",
        name=PersonName(given=drawn(known.male, own), family=drawn(known.surnames, home)),
        birth_date=date(1950, 1, 1) + timedelta(days=own.randrange(20_000)),
        address=PostalAddress(
            street=f"{home.randrange(1, 200)} {drawn(known.streets, home)}",
            city=str(known.towns.words[town]),
            region=str(known.states[town]),
            postal_code=f"{known.first_postal_code[town]:05d}",
        ),
        at=NEW_YEAR,
        first_seen=NEW_YEAR,
        identifiers=tuple(IdentifierKey(f"{namespace}:user{number:06d}") for namespace in ISSUED),
    )


def test_who_lives_together_with_the_next_id_is_somebody_else() -> None:
    once = [person(number) for number in range(2 * HOMES)]
    again = [replace(claim, record_id=RecordId(f"crm {claim.record_id}"), source="crm") for claim in once[:60]]
    records = records_of([*once, *again])
    together: dict[int, set[str]] = defaultdict(set)
    for record_id, cluster in zip(records.ids, match_records(records).linkage.clusters.tolist(), strict=True):
        together[cluster].add(record_id.removeprefix("crm "))
    assert [people for people in together.values() if len(people) > 1] == []
    assert len(together) == 2 * HOMES
