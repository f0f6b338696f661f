"""``kindred bloom`` and ``kindred neodash``: files that show the graph in Neo4j Bloom, Aura's Explore and NeoDash."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from graph.visual.bloom import EDITED_AT, perspective
from graph.visual.neodash import dashboard

OutOption = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write to FILE instead of standard output.")]


def register(app: typer.Typer) -> None:
    """Add this module's commands to ``app``."""
    bloom = typer.Typer(help="Neo4j Bloom and Aura's Explore.", no_args_is_help=True)
    neodash = typer.Typer(help="NeoDash 2.4.", no_args_is_help=True)
    # A callback keeps a group with one command a group.
    bloom.callback()(_group)
    neodash.callback()(_group)
    bloom.command("perspective")(write_perspective)
    neodash.command("dashboard")(write_dashboard)
    app.add_typer(bloom, name="bloom")
    app.add_typer(neodash, name="neodash")


def write_perspective(out: OutOption = None) -> None:
    """Write the perspective to import in Bloom or Explore: categories, search phrases, scene actions."""
    _write(perspective(edited_at=EDITED_AT), out=out, hint="Import it in Bloom: perspective gallery, Import.")


def write_dashboard(out: OutOption = None) -> None:
    """Write the dashboard to import in NeoDash."""
    _write(dashboard(), out=out, hint="Import it in NeoDash: Load Dashboard, Select from file.")


def rendered(document: dict[str, Any]) -> str:
    """The document as it is written to a file: the same document gives the same bytes."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _group() -> None:
    """Commands of the group."""


def _write(document: dict[str, Any], *, out: Path | None, hint: str) -> None:
    if out is None:
        typer.echo(rendered(document), nl=False)
        return
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(rendered(document), encoding="utf-8")
    except OSError as error:
        typer.echo(f"{out} could not be written: {error.strerror}", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"{out} written. {hint}")
