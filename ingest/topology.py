"""The JetStream streams and the consumer that Kindred needs: declared here, created or updated at every start."""

from dataclasses import dataclass
from typing import Final

from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import NotFoundError

from ingest.streams import (
    ANNOUNCEMENTS_STREAM,
    ANNOUNCEMENTS_SUBJECT,
    CHANGES_STREAM,
    CHANGES_SUBJECT,
    DEAD_LETTERS_STREAM,
    DEAD_LETTERS_SUBJECT,
    EVENTS_STREAM,
    EVENTS_SUBJECT,
    RESOLVERS_DURABLE,
    TOUCHED_STREAM,
    TOUCHED_SUBJECT,
    WORKERS_DURABLE,
)

DAY_SECONDS: Final = 86_400.0
CHANGES_SECONDS: Final = 120.0
CHANGES_MAX_BYTES: Final = 16 * 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long and how much the streams keep.

    A full stream refuses what is published (the sender is told and tries again) rather than drop what no worker has written yet.
    """

    events_days: float = 30.0
    events_max_bytes: int | None = None
    """None: as much as the disk holds."""
    dead_letters_days: float = 365.0
    replicas: int = 1
    """Servers of a cluster that keep each message, and the consumers; with 3 one may be lost, with 5 two."""
    touched_days: float = 2.0
    touched_max_bytes: int = 256 * 1024**2
    announcements_days: float = 30.0
    duplicate_window_seconds: float = 600.0
    """A repetition within this time is dropped by the server; a later one is recognised by its id in the graph."""


ACK_WAIT_SECONDS: Final = 60.0
"""A batch not acknowledged within this time goes to another worker; longer than a worker tries to write one."""
MAX_ACK_PENDING: Final = 20_000
"""Messages that all workers together may hold at once."""
SETTLE_WAIT_SECONDS: Final = 300.0
"""What was touched and is not settled within this time goes to another resolver; longer than one waits for a lease."""
MAX_SETTLE_PENDING: Final = 1_000
"""Messages about what was touched that all resolvers together may hold at once."""


async def ensure_topology(js: JetStreamContext, *, retention: Retention) -> None:
    """Create the streams and the workers' consumer, or bring them up to date. Safe to call from several processes at once.

    Raises:
        nats.errors.Error: JetStream could not be reached or refused a definition.
    """
    await _ensure_stream(
        js,
        StreamConfig(
            name=EVENTS_STREAM,
            description="Events accepted, in order of arrival",
            subjects=[f"{EVENTS_SUBJECT}.>"],
            retention=RetentionPolicy.LIMITS,
            storage=StorageType.FILE,
            num_replicas=retention.replicas,
            discard=DiscardPolicy.NEW,
            max_age=retention.events_days * DAY_SECONDS,
            max_bytes=retention.events_max_bytes if retention.events_max_bytes is not None else -1,
            duplicate_window=retention.duplicate_window_seconds,
            allow_direct=True,
            # See ``ingest.fast_ingest``.
            allow_batched=True,
        ),
    )
    await _ensure_stream(
        js,
        StreamConfig(
            name=DEAD_LETTERS_STREAM,
            description="Events that could not be understood, unchanged, with the reason",
            subjects=[f"{DEAD_LETTERS_SUBJECT}.>"],
            retention=RetentionPolicy.LIMITS,
            storage=StorageType.FILE,
            num_replicas=retention.replicas,
            discard=DiscardPolicy.NEW,
            max_age=retention.dead_letters_days * DAY_SECONDS,
            duplicate_window=retention.duplicate_window_seconds,
            allow_direct=True,
        ),
    )
    await _ensure_stream(
        js,
        StreamConfig(
            name=TOUCHED_STREAM,
            description="Members about which something new is in the graph, until their identities are settled",
            subjects=[TOUCHED_SUBJECT],
            retention=RetentionPolicy.WORK_QUEUE,
            storage=StorageType.FILE,
            num_replicas=retention.replicas,
            # What is dropped is settled by the next resolution of everything.
            discard=DiscardPolicy.OLD,
            max_age=retention.touched_days * DAY_SECONDS,
            max_bytes=retention.touched_max_bytes,
        ),
    )
    await _ensure_stream(
        js,
        StreamConfig(
            name=ANNOUNCEMENTS_STREAM,
            description="Decisions about identities as CloudEvents, each once, in order by purpose",
            subjects=[f"{ANNOUNCEMENTS_SUBJECT}.>"],
            retention=RetentionPolicy.LIMITS,
            storage=StorageType.FILE,
            num_replicas=retention.replicas,
            discard=DiscardPolicy.OLD,
            max_age=retention.announcements_days * DAY_SECONDS,
            duplicate_window=retention.duplicate_window_seconds,
            allow_direct=True,
        ),
    )
    await _ensure_stream(
        js,
        StreamConfig(
            name=CHANGES_STREAM,
            description="About whom something is new in the graph, for those who follow them now",
            subjects=[CHANGES_SUBJECT],
            retention=RetentionPolicy.LIMITS,
            # Whoever missed some looks at the graph, where they are of.
            storage=StorageType.MEMORY,
            num_replicas=retention.replicas,
            discard=DiscardPolicy.OLD,
            max_age=CHANGES_SECONDS,
            max_bytes=CHANGES_MAX_BYTES,
        ),
    )
    await js.add_consumer(
        TOUCHED_STREAM,
        ConsumerConfig(
            name=RESOLVERS_DURABLE,
            durable_name=RESOLVERS_DURABLE,
            description="Resolvers that settle whose the touched members are",
            deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=SETTLE_WAIT_SECONDS,
            max_ack_pending=MAX_SETTLE_PENDING,
            max_deliver=-1,
        ),
    )
    await js.add_consumer(
        EVENTS_STREAM,
        ConsumerConfig(
            name=WORKERS_DURABLE,
            durable_name=WORKERS_DURABLE,
            description="Workers that write events into the graph",
            deliver_policy=DeliverPolicy.ALL,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ACK_WAIT_SECONDS,
            max_ack_pending=MAX_ACK_PENDING,
            max_deliver=-1,
            filter_subject=f"{EVENTS_SUBJECT}.>",
        ),
    )


async def _ensure_stream(js: JetStreamContext, config: StreamConfig) -> None:
    try:
        await js.update_stream(config)
    except NotFoundError:
        # Two processes may both get here: adding a stream with the same definition twice is one stream.
        await js.add_stream(config)
