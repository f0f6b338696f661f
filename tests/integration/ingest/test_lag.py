"""What waits is told by number and age, from the acknowledgements alone; a reader outlives the consumer that it reads by."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import nats
import pytest
from nats.js import JetStreamContext
from prometheus_client import CollectorRegistry, generate_latest

from ingest.archive import Archive
from ingest.event_log import read_log
from ingest.lag import read_lag
from ingest.stream_metrics import KEEP_SECONDS, StreamMetrics
from ingest.streams import DEAD_LETTERS_STREAM, EVENTS_STREAM, EVENTS_SUBJECT, RESOLVERS_DURABLE, WORKERS_DURABLE
from ingest.topology import Retention, ensure_topology
from runtime.stack.work import check_archive


@pytest.fixture
async def js(nats_url: str) -> AsyncIterator[JetStreamContext]:
    connection = await nats.connect(nats_url)
    await ensure_topology(connection.jetstream(), retention=Retention())
    yield connection.jetstream()
    await connection.close()


async def send(js: JetStreamContext, count: int) -> None:
    for number in range(count):
        await js.publish(f"{EVENTS_SUBJECT}.track", str(number).encode())


async def test_what_waits_is_counted_and_as_old_as_its_oldest(js: JetStreamContext) -> None:
    idle = (await read_lag(js)).of(WORKERS_DURABLE)
    assert idle is not None
    assert (idle.pending, idle.unacknowledged, idle.oldest_at) == (0, 0, None)
    await send(js, 5)
    subscription = await js.pull_subscribe_bind(WORKERS_DURABLE, EVENTS_STREAM)
    first, second, third = await subscription.fetch(3, timeout=5)
    # Acknowledged: the first. The third is, too, but the oldest that is not is the second.
    await first.ack_sync()
    await third.ack_sync()
    lag = await read_lag(js)
    waiting = lag.of(WORKERS_DURABLE)
    assert waiting is not None
    assert (waiting.pending, waiting.unacknowledged) == (2, 1)
    assert waiting.oldest_at is not None
    # The client rounds the two forms of a time differently.
    assert abs(waiting.oldest_at - second.metadata.timestamp) <= timedelta(microseconds=1)
    assert waiting.waiting_seconds(now=waiting.oldest_at + timedelta(seconds=90)) == 90.0
    events = lag.size(EVENTS_STREAM)
    assert events is not None
    assert (events.messages, events.last_sequence) == (5, 5)


async def test_metrics_are_of_now_and_absent_where_jetstream_does_not_answer(nats_url: str, js: JetStreamContext) -> None:
    registry, clock = CollectorRegistry(), [0.0]
    connection = await nats.connect(nats_url, allow_reconnect=False)
    read = StreamMetrics(connection.jetstream(timeout=0.5), registry, monotonic=lambda: clock[0])
    await read.refresh()
    assert f'kindred_stream_pending{{consumer="{WORKERS_DURABLE}"}} 0.0' in generate_latest(registry).decode()
    await send(js, 3)
    await read.refresh()
    assert f'kindred_stream_pending{{consumer="{WORKERS_DURABLE}"}} 0.0' in generate_latest(registry).decode(), "a moment ago"
    clock[0] += KEEP_SECONDS
    await read.refresh()
    text = generate_latest(registry).decode()
    assert f'kindred_stream_pending{{consumer="{WORKERS_DURABLE}"}} 3.0' in text
    assert f'kindred_stream_waiting_seconds{{consumer="{RESOLVERS_DURABLE}"}} 0.0' in text
    assert f'kindred_stream_messages{{stream="{DEAD_LETTERS_STREAM}"}} 0.0' in text
    await connection.close()
    clock[0] += KEEP_SECONDS
    await read.refresh()
    assert "kindred_stream" not in generate_latest(registry).decode()


async def test_streams_that_are_there_get_their_replicas_by_the_settings(js: JetStreamContext) -> None:
    # One server has room for one replica: that it refuses three shows that it was asked.
    with pytest.raises(nats.js.errors.APIError, match="replicas > 1 not supported"):
        await ensure_topology(js, retention=Retention(replicas=3))


async def test_a_reader_goes_on_when_its_consumer_is_gone(js: JetStreamContext) -> None:
    await send(js, 3)
    sequences: list[int] = []
    empty = 0
    async with asyncio.timeout(30):
        async for batch in read_log(js, after=0):
            sequences += [event.sequence for event in batch]
            if sequences == [1, 2, 3] and not batch and not empty:
                empty += 1
                # As when the one server that has it is lost.
                for consumer in await js.consumers_info(EVENTS_STREAM):
                    if consumer.name != WORKERS_DURABLE:
                        await js.delete_consumer(EVENTS_STREAM, consumer.name)
                await send(js, 2)
            if len(sequences) == 5:
                break
    assert sequences == [1, 2, 3, 4, 5], "each once, in order"


async def test_the_doctor_sees_an_archive_that_is_behind_or_lacks_events(
    js: JetStreamContext, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, now = tmp_path_factory.mktemp("archive"), datetime.now(UTC)
    assert (await check_archive(js, folder, now=now)).passed, "there is nothing to archive"
    await send(js, 1)
    now = datetime.now(UTC)
    assert (await check_archive(js, folder, now=now)).passed
    assert not (await check_archive(js, folder, now=now + timedelta(minutes=11))).passed

    [[event]] = [batch async for batch in read_log(js, after=0, until=1) if batch]
    archive, info = Archive(folder), await js.stream_info(EVENTS_STREAM)
    assert info.created is not None
    with archive.writing(stream_created=info.created):
        archive.append([event])
    await send(js, 3)
    await js.purge_stream(EVENTS_STREAM, seq=4)
    check = await check_archive(js, folder, now=datetime.now(UTC))
    assert not check.passed
    assert "2 sequences after 1 are in neither" in check.observed
