"""``kindred resolve``: bring identities in line with the evidence."""

import asyncio
from pathlib import Path
from typing import Annotated

import structlog
import typer
from rich.console import Console
from rich.table import Table

from graph.identity.conclusion import ORDER
from graph.identity.progress import NoProgress
from graph.identity.resolver import ResolutionReport
from graph.model.identity import DecisionKind, Purpose
from runtime.cli.errors import reported_errors
from runtime.cli.options import Home, MetricsPort
from runtime.cli.progress import shown_progress
from runtime.ending import end_at_once, run_leaving_threads
from runtime.logging import configure_logging
from runtime.observing import observing, store_checks
from runtime.resolver_metrics import count_reports
from runtime.resolving import resolve_and_measure, resolve_repeatedly
from runtime.settings import Settings, load_settings
from runtime.signals import stop_on_signal
from runtime.tracing import tracing
from runtime.wiring import open_platform

log = structlog.get_logger(__name__)


def register(app: typer.Typer) -> None:
    """Add this module's commands to ``app``."""
    app.command()(resolve)


def resolve(
    *,
    purpose: Annotated[
        Purpose | None, typer.Option("--purpose", help="One identity graph; default is all three.", show_default=False)
    ] = None,
    every: Annotated[
        float | None,
        typer.Option("--every", help="Resolve again after this many seconds, until stopped.", min=1, show_default=False),
    ] = None,
    metrics_port: MetricsPort = None,
    home: Home = None,
) -> None:
    """Bring identities in line with the evidence. Writes only what changed; may be repeated at will."""
    purposes = (purpose,) if purpose else ORDER
    with reported_errors():
        if every is None:
            asyncio.run(_resolve(purposes, home=home, console=Console(stderr=True)))
            return
        settings = load_settings(home=home)
        configure_logging(level=settings.log_level, log_format=settings.log_format)
        with tracing(settings, service="resolver"):
            run_leaving_threads(_keep_resolving(purposes, every=every, settings=settings, metrics_port=metrics_port))
        end_at_once()


async def _resolve(purposes: tuple[Purpose, ...], *, home: Path | None, console: Console) -> None:
    async with open_platform(load_settings(home=home)) as platform:
        with shown_progress(console) as progress:
            reports = await resolve_and_measure(platform.database, purposes, progress=progress)
        Console().print(report_table(reports))


async def _keep_resolving(purposes: tuple[Purpose, ...], *, every: float, settings: Settings, metrics_port: int | None) -> None:
    stopping = stop_on_signal()
    async with observing(settings, port=metrics_port, checks=store_checks(settings)):
        await resolve_repeatedly(
            settings, purposes, every_seconds=every, progress=NoProgress(), stopping=stopping, report=_log_reports
        )


def _log_reports(reports: list[ResolutionReport]) -> None:
    count_reports(reports)
    for report in reports:
        log.info(
            "identities.resolved",
            purpose=report.purpose.value,
            identities=report.identities,
            decisions=dict(report.decisions),
            held_back=dict(report.held_back),
            seconds=round(sum(report.seconds.values()), 1),
        )


def report_table(reports: list[ResolutionReport]) -> Table:
    """What resolutions came to, one column for each purpose."""
    table = Table("", *(report.purpose.value for report in reports), title="Resolution")
    for column in table.columns[1:]:
        column.justify = "right"

    def row(label: str, *values: object) -> None:
        table.add_row(label, *(f"{value:,}" if isinstance(value, int) else str(value) for value in values))

    row("identities", *(report.identities for report in reports))
    row("members", *(report.members for report in reports))
    for kind in DecisionKind:
        if kind not in (DecisionKind.ASSERTED, DecisionKind.RETRACTED):
            row(kind.value, *(report.decisions.get(kind.value, 0) for report in reports))
    for reason in sorted({reason for report in reports for reason in report.held_back}):
        row(f"held back: {reason.replace('_', ' ')}", *(report.held_back.get(reason, 0) for report in reports))
    row("seconds", *(f"{sum(report.seconds.values()):.1f}" for report in reports))
    return table
