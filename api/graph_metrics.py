"""Metrics of the graph's health, for Prometheus: from what was measured last, without values of people and ids of identities."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from graph.model.health import HealthState
from graph.model.identity import Purpose

log = structlog.get_logger(__name__)

Gauges = Mapping[Purpose, tuple[HealthState, Mapping[str, int]]]
ReadGauges = Callable[[], Awaitable[Gauges]]
"""Reads by purpose what was measured last, and all decisions by kind."""

KEEP_SECONDS = 30.0
"""How long what was read is told again."""
PATIENCE_SECONDS = 2.0
SUSPICIOUS = 0.5


class GraphMetrics(Collector):
    """What was read last from the graph; ``refresh`` reads it again before a scrape, unless it was read a moment ago."""

    def __init__(self, registry: CollectorRegistry, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._gauges: Gauges = {}
        self._read_at: float | None = None
        self._monotonic = monotonic
        self._turn = asyncio.Lock()
        registry.register(self)

    async def refresh(self, read: ReadGauges) -> None:
        """Read where it is due. A graph that does not answer leaves what was read before: a scrape must not fail with it."""
        async with self._turn:
            now = self._monotonic()
            if self._read_at is not None and now - self._read_at < KEEP_SECONDS:
                return
            self._read_at = now
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    self._gauges = await read()
            except Exception as error:  # noqa: BLE001 - whatever is wrong with the graph, the other metrics are told
                log.warning("api.health_not_read", kind=type(error).__name__)

    def describe(self) -> Iterator[Metric]:
        """Names only: what is registered is not collected."""
        return iter(_families().values())

    def collect(self) -> Iterator[Metric]:
        """From memory."""
        families = _families()
        for purpose, (state, decisions) in self._gauges.items():
            _add(families, purpose.value, state, decisions)
        return iter(families.values())


def _families() -> dict[str, GaugeMetricFamily | CounterMetricFamily]:
    gauges = {
        "kindred_identities": ("Identities.", ["purpose"]),
        "kindred_identity_records": ("Records that belong to identities.", ["purpose"]),
        "kindred_identity_members": ("Members of identities.", ["purpose"]),
        "kindred_identities_by_records": ("Identities by number of records.", ["purpose", "size"]),
        "kindred_largest_identity_records": ("Records of the largest identity.", ["purpose"]),
        "kindred_suspicious_identities": ("Identities with a suspicion of 0.5 or more, up to those that are kept.", ["purpose"]),
        "kindred_held_back": ("Evidence that a policy leaves out, by reason.", ["purpose", "reason"]),
        "kindred_estimated_precision": ("Precision as matching expects it, with an interval of 95 %.", ["purpose", "bound"]),
        "kindred_estimated_recall": ("Recall as matching expects it, with an interval of 95 %.", ["purpose", "bound"]),
        "kindred_resolution_stage_seconds": ("Seconds of the last resolution that changed anything.", ["purpose", "stage"]),
        "kindred_health_measured_timestamp_seconds": ("When identities were measured.", ["purpose"]),
    }
    families: dict[str, GaugeMetricFamily | CounterMetricFamily] = {
        name: GaugeMetricFamily(name, text, labels=labels) for name, (text, labels) in gauges.items()
    }
    families["kindred_decisions"] = CounterMetricFamily(
        "kindred_decisions",
        "Decisions about identities, by kind, as they were counted when measured.",
        labels=["purpose", "kind"],
    )
    return families


def _add(
    families: Mapping[str, GaugeMetricFamily | CounterMetricFamily],
    purpose: str,
    state: HealthState,
    decisions: Mapping[str, int],
) -> None:
    def tell(name: str, value: float, *labels: str) -> None:
        families[name].add_metric([purpose, *labels], value)

    tell("kindred_identities", state.identities)
    tell("kindred_identity_records", state.records)
    tell("kindred_identity_members", state.members)
    for size in state.record_sizes:
        tell("kindred_identities_by_records", size.identities, size.name)
    tell("kindred_largest_identity_records", max((each.records for each in state.largest), default=0))
    tell("kindred_suspicious_identities", sum(each.suspicion >= SUSPICIOUS for each in state.suspicious))
    for reason, count in state.held_back.items():
        tell("kindred_held_back", count, reason)
    if state.estimates:
        for name, estimate in (("precision", state.estimates.precision), ("recall", state.estimates.recall)):
            if estimate:
                for bound, value in (("value", estimate.value), ("low", estimate.low), ("high", estimate.high)):
                    tell(f"kindred_estimated_{name}", value, bound)
    if state.run:
        for stage, seconds in state.run.seconds.items():
            tell("kindred_resolution_stage_seconds", seconds, stage)
    tell("kindred_health_measured_timestamp_seconds", state.measured_at.timestamp())
    for kind, count in decisions.items():
        tell("kindred_decisions", count, kind)
