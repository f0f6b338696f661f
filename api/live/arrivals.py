"""Telling the touchpoints of a person once each, in the order in which they arrive.

What is told is read from the graph each time: notes of changes only say when to look.
"""

from collections.abc import AsyncGenerator, Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from api.live.place import Left, Place, hash_of, hashes_of
from graph.model.live import Arrival, ArrivalPoint, Look, Source
from graph.model.profile import JourneyTouchpoint
from graph.repositories.live import OVERLAP, LiveRepository

PAGE: Final = 100
FAR: Final = datetime(9999, 1, 1, tzinfo=UTC)
A_MOMENT: Final = timedelta(milliseconds=1)


class Arrivals:
    """What a subscriber was told of a journey, and what is still to be."""

    def __init__(self, live: LiveRepository, place: Place) -> None:
        self._live = live
        self._place = place
        self._seen: tuple[frozenset[str], int] | None = None

    async def new(self, look: Look) -> AsyncGenerator[tuple[JourneyTouchpoint, Place], None]:
        """What was not told yet, each with the place after it; it reads nothing where counts say that there is nothing new."""
        counts = (look.keys, look.touchpoints)
        if counts == self._seen:
            return
        current = hashes_of(look.keys)
        while True:
            self._place = _begun(self._place, look, current.keys())
            sources = self._sources(current)
            more = bool(sources)
            while more:
                page = await self._live.arrivals(sources, after=self._place.at, limit=PAGE)
                for arrival in page:
                    told = _is_told(arrival, self._place)
                    self._place = _after(arrival, self._place)
                    if not told:
                        yield arrival.touchpoint, self._place
                more = len(page) == PAGE
            self._place = _ended(self._place)
            # What a cursor had begun is told first; whoever entered since is told now.
            if self._place.covered == current.keys():
                break
        self._seen = counts

    def _sources(self, current: Mapping[int, str]) -> list[Source]:
        """Of the covered what was written since, of those that enter all that was not told before they left."""
        place = self._place
        found = [Source(key=current[key], since=place.until) for key in place.covered]
        for key in place.entering:
            left = place.left.get(key)
            found.append(Source(key=current[key], since=left.until.written_at - A_MOMENT if left else None))
        return sorted(found, key=lambda source: source.key)


def _begun(place: Place, look: Look, current: Collection[int]) -> Place:
    """A place from which everything of the current identifiers is told that was not yet."""
    members, at = frozenset(current), place.at
    told, left = frozenset(place.told), dict(place.left)
    covered, entering = place.covered & members, place.entering & members
    if at is None:
        left.update({key: Left(until=_end_of(place.until), told=told) for key in place.covered - members})
        entering = members - covered
    else:
        # Up to here everything was told in order, and nothing more can become visible.
        settled = min(at, _end_of(place.floor))
        left.update({key: Left(until=max(settled, _end_of(place.until)), told=told) for key in place.covered - members})
        left.update({key: Left(until=settled, told=told) for key in place.entering - members})
        # What became visible since may stand before: back to where nothing could. What was told behind it is known.
        at = settled
    floor = max(place.floor, place.until, look.now - OVERLAP)
    return replace(place, covered=covered, left=left, entering=entering, floor=floor, at=at)


def _end_of(moment: datetime) -> ArrivalPoint:
    """Behind everything that was written up to a moment."""
    return ArrivalPoint(written_at=moment, recorded_at=FAR, id="")


def _is_told(arrival: Arrival, place: Place) -> bool:
    id_, written_at = hash_of(arrival.touchpoint.id), arrival.point.written_at
    if id_ in place.told:
        return True
    carried = {hash_of(identifier.key) for identifier in arrival.touchpoint.identifiers}
    if written_at <= place.until and carried & place.covered:
        return True
    before = (place.left[key] for key in carried & place.left.keys())
    return any(arrival.point <= left.until or id_ in left.told for left in before)


def _after(arrival: Arrival, place: Place) -> Place:
    told = place.told
    if arrival.point.written_at > place.floor:
        told = {**told, hash_of(arrival.touchpoint.id): arrival.point.written_at}
    return replace(place, at=arrival.point, told=told)


def _ended(place: Place) -> Place:
    """Everything of the entering is told as well: they are covered now."""
    return replace(
        place,
        until=place.floor,
        covered=place.covered | place.entering,
        told={id_: written_at for id_, written_at in place.told.items() if written_at > place.floor},
        left={key: left for key, left in place.left.items() if key not in place.entering},
        entering=frozenset(),
        at=None,
    )
