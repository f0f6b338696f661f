"""Metrics of the API, for Prometheus."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from api.graph_metrics import GraphMetrics

SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
MAX_OPERATIONS = 100
"""Names of operations come from clients: beyond this many, all others count as ``other``."""


class ApiMetrics:
    """Counts and times of requests, by path and by GraphQL operation."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.graph = GraphMetrics(registry)
        self._operations: set[str] = set()
        self._requests = Counter(
            "kindred_http_requests", "HTTP requests answered, by route and status.", ["route", "status"], registry=registry
        )
        self._request_seconds = Histogram(
            "kindred_http_request_seconds", "Time to answer an HTTP request.", ["route"], buckets=SECONDS, registry=registry
        )
        self._operation_seconds = Histogram(
            "kindred_graphql_operation_seconds",
            "Time to execute a GraphQL operation, by its name and outcome: ok, error.",
            ["operation", "outcome"],
            buckets=SECONDS,
            registry=registry,
        )

        self._subscribers = Gauge(
            "kindred_graphql_subscribers", "Subscriptions that are open, by field.", ["field"], registry=registry
        )
        self._told = Counter(
            "kindred_graphql_subscription_messages", "What subscribers were told, by field.", ["field"], registry=registry
        )
        self._slow = Counter(
            "kindred_graphql_slow_subscribers",
            "Connections closed because their clients did not read what they were sent.",
            registry=registry,
        )

    @contextmanager
    def subscriber(self, field: str) -> Iterator[None]:
        """Count a subscription as open."""
        with self._subscribers.labels(field=field).track_inprogress():
            yield

    def told(self, field: str) -> None:
        """Count one message to a subscriber."""
        self._told.labels(field=field).inc()

    def slow_subscriber(self) -> None:
        """Count a connection that was closed for its client's slowness."""
        self._slow.inc()

    def request(self, *, route: str, status: int, seconds: float) -> None:
        """Count one HTTP request; ``route`` is the pattern of the path, never the path itself."""
        self._requests.labels(route=route, status=str(status)).inc()
        self._request_seconds.labels(route=route).observe(seconds)

    def operation(self, *, name: str | None, failed: bool, seconds: float) -> None:
        """Count one GraphQL operation."""
        outcome = "error" if failed else "ok"
        self._operation_seconds.labels(operation=self._bounded(name), outcome=outcome).observe(seconds)

    def _bounded(self, name: str | None) -> str:
        if name is None:
            return "anonymous"
        if name not in self._operations:
            if len(self._operations) >= MAX_OPERATIONS:
                return "other"
            self._operations.add(name)
        return name
