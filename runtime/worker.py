"""The worker process, composed: NATS in, graph out."""

import asyncio
from contextlib import AsyncExitStack

import stamina
import structlog
from nats.js import JetStreamContext
from neo4j.exceptions import ServiceUnavailable
from prometheus_client import start_http_server

from graph.repositories.evidence import EvidenceRepository
from ingest.publisher import EventsUnavailable, open_publisher
from ingest.topology import Retention, ensure_topology
from ingest.worker_pool import running_workers
from ingest.workers import BatchHandler
from runtime.settings import Settings
from runtime.wiring import open_platform

log = structlog.get_logger(__name__)

PARK_SECONDS = 20.0
"""How long parking an event is tried before its message is asked for again."""


async def run_worker(settings: Settings, *, concurrency: int, metrics_port: int | None, stopping: asyncio.Event) -> None:
    """Run workers until ``stopping`` is set; stores that are away are waited for.

    Raises:
        runtime.stack.errors.StackError: the embedded stack does not run, or its state cannot be read.
        neo4j.exceptions.AuthError: the login is wrong.
    """
    async with AsyncExitStack() as stack:
        async for attempt in stamina.retry_context(
            on=(ServiceUnavailable, EventsUnavailable), attempts=None, timeout=None, wait_max=5.0
        ):
            with attempt:
                platform = await stack.enter_async_context(open_platform(settings))
                publisher = await stack.enter_async_context(
                    open_publisher(platform.nats_url, retention=Retention(), patience_seconds=PARK_SECONDS)
                )
        if metrics_port is not None:
            start_http_server(metrics_port)

        def handler() -> BatchHandler:
            return BatchHandler(
                evidence=EvidenceRepository(platform.database),
                publisher=publisher,
                region=settings.default_region,
                stopping=stopping,
            )

        async def prepare(js: JetStreamContext) -> None:
            await ensure_topology(js, retention=Retention())

        await stack.enter_async_context(
            running_workers(platform.nats_url, handler=handler, prepare=prepare, concurrency=concurrency)
        )
        await stopping.wait()
        log.info("worker.stopping")
