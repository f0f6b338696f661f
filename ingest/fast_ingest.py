"""Publishing many messages to JetStream for one acknowledgement: its fast-ingest protocol (NATS ADR-50, server 2.14 and later).

An acknowledgement for each message, and waiting for each, is most of what publishing costs. Here the reply subject of a message
says where it stands in its batch, ``<inbox>.<batch>.<flow>.<gap mode>.<number>.<operation>.$FI``, and the server answers once
more when it has stored the last. It stores each as it comes, and drops by their ids those that it has.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import nats.errors
import orjson
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg

log = structlog.get_logger(__name__)

MOST_MESSAGES: Final = 256
"""Messages of one batch."""
_START, _APPEND, _COMMIT = 0, 1, 2
_GAPS: Final = "fail"
"""A message that is lost on the way ends the batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message to publish."""

    subject: str
    payload: bytes
    headers: Mapping[str, str]


class FastIngest:
    """Publishes batches on one connection, any number of them beside each other."""

    def __init__(self, connection: Client, *, ack_seconds: float) -> None:
        self._connection = connection
        self._ack_seconds = ack_seconds
        self._inbox = ""
        self._subscribing = asyncio.Lock()
        self._waiting: dict[str, asyncio.Future[int]] = {}
        self._batches = 0

    async def publish(self, messages: Sequence[Outgoing]) -> bool:
        """Publish at most ``MOST_MESSAGES`` messages, in order; whether the server has stored each of them.

        False means nothing but that it is not known: publish each of them by itself, those that it has it drops.
        """
        self._batches += 1
        batch = str(self._batches)
        answered = self._waiting[batch] = asyncio.get_running_loop().create_future()
        try:
            reply = f"{await self._listening()}.{batch}.{len(messages)}.{_GAPS}"
            for number, message in enumerate(messages, 1):
                operation = _COMMIT if number == len(messages) else _START if number == 1 else _APPEND
                await self._connection.publish(
                    message.subject, message.payload, reply=f"{reply}.{number}.{operation}.$FI", headers=dict(message.headers)
                )
            stored: int = await asyncio.wait_for(answered, self._ack_seconds)
        except (nats.errors.Error, TimeoutError) as error:
            log.info("batch.not_acknowledged", messages=len(messages), reason=str(error) or type(error).__name__)
            return False
        finally:
            del self._waiting[batch]
        return stored == len(messages)

    async def _listening(self) -> str:
        """The inbox to which the server answers."""
        async with self._subscribing:
            if not self._inbox:
                inbox = self._connection.new_inbox()
                await self._connection.subscribe(f"{inbox}.>", cb=self._answer)
                self._inbox = inbox
        return self._inbox

    async def _answer(self, message: Msg) -> None:
        batch = message.subject[len(self._inbox) + 1 :].partition(".")[0]
        waiting = self._waiting.get(batch)
        if waiting is None or waiting.done():
            return
        answer = orjson.loads(message.data)
        if answer.get("type") == "ack":
            # How far it has come; the batches are too small to wait for that.
            return
        if answer.get("batch") != batch:
            log.info("batch.refused", reason=str(answer.get("error", answer))[:200])
        waiting.set_result(answer.get("count", 0) if answer.get("batch") == batch and "error" not in answer else 0)
