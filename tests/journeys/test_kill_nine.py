"""Kill -9 of a worker, of NATS and of Neo4j while 50,000 events go in: after restart every one is in the graph exactly once."""

import asyncio
import random
import signal
import subprocess
import sys
from collections.abc import Iterator

import orjson
import psutil
import pytest
from neo4j import AsyncGraphDatabase
from neo4j.exceptions import DriverError, Neo4jError

from graph.database import Neo4jAddress
from ingest.normalise.event import parse_event
from ingest.publisher import open_publisher
from ingest.topology import Retention
from runtime.settings import Settings
from runtime.stack.stack import Stack
from runtime.stack.state import read_state

EVENTS = 50_000
PEOPLE = 2_000
PART = 12_500
WINDOW = 500
DEADLINE_SECONDS = 540

pytestmark = pytest.mark.slow


@pytest.fixture
def stack(settings: Settings) -> Iterator[Stack]:
    built = Stack(settings, services=(), say=lambda _: None, on_jars=lambda _: None, chance=random.Random(1))
    try:
        yield built
    finally:
        asyncio.run(built.down())


class WorkerProcess:
    """``kindred worker`` as a process of its own."""

    def __init__(self, settings: Settings) -> None:
        self._home = settings.home
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        log = (self._home / "worker.log").open("ab")
        command = [sys.executable, "-m", "runtime", "worker", "--home", str(self._home)]
        self._process = subprocess.Popen(command, stdout=log, stderr=log)

    def kill(self) -> None:
        assert self._process is not None
        assert self._process.poll() is None, "the worker had ended by itself"
        self._process.kill()
        assert self._process.wait() == -signal.SIGKILL

    def stop(self) -> int | None:
        """Ask it to finish; its exit status."""
        if self._process is None or self._process.poll() is not None:
            return None
        self._process.terminate()
        return self._process.wait(timeout=60)


@pytest.fixture
def worker(settings: Settings) -> Iterator[WorkerProcess]:
    process = WorkerProcess(settings)
    yield process
    process.stop()


def body_of(number: int) -> bytes:
    person = number % PEOPLE
    return orjson.dumps(
        {
            "type": "track",
            "event": "Product Viewed",
            "messageId": f"event-{number}",
            "userId": f"user-{person}",
            "anonymousId": f"cookie-{person}-{number % 3}",
            "timestamp": "2026-02-03T04:05:06Z",
            "properties": {"product_id": f"sku-{number % 100}", "price": 9.99},
        }
    )


async def import_all(nats_url: str, released: asyncio.Semaphore) -> None:
    """Publish every event, a part whenever one is released, through whatever happens to the server meanwhile."""
    async with open_publisher(nats_url, retention=Retention(), patience_seconds=None) as publisher:
        for start in range(0, EVENTS, WINDOW):
            if start % PART == 0:
                await released.acquire()
            bodies = [body_of(number) for number in range(start, start + WINDOW)]
            await publisher.publish_all([publisher.message(parse_event(body), body=body) for body in bodies])


async def count_touchpoints(address: Neo4jAddress) -> int:
    """How many touchpoints the graph has; -1 while it does not answer."""
    try:
        login = (address.user, address.password)
        async with AsyncGraphDatabase.driver(address.uri, auth=login, max_transaction_retry_time=0) as driver:
            records, _, _ = await driver.execute_query("MATCH (t:Touchpoint) RETURN count(t) AS n")
            return int(records[0]["n"])
    except (DriverError, Neo4jError):
        return -1


async def reached(address: Neo4jAddress, least: int) -> int:
    while (count := await count_touchpoints(address)) < least:
        await asyncio.sleep(0.25)
    return count


def kill(settings: Settings, name: str) -> None:
    """Kill -9 a server of the test's own installation."""
    state = read_state(settings.home)
    assert state is not None
    process = psutil.Process(state.processes[name].pid)
    process.kill()
    process.wait(20)


def test_every_event_is_in_the_graph_once(settings: Settings, stack: Stack, worker: WorkerProcess) -> None:
    asyncio.run(asyncio.wait_for(kill_and_count(settings, stack, worker), timeout=DEADLINE_SECONDS))
    assert worker.stop() == 0


async def kill_and_count(settings: Settings, stack: Stack, worker: WorkerProcess) -> None:
    address = await stack.up()
    worker.start()
    released = asyncio.Semaphore(1)
    importing = asyncio.create_task(import_all(address.nats_url, released))

    # Each kill comes when some of a part is written and the next part is on its way, however fast the machine is.
    await reached(address.neo4j, 1_000)
    released.release()
    worker.kill()
    worker.start()

    await reached(address.neo4j, PART + 1_000)
    released.release()
    assert not importing.done()
    kill(settings, "nats")
    assert worker.stop() == 0  # told to stop while NATS is away, it ends in order
    await stack.up()
    worker.start()

    await reached(address.neo4j, 2 * PART + 1_000)
    released.release()
    assert not importing.done()
    kill(settings, "neo4j")
    assert await count_touchpoints(address.neo4j) == -1
    await stack.up()

    await importing
    await reached(address.neo4j, EVENTS)
    await settle(address.neo4j)


async def settle(address: Neo4jAddress) -> None:
    """Every event once, whole, and nothing else."""
    async with AsyncGraphDatabase.driver(address.uri, auth=(address.user, address.password)) as driver:

        async def one(text: str) -> dict[str, object]:
            records, _, _ = await driver.execute_query(text)
            return records[0].data()

        ids = (await driver.execute_query("MATCH (t:Touchpoint) RETURN t.id AS id")).records
        assert sorted(record["id"] for record in ids) == sorted(f"event-{number}" for number in range(EVENTS))
        whole = await one(
            "MATCH (t:Touchpoint) WHERE count {(t)-[:CARRIES]->()} = 2 AND count {(t)-[:ABOUT]->(:Product)} = 1 "
            "RETURN count(t) AS n"
        )
        assert whole == {"n": EVENTS}
        # number % 2000 and number % 3 are independent: each person has 3 cookies.
        people = await one("MATCH (i:Identifier {namespace: 'user_id'}) RETURN count(i) AS n")
        assert people == {"n": PEOPLE}
        pairs = await one("MATCH (:Identifier)-[seen:SEEN_WITH]->(:Identifier) RETURN count(seen) AS n")
        assert pairs == {"n": 3 * PEOPLE}
