"""Traces: what happened between a request and what came of it, as OpenTelemetry spans.

Off until ``trace_to`` is called, and then a span costs half a microsecond. Spans name statements, subjects, routes and counts; no
value of a person and no message of an error, which might hold one, ever becomes an attribute.
"""

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Final

from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, Link, Span, SpanKind, StatusCode, Tracer, TracerProvider, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

__all__ = [
    "Attributes",
    "Context",
    "Link",
    "Span",
    "SpanKind",
    "context_of",
    "inject",
    "now_traced",
    "span",
    "trace_to",
    "tracer",
]

Attributes = Mapping[str, str | int | float | bool]

_W3C: Final = TraceContextTextMapPropagator()
_NOTHING: Final = nullcontext(INVALID_SPAN)

_tracer: Tracer | None = None


def trace_to(provider: TracerProvider | None) -> None:
    """Send the spans of this process to a provider from now on; None switches tracing off."""
    global _tracer
    _tracer = None if provider is None else provider.get_tracer("kindred")


def tracer() -> Tracer | None:
    """Who makes spans; None while tracing is off."""
    return _tracer


def span(
    name: str,
    *,
    kind: SpanKind = SpanKind.INTERNAL,
    parent: Context | None = None,
    links: Sequence[Link] = (),
    attributes: Attributes | None = None,
) -> AbstractContextManager[Span]:
    """A span around a ``with`` block, child of ``parent`` or else of the current one. An error that leaves it marks it."""
    if _tracer is None:
        return _NOTHING
    return _spanned(_tracer, name, kind, parent, links, attributes)


@contextmanager
def _spanned(
    by: Tracer,
    name: str,
    kind: SpanKind,
    parent: Context | None,
    links: Sequence[Link],
    attributes: Attributes | None,
) -> Iterator[Span]:
    with by.start_as_current_span(
        name,
        context=parent,
        kind=kind,
        links=links,
        attributes=attributes,
        # The text of an error may name people: its kind alone is kept, below.
        record_exception=False,
        set_status_on_exception=False,
    ) as opened:
        try:
            yield opened
        except BaseException as error:
            opened.set_attribute("error.type", type(error).__name__)
            opened.set_status(StatusCode.ERROR)
            raise


def context_of(headers: Mapping[str, str]) -> Context:
    """The context that W3C ``traceparent`` and ``tracestate`` of some headers (names in lower case) tell; empty without."""
    return _W3C.extract(headers, Context())


def inject(headers: MutableMapping[str, str]) -> None:
    """Add the current span's ``traceparent`` to some headers, if there is a current span."""
    if _tracer is not None:
        _W3C.inject(headers)


def now_traced() -> dict[str, str]:
    """``trace_id`` and ``span_id`` of the current span, in hex, for logs; empty where there is none."""
    if _tracer is None:
        return {}
    now = get_current_span().get_span_context()
    return {"trace_id": f"{now.trace_id:032x}", "span_id": f"{now.span_id:016x}"} if now.is_valid else {}
