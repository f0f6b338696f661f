"""Load while processes are killed with -9: afterwards every accepted event is in the graph once, and so are its conclusions.

Events go in by the publisher of a temporary installation; again and again a worker, the resolver, NATS or Neo4j is killed and
``kindred up`` starts it again. Events come out of order, some again and again without the id by which JetStream would know them
(as they come beyond its duplicate window), their clocks jump by years, and one message is no event. At the end what the graph
holds is compared, by content hash, with another database to which the accepted events were written plainly, one batch after
the other, and which was resolved once.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any, Final

import nats.errors
import orjson
import psutil
from rich.console import Console

from bench.harness import BenchError, Row, describe_machine, parser, publish, run_main
from bench.installation import Installation, temporary_installation
from graph.database import open_database
from graph.identity.conclusion import ORDER
from graph.identity.progress import NoProgress
from graph.model.contents import Contents, Section
from graph.repositories.contents import ContentsRepository
from graph.repositories.evidence import EvidenceRepository
from ingest.backlog import wait_until_written
from ingest.dead_letters import DeadLetters
from ingest.normalise.event import parse_event, to_evidence
from ingest.publisher import EventPublisher, open_nats
from ingest.streams import EVENTS_SUBJECT
from runtime.resolving import resolve_once
from runtime.settings import load_settings
from runtime.stack.address import stack_address
from runtime.stack.state import read_state
from runtime.wiring import retention

BENCH = "chaos"
VICTIMS: Final = ("worker", "resolver", "nats", "neo4j")
POISON: Final = b'{"type": "track", '
WINDOW: Final = 50
BATCH: Final = 500
REGION: Final = "US"
DRAIN_SECONDS: Final = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run did and found."""

    accepted: int
    repetitions: int
    kills: Counter[str]
    dead_letters: int
    missing_or_other: tuple[str, ...]
    """Kinds of content that are not as they should be, evidence and conclusions; empty when all is well."""


def body_of(number: int, *, chance: random.Random, start: datetime) -> bytes:
    """An event of one of a few hundred people; one in ten has a clock that is years behind, one in ten hours ahead."""
    person = chance.randrange(300)
    jump = chance.choices((timedelta(0), -timedelta(days=9_000), timedelta(hours=20)), weights=(8, 1, 1))[0]
    event: dict[str, Any] = {
        "messageId": f"event-{number}",
        "userId": f"user-{person}",
        "timestamp": (start + jump + timedelta(seconds=chance.randrange(-3_600, 0))).isoformat(),
    }
    if chance.random() < 0.2:
        home = {"street": f"{person // 2} Main St", "city": "Las Vegas", "state": "NV", "postalCode": "89101", "country": "US"}
        traits = {"email": f"p{person}@mail.example", "firstName": "Ada", "lastName": f"Love{person // 2}", "address": home}
        return orjson.dumps(event | {"type": "identify", "traits": traits})
    details = {"product_id": f"sku-{chance.randrange(50)}", "price": 9.99}
    cookie = f"cookie-{person}-{chance.randrange(3)}"
    return orjson.dumps(event | {"type": "track", "event": "Product Viewed", "anonymousId": cookie, "properties": details})


class Load:
    """Publishes until it is stopped; ``accepted`` holds what JetStream acknowledged."""

    def __init__(self, *, seed: int, per_second: float) -> None:
        self.accepted: list[bytes] = []
        self.repetitions = 0
        self._chance = random.Random(seed)  # noqa: S311 (a reproducible stream, not a secret)
        self._per_second = per_second

    async def run(self, publisher: EventPublisher, js: Any, *, stopping: asyncio.Event) -> None:
        """Windows of events, each in an order of its own, with some repetitions of any earlier ones."""
        number, start = 0, datetime.now(UTC)
        while not stopping.is_set():
            began = perf_counter()
            bodies = [body_of(number + place, chance=self._chance, start=start) for place in range(WINDOW)]
            number += WINDOW
            self._chance.shuffle(bodies)
            await publisher.publish_all([publisher.message(parse_event(body), body=body) for body in bodies])
            self.accepted += bodies
            for body in self._chance.sample(self.accepted, 5):
                with suppress(nats.errors.Error, TimeoutError):
                    await js.publish(f"{EVENTS_SUBJECT}.{orjson.loads(body)['type']}", body)
                    self.repetitions += 1
            rest = WINDOW / self._per_second - (perf_counter() - began)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), timeout=max(0.0, rest))


def kill(installation: Installation, name: str) -> None:
    """Kill -9 a process of the installation, by the pid on record.

    Raises:
        BenchError: it had ended by itself.
    """
    state = read_state(installation.home)
    if state is None or name not in state.processes:
        raise BenchError(f"{name} is not running")
    try:
        process = psutil.Process(state.processes[name].pid)
        process.kill()
        process.wait(20)
    except psutil.NoSuchProcess as error:
        raise BenchError(f"{name} had ended by itself") from error


async def rage(
    installation: Installation, *, seconds: float, pause_seconds: float, seed: int, per_second: float, console: Console
) -> tuple[Outcome, list[bytes], Contents]:
    """Load and kills for so long, then rest; returns what was accepted and what the graph holds.

    Raises:
        BenchError: a process had ended by itself.
        ingest.backlog.BacklogStuckError: the workers stopped writing.
    """
    settings = load_settings(home=installation.home)
    address = stack_address(settings)
    chance, kills, load, stopping = random.Random(seed), Counter[str](), Load(seed=seed, per_second=per_second), asyncio.Event()  # noqa: S311
    async with open_nats(address.nats_url, retention=retention(settings)) as connection:
        js = connection.jetstream()
        await js.publish(f"{EVENTS_SUBJECT}.track", POISON)
        publisher = EventPublisher(connection, patience_seconds=None)
        loading = asyncio.create_task(load.run(publisher, js, stopping=stopping))
        began = perf_counter()
        victims: list[str] = []
        while perf_counter() - began < seconds or len(kills) < len(VICTIMS):
            await asyncio.sleep(pause_seconds * (0.5 + chance.random()))
            if loading.done():
                break
            # Each of them once before any of them again.
            victims = victims or chance.sample(VICTIMS, len(VICTIMS))
            victim = victims.pop()
            console.print(f"{perf_counter() - began:4.0f} s  {len(load.accepted):,} accepted; killing {victim}")
            kill(installation, victim)
            kills[victim] += 1
            await asyncio.to_thread(installation.kindred, "up")
        stopping.set()
        await loading
        console.print(f"{len(load.accepted):,} accepted; waiting for the workers")
        await wait_until_written(js, patience_seconds=DRAIN_SECONDS)
        letters = [letter async for letter in DeadLetters(js).all()]
    await asyncio.to_thread(installation.kindred, "resolve")
    async with open_database(address.neo4j) as database:
        held = await ContentsRepository(database).read()
    wrong = tuple(f"dead letter {letter.code}: {letter.reason}" for letter in letters if letter.body != POISON)
    outcome = Outcome(
        accepted=len(load.accepted),
        repetitions=load.repetitions,
        kills=kills,
        dead_letters=len(letters),
        missing_or_other=wrong if letters else (*wrong, "the poison is not among the dead letters"),
    )
    return outcome, load.accepted, held


async def written_plainly(installation: Installation, bodies: Sequence[bytes]) -> Contents:
    """What a database holds to which the events were written in order, by nobody else, and which was resolved once."""
    async with open_database(stack_address(load_settings(home=installation.home)).neo4j) as database:
        now, evidence = datetime.now(UTC), EvidenceRepository(database)
        for start in range(0, len(bodies), BATCH):
            part = bodies[start : start + BATCH]
            await evidence.write([to_evidence(parse_event(body), recorded_at=now, region=REGION) for body in part])
        await resolve_once(database, ORDER, progress=NoProgress())
        return await ContentsRepository(database).read()


def run(*, seconds: float, pause_seconds: float, seed: int, per_second: float, console: Console) -> Outcome:
    """One run, with installations of its own."""
    with temporary_installation() as installation:
        outcome, accepted, held = asyncio.run(
            rage(
                installation,
                seconds=seconds,
                pause_seconds=pause_seconds,
                seed=seed,
                per_second=per_second,
                console=console,
            )
        )
    console.print("writing the accepted events plainly into another database")
    with temporary_installation(services=False) as installation:
        expected = asyncio.run(written_plainly(installation, accepted))
    found = tuple(
        f"{kind}: {held.of(kind).count} held, {expected.of(kind).count} expected, other in {len(buckets)} parts"
        for kind, buckets in held.differing(expected, (Section.EVIDENCE, Section.CONCLUSIONS)).items()
    )
    return Outcome(
        accepted=outcome.accepted,
        repetitions=outcome.repetitions,
        kills=outcome.kills,
        dead_letters=outcome.dead_letters,
        missing_or_other=(*outcome.missing_or_other, *found),
    )


def main(arguments: Sequence[str], console: Console) -> None:
    """Run and publish the rows.

    Raises:
        BenchError: something was lost, is there twice, or is concluded otherwise.
    """
    options = parser(BENCH, "Kills under load, then exactly once by content hash.", data=False)
    options.add_argument("--minutes", type=float, default=30.0, metavar="N", help="how long; default 30")
    options.add_argument("--pause", type=float, default=20.0, metavar="S", help="seconds between kills, about; default 20")
    options.add_argument("--rate", type=float, default=200.0, metavar="N", help="events a second; default 200")
    options.add_argument("--seed", type=int, default=1, metavar="N", help="of events and kills; default 1")
    asked = options.parse_args(arguments)
    outcome = run(seconds=asked.minutes * 60, pause_seconds=asked.pause, seed=asked.seed, per_second=asked.rate, console=console)
    figures = {
        "accepted": outcome.accepted,
        "repetitions": outcome.repetitions,
        **{f"kills of {name}": outcome.kills[name] for name in VICTIMS},
        "dead letters": outcome.dead_letters,
        "kinds that differ": len(outcome.missing_or_other),
    }
    dataset = f"{asked.minutes:g} minutes, seed {asked.seed}"
    rows = [
        Row(bench=BENCH, dataset=dataset, system="kindred", metric=metric, value=value, unit="count")
        for metric, value in figures.items()
    ]
    publish(rows, head=describe_machine(now=datetime.now(UTC)), json_file=asked.json, console=console)
    if outcome.missing_or_other:
        raise BenchError("; ".join(outcome.missing_or_other))


if __name__ == "__main__":
    run_main(main)
