"""Chaos, short: worker, resolver, NATS and Neo4j are killed under load; every accepted event is there exactly once."""

import pytest
from rich.console import Console

from bench.chaos import VICTIMS, run

pytestmark = pytest.mark.slow


def test_what_was_accepted_is_there_once_and_concluded_as_in_a_batch() -> None:
    outcome = run(seconds=5.0, pause_seconds=2.0, seed=7, per_second=200.0, console=Console(quiet=True))
    assert outcome.missing_or_other == ()
    assert outcome.dead_letters == 1
    assert dict(outcome.kills) == dict.fromkeys(VICTIMS, 1)
    assert outcome.accepted >= 500
    assert outcome.repetitions > 0
