"""Tools for those who build on Kindred: ``kindred schema export``."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from api.schema import schema_text

schema = typer.Typer(name="schema", help="The GraphQL schema.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add this module's commands to ``app``."""
    app.add_typer(schema)


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
