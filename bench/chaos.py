"""Load while everything is broken in turn: afterwards every accepted event is in the graph once, and so are its conclusions.

Events go in by a publisher and over HTTP through the collector; again and again one process of a temporary installation is killed
with -9 or stopped for a while, a disk is filled, or Neo4j is killed while all is resolved, and ``kindred up`` mends it. Events
come out of order, some again and again without the id by which JetStream would know them (as beyond its duplicate window), clocks
jump by years both ways, and some messages are no events. At the end what the graph holds is compared, by content hash,
with another database to which the accepted events were written plainly, one batch after the other, and which was resolved once.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Final

import psutil
from rich.console import Console

from bench.chaos_load import HttpLoad, Load
from bench.harness import BenchError, Row, describe_machine, parser, publish, run_main
from bench.installation import Installation, temporary_installation
from bench.small_disk import SmallDisk, may_mount, require_mounts, small_disk
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
from runtime.logging import configure_logging
from runtime.resolving import resolve_once
from runtime.settings import load_settings
from runtime.stack.address import stack_address
from runtime.stack.resources import choose_port
from runtime.stack.state import read_state
from runtime.wiring import retention, write_keys

BENCH = "chaos"
KILLED: Final = ("worker", "resolver", "server", "nats", "neo4j")
STOPPED: Final = ("worker", "nats")
FILLED: Final = ("nats", "neo4j")
RESOLVING: Final = "kill neo4j while it resolves"
FAULTS: Final = (*(f"kill {name}" for name in KILLED), *(f"stop {name}" for name in STOPPED), RESOLVING)
DISK_FAULTS: Final = tuple(f"fill the disk of {name}" for name in FILLED)
BATCH: Final = 500
REGION: Final = "US"
DRAIN_SECONDS: Final = 300.0
STOPPED_SECONDS: Final = 8.0
"""Longer than a publication waits for its acknowledgement."""
FULL_SECONDS: Final = 6.0
PLACES: Final[Mapping[str, str]] = {"nats": "nats/jetstream", "neo4j": "neo4j/data"}
LEAST_MEGABYTES: Final[Mapping[str, int]] = {"nats": 512, "neo4j": 800}
"""JetStream promises its streams three quarters of the disk, and what was touched asks for 256; Neo4j's log takes the most."""
MEGABYTES_A_MINUTE: Final[Mapping[str, int]] = {"nats": 30, "neo4j": 130}
"""At 200 events a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run did and found."""

    accepted: int
    accepted_over_http: int
    repetitions: int
    answers: Counter[str]
    """Of the collector: how often which status, or none."""
    faults: Counter[str]
    dead_letters: int
    wrong: tuple[str, ...]
    """What is not as it should be, in words; empty when all is well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a run goes: each of ``faults`` once before any again, for ``seconds`` and until each was there."""

    seconds: float
    pause_seconds: float
    seed: int
    per_second: float
    faults: tuple[str, ...]

    @property
    def fills(self) -> bool:
        """Whether disks of their own are needed."""
        return bool(set(self.faults) & set(DISK_FAULTS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """Does what a fault's name says, and lets ``kindred up`` mend it."""

    installation: Installation
    disks: Mapping[str, SmallDisk]
    load: Load
    publisher: EventPublisher
    chance: random.Random

    async def __call__(self, fault: str) -> None:
        """Break and mend.

        Raises:
            BenchError: a process had ended by itself, or ``kindred up`` could not mend it.
        """
        verb, _, rest = fault.partition(" ")
        if fault == RESOLVING:
            await self._kill_while_resolving()
        elif verb == "kill":
            self._process(rest).kill()
            await self._up()
        elif verb == "stop":
            await self._stop(self._process(rest))
        else:
            await self._fill(self.disks[rest.rpartition(" ")[2]])

    async def _kill_while_resolving(self) -> None:
        resolving = asyncio.create_task(asyncio.to_thread(self.installation.kindred, "resolve"))
        await asyncio.sleep(1.0 + 3.0 * self.chance.random())
        self._process("neo4j").kill()
        await self._up()
        # It ends well, where it had done its work before or waited, or with an error: the next one does it again.
        with suppress(BenchError):
            await resolving

    async def _stop(self, process: psutil.Process) -> None:
        process.suspend()
        try:
            await asyncio.sleep(STOPPED_SECONDS)
        finally:
            process.resume()
        await self._up()

    async def _fill(self, disk: SmallDisk) -> None:
        await asyncio.to_thread(disk.fill)
        fat = asyncio.create_task(self.load.fatten(self.publisher))
        try:
            await asyncio.sleep(FULL_SECONDS)
        finally:
            disk.free()
        await self._up()
        await fat

    async def _up(self) -> None:
        await asyncio.to_thread(self.installation.kindred, "up")

    def _process(self, name: str) -> psutil.Process:
        state = read_state(self.installation.home)
        if state is None or name not in state.processes:
            raise BenchError(f"{name} is not running")
        try:
            process = psutil.Process(state.processes[name].pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                raise BenchError(f"{name} had ended by itself")
        except psutil.NoSuchProcess as error:
            raise BenchError(f"{name} had ended by itself") from error
        return process


@dataclass(slots=True, kw_only=True)
class Rage:
    """One run on a running installation."""

    installation: Installation
    plan: Plan
    disks: Mapping[str, SmallDisk]
    console: Console
    faults: Counter[str] = field(default_factory=Counter)

    async def run(self) -> tuple[Outcome, list[bytes], Contents]:
        """Load and faults, then rest; returns what was accepted and what the graph holds.

        Raises:
            BenchError: a process had ended by itself, or was not mended.
            ingest.backlog.BacklogStuckError: the workers stopped writing.
        """
        plan, settings = self.plan, load_settings(home=self.installation.home)
        address = stack_address(settings)
        [(source, key)] = write_keys(settings).items()
        load, stopping = Load(seed=plan.seed, per_second=plan.per_second / 2), asyncio.Event()
        web = HttpLoad(url=self.installation.url, source=source, key=key, seed=plan.seed + 1, per_second=plan.per_second / 2)
        chance = random.Random(plan.seed)  # noqa: S311 (a reproducible stream, not a secret)
        async with open_nats(address.nats_url, retention=retention(settings)) as connection:
            js = connection.jetstream()
            publisher = EventPublisher(connection, patience_seconds=None)
            breaker = Breaker(
                installation=self.installation, disks=self.disks, load=load, publisher=publisher, chance=chance
            )  # fmt: skip
            loading = [
                asyncio.create_task(load.run(publisher, js, stopping=stopping)),
                asyncio.create_task(web.run(stopping=stopping)),
            ]
            try:
                await self._break(breaker, chance, loading, lambda: len(load.accepted) + len(web.accepted))
            finally:
                stopping.set()
                await asyncio.gather(*loading)
            self.console.print(f"{len(load.accepted) + len(web.accepted):,} accepted; waiting for the workers")
            await wait_until_written(js, patience_seconds=DRAIN_SECONDS)
            letters = {letter.body: letter async for letter in DeadLetters(js).all()}
        await asyncio.to_thread(self.installation.kindred, "resolve")
        async with open_database(address.neo4j) as database:
            held = await ContentsRepository(database).read()
        unfit, kept = set(load.unfit), set(load.unfit_kept)
        wrong = [f"dead letter {letter.code}: {letter.reason}" for body, letter in letters.items() if body not in unfit]
        wrong += [f"neither written nor parked: {body[:60]!r}" for body in sorted(kept - set(letters))]
        outcome = Outcome(
            accepted=len(load.accepted),
            accepted_over_http=len(web.accepted),
            repetitions=load.repetitions,
            answers=web.answers,
            faults=self.faults,
            dead_letters=len(letters),
            wrong=tuple(wrong),
        )
        return outcome, load.accepted + web.accepted, held

    async def _break(
        self, breaker: Breaker, chance: random.Random, loading: Sequence[asyncio.Task[None]], accepted: Callable[[], int]
    ) -> None:
        began, left = perf_counter(), list[str]()
        while perf_counter() - began < self.plan.seconds or len(self.faults) < len(self.plan.faults):
            await asyncio.sleep(self.plan.pause_seconds * (0.5 + chance.random()))
            if any(task.done() for task in loading):
                return
            left = left or chance.sample(self.plan.faults, len(self.plan.faults))
            fault = left.pop()
            self.console.print(f"{perf_counter() - began:4.0f} s  {accepted():,} accepted; {fault}")
            await breaker(fault)
            self.faults[fault] += 1


async def written_plainly(installation: Installation, bodies: Sequence[bytes]) -> Contents:
    """What a database holds to which the events were written in order, by nobody else, and which was resolved once."""
    async with open_database(stack_address(load_settings(home=installation.home)).neo4j) as database:
        now, evidence = datetime.now(UTC), EvidenceRepository(database)
        for start in range(0, len(bodies), BATCH):
            part = bodies[start : start + BATCH]
            await evidence.write([to_evidence(parse_event(body), recorded_at=now, region=REGION) for body in part])
        await resolve_once(database, ORDER, progress=NoProgress())
        return await ContentsRepository(database).read()


def run(plan: Plan, *, console: Console) -> Outcome:
    """One run, with installations of its own.

    Raises:
        BenchError: what was broken was not mended.
    """
    disks: dict[str, SmallDisk] = {}
    on = partial(_disks, disks, minutes=plan.seconds / 60) if plan.fills else lambda _: nullcontext()
    port = choose_port(chance=random.SystemRandom())
    with temporary_installation(port=port, on=on) as installation:
        rage = Rage(installation=installation, plan=plan, disks=disks, console=console)
        outcome, accepted, held = asyncio.run(rage.run())
    console.print("writing the accepted events plainly into another database")
    with temporary_installation(services=False) as installation:
        expected = asyncio.run(written_plainly(installation, accepted))
    found = tuple(
        f"{kind}: {held.of(kind).count} held, {expected.of(kind).count} expected, other in {len(buckets)} parts"
        for kind, buckets in held.differing(expected, (Section.EVIDENCE, Section.CONCLUSIONS)).items()
    )
    return replace(outcome, wrong=(*outcome.wrong, *found))


@contextmanager
def _disks(made: dict[str, SmallDisk], home: Path, *, minutes: float) -> Iterator[None]:
    with ExitStack() as mounted:
        for name, place in PLACES.items():
            megabytes = LEAST_MEGABYTES[name] + int(minutes * MEGABYTES_A_MINUTE[name])
            made[name] = mounted.enter_context(small_disk(home / place, megabytes=megabytes))
        yield


def main(arguments: Sequence[str], console: Console) -> None:
    """Run and publish the rows.

    Raises:
        BenchError: something was lost, is there twice, or is concluded otherwise.
    """
    options = parser(BENCH, "Kills, halts and full disks under load, then exactly once by content hash.", data=False)
    options.add_argument("--minutes", type=float, default=30.0, metavar="N", help="how long; default 30")
    options.add_argument("--pause", type=float, default=20.0, metavar="S", help="seconds between faults, about; default 20")
    options.add_argument("--rate", type=float, default=200.0, metavar="N", help="events a second; default 200")
    options.add_argument("--seed", type=int, default=1, metavar="N", help="of events and faults; default 1")
    options.add_argument("--no-disks", action="store_true", help="fill no disks, which takes the privilege to mount")
    options.add_argument("--faults", metavar="A,B", help="these alone, by name; default all")
    asked = options.parse_args(arguments)
    faults = _chosen(asked.faults, FAULTS if asked.no_disks else (*FAULTS, *DISK_FAULTS))
    if set(faults) & set(DISK_FAULTS):
        require_mounts(arguments, module="bench.chaos")
    plan = Plan(
        seconds=asked.minutes * 60, pause_seconds=asked.pause, seed=asked.seed, per_second=asked.rate, faults=faults
    )  # fmt: skip
    # Each publication that is tried again says so, and here most are.
    configure_logging(level="error", log_format="console")
    outcome = run(plan, console=console)
    figures = {
        "accepted": outcome.accepted,
        "accepted over HTTP": outcome.accepted_over_http,
        "repetitions": outcome.repetitions,
        **{f"answers {name}": outcome.answers[name] for name in sorted(outcome.answers)},
        **{name: outcome.faults[name] for name in faults},
        "dead letters": outcome.dead_letters,
        "wrong": len(outcome.wrong),
    }
    dataset = f"{asked.minutes:g} minutes, seed {asked.seed}"
    rows = [
        Row(bench=BENCH, dataset=dataset, system="kindred", metric=metric, value=value, unit="count")
        for metric, value in figures.items()
    ]
    publish(rows, head=describe_machine(now=datetime.now(UTC)), json_file=asked.json, console=console)
    if outcome.wrong:
        raise BenchError("; ".join(outcome.wrong))


def _chosen(names: str | None, possible: tuple[str, ...]) -> tuple[str, ...]:
    if names is None:
        return possible
    chosen = tuple(name.strip() for name in names.split(","))
    if unknown := [name for name in chosen if name not in possible]:
        raise BenchError(f"there is no fault {unknown[0]!r}, but {', '.join(possible)}")
    return chosen


def available_faults() -> tuple[str, ...]:
    """The faults that this process can bring about: disks are filled by those who may mount them."""
    return (*FAULTS, *DISK_FAULTS) if may_mount() else FAULTS


if __name__ == "__main__":
    run_main(main)
