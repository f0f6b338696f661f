"""Metrics of the graph's health are read now and then, and outlast a graph that does not answer."""

import asyncio
from datetime import UTC, datetime

import pytest
from prometheus_client import CollectorRegistry, generate_latest

import api.graph_metrics
from api.graph_metrics import KEEP_SECONDS, Gauges, GraphMetrics
from graph.model.health import HealthState
from graph.model.identity import Purpose


def state(identities: int) -> HealthState:
    return HealthState(
        purpose=Purpose.INDIVIDUAL,
        measured_at=datetime(2025, 1, 1, tzinfo=UTC),
        seconds=1.0,
        identities=identities,
        records=identities,
        members=identities,
        record_sizes=(),
        member_sizes=(),
        largest=(),
        suspicious=(),
        held_back={},
        estimates=None,
        run=None,
    )


class Graph:
    """A graph whose number of identities grows with each reading, until it fails."""

    def __init__(self) -> None:
        self.readings = 0
        self.fails = False

    async def read(self) -> Gauges:
        self.readings += 1
        if self.fails:
            raise ConnectionError("bolt://ada:secret@graph:7687 does not answer")
        return {Purpose.INDIVIDUAL: (state(self.readings), {"formed": self.readings})}


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


async def test_the_graph_is_read_no_more_often_than_is_kept(registry: CollectorRegistry) -> None:
    graph, now = Graph(), 100.0
    metrics = GraphMetrics(registry, monotonic=lambda: now)
    assert registry.get_sample_value("kindred_identities", {"purpose": "individual"}) is None
    await asyncio.gather(*(metrics.refresh(graph.read) for _ in range(5)))
    now += KEEP_SECONDS - 1
    await metrics.refresh(graph.read)
    assert graph.readings == 1
    now += 1
    await metrics.refresh(graph.read)
    assert graph.readings == 2
    assert registry.get_sample_value("kindred_identities", {"purpose": "individual"}) == 2
    assert registry.get_sample_value("kindred_decisions_total", {"purpose": "individual", "kind": "formed"}) == 2


async def test_a_graph_that_fails_leaves_what_was_read(registry: CollectorRegistry) -> None:
    graph, now = Graph(), 100.0
    metrics = GraphMetrics(registry, monotonic=lambda: now)
    await metrics.refresh(graph.read)
    graph.fails, now = True, now + KEEP_SECONDS
    await metrics.refresh(graph.read)
    assert graph.readings == 2
    assert b'kindred_identities{purpose="individual"} 1.0' in generate_latest(registry)


async def test_a_graph_that_hangs_does_not_hold_up_a_scrape(registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.graph_metrics, "PATIENCE_SECONDS", 0.01)

    async def hang() -> Gauges:
        await asyncio.sleep(60)
        raise AssertionError("waited")

    async with asyncio.timeout(5):
        await GraphMetrics(registry).refresh(hang)
    assert registry.get_sample_value("kindred_identities", {"purpose": "individual"}) is None
