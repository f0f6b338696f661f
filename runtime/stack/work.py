"""Checks of the work itself: whether workers, resolver and archiver keep up, and whether clocks agree."""

from datetime import datetime
from pathlib import Path
from typing import Final

from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from ingest.archive import Archive, ArchiveError
from ingest.lag import ConsumerLag, Lag
from ingest.streams import DEAD_LETTERS_STREAM, EVENTS_STREAM, RESOLVERS_DURABLE, WORKERS_DURABLE
from runtime.stack.check import Check

MOST_WAITING_SECONDS: Final = 300.0
"""Longer than a batch is tried and comes again: what waits longer is not being worked at, or too slowly."""
MOST_UNARCHIVED_SECONDS: Final = 600.0
"""A file is written every minute, so that nothing waits this long."""
MOST_DEAD_LETTERS: Final = 10
DEAD_LETTER_SHARE: Final = 0.01
"""More dead letters than both, of the events kept, are no senders' slips but a source that is misunderstood."""
MOST_CLOCK_SECONDS: Final = 5.0
"""Times of acceptance, decisions and leases come from several clocks; leases are told apart by tens of seconds."""


def check_workers(lag: Lag, *, now: datetime) -> Check:
    """Whether events are written as they come."""
    return _keeps_up(
        "workers", lag.of(WORKERS_DURABLE), now, "events", "See that `kindred worker` runs and what it logs; start more of them."
    )


def check_resolver(lag: Lag, *, now: datetime) -> Check:
    """Whether what was written is settled as it comes."""
    return _keeps_up(
        "resolver", lag.of(RESOLVERS_DURABLE), now, "messages", "See that `kindred resolve --every 60` runs and what it logs."
    )


def check_dead_letters(lag: Lag) -> Check:
    """Whether most of what is sent can be understood."""
    parked, events = lag.size(DEAD_LETTERS_STREAM), lag.size(EVENTS_STREAM)
    count, of = (0 if each is None else each.messages for each in (parked, events))
    return Check(
        name="dead letters",
        passed=count <= MOST_DEAD_LETTERS or count <= DEAD_LETTER_SHARE * of,
        observed=f"{count:,} beside {of:,} events",
        advice="`kindred dead-letters list` says what they are; mend the source, then `kindred dead-letters replay`.",
    )


def check_clocks(*, server: datetime, before: datetime, after: datetime) -> Check:
    """Whether Neo4j's clock, asked between two looks at this machine's, agrees with it."""
    off = max((before - server).total_seconds(), (server - after).total_seconds(), 0.0)
    return Check(
        name="clocks",
        passed=off <= MOST_CLOCK_SECONDS,
        observed=f"Neo4j's clock and this machine's are {off:.1f} seconds apart",
        advice="Let both machines follow the same time servers.",
    )


async def check_archive(js: JetStreamContext, folder: Path, *, now: datetime) -> Check:
    """Whether the archive follows the events stream.

    Raises:
        nats.errors.Error: JetStream could not be reached.
    """
    advice = "See that `kindred archive` runs, what it logs, and that its folder can be written."
    try:
        position = Archive(folder).position()
        first_after = await js.get_msg(EVENTS_STREAM, seq=position + 1, subject=">", next=True)
    except ArchiveError as error:
        return Check(name="archive", passed=False, observed=str(error), advice=advice)
    except NotFoundError:
        return Check(name="archive", passed=True, observed=f"all events are in {folder}")
    waited = 0.0 if first_after.time is None else (now - first_after.time).total_seconds()
    missing = (first_after.seq or position + 1) - position - 1
    gap = f"; {missing:,} sequences after {position:,} are in neither" if position and missing else ""
    return Check(
        name="archive",
        passed=waited <= MOST_UNARCHIVED_SECONDS and not gap,
        observed=f"up to sequence {position:,}, the next event waits {waited:.0f} seconds{gap}",
        advice=advice,
    )


def _keeps_up(name: str, lag: ConsumerLag | None, now: datetime, what: str, advice: str) -> Check:
    if lag is None:
        return Check(name=name, passed=True, observed="no process has connected yet")
    waited, waiting = lag.waiting_seconds(now=now), lag.pending + lag.unacknowledged
    return Check(
        name=name,
        passed=waited <= MOST_WAITING_SECONDS,
        observed=f"{waiting:,} {what} wait, the oldest for {waited:.0f} seconds" if waiting else "nothing waits",
        advice=advice,
    )
