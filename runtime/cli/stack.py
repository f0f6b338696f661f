"""Commands for the installation: start, stop, look at and check the stack; list the settings."""

import asyncio
import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from runtime.cli.errors import reported_errors
from runtime.cli.options import Home
from runtime.logging import configure_logging
from runtime.settings import Settings, load_settings
from runtime.settings_document import DOCUMENT, settings_document
from runtime.stack.check import Check
from runtime.stack.doctor import Doctor
from runtime.stack.jars import Progress as JarProgress
from runtime.stack.services import Service, default_services
from runtime.stack.stack import Stack
from runtime.stack.status import StackStatus, read_status

Json = Annotated[bool, typer.Option("--json", help="For programs: one JSON document.")]

HEALTH_STYLES = {"healthy": "green", "unhealthy": "red", "stopped": "yellow"}


def register(app: typer.Typer) -> None:
    """Add this module's commands to ``app``."""
    for command in (up, down, status, doctor, settings):
        app.command()(command)


def up(
    *,
    home: Home = None,
    no_services: Annotated[bool, typer.Option("--no-services", help="Start Neo4j and NATS alone.")] = False,
) -> None:
    """Start what is not running and wait until it answers. May be repeated at will."""
    console = Console(stderr=True)
    with reported_errors():
        chosen = load_settings(home=home)
        services = () if no_services else tuple(default_services(chosen))
        with open_stack(chosen, services=services, console=console) as stack:
            asyncio.run(stack.up())
        _show(asyncio.run(read_status(chosen, services=services)))


def down(*, home: Home = None) -> None:
    """Stop the services, then NATS and Neo4j. What they hold stays."""
    console = Console(stderr=True)
    with reported_errors(), open_stack(load_settings(home=home), services=(), console=console) as stack:
        stopped = asyncio.run(stack.down())
    console.print(f"Stopped: {', '.join(stopped)}." if stopped else "Nothing was running.")


def status(*, home: Home = None, as_json: Json = False) -> None:
    """Show every process and what the stores hold. Exit status 1 unless all is well."""
    with reported_errors():
        chosen = load_settings(home=home)
        result = asyncio.run(read_status(chosen, services=tuple(default_services(chosen))))
    if as_json:
        typer.echo(json.dumps({**asdict(result), "healthy": result.healthy}, indent=2))
    else:
        _show(result)
    if not result.healthy:
        raise typer.Exit(1)


def doctor(*, home: Home = None, as_json: Json = False) -> None:
    """Check the installation and say what to do. Exit status 1 if anything is wrong."""
    with reported_errors():
        checks = asyncio.run(Doctor(load_settings(home=home)).examine())
    if as_json:
        typer.echo(json.dumps([asdict(check) for check in checks], indent=2))
    else:
        _show_checks(checks)
    if not all(check.passed for check in checks):
        raise typer.Exit(1)


def settings(
    *,
    home: Home = None,
    write_docs: Annotated[bool, typer.Option("--write-docs", help="Write docs/settings.md and end.")] = False,
) -> None:
    """Show the settings in force. Secrets are shown as asterisks."""
    if write_docs:
        DOCUMENT.write_text(settings_document(), encoding="utf-8")
        return
    with reported_errors():
        chosen = load_settings(home=home)
    table = Table("Setting", "Value")
    for name in Settings.model_fields:
        value = getattr(chosen, name)
        table.add_row(name, Text("unset", style="dim") if value is None else Text(str(value)))
    Console().print(table)


@contextmanager
def open_stack(chosen: Settings, *, services: tuple[Service, ...], console: Console) -> Iterator[Stack]:
    """A stack that says on ``console`` what it does, with a bar while jars are downloaded."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[size]}"))
    configure_logging(level=chosen.log_level, log_format=chosen.log_format)
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress:
        task = progress.add_task("downloading jars", total=None, size="", visible=False)

        def on_jars(done: JarProgress) -> None:
            size = f"{done.downloaded_bytes / 1e6:.0f} MB"
            progress.update(task, completed=done.installed, total=done.total, size=size, visible=done.installed < done.total)

        yield Stack(chosen, services=services, say=progress.console.print, on_jars=on_jars, chance=random.SystemRandom())


def _show(result: StackStatus) -> None:
    console = Console()
    table = Table("Name", "Kind", "Health", "Pid", "Address", "Up", "Memory", "Detail", title=result.home)
    for item in result.components:
        table.add_row(
            item.name,
            item.kind,
            Text(item.health, style=HEALTH_STYLES[item.health]),
            str(item.pid or ""),
            item.address or "",
            "" if item.uptime_seconds is None else str(timedelta(seconds=item.uptime_seconds)),
            "" if item.memory_mb is None else f"{item.memory_mb} MiB",
            Text(item.detail),
        )
    console.print(table)
    if result.nodes is not None:
        console.print("Nodes: " + (", ".join(f"{label} {count:,}" for label, count in result.nodes.items()) or "none"))
    for stream in result.streams or ():
        console.print(f"Stream {stream.name}: {stream.messages:,} messages, {stream.bytes / 1e6:.1f} MB")


def _show_checks(checks: list[Check]) -> None:
    table = Table("", "Check", "Observed", "What to do")
    for check in checks:
        mark = Text("ok", style="green") if check.passed else Text("FAILED", style="bold red")
        table.add_row(mark, check.name, Text(check.observed), "" if check.passed else Text(check.advice))
    Console().print(table)
