"""Dead letters: reading what could not be understood, and trying it again once its cause is mended."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

import orjson
from nats.js import JetStreamContext
from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError

from graph.errors import KindredError
from ingest.publisher import EventPublisher
from ingest.streams import (
    ATTEMPTS_HEADER,
    CODE_HEADER,
    DEAD_LETTERS_STREAM,
    DEAD_LETTERS_SUBJECT,
    EVENTS_SUBJECT,
    FIELD_HEADER,
    ORIGIN_HEADER,
    PARKED_AT_HEADER,
    REASON_HEADER,
    SUBJECT_HEADER,
    TRUNCATED_HEADER,
    header_text,
)
from ingest.wire import EVENT_TYPES

COUNT_DIGITS = 12
"""A number in a header that has more is none of ours."""


class DeadLetterIncomplete(KindredError):  # noqa: N818 - states what was observed, as the others do
    """The dead letter holds only the beginning of its event, which cannot be replayed."""

    code = "dead_letter_incomplete"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """One event that could not be understood, unchanged, and why."""

    sequence: int
    """Its place among the dead letters; never given again."""
    code: str
    reason: str
    field: str | None
    origin: str
    parked_at: datetime | None
    subject: str
    """The subject that the event was published to, or would have been."""
    attempts: int
    """How many times it was tried."""
    truncated_from: int | None
    """The event's length in bytes, where it was too long to be kept whole."""
    body: bytes

    @property
    def event_type(self) -> str:
        """The event's type as its body has it, else as its subject has it."""
        try:
            given = orjson.loads(self.body)["type"]
        except (orjson.JSONDecodeError, KeyError, TypeError, IndexError):
            given = None
        return given if isinstance(given, str) and given in EVENT_TYPES else self.subject.rpartition(".")[2]


class DeadLetters:
    """The dead letters, oldest first."""

    def __init__(self, js: JetStreamContext) -> None:
        self._js = js

    async def all(self, *, code: str | None = None) -> AsyncIterator[DeadLetter]:
        """Those there are now, of one code or of all; what is parked meanwhile is left out, so that a replay ends.

        Raises:
            nats.errors.Error: JetStream could not be reached.
        """
        state = (await self._js.stream_info(DEAD_LETTERS_STREAM)).state
        subject = f"{DEAD_LETTERS_SUBJECT}.{code or '>'}"
        sequence = state.first_seq
        while sequence <= state.last_seq:
            try:
                message = await self._js.get_msg(DEAD_LETTERS_STREAM, seq=sequence, subject=subject, next=True, direct=True)
            except NotFoundError:
                return
            letter = letter_of(message)
            if letter.sequence > state.last_seq:
                return
            yield letter
            sequence = letter.sequence + 1

    async def get(self, sequence: int) -> DeadLetter | None:
        """The dead letter at ``sequence``, if it is still there.

        Raises:
            nats.errors.Error: JetStream could not be reached.
        """
        try:
            return letter_of(await self._js.get_msg(DEAD_LETTERS_STREAM, seq=sequence, direct=True))
        except NotFoundError:
            return None

    async def replay(self, letter: DeadLetter, *, publisher: EventPublisher) -> None:
        """Publish its event again, then take it from the dead letters; one that is still bad comes back with one attempt more.

        Raises:
            DeadLetterIncomplete: its event was not kept whole.
            EventsUnavailable: JetStream did not acknowledge; the dead letter stays.
            nats.errors.Error: the event was published, but the dead letter is still there.
        """
        if letter.truncated_from is not None:
            raise DeadLetterIncomplete(
                f"dead letter {letter.sequence} holds {len(letter.body)} of its event's {letter.truncated_from} bytes"
            )
        subject = letter.subject if letter.subject.startswith(f"{EVENTS_SUBJECT}.") else f"{EVENTS_SUBJECT}.unknown"
        await publisher.replay(letter.body, subject=subject, sequence=letter.sequence, attempts=letter.attempts)
        await self._js.delete_msg(DEAD_LETTERS_STREAM, letter.sequence)


def letter_of(message: RawStreamMsg) -> DeadLetter:
    """The dead letter that a message holds; of headers that are not ours, or are missing, what can be told without them."""
    headers = message.headers or {}
    subject = message.subject or ""
    return DeadLetter(
        sequence=message.seq or 0,
        code=headers.get(CODE_HEADER) or subject.rpartition(".")[2],
        reason=header_text(headers.get(REASON_HEADER, "")),
        field=header_text(headers[FIELD_HEADER]) if FIELD_HEADER in headers else None,
        origin=header_text(headers.get(ORIGIN_HEADER, "")),
        parked_at=_time(headers.get(PARKED_AT_HEADER)),
        subject=header_text(headers.get(SUBJECT_HEADER, "")),
        attempts=count_of(headers.get(ATTEMPTS_HEADER)) or 1,
        truncated_from=count_of(headers.get(TRUNCATED_HEADER)),
        body=message.data or b"",
    )


def count_of(value: str | None) -> int | None:
    """The number in a header; None where there is none. Anybody who may publish writes what he likes there."""
    return int(value) if value and len(value) <= COUNT_DIGITS and value.isascii() and value.isdecimal() else None


def _time(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
