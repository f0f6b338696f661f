"""Batches for one acknowledgement: in order, once, and where something is lost on the way that is known."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from nats.aio.client import Client
from nats.js.api import DiscardPolicy, StreamConfig

from ingest.fast_ingest import MOST_MESSAGES, FastIngest, Outgoing
from ingest.publisher import EventPublisher
from ingest.streams import EVENTS_STREAM, EVENTS_SUBJECT, MESSAGE_ID_HEADER

STREAM = "FAST_INGEST"
SUBJECT = "fast.ingest"
LONG = 2 * MOST_MESSAGES + 70
"""Messages of more than two batches, the last of them not full."""


class Losing(Client):
    """A connection on which some publications are lost without a word."""

    lost: frozenset[bytes] = frozenset()

    async def publish(self, subject: str, payload: bytes = b"", *arguments: Any, **options: Any) -> None:
        """Publish, unless the payload is to be lost; what is lost is lost once."""
        if payload in self.lost:
            self.lost -= {payload}
            return
        await super().publish(subject, payload, *arguments, **options)


@pytest.fixture
async def connection(nats_url: str) -> AsyncIterator[Losing]:
    connection = Losing()
    await connection.connect(nats_url)
    yield connection
    js = connection.jetstream()
    for name in {each.config.name for each in await js.streams_info()} & {STREAM}:
        await js.delete_stream(name)
    await connection.close()


def messages(count: int, subject: str = SUBJECT) -> list[Outgoing]:
    return [
        Outgoing(subject=subject, payload=str(number).encode(), headers={MESSAGE_ID_HEADER: f"{subject} {number}"})
        for number in range(count)
    ]


async def stream(connection: Client, **config: Any) -> None:
    await connection.jetstream().add_stream(StreamConfig(name=STREAM, subjects=[SUBJECT], **config))


async def stored(connection: Client, name: str = STREAM) -> list[int]:
    """Payloads in the order of the stream."""
    js = connection.jetstream()
    state = (await js.stream_info(name)).state
    found = [await js.get_msg(name, sequence) for sequence in range(state.first_seq, state.last_seq + 1) if state.messages]
    return [int(message.data or b"-1") for message in found]


async def test_a_batch_is_stored_in_order_and_once(connection: Losing) -> None:
    await stream(connection, allow_batched=True)
    fast = FastIngest(connection, ack_seconds=5.0)
    for _ in range(2):
        assert await fast.publish(messages(MOST_MESSAGES))
        assert await stored(connection) == list(range(MOST_MESSAGES))


async def test_what_is_lost_on_the_way_is_known(connection: Losing) -> None:
    await stream(connection, allow_batched=True)
    connection.lost = frozenset({b"3"})
    assert not await FastIngest(connection, ack_seconds=1.0).publish(messages(9))
    assert await stored(connection) == [0, 1, 2]


async def test_a_lost_end_is_not_waited_for_for_ever(connection: Losing) -> None:
    await stream(connection, allow_batched=True)
    connection.lost = frozenset({b"8"})
    assert not await FastIngest(connection, ack_seconds=0.5).publish(messages(9))
    assert await stored(connection) == list(range(8))


async def test_a_stream_that_takes_no_batches_says_so(connection: Losing) -> None:
    await stream(connection)
    assert not await FastIngest(connection, ack_seconds=1.0).publish(messages(9))


async def test_a_full_stream_says_so(connection: Losing) -> None:
    await stream(connection, allow_batched=True, max_msgs=5, discard=DiscardPolicy.NEW)
    assert not await FastIngest(connection, ack_seconds=1.0).publish(messages(9))
    assert await stored(connection) == list(range(5))


async def test_batches_beside_each_other_keep_apart(connection: Losing) -> None:
    await stream(connection, allow_batched=True)
    fast = FastIngest(connection, ack_seconds=5.0)
    all_of_them = messages(400)
    parts: Sequence[Sequence[Outgoing]] = [all_of_them[start::4] for start in range(4)]
    assert all(await asyncio.gather(*(fast.publish(part) for part in parts)))
    found = await stored(connection)
    assert sorted(found) == list(range(400))
    for start in range(4):
        assert [number for number in found if number % 4 == start] == list(range(start, 400, 4))


async def test_a_publisher_publishes_what_a_batch_lost_by_itself(connection: Losing, publisher: EventPublisher) -> None:
    subject = f"{EVENTS_SUBJECT}.fast"
    js = connection.jetstream()
    await js.purge_stream(EVENTS_STREAM)
    connection.lost = frozenset({b"300", str(LONG - 1).encode()})
    losing = EventPublisher(connection, patience_seconds=5.0, ack_seconds=1.0)
    await losing.publish_all(messages(LONG, subject))
    assert sorted(await stored(connection, EVENTS_STREAM)) == list(range(LONG))
    await js.purge_stream(EVENTS_STREAM)
