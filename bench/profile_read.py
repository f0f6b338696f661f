"""How long a profile with the first 20 touchpoints of its journey takes over HTTP, against the limit of the same database.

``kindred serve`` answers GraphQL from a process of its own, on a temporary installation that holds people of three sizes, written
by the evidence repository and resolved by the resolver. The limit is the raw driver, in this process, running one hand-written
statement that returns the same profile: neither HTTP, nor GraphQL, nor time travel, nor filters. Both are asked in turns.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import quantiles
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

import orjson
from neo4j import AsyncDriver, AsyncGraphDatabase
from rich.console import Console

from bench.events import browsing
from bench.harness import BenchError, Row, describe_machine, parser, publish, run_main
from bench.installation import HEAP_MB, temporary_installation
from graph.database import Database, open_database
from graph.identity.progress import NoProgress
from graph.model.identity import Purpose
from graph.repositories.evidence import EvidenceRepository
from graph.statements.bench import READ_PROFILE
from ingest.normalise.event import parse_event, to_evidence
from runtime.resolving import make_resolver
from runtime.settings import Settings, load_settings
from runtime.stack.address import stack_address
from runtime.wiring import api_keys

BENCH = "profile_read"
PEOPLE = {20: 50, 500: 8, 5_000: 3}
"""Touchpoints of a person, and how many such people there are."""
CONNECTIONS = (1, 16)
ROUNDS = 5
"""Both ways are measured in turns, this many times, so that what else the machine does meets both."""
BATCH = 500
FIRST = 20
QUERY = """
query ProfileRead($identifier: IdentifierInput!) {
  profile(identifier: $identifier) {
    ... on Profile {
      identityId
      name { full }
      emails { value }
      journey(first: 20) {
        edges { node { messageId at type event channel title url value { amount currency } products { name } } }
        pageInfo { hasNextPage endCursor }
      }
    }
  }
}
"""

Ask = Callable[[str], Awaitable[tuple[str, list[str]]]]
"""Asks for the person of an e-mail address: the name, and the ids of the touchpoints."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Percentiles of the time of one answer, and answers a second of all connections together."""

    p50_ms: float
    p99_ms: float
    rate: float


class HttpConnection:
    """One kept-alive HTTP/1.1 connection that does no more than asking GraphQL takes, to measure the server and not itself."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, host: str, api_key: str) -> None:
        self._reader = reader
        self._writer = writer
        self._head = (
            f"POST /graphql HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {api_key}\r\ncontent-type: application/json\r\n"
        )

    async def ask(self, email: str) -> tuple[str, list[str]]:
        """Ask for one profile.

        Raises:
            BenchError: the answer is not a profile.
        """
        found = await self.field("profile", QUERY, {"identifier": {"namespace": "email", "value": email}})
        return found["name"]["full"], [edge["node"]["messageId"] for edge in found["journey"]["edges"]]

    async def field(self, name: str, query: str, variables: dict[str, Any], *, required: bool = True) -> Any:
        """One field of the answer to a query.

        Raises:
            BenchError: the answer does not have it, or where it is not ``required``, is an error.
        """
        body = orjson.dumps({"query": query, "variables": variables})
        self._writer.write(f"{self._head}content-length: {len(body)}\r\n\r\n".encode() + body)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = int(head.partition("content-length:")[2].partition("\r\n")[0])
        answer = orjson.loads(await self._reader.readexactly(length))
        found = (answer.get("data") or {}).get(name)
        if not found and (required or answer.get("errors")):
            raise BenchError(f"the server answered {head.splitlines()[0]} with {str(answer)[:300]}")
        return found


class DriverConnection:
    """The raw driver: one statement in an auto-committed transaction."""

    def __init__(self, driver: AsyncDriver, *, database: str) -> None:
        self._driver = driver
        self._database = database

    async def ask(self, email: str) -> tuple[str, list[str]]:
        """Ask for one profile."""
        async with self._driver.session(database=self._database, default_access_mode="READ") as session:
            result = await session.run(READ_PROFILE.text, {"key": f"email:{email}"})
            [record] = [record async for record in result]
        return record["name"], [touchpoint["id"] for touchpoint in record["touchpoints"]]


@asynccontextmanager
async def http_connections(count: int, *, url: str, api_key: str) -> AsyncIterator[list[Ask]]:
    """That many open connections: made for each turn, since the server closes those that say nothing for five seconds."""
    host, port = str(urlsplit(url).hostname), int(urlsplit(url).port or 80)
    async with AsyncExitStack() as opened:
        asks: list[Ask] = []
        for _ in range(count):
            reader, writer = await asyncio.open_connection(host, port)
            opened.callback(writer.close)
            asks.append(HttpConnection(reader, writer, host=host, api_key=api_key).ask)
        yield asks


async def load_people(database: Database, sizes: Sequence[int]) -> dict[int, list[str]]:
    """Write people of each size and resolve them; the e-mail addresses of each size's people."""
    evidence = EvidenceRepository(database)
    people: dict[int, list[str]] = {}
    for size in sizes:
        source = f"size{size}"
        names = [f"{source}-{number:07d}" for number in range(PEOPLE.get(size, 3))]
        events: list[dict[str, Any]] = list(browsing(len(names) * size, source=source, seed=size, per_person=size))
        events += [_profile_of(name, source=source) for name in names]
        now = datetime.now(UTC)
        parsed = [to_evidence(parse_event(orjson.dumps(event)), recorded_at=now, region="US") for event in events]
        for start in range(0, len(parsed), BATCH):
            await evidence.write(parsed[start : start + BATCH])
        people[size] = [f"{name}@mail.example" for name in names]
    await make_resolver(database).resolve(Purpose.INDIVIDUAL, progress=NoProgress())
    return people


async def timed(asks: Sequence[Ask], emails: Sequence[str], *, count: int, seed: int) -> tuple[list[float], float]:
    """Ask ``count`` times in all, each connection as soon as it has its answer; milliseconds of each, seconds of all."""
    chance = random.Random(seed)  # noqa: S311 (a reproducible order, not a secret)
    remaining = iter([chance.choice(emails) for _ in range(count)])
    taken: list[float] = []

    async def one(ask: Ask) -> None:
        for email in remaining:
            started = perf_counter()
            await ask(email)
            taken.append((perf_counter() - started) * 1000)

    started = perf_counter()
    await asyncio.gather(*(one(ask) for ask in asks))
    return taken, perf_counter() - started


async def measure(
    settings: Settings, *, url: str, sizes: Sequence[int], requests: int, console: Console
) -> dict[tuple[int, int], tuple[Times, Times]]:
    """Times over HTTP and of the limit, by touchpoints of a person and number of connections.

    Raises:
        BenchError: the two ways answer differently.
    """
    address = stack_address(settings).neo4j
    async with open_database(address) as database:
        console.print(f"writing and resolving people with {', '.join(map(str, sizes))} touchpoints")
        people = await load_people(database, sizes)
    [api_key] = api_keys(settings).values()
    driver = AsyncGraphDatabase.driver(address.uri, auth=(address.user, address.password), notifications_min_severity="OFF")
    async with driver:
        raw = DriverConnection(driver, database=address.database).ask
        async with http_connections(1, url=url, api_key=api_key) as [http]:
            for size, emails in people.items():
                for email in emails:
                    await _require_same(raw, http, email, touchpoints=min(size, FIRST))
        found: dict[tuple[int, int], tuple[Times, Times]] = {}
        for size, emails in people.items():
            for connections in CONNECTIONS:
                console.print(f"{size} touchpoints, {connections} connection{'s' if connections > 1 else ''}")
                direct: list[Ask] = [raw] * connections
                taken: tuple[list[float], list[float]] = ([], [])
                seconds = [0.0, 0.0]
                for turn in range(ROUNDS + 1):  # the first warms up
                    async with http_connections(connections, url=url, api_key=api_key) as over_http:
                        for way, asks in enumerate((over_http, direct)):
                            part, spent = await timed(asks, emails, count=max(requests // ROUNDS, 20), seed=turn)
                            if turn:
                                taken[way].extend(part)
                                seconds[way] += spent
                found[size, connections] = (_times(taken[0], seconds[0]), _times(taken[1], seconds[1]))
    return found


def rows_of(found: dict[tuple[int, int], tuple[Times, Times]]) -> list[Row]:
    """Times as rows: absolute for both, and how many times the limit's time Kindred takes."""
    rows: list[Row] = []
    for (size, connections), (http, limit) in found.items():
        named = {
            "kindred over HTTP": _absolute(http),
            "raw driver, one statement": _absolute(limit),
            "kindred / raw driver": {
                "p50": (http.p50_ms / limit.p50_ms, "ratio"),
                "p99": (http.p99_ms / limit.p99_ms, "ratio"),
                "answers": (http.rate / limit.rate, "ratio"),
            },
        }
        dataset = f"{size} touchpoints, {connections} connection{'s' if connections > 1 else ''}"
        rows += [
            Row(bench=BENCH, dataset=dataset, system=system, metric=metric, value=value, unit=unit)
            for system, values in named.items()
            for metric, (value, unit) in values.items()
        ]
    return rows


def main(arguments: Sequence[str], console: Console) -> None:
    """Measure and publish the rows."""
    options = parser(BENCH, "Time of a profile and its journey over HTTP, against one statement by the raw driver.", data=False)
    options.add_argument("--requests", type=int, default=1_000, metavar="N", help="questions per figure; default 1000")
    options.add_argument("--sizes", default=",".join(map(str, PEOPLE)), metavar="A,B", help="touchpoints of a person")
    options.add_argument("--heap-mb", type=int, default=HEAP_MB, metavar="N", help=f"Neo4j's heap in MiB; default {HEAP_MB}")
    asked = options.parse_args(arguments)
    sizes = [int(size) for size in asked.sizes.split(",")]
    with temporary_installation(heap_mb=asked.heap_mb, services=False) as installation, installation.serving() as url:
        settings = load_settings(home=installation.home)
        found = asyncio.run(measure(settings, url=url, sizes=sizes, requests=asked.requests, console=console))
    publish(rows_of(found), head=describe_machine(now=datetime.now(UTC)), json_file=asked.json, console=console)


def _times(taken: Sequence[float], seconds: float) -> Times:
    percentiles = quantiles(taken, n=100)
    return Times(p50_ms=percentiles[49], p99_ms=percentiles[98], rate=len(taken) / seconds)


def _absolute(times: Times) -> dict[str, tuple[float, str]]:
    return {"p50": (times.p50_ms, "ms"), "p99": (times.p99_ms, "ms"), "answers": (times.rate, "1/s")}


async def _require_same(raw: Ask, http: Ask, email: str, *, touchpoints: int) -> None:
    expected, got = await raw(email), await http(email)
    if expected != got or len(got[1]) != touchpoints:
        raise BenchError(f"for {email} the driver found {expected} and the server {got}")


def _profile_of(person: str, *, source: str) -> dict[str, Any]:
    return {
        "type": "identify",
        "messageId": f"{person}-profile",
        "source": source,
        "timestamp": "2026-01-01T00:00:00Z",
        "userId": f"user-{person}",
        "traits": {
            "name": f"Ada {person.replace('-', ' ')}",
            "firstName": "Ada",
            "lastName": "Byron",
            "email": f"{person}@mail.example",
        },
    }


if __name__ == "__main__":
    run_main(main)
