"""Tools for those who build on Kindred: ``kindred keys``, ``kindred schema export``."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from api.schema import schema_text
from runtime.cli.errors import reported_errors
from runtime.cli.options import Home
from runtime.settings import load_settings
from runtime.wiring import api_keys, roles_of, write_keys

schema = typer.Typer(name="schema", help="The GraphQL schema.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add this module's commands to ``app``."""
    app.command()(keys)
    app.add_typer(schema)


def keys(*, home: Home = None) -> None:
    """Show where the server is, and the keys to send events and to ask with. They are secrets: mind who is watching."""
    with reported_errors():
        settings = load_settings(home=home)
        table = Table("Key", "Of", "May", "Value", title=f"http://{settings.host}:{settings.port}")
        for source, value in write_keys(settings).items():
            table.add_row("write key", f"source {source}", "send", value)
        for name, value in api_keys(settings).items():
            table.add_row("API key", name, ", ".join(sorted(roles_of(settings, name))), value)
        Console(soft_wrap=True).print(table)


@schema.command()
def export(
    *,
    out: Annotated[
        Path | None, typer.Option("--out", help="File to write; standard output unless given.", show_default=False)
    ] = None,
) -> None:
    """Write the GraphQL schema in GraphQL's own language."""
    if out is None:
        sys.stdout.write(schema_text())
    else:
        out.write_text(schema_text(), encoding="utf-8")


@schema.callback()
def _group() -> None:
    """Keep ``export`` a command of its own while it is the only one."""
