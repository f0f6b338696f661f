"""Chaos, short: everything is killed, halted or without a disk once under load; every accepted event is there exactly once."""

import pytest
from rich.console import Console

from bench.chaos import Plan, available_faults, run

pytestmark = pytest.mark.slow


def test_what_was_accepted_is_there_once_and_concluded_as_in_a_batch() -> None:
    faults = available_faults()
    plan = Plan(seconds=5.0, pause_seconds=1.0, seed=7, per_second=80.0, faults=faults)
    outcome = run(plan, console=Console())
    assert outcome.wrong == ()
    assert dict(outcome.faults) == dict.fromkeys(faults, 1)
    assert outcome.dead_letters > 0
    assert outcome.accepted >= 200
    assert outcome.accepted_over_http >= 200
    assert outcome.answers["200"] * 50 == outcome.accepted_over_http
    assert outcome.repetitions > 0
