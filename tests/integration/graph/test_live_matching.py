"""Records that come after all were matched are scored where identities are settled, and found with whom they resemble."""

import itertools
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from bench.visits import introductions
from graph.database import Database
from graph.identity.conclusion import ORDER
from graph.identity.live_matcher import LiveMatcher
from graph.identity.progress import NoProgress
from graph.identity.resolver import Resolver, open_resolver
from graph.identity.stewardship import Stewardship, open_stewardship
from graph.model.identity import Purpose
from graph.repositories.evidence import EvidenceRepository
from graph.repositories.identities import IdentityRepository
from graph.repositories.matches import MatchRepository
from ingest.normalise.event import parse_event, to_evidence

CUSTOMERS = 240
START = datetime(2026, 5, 1, tzinfo=UTC)
LATE = 12
"""Loyalty cards that come after all was resolved."""


@dataclass
class Town:
    """Customers, each known by an account; every fourth has a loyalty card, whose record has only name and home in common."""

    database: Database
    cards: list[dict[str, Any]] = field(default_factory=list)
    counted: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        ticks = itertools.count()
        self.clock: Callable[[], datetime] = lambda: START + timedelta(seconds=next(ticks))
        self.matcher = LiveMatcher(told=lambda scored, unscored: self.counted.append((scored, unscored)))

    def resolver(self, pupil: LiveMatcher | None) -> Resolver:
        return open_resolver(self.database, clock=self.clock, new_id=lambda: uuid.uuid4().hex, pupil=pupil)

    @property
    def stewardship(self) -> Stewardship:
        return open_stewardship(self.database, clock=self.clock, new_id=lambda: uuid.uuid4().hex, matcher=self.matcher)

    async def write(self, events: Sequence[dict[str, Any]]) -> list[str]:
        """Write events; the records that they are of."""
        parsed = [to_evidence(parse_event(orjson.dumps(event)), recorded_at=START, region="US") for event in events]
        written = await EvidenceRepository(self.database).write(parsed)
        return sorted(written.touched)

    async def individual(self, member: str) -> str:
        [identity] = (await IdentityRepository(self.database).identities_of([member], Purpose.INDIVIDUAL)).values()
        return identity

    async def matches(self) -> set[tuple[str, str, bool]]:
        return {(m.left, m.right, m.linked) for m in await MatchRepository(self.database).matches()}


@pytest.fixture
async def town(database: Database) -> Town:
    """A town that was resolved before the last cards came, by a resolver that taught the matcher."""
    town = Town(database)
    events = list(introductions(CUSTOMERS))
    late = [event for event in events if event.get("source") == "loyalty"][-LATE:]
    await town.write([event for event in events if event not in late])
    town.cards = [misspelt(card) for card in late]
    await town.resolver(town.matcher).resolve_all(ORDER, progress=NoProgress())
    return town


def misspelt(card: dict[str, Any]) -> dict[str, Any]:
    """A card with a letter too many in the given name: no identifier, not even that of name and birth date, is its owner's."""
    given = card["traits"]["firstName"]
    return {**card, "traits": {**card["traits"], "firstName": given[:2] + given[1:]}}


async def owner(town: Town, card: dict[str, Any]) -> str:
    """The individual of whose name and home a card is."""
    number = int(card["messageId"].removeprefix("card-"))
    [account] = [
        event["userId"]
        for event in itertools.islice(introductions(number + 1), None)
        if event["messageId"] == f"known-{number:09d}"
    ]
    return await town.individual(f"user_id:{account}")


async def test_a_new_record_is_found_with_whom_it_resembles(town: Town) -> None:
    for card in town.cards:
        touched = await town.write([card])
        await town.stewardship.settle(touched)
        assert await town.individual(f"loyalty:{card['recordId']}") == await owner(town, card)
    assert town.counted == [(1, 0)] * LATE


async def test_all_at_once_or_again_is_the_same(town: Town) -> None:
    touched = await town.write(town.cards)
    await town.stewardship.settle(touched)
    found = await town.matches()
    effect = await town.stewardship.settle(touched)
    assert effect.changes == ()
    assert await town.matches() == found
    assert town.counted[0] == (LATE, 0)
    for card in town.cards:
        assert await town.individual(f"loyalty:{card['recordId']}") == await owner(town, card)


async def test_the_next_resolution_of_everything_finds_the_same_people(town: Town) -> None:
    await town.stewardship.settle(await town.write(town.cards))
    [individuals, *_] = await town.resolver(None).resolve_all(ORDER, progress=NoProgress())
    assert not individuals.changed


async def test_a_matcher_that_starts_later_learns_from_what_was_kept(town: Town) -> None:
    town.matcher = LiveMatcher(told=lambda scored, unscored: town.counted.append((scored, unscored)))
    [individuals, *_] = await town.resolver(town.matcher).resolve_all(ORDER, progress=NoProgress())
    assert not individuals.changed
    await town.stewardship.settle(await town.write(town.cards))
    assert town.counted == [(LATE, 0)]
    for card in town.cards:
        assert await town.individual(f"loyalty:{card['recordId']}") == await owner(town, card)


async def test_a_record_of_a_new_source_waits(town: Town) -> None:
    unheard_of = {**town.cards[0], "source": "unheard_of"}
    await town.stewardship.settle(await town.write([unheard_of]))
    before = await town.individual(f"unheard_of:{unheard_of['recordId']}")
    assert before != await owner(town, unheard_of)
    await town.resolver(town.matcher).resolve_all(ORDER, progress=NoProgress())
    assert await town.individual(f"unheard_of:{unheard_of['recordId']}") == await owner(town, unheard_of)
