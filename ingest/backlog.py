"""How much of the events stream the workers still have to write."""

import asyncio
from collections.abc import Callable
from typing import Final

from nats.js import JetStreamContext

from graph.errors import KindredError
from ingest.streams import EVENTS_STREAM, WORKERS_DURABLE

POLL_SECONDS: Final = 0.25


class BacklogStuckError(KindredError):
    """Events wait and no worker takes any."""

    code = "backlog_stuck"


async def wait_until_written(
    js: JetStreamContext, *, patience_seconds: float, progress: Callable[[int], None] = lambda _: None
) -> None:
    """Wait until the workers have settled every event that the stream holds now; ``progress`` is told how many are left.

    Raises:
        BacklogStuckError: the number of events left has not changed for ``patience_seconds``.
        nats.errors.Error: JetStream could not be reached.
    """
    target = (await js.stream_info(EVENTS_STREAM)).state.last_seq
    loop = asyncio.get_running_loop()
    least, since = None, loop.time()
    while True:
        consumer = await js.consumer_info(EVENTS_STREAM, WORKERS_DURABLE)
        settled = consumer.ack_floor.stream_seq if consumer.ack_floor is not None else 0
        left = max(0, target - settled)
        if left and not consumer.num_pending and not consumer.num_ack_pending:
            # What was deleted or expired from the stream is acknowledged by nobody.
            left = 0
        progress(left)
        if left == 0:
            return
        if least is None or left < least:
            least, since = left, loop.time()
        elif loop.time() - since > patience_seconds:
            raise BacklogStuckError(f"{left} events wait and no worker has written any for {patience_seconds:g} seconds")
        await asyncio.sleep(POLL_SECONDS)
