"""A resolution is reported also where its health cannot be measured."""

from collections.abc import Sequence
from typing import Any, cast

import pytest
from neo4j.exceptions import ServiceUnavailable

import runtime.resolving
from graph.database import Database
from graph.identity.conclusion import ORDER
from graph.identity.progress import NoProgress, Progress
from graph.identity.resolver import ResolutionReport
from graph.model.identity import Purpose
from runtime.resolving import resolve_and_measure

REPORT = ResolutionReport(
    run_id="1",
    purpose=Purpose.INDIVIDUAL,
    policy_version="individual-1",
    identities=1,
    members=2,
    decisions={},
    opened=0,
    closed=0,
    retired=0,
    held_back={},
)


class Surveyor:
    """One that the graph does not answer."""

    def __init__(self) -> None:
        self.asked: list[Purpose] = []

    async def measure_changed(self, purposes: Sequence[Purpose], *, progress: Progress) -> None:
        self.asked += purposes
        raise ServiceUnavailable("the graph does not answer")


async def test_a_resolution_is_reported_where_nothing_can_be_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    surveyor = Surveyor()

    async def resolve_once(*_: Any, **__: Any) -> list[ResolutionReport]:
        return [REPORT]

    monkeypatch.setattr(runtime.resolving, "resolve_once", resolve_once)
    monkeypatch.setattr(runtime.resolving, "make_surveyor", lambda _: surveyor)
    nowhere = cast("Database", object())
    assert await resolve_and_measure(nowhere, (Purpose.INDIVIDUAL,), progress=NoProgress()) == [REPORT]
    # Whoever resolves one purpose changes the others too.
    assert surveyor.asked == list(ORDER)
