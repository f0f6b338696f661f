"""One log event and one count for each request."""

import time
import uuid
from contextlib import AbstractContextManager, nullcontext

import structlog
from opentelemetry.trace import INVALID_SPAN
from starlette.requests import Request
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import ApiMetrics
from graph.tracing import Span, SpanKind, context_of, tracer
from graph.tracing import span as traced

log = structlog.get_logger(__name__)

QUIET = ("/healthz", "/readyz", "/metrics")
"""Asked every few seconds by machines: logged at ``debug``, never traced."""
METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})


class AccessLog:
    """Logs and counts requests. Neither query strings nor bodies are logged: they hold identifiers."""

    def __init__(self, app: ASGIApp, *, metrics: ApiMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, and say so."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = Request(scope).headers.get("x-request-id", "")[:64] or uuid.uuid4().hex
        status = 500

        async def send_noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id.encode("latin-1", "replace"))]
            await send(message)

        scope.setdefault("state", {})
        with _traced(scope) as span, structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, send_noting)
            finally:
                span.set_attribute("http.response.status_code", status)
                seconds = time.perf_counter() - started
                route = route_of(scope)
                self._metrics.request(route=route, status=status, seconds=seconds)
                say = log.debug if route in QUIET else log.info
                say(
                    "http.request",
                    method=scope["method"],
                    route=route,
                    status=status,
                    duration_ms=round(seconds * 1000, 2),
                    caller=scope["state"].get("caller"),
                    operation=scope["state"].get("operation"),
                )


def _traced(scope: Scope) -> AbstractContextManager[Span]:
    """A span of a request, child of its sender's; none of those that machines ask every few seconds."""
    if tracer() is None or (route := route_of(scope)) in QUIET:
        return nullcontext(INVALID_SPAN)
    method = scope["method"] if scope["method"] in METHODS else "_OTHER"
    parent = context_of(Request(scope).headers)
    attributes = {"http.request.method": method, "http.route": route}
    return traced(f"{method} {route}", kind=SpanKind.SERVER, parent=parent, attributes=attributes)


def route_of(scope: Scope) -> str:
    """The pattern of the route that a request was for; ``other`` where there is none, so that made-up paths count as one."""
    app = scope.get("app")
    for route in getattr(app, "routes", ()):
        if isinstance(route, Route) and route.matches(scope)[0] is not Match.NONE:
            return route.path
    return "other"
