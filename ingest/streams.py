"""Names of the JetStream streams, subjects and headers that Kindred uses."""

from typing import Final
from urllib.parse import quote, unquote

EVENTS_STREAM: Final = "KINDRED_EVENTS"
EVENTS_SUBJECT: Final = "kindred.v1.events"
"""Events are published to ``kindred.v1.events.<type>``, for example ``kindred.v1.events.track``."""
DEAD_LETTERS_STREAM: Final = "KINDRED_DEAD_LETTERS"
DEAD_LETTERS_SUBJECT: Final = "kindred.v1.dead_letters"
"""What cannot be understood is published to ``kindred.v1.dead_letters.<reason code>`` with its body unchanged."""
WORKERS_DURABLE: Final = "kindred-workers"
TOUCHED_STREAM: Final = "KINDRED_TOUCHED"
TOUCHED_SUBJECT: Final = "kindred.v1.touched"
"""Workers publish here, as lists in JSON, record ids and identifier keys about which something new is in the graph."""
RESOLVERS_DURABLE: Final = "kindred-resolvers"
CHANGES_STREAM: Final = "KINDRED_CHANGES"
CHANGES_SUBJECT: Final = "kindred.v1.changes"
"""Notes about whom something is new in the graph, for those who follow people live."""
ANNOUNCEMENTS_STREAM: Final = "KINDRED_ANNOUNCEMENTS"
ANNOUNCEMENTS_SUBJECT: Final = "kindred.v1.announcements"
"""Decisions are announced as CloudEvents to ``kindred.v1.announcements.<purpose>.<what happened>``."""
MESSAGE_ID_HEADER: Final = "Nats-Msg-Id"
"""``<message id>:<first 16 hex digits of the body digest>``: a repetition is dropped by the server, a conflict gets through."""

CODE_HEADER: Final = "Kindred-Code"
"""Of a dead letter: the stable code of why it was parked."""
REASON_HEADER: Final = "Kindred-Reason"
"""Of a dead letter: one sentence for a person, percent-encoded."""
FIELD_HEADER: Final = "Kindred-Field"
"""Of a dead letter: the path of the field that was at fault, percent-encoded; absent when it was the whole."""
ORIGIN_HEADER: Final = "Kindred-Origin"
"""Of a dead letter: who parked it, ``worker``, ``collector`` or ``import``, with a source's name after a colon when known."""
PARKED_AT_HEADER: Final = "Kindred-Parked-At"
"""Of a dead letter: when, ISO 8601, UTC."""
SUBJECT_HEADER: Final = "Kindred-Subject"
"""Of a dead letter: the subject it was published to, or would have been."""
ATTEMPTS_HEADER: Final = "Kindred-Attempts"
"""How many times the event was tried and parked; of a dead letter at least 1. A replayed event carries it along."""
ACCEPTED_AT_HEADER: Final = "Kindred-Accepted-At"
"""Of a message about what was touched: when the oldest event that touched it was accepted, ISO 8601, UTC."""
NEWCOMERS_HEADER: Final = "Kindred-Newcomers"
"""Of a message about what was touched: there, with any value, where it names newcomers only, which concern nobody else."""
DECIDED_AT_HEADER: Final = "Kindred-Decided-At"
"""Of an announcement: when it was decided, ISO 8601, UTC; with the message id it is the announcer's position."""
REPLAY_HEADER: Final = "Kindred-Replay"
"""Of an event: the sequence of the dead letter that it is a replay of."""
TRUNCATED_HEADER: Final = "Kindred-Truncated"
"""Of a dead letter too big to carry its headers: the body's original length in bytes; the body holds its beginning."""


def header_value(text: str, *, limit: int = 1_000) -> str:
    """``text`` as a header value: visible ASCII, the rest percent-encoded, at most ``limit`` characters before encoding.

    Senders choose message ids and field names: a line break in one must not become a header of its own.
    """
    return quote(text[:limit], safe=" !#$&'()*+,-./:;<=>?@[]^_`{|}~").strip()


def header_text(value: str) -> str:
    """What ``header_value`` encoded."""
    return unquote(value)
