"""Where the spans of a process go: to an OTLP receiver, where one is set; nowhere otherwise."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from graph.errors import KindredError
from graph.tracing import trace_to
from runtime.settings import Settings

log = structlog.get_logger(__name__)

FLUSH_SECONDS = 3.0
"""How long the end of a process waits for its last spans to be taken."""
ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


class TracingUnavailableError(KindredError):
    """Traces are asked for and the packages that send them are not installed."""

    code = "tracing_unavailable"


def traces_wanted(settings: Settings) -> bool:
    """Whether the settings, or OpenTelemetry's own variables, name a receiver and nothing switches tracing off."""
    off = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or os.environ.get("OTEL_TRACES_EXPORTER") == "none"
    return not off and (settings.traces_endpoint is not None or any(os.environ.get(name) for name in ENDPOINTS))


@contextmanager
def tracing(settings: Settings, *, service: str) -> Iterator[None]:
    """Trace this process while the context is open, if that is wanted.

    What OpenTelemetry's variables say of sampling (``OTEL_TRACES_SAMPLER``), batches, headers and the resource holds.

    Args:
        settings: the installation.
        service: what the process is; ``service.name`` is ``kindred-SERVICE`` unless ``OTEL_SERVICE_NAME`` says otherwise.

    Raises:
        TracingUnavailableError: it is wanted, and the packages are not there.
    """
    if not traces_wanted(settings):
        yield
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise TracingUnavailableError(
            "a receiver of traces is set and OpenTelemetry's SDK is not installed: install kindred[tracing]"
        ) from error
    named = {} if os.environ.get("OTEL_SERVICE_NAME") else {SERVICE_NAME: f"kindred-{service}"}
    endpoint = None if settings.traces_endpoint is None else f"{settings.traces_endpoint.rstrip('/')}/v1/traces"
    provider = TracerProvider(resource=Resource.create(named), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    trace_to(provider)
    log.info("tracing.started")
    try:
        yield
    finally:
        trace_to(None)
        # On a thread that may be left behind: a receiver that is away would hold up the end for half a minute.
        ending = threading.Thread(target=provider.shutdown, daemon=True)
        ending.start()
        ending.join(FLUSH_SECONDS)
        if ending.is_alive():
            log.warning("tracing.not_flushed", seconds=FLUSH_SECONDS)
