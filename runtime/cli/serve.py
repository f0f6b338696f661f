"""Commands that run Kindred's processes in the foreground: the worker and the HTTP server."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console

from runtime.cli.errors import reported_errors
from runtime.cli.options import Home, MetricsPort
from runtime.logging import configure_logging
from runtime.observing import observing, store_checks
from runtime.server import Serving, run_server
from runtime.settings import load_settings
from runtime.signals import stop_on_signal
from runtime.tracing import tracing
from runtime.worker import run_worker


def register(app: typer.Typer) -> None:
    """Add this module's commands to ``app``."""
    app.command()(worker)
    app.command()(serve)


def worker(
    *,
    home: Home = None,
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Batches written side by side.")] = 2,
    metrics_port: MetricsPort = None,
) -> None:
    """Write events from NATS into the graph, until stopped; a batch that was begun is finished first."""
    with reported_errors():
        settings = load_settings(home=home)
    configure_logging(level=settings.log_level, log_format=settings.log_format)

    async def run() -> None:
        stopping = stop_on_signal()
        async with observing(settings, port=metrics_port, checks=store_checks(settings)):
            await run_worker(settings, concurrency=concurrency, stopping=stopping)

    with reported_errors(), tracing(settings, service="worker"):
        asyncio.run(run())


def serve(
    *,
    home: Home = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default=False)] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.", show_default=False)] = None,
) -> None:
    """Serve HTTP: the collector that Segment libraries send to, and the API."""
    with reported_errors():
        settings = load_settings(home=home, host=host, port=port)
    configure_logging(level=settings.log_level, log_format=settings.log_format)
    with reported_errors(), tracing(settings, service="server"):
        asyncio.run(run_server(settings, announce=_show))


def _show(serving: Serving) -> None:
    """Say where the server listens and, to a person at a terminal, with which keys. A log never gets them."""
    console = Console(stderr=True, soft_wrap=True)
    console.print(f"Serving on {serving.url}; the collector takes {serving.url}/v1/batch, GraphQL is {serving.graphql_url}")
    if serving.environment == "development" and console.is_terminal:
        for name, key in serving.api_keys.items():
            console.print(f"API key {name}: {key}", highlight=False)
        for source, key in serving.write_keys.items():
            console.print(f"Write key of the source {source}: {key}", highlight=False)
