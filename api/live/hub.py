"""Waking those who follow somebody live: whoever is told of a change looks at the graph again.

A wake-up holds nothing, so several are one, and a subscriber takes the same memory however much happens. All are woken now and
then without a reason: what a lost note told of is found a little later.
"""

import asyncio
import contextlib
import random
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from graph.errors import KindredError

LOOK_SECONDS: Final = 5.0
"""About how often a subscriber looks without having been woken."""
LOOKS_A_SECOND: Final = 200
"""Subscribers of one process look no more often than this, all together, where none is woken: they look less often each."""
LOOKS_AT_ONCE: Final = 8
MOST_SUBSCRIBERS: Final = 10_000


class TooManySubscribers(KindredError):  # noqa: N818 - states what was observed, as the others do
    """This process has as many subscribers as it takes."""

    code = "too_many_subscribers"


class Subscriber:
    """One who follows somebody."""

    def __init__(self, hub: "LiveHub") -> None:
        self._hub = hub
        self._told = asyncio.Event()
        self.topics: frozenset[str] = frozenset()

    def wake(self) -> None:
        """Have it look."""
        self._told.set()

    def follow(self, topics: Iterable[str]) -> None:
        """From now on be woken by these: keys of identifiers, ids of records and identities."""
        self._hub.index(self, frozenset(topics))

    async def woken(self) -> None:
        """Wait until there may be something new."""
        with contextlib.suppress(TimeoutError):
            # Not by wait_for: what is cancelled in the moment in which it is woken would go on.
            async with asyncio.timeout(self._hub.patience_seconds()):
                await self._told.wait()
        self._told.clear()


class LiveHub:
    """The subscribers of one process, by what they follow."""

    def __init__(
        self, *, look_seconds: float = LOOK_SECONDS, most: int = MOST_SUBSCRIBERS, chance: random.Random | None = None
    ) -> None:
        self._look_seconds = look_seconds
        self._most = most
        self._chance = chance or random.Random()  # noqa: S311 - it spreads looks over time
        self._by_topic: dict[str, set[Subscriber]] = {}
        self._subscribers: set[Subscriber] = set()
        self.looks = asyncio.Semaphore(LOOKS_AT_ONCE)
        """Taken while looking: when all are woken at once, requests are answered in between."""

    def __len__(self) -> int:
        return len(self._subscribers)

    @contextmanager
    def subscriber(self) -> Iterator[Subscriber]:
        """One more, while the context is open.

        Raises:
            TooManySubscribers: there are as many as this process takes.
        """
        if len(self._subscribers) >= self._most:
            raise TooManySubscribers(f"this server has {self._most} subscribers, and takes no more now")
        subscriber = Subscriber(self)
        self._subscribers.add(subscriber)
        try:
            yield subscriber
        finally:
            self._subscribers.discard(subscriber)
            self.index(subscriber, frozenset())

    def index(self, subscriber: Subscriber, topics: frozenset[str]) -> None:
        """Wake a subscriber by these topics and no others."""
        for topic in subscriber.topics - topics:
            followers = self._by_topic[topic]
            followers.discard(subscriber)
            if not followers:
                del self._by_topic[topic]
        for topic in topics - subscriber.topics:
            self._by_topic.setdefault(topic, set()).add(subscriber)
        subscriber.topics = topics

    def wake(self, topics: Collection[str]) -> None:
        """Wake those who follow one of these."""
        for topic in topics:
            for subscriber in self._by_topic.get(topic, ()):
                subscriber.wake()

    def wake_all(self) -> None:
        """Wake everybody: anything may have changed."""
        for subscriber in self._subscribers:
            subscriber.wake()

    def patience_seconds(self) -> float:
        """How long to wait for being woken: longer where there are many, and never all at one moment."""
        return max(self._look_seconds, len(self._subscribers) / LOOKS_A_SECOND) * self._chance.uniform(0.75, 1.25)
