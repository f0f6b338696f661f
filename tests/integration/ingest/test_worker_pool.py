"""Workers on a real JetStream and a real Neo4j: prompt, in batches, and losing nothing when something fails."""

import asyncio
from collections.abc import Sequence
from time import perf_counter

import nats
import orjson
import pytest
from nats.js import JetStreamContext

from graph.model.evidence import Evidence
from graph.repositories.evidence import EvidenceRefused, EvidenceRepository, GraphUnavailable, WrittenBatch
from ingest.publisher import EventPublisher
from ingest.streams import EVENTS_STREAM, EVENTS_SUBJECT, WORKERS_DURABLE
from ingest.topology import Retention, ensure_topology
from ingest.worker_pool import running_workers
from ingest.workers import BatchHandler


def body(message_id: str) -> bytes:
    return orjson.dumps(
        {"type": "page", "messageId": message_id, "userId": f"u-{message_id}", "timestamp": "2026-01-02T03:04:05Z"}
    )


async def publish(js: JetStreamContext, count: int, *, prefix: str = "m") -> None:
    await asyncio.gather(*(js.publish(f"{EVENTS_SUBJECT}.page", body(f"{prefix}{number}")) for number in range(count)))


async def prepare(js: JetStreamContext) -> None:
    await ensure_topology(js, retention=Retention())


async def test_a_lone_event_is_not_kept_waiting(intake, query) -> None:
    await intake.js.publish(f"{EVENTS_SUBJECT}.page", body("warm"))
    await intake.drained()
    started = perf_counter()
    await intake.js.publish(f"{EVENTS_SUBJECT}.page", body("lone"))
    while not await query("MATCH (t:Touchpoint {id: 'lone'}) RETURN t.id"):
        assert perf_counter() - started < 2.0
    await intake.drained()


async def test_a_trickle_is_delivered_once(intake, query) -> None:
    for number in range(60):
        await intake.js.publish(f"{EVENTS_SUBJECT}.page", body(f"m{number}"))
        await asyncio.sleep(0.01 * (number % 4))
    await intake.drained()
    info = await intake.js.consumer_info(EVENTS_STREAM, WORKERS_DURABLE)
    assert (info.num_redelivered, info.delivered.consumer_seq) == (0, 60)
    assert await query("MATCH (t:Touchpoint) RETURN count(t) AS n") == [{"n": 60}]


async def test_the_time_recorded_is_that_of_the_stream(intake, query) -> None:
    ack = await intake.js.publish(f"{EVENTS_SUBJECT}.page", body("m1"))
    await intake.drained()
    stored = await intake.js.get_msg(EVENTS_STREAM, seq=ack.seq, direct=True)
    [row] = await query("MATCH (t:Touchpoint) RETURN t.recorded_at AS recorded_at")
    assert abs((row["recorded_at"].to_native() - stored.time).total_seconds()) < 0.001


class RefusesSome(EvidenceRepository):
    """A database that holds nothing against an event but its id."""

    async def write(self, batch: Sequence[Evidence]) -> WrittenBatch:
        if any("poison" in evidence.id for evidence in batch):
            raise EvidenceRefused("the database refused a value: poison")
        return await super().write(batch)


class IsAwayAtFirst(EvidenceRepository):
    """A database that cannot be reached the first three times."""

    times = 3

    async def write(self, batch: Sequence[Evidence]) -> WrittenBatch:
        if self.times:
            self.times -= 1
            raise GraphUnavailable("the database could not be reached: ServiceUnavailable")
        return await super().write(batch)


@pytest.fixture
def running(nats_url, publisher: EventPublisher):
    """Runs one worker on the repository given."""

    def run(evidence: EvidenceRepository):
        return running_workers(
            nats_url,
            handler=lambda: BatchHandler(evidence=evidence, publisher=publisher, region="US"),
            prepare=prepare,
            concurrency=1,
        )

    return run


async def settled(js: JetStreamContext) -> None:
    async with asyncio.timeout(30):
        while True:
            info = await js.consumer_info(EVENTS_STREAM, WORKERS_DURABLE)
            if not info.num_pending and not info.num_ack_pending:
                return
            await asyncio.sleep(0.02)


@pytest.fixture
async def js(nats_url, publisher):
    connection = await nats.connect(nats_url)
    yield connection.jetstream()
    await connection.close()


async def test_only_the_poison_of_a_batch_is_parked(running, database, query, js) -> None:
    await publish(js, 30)
    for number in range(3):
        await js.publish(f"{EVENTS_SUBJECT}.page", body(f"poison{number}"))
    await publish(js, 30, prefix="n")
    async with running(RefusesSome(database)):
        await settled(js)
    assert await query("MATCH (t:Touchpoint) RETURN count(t) AS n") == [{"n": 60}]
    state = (await js.stream_info("KINDRED_DEAD_LETTERS")).state
    assert state.messages == 3


async def test_an_absent_database_is_waited_for(running, database, query, js) -> None:
    await publish(js, 100)
    async with running(IsAwayAtFirst(database)):
        await settled(js)
    assert await query("MATCH (t:Touchpoint) RETURN count(t) AS n") == [{"n": 100}]
    assert (await js.stream_info("KINDRED_DEAD_LETTERS")).state.messages == 0


async def test_a_stopping_worker_finishes_its_batch(running, database, query, js) -> None:
    await publish(js, 2_000)
    async with running(EvidenceRepository(database)):
        while not (await query("MATCH (t:Touchpoint) RETURN count(t) AS n"))[0]["n"]:
            await asyncio.sleep(0.005)
    info = await js.consumer_info(EVENTS_STREAM, WORKERS_DURABLE)
    [row] = await query("MATCH (t:Touchpoint) RETURN count(t) AS n")
    # What was written is acknowledged: nothing of it comes again.
    assert row["n"] == info.ack_floor.stream_seq
    assert 0 < row["n"] <= 2_000
