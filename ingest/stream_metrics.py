"""Metrics of the streams, for Prometheus: how much waits for whom, how long, and how much is kept."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import nats.errors
import structlog
from nats.js import JetStreamContext
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ingest.lag import Lag, read_lag

log = structlog.get_logger(__name__)

KEEP_SECONDS = 5.0
"""How long what was read is told again."""


class StreamMetrics(Collector):
    """What JetStream said last; ``refresh`` asks it before a scrape, unless it was asked a moment ago.

    Where JetStream does not answer there are no values, rather than old ones: an alert on their absence is one on JetStream.
    """

    def __init__(
        self,
        js: JetStreamContext,
        registry: CollectorRegistry,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._js = js
        self._lag: Lag | None = None
        self._read_at: float | None = None
        self._now = now
        self._monotonic = monotonic
        registry.register(self)

    async def refresh(self) -> None:
        """Read where it is due. Raises nothing: the other metrics are told whatever is wrong here."""
        asked = self._monotonic()
        if self._read_at is not None and asked - self._read_at < KEEP_SECONDS:
            return
        self._read_at = asked
        try:
            self._lag = await read_lag(self._js)
        except (nats.errors.Error, TimeoutError) as error:
            self._lag = None
            log.warning("streams.not_read", kind=type(error).__name__)

    def describe(self) -> Iterator[Metric]:
        """Names only: what is registered is not collected."""
        return iter(_families())

    def collect(self) -> Iterator[Metric]:
        """From memory."""
        families = _families()
        if self._lag is None:
            return iter(())
        pending, unacknowledged, waiting, messages, size = families
        now = self._now()
        for consumer in self._lag.consumers:
            pending.add_metric([consumer.consumer], consumer.pending)
            unacknowledged.add_metric([consumer.consumer], consumer.unacknowledged)
            waiting.add_metric([consumer.consumer], consumer.waiting_seconds(now=now))
        for stream in self._lag.streams:
            messages.add_metric([stream.stream], stream.messages)
            size.add_metric([stream.stream], stream.bytes)
        return iter(families)


def _families() -> tuple[GaugeMetricFamily, ...]:
    return (
        GaugeMetricFamily("kindred_stream_pending", "Messages that no process was given yet.", labels=["consumer"]),
        GaugeMetricFamily("kindred_stream_unacknowledged", "Messages given to a process and not settled.", labels=["consumer"]),
        GaugeMetricFamily("kindred_stream_waiting_seconds", "How long the oldest of both has waited.", labels=["consumer"]),
        GaugeMetricFamily("kindred_stream_messages", "Messages kept.", labels=["stream"]),
        GaugeMetricFamily("kindred_stream_bytes", "Bytes of the messages kept.", labels=["stream"]),
    )
