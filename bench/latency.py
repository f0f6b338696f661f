"""How long it takes from the moment an event is due until a reader in another process finds it in the profile over GraphQL.

A shop with known customers gets events at a steady rate. A reader asks for profiles over HTTP, again and again, until what it
waits for is there: the touchpoint in the profile of its cookie; and of a new cookie that signs in, what it did *before* in the
profile of the account, which only a merge of the two can bring there. The limit, at the same rate in the same run, is a
process that takes the same events from a JetStream stream and writes them by the fastest idempotent Cypher, until its commit:
nothing is resolved, and nobody reads. All times count from when an event is due, so a sender that falls behind hides nothing.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import quantiles
from time import time
from typing import Any
from urllib.parse import urlsplit

import nats
import orjson
from nats.aio.msg import Msg
from rich.console import Console

from bench.harness import BenchError, Row, describe_machine, parser, publish, run_main
from bench.installation import HEAP_MB, PAGE_CACHE_MB, Installation, temporary_installation
from bench.profile_read import HttpConnection
from bench.stream import introduce, jetstream, require_resolved, services, settled
from bench.visits import SignIn, Visits
from graph.database import Transaction, open_database
from graph.model.evidence import Touchpoint
from graph.repositories import evidence_rows
from graph.statements import bench as limits
from ingest.normalise.event import parse_event, to_evidence
from ingest.publisher import EventPublisher
from ingest.streams import MESSAGE_ID_HEADER
from ingest.worker_pool import BATCH_SIZE, PatientPull
from runtime.settings import load_settings
from runtime.stack.address import stack_address
from runtime.wiring import api_keys

BENCH = "latency"
RAW_STREAM = "BENCH_RAW"
RAW_SUBJECT = "bench.raw"
RAW_WRITERS = 2
SHOWN_WITHIN_SECONDS = 60.0
QUESTIONS_PER_SECOND = 60
"""That the reader asks at most, whatever it waits for: it shares the processors with what it measures. What is shown is seen with
the next question for it, so times are too long by up to ``waited for / QUESTIONS_PER_SECOND``."""
WATCHED_PER_SECOND = 4
"""Sign-ins that the reader looks for, and as many other events."""
START_SECONDS = 5.0
"""Until the first event is due: processes have started by then."""
QUERY = """
query Shown($identifier: IdentifierInput!, $from: DateTime!, $to: DateTime!) {
  profile(identifier: $identifier) {
    ... on Profile {
      identityId
      name { full }
      emails { value }
      journey(first: 5, from: $from, to: $to) { edges { node { messageId at type event title url } } }
    }
  }
}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What a reader waits for: a touchpoint in the profile of an identifier."""

    due_seconds: float
    """From the start; the event that brings it about is due then."""
    namespace: str
    value: str
    message_id: str
    at: datetime
    """Of the touchpoint."""
    signs_in: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Events, each due ``1 / rate`` seconds after the one before, and what is looked for."""

    rate: int
    events: tuple[dict[str, Any], ...]
    watched: tuple[Watched, ...]
    sign_ins: tuple[SignIn, ...]


def schedule(visits: Visits, *, rate: int, seconds: float, seed: int) -> Schedule:
    """The next events of visits, and a sample of what they bring about: sign-ins of new cookies, and other events."""
    chance = random.Random(seed)  # noqa: S311 (a reproducible sample, not a secret)
    events = tuple(visits.events(int(rate * seconds)))
    signing_in = {each.cookie: each.user for each in visits.sign_ins}
    anonymous: dict[str, dict[str, Any]] = {}
    merged: list[Watched] = []
    shown: list[Watched] = []
    for number, event in enumerate(events):
        cookie = event["anonymousId"]
        if "userId" not in event:
            anonymous.setdefault(cookie, event)
        elif cookie in signing_in and cookie in anonymous:
            before = anonymous[cookie]
            merged.append(_watched(number / rate, "user_id", signing_in.pop(cookie), before, signs_in=True))
        elif event["type"] == "track":
            shown.append(_watched(number / rate, "anonymous_id", cookie, event, signs_in=False))
    most = int(WATCHED_PER_SECOND * seconds)
    watched = [each for found in (shown, merged) for each in chance.sample(found, min(most, len(found)))]
    return Schedule(rate=rate, events=events, watched=tuple(watched), sign_ins=tuple(visits.sign_ins))


def _watched(due: float, namespace: str, value: str, event: Mapping[str, Any], *, signs_in: bool) -> Watched:
    return Watched(
        due_seconds=due,
        namespace=namespace,
        value=value,
        message_id=event["messageId"],
        at=datetime.fromisoformat(event["timestamp"]),
        signs_in=signs_in,
    )


async def send(due: Schedule, publish_one: Callable[[dict[str, Any]], Awaitable[object]], *, start: float) -> None:
    """Publish each event when it is due, ``start`` in seconds since the epoch, whether or not those before are acknowledged."""
    async with asyncio.TaskGroup() as sending:
        for number, event in enumerate(due.events):
            if (early := start + number / due.rate - time()) > 0:
                await asyncio.sleep(early)
            sending.create_task(_awaited(publish_one(event)))


async def _awaited(work: Awaitable[object]) -> None:
    await work


class Pace:
    """Gives turns, to those who ask in their order, ``per_second`` at most."""

    def __init__(self, per_second: float) -> None:
        self._every = 1 / per_second
        self._next = 0.0
        self._asking = asyncio.Lock()

    async def turn(self) -> None:
        """Wait for one's turn."""
        async with self._asking:
            await asyncio.sleep(max(self._next - time(), 0.0))
            self._next = time() + self._every


def watch(watched: Sequence[Watched], *, url: str, api_key: str, start: float) -> list[float]:
    """Wait for each until it is shown; milliseconds from when its event was due. Runs in a process of its own.

    Raises:
        BenchError: one was not shown in time.
    """
    return asyncio.run(_watch(watched, url=url, api_key=api_key, start=start))


async def _watch(watched: Sequence[Watched], *, url: str, api_key: str, start: float) -> list[float]:
    idle: list[tuple[float, HttpConnection]] = []
    pace = Pace(QUESTIONS_PER_SECOND)
    async with AsyncExitStack() as opened:

        async def connection() -> HttpConnection:
            # The server closes what says nothing for five seconds.
            while idle:
                since, found = idle.pop()
                if time() - since < 2.0:
                    return found
            reader, writer = await asyncio.open_connection(str(urlsplit(url).hostname), int(urlsplit(url).port or 80))
            opened.callback(writer.close)
            return HttpConnection(reader, writer, host=str(urlsplit(url).hostname), api_key=api_key)

        async def until_shown(each: Watched) -> float:
            due = start + each.due_seconds
            await asyncio.sleep(max(due - time(), 0.0))
            variables = {
                "identifier": {"namespace": each.namespace, "value": each.value},
                "from": each.at.isoformat(),
                "to": (each.at + timedelta(milliseconds=1)).isoformat(),
            }
            while time() < due + SHOWN_WITHIN_SECONDS:
                await pace.turn()
                asking = await connection()
                found = await asking.field("profile", QUERY, variables, required=False) or {}
                answered = time()
                idle.append((answered, asking))
                edges = found.get("journey", {"edges": []})["edges"]
                if any(edge["node"]["messageId"] == each.message_id for edge in edges):
                    return (answered - due) * 1000
            raise BenchError(f"{each.message_id} was not in the profile of its {each.namespace} in {SHOWN_WITHIN_SECONDS:g} s")

        return list(await asyncio.gather(*map(until_shown, watched)))


def write_raw(home: Path, *, count: int) -> dict[str, float]:
    """Take events from the raw stream and write them, in a process of its own; seconds since the epoch of each one's commit."""
    return asyncio.run(_write_raw(home, count=count))


async def _write_raw(home: Path, *, count: int) -> dict[str, float]:
    settings = load_settings(home=home)
    committed: dict[str, float] = {}
    async with jetstream(settings) as js, open_database(stack_address(settings).neo4j) as database:
        subscription = await js.pull_subscribe(RAW_SUBJECT, durable="raw", stream=RAW_STREAM)

        async def write() -> None:
            pull = PatientPull(subscription, batch_size=BATCH_SIZE)
            while len(committed) < count:
                try:
                    messages = await pull.fetch(BATCH_SIZE)
                except nats.errors.TimeoutError:
                    continue
                ids = await _write_messages(messages)
                now = time()
                committed.update(dict.fromkeys(ids, now))
                for message in messages:
                    await message.ack()

        async def _write_messages(messages: Sequence[Msg]) -> list[str]:
            now = datetime.now(UTC)
            parsed = [to_evidence(parse_event(message.data), recorded_at=now, region="US") for message in messages]
            rows = evidence_rows.new_touchpoints([each for each in parsed if isinstance(each, Touchpoint)])

            async def work(tx: Transaction) -> None:
                await tx.run(limits.WRITE_TOUCHPOINTS, rows)

            await database.write(work)
            return [str(message.headers[MESSAGE_ID_HEADER]) for message in messages if message.headers]

        await asyncio.gather(*(write() for _ in range(RAW_WRITERS)))
    return committed


async def raw(installation: Installation, due: Schedule, processes: ProcessPoolExecutor) -> list[float]:
    """Milliseconds from when each event was due until its commit, written without Kindred."""
    async with jetstream(load_settings(home=installation.home)) as js:
        await js.add_stream(name=RAW_STREAM, subjects=[RAW_SUBJECT])
        try:
            start = time() + START_SECONDS
            writing = asyncio.get_running_loop().run_in_executor(
                processes, partial(write_raw, installation.home, count=len(due.events))
            )

            async def publish_one(event: dict[str, Any]) -> None:
                await js.publish(RAW_SUBJECT, orjson.dumps(event), headers={MESSAGE_ID_HEADER: event["messageId"]})

            await send(due, publish_one, start=start)
            committed = await writing
        finally:
            await js.delete_stream(RAW_STREAM)
    return [(committed[event["messageId"]] - start - number / due.rate) * 1000 for number, event in enumerate(due.events)]


async def kindred(
    installation: Installation, due: Schedule, processes: ProcessPoolExecutor, *, url: str
) -> tuple[list[float], list[float]]:
    """Milliseconds from when events were due until they were shown: those that are no sign-ins, and what sign-ins brought about.

    Raises:
        BenchError: something was not shown, or a cookie is not with the account that it signed in to.
    """
    settings = load_settings(home=installation.home)
    [api_key] = api_keys(settings).values()
    client = await nats.connect(stack_address(settings).nats_url)
    try:
        publisher = EventPublisher(client)

        async def publish_one(event: dict[str, Any]) -> None:
            body = orjson.dumps(event)
            await publisher.publish(parse_event(body), body=body)

        start = time() + START_SECONDS
        watching = asyncio.get_running_loop().run_in_executor(
            processes, partial(watch, due.watched, url=url, api_key=api_key, start=start)
        )
        await send(due, publish_one, start=start)
        shown = await watching
    finally:
        await client.close()
    await settled(settings)
    async with open_database(stack_address(settings).neo4j) as database:
        await require_resolved(database, due.sign_ins, seed=1)
    by_kind: dict[bool, list[float]] = defaultdict(list)
    for each, milliseconds in zip(due.watched, shown, strict=True):
        by_kind[each.signs_in].append(milliseconds)
    return by_kind[False], by_kind[True]


async def measure(
    installation: Installation, *, customers: int, rates: Sequence[int], seconds: float, url: str, console: Console
) -> list[Row]:
    """Rows of every rate, after a turn of each that counts for nothing: plans are made and code is compiled in them."""
    rows: list[Row] = []
    await settled(load_settings(home=installation.home))
    turns = [*((rate, min(seconds, 30.0), True) for rate in sorted(rates)), *((rate, seconds, False) for rate in rates)]
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
        for number, (rate, duration, warms_up) in enumerate(turns):

            def due(name: str, seed: int = number, rate: int = rate, duration: float = duration) -> Schedule:
                visits = Visits(customers=customers, source=f"{name}-{seed}", seed=seed)
                return schedule(visits, rate=rate, seconds=duration, seed=seed)

            committed = await raw(installation, due("raw"), processes)
            shown, merged = await kindred(installation, due("kindred"), processes, url=url)
            for name, taken in (("limit", committed), ("kindred", shown), ("sign-ins", merged)):
                p50, p99 = _percentiles(taken)
                what = "warming up, " if warms_up else ""
                console.print(
                    f"{what}{rate}/s, {name}: {len(taken):,} measured, p50 {p50:.1f} ms, p99 {p99:.1f} ms", highlight=False
                )
            if not warms_up:
                rows += _rows(rate, committed, shown, merged)
    return rows


def _rows(rate: int, committed: Sequence[float], shown: Sequence[float], merged: Sequence[float]) -> list[Row]:
    limit = _percentiles(committed)
    rows: list[Row] = []
    for system, taken in (
        ("raw write, committed", committed),
        ("kindred, event shown in profile", shown),
        ("kindred, history shown at sign-in", merged),
    ):
        values = _percentiles(taken)
        for metric, value, against in zip(("p50", "p99"), values, limit, strict=True):
            rows.append(Row(bench=BENCH, dataset=f"{rate}/s", system=system, metric=metric, value=value, unit="ms"))
            ratio = Row(
                bench=BENCH, dataset=f"{rate}/s", system=system, metric=f"{metric} of raw", value=value / against, unit="ratio"
            )
            rows.append(ratio)
    return rows


def _percentiles(taken: Sequence[float]) -> tuple[float, float]:
    if len(taken) < 2:
        raise BenchError(f"{len(taken)} were measured: too few for percentiles")
    found = quantiles(taken, n=100)
    return found[49], found[98]


def main(arguments: Sequence[str], console: Console) -> None:
    """Measure and publish the rows."""
    options = parser(BENCH, "Time from an event being due until a reader finds it in the profile.", data=False)
    options.add_argument("--customers", type=int, default=10_000, metavar="N", help="customers that are known; default 10000")
    options.add_argument("--rates", default="100,500", metavar="A,B", help="events per second; default 100,500")
    options.add_argument("--seconds", type=float, default=60.0, metavar="S", help="of each measurement; default 60")
    options.add_argument("--concurrency", type=int, default=2, metavar="N", help="writers of the worker; default 2")
    options.add_argument("--heap-mb", type=int, default=HEAP_MB, metavar="N", help=f"Neo4j's heap in MiB; default {HEAP_MB}")
    options.add_argument("--page-cache-mb", type=int, default=PAGE_CACHE_MB, metavar="N", help="Neo4j's page cache in MiB")
    asked = options.parse_args(arguments)
    rates = [int(rate) for rate in asked.rates.split(",")]
    with temporary_installation(heap_mb=asked.heap_mb, page_cache_mb=asked.page_cache_mb, services=False) as installation:
        console.print(f"introducing {asked.customers:,} customers")
        asyncio.run(introduce(load_settings(home=installation.home), asked.customers))
        installation.kindred("resolve")
        with services(installation, workers=1, concurrency=asked.concurrency) as url:
            rows = asyncio.run(
                measure(installation, customers=asked.customers, rates=rates, seconds=asked.seconds, url=url, console=console)
            )
    publish(rows, head=describe_machine(now=datetime.now(UTC)), json_file=asked.json, console=console)


if __name__ == "__main__":
    run_main(main)
