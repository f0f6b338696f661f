"""Logs: structured events with dotted names, for people on a terminal and as JSON lines anywhere else."""

import logging
import sys
from typing import Literal, TextIO

import structlog

from graph.tracing import now_traced

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["auto", "console", "json"]

# These describe at `info` what Kindred's own events already say, or every request that was made.
NOISY = ("faststream", "httpx", "neo4j", "nats", "uvicorn.access")


def configure_logging(*, level: Level, log_format: Format, stream: TextIO = sys.stderr) -> None:
    """Send the events of structlog and of the standard library to one stream, in one form."""
    for_people = log_format == "console" or (log_format == "auto" and stream.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_trace,
        structlog.processors.StackInfoRenderer(),
    ]
    ending: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer(colors=stream.isatty())]
        if for_people
        else [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer()]
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _add_trace(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Add ``trace_id`` and ``span_id`` where the event belongs to a traced span."""
    event.update(now_traced())
    return event
