"""Whatever becomes visible late, whoever enters and leaves, wherever one takes up again: each touchpoint is told once."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import InvalidArgument
from api.live import arrivals as module
from api.live.arrivals import Arrivals
from api.live.place import Place, hash_of, place_of
from graph.model.identifier import Identifier
from graph.model.live import Arrival, ArrivalPoint, Look, Source
from graph.model.profile import JourneyTouchpoint
from graph.repositories.evidence import WRITE_SECONDS
from graph.repositories.live import LiveRepository

START = datetime(2026, 1, 1, tzinfo=UTC)
KEYS = [f"anonymous_id:c{number}" for number in range(4)]
FOLLOWED = KEYS[0]


@dataclass
class Graph:
    """What a subscriber sees of a graph: touchpoints become visible some time after they were written."""

    now: datetime = START
    members: frozenset[str] = frozenset({FOLLOWED})
    touchpoints: list[tuple[Arrival, frozenset[str], datetime]] = field(default_factory=list)

    def visible(self) -> list[tuple[Arrival, frozenset[str]]]:
        return [(arrival, keys) for arrival, keys, from_at in self.touchpoints if from_at <= self.now]

    def journey(self) -> set[str]:
        return {arrival.touchpoint.id for arrival, keys in self.visible() if keys & self.members}

    def look(self) -> Look:
        count = sum(len(keys & self.members) for _, keys in self.visible())
        return Look(
            now=self.now, known=True, held_back=False, identity_id="ind_1", household_id=None, decisions=1,
            keys=self.members, records=frozenset(), touchpoints=count, versions=0,
        )  # fmt: skip

    async def arrivals(self, sources: Sequence[Source], *, after: ArrivalPoint | None, limit: int) -> list[Arrival]:
        def wanted(arrival: Arrival, keys: frozenset[str]) -> bool:
            written_at = arrival.point.written_at
            return any(each.key in keys and (each.since is None or written_at > each.since) for each in sources)

        found = [each for each, keys in self.visible() if wanted(each, keys) and (after is None or each.point > after)]
        return sorted(found, key=lambda arrival: arrival.point)[:limit]

    def write(self, number: int, keys: frozenset[str], *, ago: timedelta, late: timedelta) -> None:
        """A touchpoint, written by now, that becomes visible at the latest as long after as a transaction may take."""
        written_at = self.now - min(ago, late)
        identifiers = tuple(Identifier(namespace=key.partition(":")[0], value=key.partition(":")[2]) for key in sorted(keys))
        id_ = f"t{number}"
        item = JourneyTouchpoint(
            id=id_, type="page_view", event="", channel="web", at=START, recorded_at=written_at - ago, source="shop", title=None,
            url=None, value_cents=None, currency=None, properties=None, rejected_values=(), identifiers=identifiers,
            products=(), order_id=None, store_id=None, campaign_id=None,
        )  # fmt: skip
        point = ArrivalPoint(written_at=written_at, recorded_at=item.recorded_at, id=id_)
        self.touchpoints.append((Arrival(touchpoint=item, point=point), keys, written_at + late))


SECONDS = st.integers(0, int(WRITE_SECONDS))
WRITE = st.tuples(st.just("write"), st.frozensets(st.sampled_from(KEYS), min_size=1, max_size=2), SECONDS, SECONDS)
WAIT = st.tuples(st.just("wait"), st.sampled_from([1, 30, 90, 1_000]))
ENTER = st.tuples(st.just("members"), st.frozensets(st.sampled_from(KEYS[1:])))
READ = st.tuples(st.just("read"), st.integers(0, 6))
RESUME = st.tuples(st.just("resume"))
STEPS = st.lists(st.one_of(WRITE, WRITE, WRITE, WAIT, ENTER, READ, RESUME), max_size=40)


async def read(arrivals: Arrivals, graph: Graph, most: int | None) -> tuple[list[str], str | None]:
    """Ids told, at most so many before the subscriber goes, and the last cursor."""
    told: list[str] = []
    cursor = None
    if most == 0:
        return told, cursor
    async with aclosing(arrivals.new(graph.look())) as new:
        async for item, place in new:
            told.append(item.id)
            cursor = place.cursor()
            if len(told) == most:
                break
    return told, cursor


async def story(steps: Sequence[tuple[Any, ...]], *, leave: bool) -> None:
    graph, told, cursor = Graph(), list[str](), None
    repository = cast("LiveRepository", graph)
    arrivals = Arrivals(repository, Place(about=hash_of(FOLLOWED)))
    expected: set[str] = set()
    for number, (kind, *arguments) in enumerate([*steps, ("resume",), ("read", None), ("wait", 1_000), ("read", None)]):
        match kind:
            case "write":
                keys, ago, late = arguments
                graph.write(number, keys, ago=timedelta(seconds=ago), late=timedelta(seconds=late))
            case "wait":
                graph.now += timedelta(seconds=arguments[0])
            case "members":
                entered = frozenset({FOLLOWED, *arguments[0]})
                graph.members = entered if leave else graph.members | entered
            case "resume":
                place = Place(about=hash_of(FOLLOWED)) if cursor is None else place_of(cursor, key=FOLLOWED)
                arrivals = Arrivals(repository, place)
            case _:
                before = set(told)
                new, last = await read(arrivals, graph, arguments[0])
                cursor = last or cursor
                told += new
                if arguments[0] is None:
                    assert graph.journey() <= set(told)
                elif last is not None and len(new) == arguments[0]:
                    # A subscriber that goes in the middle takes up again where it was.
                    arrivals = Arrivals(repository, place_of(last, key=FOLLOWED))
                assert set(new).isdisjoint(before), "told twice"
                expected |= graph.journey()
        assert len(told) == len(set(told)), "told twice"
    assert set(told) <= expected


@given(STEPS)
def test_each_touchpoint_is_told_once(steps: list[tuple[Any, ...]]) -> None:
    asyncio.run(story(steps, leave=False))


@given(STEPS)
def test_identifiers_may_leave_and_return(steps: list[tuple[Any, ...]]) -> None:
    asyncio.run(story(steps, leave=True))


@given(STEPS)
def test_pages_are_short(steps: list[tuple[Any, ...]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PAGE", 2)
        asyncio.run(story(steps, leave=True))


def test_a_cursor_is_as_long_as_what_came_in_the_last_two_minutes() -> None:
    async def last_cursor() -> str:
        graph = Graph()
        for number in range(2_000):
            graph.write(number, frozenset({FOLLOWED}), ago=timedelta(0), late=timedelta(0))
            graph.now += timedelta(seconds=10)
        _, cursor = await read(Arrivals(cast("LiveRepository", graph), Place(about=hash_of(FOLLOWED))), graph, None)
        assert cursor is not None
        return cursor

    cursor = asyncio.run(last_cursor())
    # Two thousand touchpoints, of which the twelve of the last two minutes are in it, at 8 bytes and a time each.
    assert len(place_of(cursor, key=FOLLOWED).told) == 12 - 1
    assert len(cursor) < 500


@pytest.mark.parametrize("cursor", ["", "x", "bm8", "W10", Place(about=1).cursor()])
def test_what_is_no_cursor_of_this_journey_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidArgument):
        place_of(cursor, key=FOLLOWED)
