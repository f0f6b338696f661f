"""Traces through the streams: a message carries its sender's span in the W3C headers, and a batch links to those of its messages.

A batch continues the trace of its first message that is traced, and so one trace goes from a request to the commit and on to the
settled identities. Each of its other messages gets a short span in its own trace, linked to the batch.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from functools import wraps
from typing import ParamSpec, TypeVar

from nats.aio.msg import Msg
from opentelemetry.trace import get_current_span

from graph.tracing import Attributes, Context, Link, Span, SpanKind, context_of, inject, span, tracer

P = ParamSpec("P")
S = TypeVar("S")
T = TypeVar("T")

NATS: Attributes = {"messaging.system": "nats"}

Send = Callable[[S, str, bytes, dict[str, str]], Awaitable[T]]
Handle = Callable[[S, Sequence[Msg]], Awaitable[T]]


def traced_send(send: Send[S, T]) -> Send[S, T]:
    """Make a publication a span, and let the message carry it; the headers given are added to."""

    @wraps(send)
    async def traced(self: S, subject: str, payload: bytes, headers: dict[str, str]) -> T:
        if tracer() is None:
            return await send(self, subject, payload, headers)
        # Not the rest: whoever publishes to NATS directly may name anything there.
        place = ".".join(subject.split(".")[:3])
        attributes: Attributes = {**NATS, "messaging.destination.name": place, "messaging.message.body.size": len(payload)}
        with span(f"publish {place}", kind=SpanKind.PRODUCER, attributes=attributes):
            inject(headers)
            return await send(self, subject, payload, headers)

    return traced


def traced_batch(name: str) -> Callable[[Handle[S, T]], Handle[S, T]]:
    """Make what is done with a batch of messages a span that links to theirs."""

    def decorate(handle: Handle[S, T]) -> Handle[S, T]:
        @wraps(handle)
        async def traced(self: S, messages: Sequence[Msg]) -> T:
            if tracer() is None:
                return await handle(self, messages)
            senders = [(context, _span_of(context)) for context in (context_of(message.headers or {}) for message in messages)]
            known = [(context, sender) for context, sender in senders if sender.get_span_context().is_valid]
            sampled = [(context, sender) for context, sender in known if sender.get_span_context().trace_flags.sampled]
            # One that nobody wants to see is not made visible by its batch.
            parent = next((context for context, _ in (*sampled, *known)), Context())
            started = time.time_ns()
            attributes: Attributes = {**NATS, "messaging.batch.message_count": len(messages)}
            links = [Link(sender.get_span_context()) for _, sender in sampled]
            with span(name, kind=SpanKind.CONSUMER, parent=parent, links=links, attributes=attributes) as batch:
                result = await handle(self, messages)
                _tell_others(name, batch, sampled, started=started)
                return result

        return traced

    return decorate


def _tell_others(name: str, batch: Span, sampled: Sequence[tuple[Context, Span]], *, started: int) -> None:
    by, here = tracer(), batch.get_span_context()
    if by is None:
        return
    for context, sender in sampled:
        if sender.get_span_context().trace_id != here.trace_id:
            by.start_span(name, context=context, kind=SpanKind.CONSUMER, links=[Link(here)], start_time=started).end()


def _span_of(context: Context) -> Span:
    return get_current_span(context)
