"""What chaos sends: events published to NATS, and batches posted over HTTP, each again and again until it is accepted."""

import asyncio
import random
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from time import perf_counter
from typing import Any, Final

import httpx
import nats.errors
import orjson
from nats.js import JetStreamContext

from ingest.normalise.event import parse_event
from ingest.publisher import EventPublisher
from ingest.streams import EVENTS_SUBJECT

WINDOW: Final = 50
PEOPLE: Final = 300
REPETITIONS: Final = 5
"""Earlier events that are sent once more with each window."""
ANSWER_SECONDS: Final = 15.0
AGAIN_SECONDS: Final = 0.5
FAT_BYTES: Final = 100_000
FAT_WINDOW: Final = 20


def body_of(name: str, *, chance: random.Random, start: datetime, **more: Any) -> bytes:
    """An event of one of a few hundred people; one in ten has a clock that is years behind, one in ten hours ahead."""
    person = chance.randrange(PEOPLE)
    jump = chance.choices((timedelta(0), -timedelta(days=9_000), timedelta(hours=20)), weights=(8, 1, 1))[0]
    event: dict[str, Any] = {
        "messageId": name,
        "userId": f"user-{person}",
        "timestamp": (start + jump + timedelta(seconds=chance.randrange(-3_600, 0))).isoformat(),
    }
    if chance.random() < 0.2:
        home = {"street": f"{person // 2} Main St", "city": "Las Vegas", "state": "NV", "postalCode": "89101", "country": "US"}
        traits = {"email": f"p{person}@mail.example", "firstName": "Ada", "lastName": f"Love{person // 2}", "address": home}
        return orjson.dumps(event | {"type": "identify", "traits": traits | more})
    details = {"product_id": f"sku-{chance.randrange(50)}", "price": 9.99} | more
    cookie = f"cookie-{person}-{chance.randrange(3)}"
    return orjson.dumps(event | {"type": "track", "event": "Product Viewed", "anonymousId": cookie, "properties": details})


class Load:
    """Publishes until it is stopped; ``accepted`` holds what JetStream acknowledged.

    ``unfit`` is what was sent and is no event, ``unfit_kept`` that of it which JetStream acknowledged. Some of it is cut off,
    some has a clock that is years ahead, which nobody can tell from a time that is meant.
    """

    def __init__(self, *, seed: int, per_second: float) -> None:
        self.accepted: list[bytes] = []
        self.unfit: list[bytes] = []
        self.unfit_kept: list[bytes] = []
        self.repetitions = 0
        self._chance = random.Random(seed)  # noqa: S311 (a reproducible stream, not a secret)
        self._per_second = per_second
        self._start = datetime.now(UTC)
        self._fat = 0

    async def run(self, publisher: EventPublisher, js: JetStreamContext, *, stopping: asyncio.Event) -> None:
        """Windows of events, each in an order of its own, with some repetitions of any earlier ones."""
        number = 0
        while not stopping.is_set():
            began = perf_counter()
            bodies = [body_of(f"event-{number + place}", chance=self._chance, start=self._start) for place in range(WINDOW)]
            number += WINDOW
            self._chance.shuffle(bodies)
            await publisher.publish_all([publisher.message(parse_event(body), body=body) for body in bodies])
            self.accepted += bodies
            for body in self._chance.sample(self.accepted, REPETITIONS):
                with suppress(nats.errors.Error, TimeoutError):
                    await js.publish(f"{EVENTS_SUBJECT}.{orjson.loads(body)['type']}", body)
                    self.repetitions += 1
            with suppress(nats.errors.Error, TimeoutError):
                ahead = {"timestamp": (self._start + timedelta(days=3_650)).isoformat()}
                future = orjson.dumps(orjson.loads(bodies[0]) | ahead | {"messageId": f"ahead-{number}"})
                unfit = self._chance.choice((future, bodies[0][: WINDOW + number % WINDOW]))
                self.unfit.append(unfit)
                await js.publish(f"{EVENTS_SUBJECT}.track", unfit)
                self.unfit_kept.append(unfit)
            await _rest(began, WINDOW / self._per_second, stopping)

    async def fatten(self, publisher: EventPublisher) -> None:
        """A few events so large that a disk without room is noticed soon."""
        first = self._fat
        self._fat += FAT_WINDOW
        bodies = [
            body_of(f"fat-{number}", chance=self._chance, start=self._start, filler="x" * FAT_BYTES)
            for number in range(first, self._fat)
        ]
        await publisher.publish_all([publisher.message(parse_event(body), body=body) for body in bodies])
        self.accepted += bodies


class HttpLoad:
    """Posts batches as a Segment library does: each until it is answered 200, whatever became of it before.

    ``accepted`` holds the events as the collector keeps them, ``answers`` how often there was which status, or none.
    """

    def __init__(self, *, url: str, source: str, key: str, seed: int, per_second: float) -> None:
        self.accepted: list[bytes] = []
        self.answers: Counter[str] = Counter()
        self._url = url
        self._source = source
        self._key = key
        self._chance = random.Random(seed)  # noqa: S311 (a reproducible stream, not a secret)
        self._per_second = per_second

    async def run(self, *, stopping: asyncio.Event) -> None:
        """Windows of events, each one batch."""
        number, start = 0, datetime.now(UTC)
        async with httpx.AsyncClient(auth=(self._key, ""), timeout=ANSWER_SECONDS) as client:
            while not stopping.is_set():
                began = perf_counter()
                names = [f"web-{number + place}" for place in range(WINDOW)]
                number += WINDOW
                events = [orjson.loads(body_of(name, chance=self._chance, start=start)) for name in names]
                body = orjson.dumps({"batch": events})
                while (answer := await self._posted(client, body)) != str(HTTPStatus.OK.value):
                    self.answers[answer] += 1
                    await asyncio.sleep(AGAIN_SECONDS)
                self.answers[answer] += 1
                self.accepted += [orjson.dumps(event | {"source": self._source}) for event in events]
                await _rest(began, WINDOW / self._per_second, stopping)

    async def _posted(self, client: httpx.AsyncClient, body: bytes) -> str:
        """The status of the answer, ``200`` only if it takes every event; else that there was none."""
        try:
            answer = await client.post(f"{self._url}/v1/batch", content=body)
        except httpx.TransportError:
            return "none"
        if answer.status_code == HTTPStatus.OK and answer.json()["refused"]:
            return "200 with refusals"
        return str(answer.status_code)


async def _rest(began: float, seconds: float, stopping: asyncio.Event) -> None:
    """Wait until so many seconds after ``began``, or until told to stop."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), timeout=max(0.0, seconds - (perf_counter() - began)))
