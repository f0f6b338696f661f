"""The HTTP server, composed: the collector, and the API beside it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from ingest.collector import collector_routes
from ingest.publisher import open_publisher
from ingest.topology import Retention
from runtime.settings import Settings
from runtime.wiring import Platform, open_platform

COLLECT_SECONDS = 8.0
"""How long a request waits for JetStream before its sender is told to come again."""


@asynccontextmanager
async def collector(platform: Platform) -> AsyncIterator[Sequence[BaseRoute]]:
    """Routes of the collector, on a connection to NATS of their own.

    Raises:
        ingest.publisher.EventsUnavailable: NATS did not answer.
    """
    async with open_publisher(platform.nats_url, retention=Retention(), patience_seconds=COLLECT_SECONDS) as publisher:
        yield collector_routes(publisher, platform.write_keys, region=platform.settings.default_region)


async def run_server(settings: Settings) -> None:
    """Serve until stopped by a signal."""
    async with open_platform(settings) as platform, collector(platform) as routes:
        app = Starlette(routes=list(routes))
        config = uvicorn.Config(app, host=settings.host, port=settings.port, log_config=None, access_log=False)
        await uvicorn.Server(config).serve()
