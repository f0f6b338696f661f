"""Commands about identities: resolve them, assert and retract what a steward knows."""

import asyncio
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import structlog
import typer
from rich.console import Console
from rich.table import Table

from graph.identity.progress import NoProgress
from graph.identity.resolver import ORDER, ResolutionReport
from graph.model.claim import Assertion
from graph.model.identity import DecisionKind, Purpose
from graph.repositories.assertions import AssertionRepository
from runtime.cli.errors import reported_errors
from runtime.cli.options import Home
from runtime.cli.progress import shown_progress
from runtime.logging import configure_logging
from runtime.resolving import resolve_once, resolve_repeatedly
from runtime.settings import Settings, load_settings
from runtime.signals import stop_on_signal
from runtime.wiring import open_platform

log = structlog.get_logger(__name__)

By = Annotated[str, typer.Option("--by", help="Who says so.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in a sentence; kept with the evidence.")]
OnlyPurpose = Annotated[
    Purpose | None, typer.Option("--purpose", help="Only for this purpose; default is every purpose.", show_default=False)
]
Member = Annotated[str, typer.Argument(help="A record's id (`crm:42`) or an identifier's key (`email:ann@example.com`).")]

assertions = typer.Typer(name="assert", help="Add a steward's evidence about two records or identifiers.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add this module's commands to ``app``."""
    app.command()(resolve)
    assertions.command("same")(assert_same)
    assertions.command("different")(assert_different)
    app.add_typer(assertions)
    app.command()(retract)


def resolve(
    *,
    purpose: Annotated[
        Purpose | None, typer.Option("--purpose", help="One identity graph; default is all three.", show_default=False)
    ] = None,
    every: Annotated[
        float | None,
        typer.Option("--every", help="Resolve again after this many seconds, until stopped.", min=1, show_default=False),
    ] = None,
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
        asyncio.run(_keep_resolving(purposes, every=every, settings=settings))


async def _resolve(purposes: tuple[Purpose, ...], *, home: Path | None, console: Console) -> None:
    async with open_platform(load_settings(home=home)) as platform:
        with shown_progress(console) as progress:
            reports = await resolve_once(platform.database, purposes, progress=progress)
        Console().print(report_table(reports))


async def _keep_resolving(purposes: tuple[Purpose, ...], *, every: float, settings: Settings) -> None:
    await resolve_repeatedly(
        settings,
        purposes,
        every_seconds=every,
        progress=NoProgress(),
        stopping=stop_on_signal(),
        report=_log_reports,
    )


def _log_reports(reports: list[ResolutionReport]) -> None:
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


def assert_same(left: Member, right: Member, *, by: By, reason: Reason, purpose: OnlyPurpose = None, home: Home = None) -> None:
    """Say that two records or identifiers are the same person. Counts from the next `resolve` on."""
    _assert(left, right, same=True, by=by, reason=reason, purpose=purpose, home=home)


def assert_different(
    left: Member, right: Member, *, by: By, reason: Reason, purpose: OnlyPurpose = None, home: Home = None
) -> None:
    """Say that two records or identifiers are different people; it wins over everything but a later assertion."""
    _assert(left, right, same=False, by=by, reason=reason, purpose=purpose, home=home)


def _assert(left: str, right: str, *, same: bool, by: str, reason: str, purpose: Purpose | None, home: Path | None) -> None:
    assertion = Assertion(
        id=f"ast_{secrets.token_hex(8)}",
        same=same,
        left=left,
        right=right,
        by=by,
        at=datetime.now(UTC),
        reason=reason,
        purpose=purpose,
    )
    with reported_errors():
        asyncio.run(_add(assertion, home))
    typer.echo(assertion.id)


async def _add(assertion: Assertion, home: Path | None) -> None:
    async with open_platform(load_settings(home=home)) as platform:
        await AssertionRepository(platform.database).add(assertion)


def retract(
    assertion_id: Annotated[str, typer.Argument(help="The id that `assert` printed.")],
    *,
    by: By,
    reason: Reason,
    home: Home = None,
) -> None:
    """Retract an assertion. The next `resolve` concludes as if it had never been made; history keeps it."""
    with reported_errors():
        asyncio.run(_retract(assertion_id, by=by, reason=reason, home=home))
    typer.echo(f"{assertion_id} is retracted.")


async def _retract(assertion_id: str, *, by: str, reason: str, home: Path | None) -> None:
    async with open_platform(load_settings(home=home)) as platform:
        await AssertionRepository(platform.database).retract(assertion_id, by=by, at=datetime.now(UTC), reason=reason)
