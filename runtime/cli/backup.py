"""Commands that copy an installation to a safe place and bring it back."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from runtime.cli.errors import reported_errors
from runtime.cli.options import Home
from runtime.cli.stack import open_stack
from runtime.settings import Settings, load_settings
from runtime.stack import backup as backups
from runtime.stack.backup import Manifest
from runtime.stack.errors import BackupError
from runtime.stack.process import find
from runtime.stack.services import STORE_NAMES, default_services
from runtime.stack.state import read_state


def register(app: typer.Typer) -> None:
    """Add this module's commands to ``app``."""
    app.command()(backup)
    app.command()(restore)


def backup(
    *,
    out: Annotated[Path, typer.Option("--out", help="Folder to make; it must not be there.")],
    home: Home = None,
) -> None:
    """Copy graph, streams, models and passwords. What runs is stopped meanwhile, and started again after, also on an error."""
    console = Console(stderr=True)
    with reported_errors():
        chosen = load_settings(home=home)
        if out.exists():  # before anything is stopped for nothing
            raise BackupError(f"{out} is there already; a backup overwrites nothing", code="backup_exists")
        ran = _running(chosen)
        services = tuple(service for service in default_services(chosen) if service.name in ran)
        with open_stack(chosen, services=services, console=console) as stack:
            asyncio.run(stack.down())
            try:
                manifest = backups.back_up(chosen, out, now=datetime.now(UTC), say=console.print)
            finally:
                if ran & set(STORE_NAMES):
                    asyncio.run(stack.up())
    _show(manifest, title=f"Backup {out}")


def restore(
    backup_folder: Annotated[Path, typer.Argument(metavar="BACKUP", help="The folder that `kindred backup` made.")],
    *,
    home: Home = None,
) -> None:
    """Bring a backup back into a home that holds nothing; then `kindred up` starts it, and events that waited are written."""
    console = Console(stderr=True)
    with reported_errors():
        chosen = load_settings(home=home)
        manifest = backups.restore(chosen, backup_folder, say=console.print)
    _show(manifest, title=f"Restored into {chosen.home}")


def _running(settings: Settings) -> set[str]:
    state = read_state(settings.home)
    return set() if state is None else {name for name, process in state.processes.items() if find(process) is not None}


def _show(manifest: Manifest, *, title: str) -> None:
    table = Table("File", "Bytes", "SHA-256", title=title)
    table.columns[1].justify = "right"
    for name, file in manifest.files.items():
        table.add_row(name, f"{file.bytes:,}", file.sha256[:16])
    table.add_row("together", f"{manifest.bytes:,}", "")
    Console().print(table)
    typer.echo(f"Taken at {manifest.taken_at.isoformat(timespec='seconds')}, of Neo4j {manifest.neo4j_version}")
