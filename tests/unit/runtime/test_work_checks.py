"""The doctor's thresholds for work that waits, dead letters and clocks."""

from datetime import UTC, datetime, timedelta

import pytest

from ingest.lag import ConsumerLag, Lag, StreamSize
from ingest.streams import DEAD_LETTERS_STREAM, EVENTS_STREAM, RESOLVERS_DURABLE, WORKERS_DURABLE
from runtime.stack.work import check_clocks, check_dead_letters, check_resolver, check_workers

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def lag(*consumers: ConsumerLag, events: int = 0, dead_letters: int = 0) -> Lag:
    sizes = {EVENTS_STREAM: events, DEAD_LETTERS_STREAM: dead_letters}
    streams = (StreamSize(stream=name, messages=count, bytes=0, last_sequence=count) for name, count in sizes.items())
    return Lag(consumers=consumers, streams=tuple(streams))


def waiting(consumer: str, *, pending: int, seconds: float) -> ConsumerLag:
    return ConsumerLag(consumer=consumer, pending=pending, unacknowledged=1, oldest_at=NOW - timedelta(seconds=seconds))


def test_work_that_waits_too_long_is_told_of_whoever_should_do_it() -> None:
    both = lag(waiting(WORKERS_DURABLE, pending=1_500, seconds=299), waiting(RESOLVERS_DURABLE, pending=3, seconds=301))
    workers, resolver = check_workers(both, now=NOW), check_resolver(both, now=NOW)
    assert workers.passed
    assert workers.observed == "1,501 events wait, the oldest for 299 seconds"
    assert not resolver.passed
    assert "kindred resolve" in resolver.advice
    assert check_workers(lag(), now=NOW).passed


@pytest.mark.parametrize(
    ("dead_letters", "events", "passed"), [(10, 0, True), (11, 1_000, False), (11, 1_100, True), (200, 10_000, False)]
)
def test_dead_letters_are_a_failure_when_they_are_many_and_more_than_one_in_a_hundred(
    dead_letters: int, events: int, passed: bool
) -> None:
    assert check_dead_letters(lag(events=events, dead_letters=dead_letters)).passed is passed


@pytest.mark.parametrize(("seconds", "passed"), [(-5.1, False), (-5.0, True), (0.5, True), (6.0, True), (6.1, False)])
def test_a_clock_is_off_by_what_the_time_of_asking_cannot_explain(seconds: float, passed: bool) -> None:
    # Asking took one second.
    after = NOW + timedelta(seconds=1)
    assert check_clocks(server=NOW + timedelta(seconds=seconds), before=NOW, after=after).passed is passed
