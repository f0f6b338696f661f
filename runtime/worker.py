"""The worker process, composed: NATS in, graph out."""

import asyncio
import contextlib
from contextlib import AsyncExitStack

import structlog
from nats.js import JetStreamContext
from neo4j.exceptions import ServiceUnavailable

from graph.memory import search_for_cycles_seldom
from graph.repositories.evidence import EvidenceRepository
from ingest.changes import ChangeNotes
from ingest.publisher import EventPublisher, EventsUnavailable, open_nats
from ingest.topology import ensure_topology
from ingest.worker_pool import running_workers
from ingest.workers import BatchHandler
from runtime.settings import Settings
from runtime.wiring import Platform, open_platform, retention

log = structlog.get_logger(__name__)

STORE_POLL_SECONDS = 2.0
PARK_SECONDS = 20.0
"""How long parking an event is tried before its message is asked for again."""


async def run_worker(settings: Settings, *, concurrency: int, stopping: asyncio.Event) -> None:
    """Run workers until ``stopping`` is set; stores that are away are waited for.

    Raises:
        runtime.stack.errors.StackError: the embedded stack does not run, or its state cannot be read.
        neo4j.exceptions.AuthError: the login is wrong.
    """
    search_for_cycles_seldom()
    async with AsyncExitStack() as stack:
        stores = await _open_stores(settings, stack, stopping=stopping)
        if stores is None:
            return
        platform, publisher, notes = stores

        def handler() -> BatchHandler:
            return BatchHandler(
                evidence=EvidenceRepository(platform.database),
                publisher=publisher,
                region=settings.default_region,
                stopping=stopping,
                notes=notes,
            )

        async def prepare(js: JetStreamContext) -> None:
            await ensure_topology(js, retention=retention(settings))

        await stack.enter_async_context(
            running_workers(platform.nats_url, handler=handler, prepare=prepare, concurrency=concurrency)
        )
        await stopping.wait()
        log.info("worker.stopping")


async def _open_stores(
    settings: Settings, stack: AsyncExitStack, *, stopping: asyncio.Event
) -> tuple[Platform, EventPublisher, ChangeNotes] | None:
    """Wait for both stores, for ever; None when told to stop first."""
    while not stopping.is_set():
        try:
            async with AsyncExitStack() as opening:
                platform = await opening.enter_async_context(open_platform(settings))
                connection = await opening.enter_async_context(open_nats(platform.nats_url, retention=retention(settings)))
                await stack.enter_async_context(opening.pop_all())
                return platform, EventPublisher(connection, patience_seconds=PARK_SECONDS), ChangeNotes(connection)
        except (ServiceUnavailable, EventsUnavailable) as error:
            log.warning("worker.waiting", reason=str(error))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), timeout=STORE_POLL_SECONDS)
    return None
