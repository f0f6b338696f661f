"""Commands that write identity and evidence to files, for warehouses."""

import asyncio
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import typer
from rich.console import Console

from graph.model.identity import Purpose
from graph.repositories.exports import ExportRepository
from graph.statements.export import MembershipRow, TouchpointRow
from runtime.cli.errors import reported_errors
from runtime.cli.learning import export_graph_command
from runtime.cli.options import Home
from runtime.cli.table_files import write_table
from runtime.settings import load_settings
from runtime.wiring import open_platform

Out = Annotated[Path, typer.Option("--out", help="File to write, .csv or .parquet.")]
ForPurpose = Annotated[Purpose, typer.Option("--purpose", help="Which identity graph.")]

MOMENT = pa.timestamp("us", tz="UTC")
MEMBERSHIPS = pa.schema(
    [
        ("source", pa.string()),
        ("record_id", pa.string()),
        ("identity_id", pa.string()),
        ("valid_from", MOMENT),
        ("decision_id", pa.string()),
    ]
)
TOUCHPOINTS = pa.schema(
    [
        ("id", pa.string()),
        ("at", MOMENT),
        ("type", pa.string()),
        ("event", pa.string()),
        ("channel", pa.string()),
        ("source", pa.string()),
        ("value_cents", pa.int64()),
        ("currency", pa.string()),
        ("identity_ids", pa.list_(pa.string())),
    ]
)

exports = typer.Typer(name="export", help="Write identity and evidence to CSV or Parquet files.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add this module's commands to ``app``."""
    exports.command("memberships")(export_memberships)
    exports.command("touchpoints")(export_touchpoints)
    exports.command("graph")(export_graph_command)
    app.add_typer(exports)


def export_memberships(*, out: Out, purpose: ForPurpose = Purpose.INDIVIDUAL, home: Home = None) -> None:
    """Write which identity each record belongs to now: source, record_id, identity_id, valid_from, decision_id."""
    with reported_errors():
        count = asyncio.run(_memberships(out, purpose, home))
    Console(stderr=True).print(f"{count:,} memberships in {out}")


def export_touchpoints(*, out: Out, purpose: ForPurpose = Purpose.INDIVIDUAL, home: Home = None) -> None:
    """Write every touchpoint with the identities it belongs to now."""
    with reported_errors():
        count = asyncio.run(_touchpoints(out, purpose, home))
    Console(stderr=True).print(f"{count:,} touchpoints in {out}")


async def _memberships(out: Path, purpose: Purpose, home: Path | None) -> int:
    async with open_platform(load_settings(home=home)) as platform:
        rows = ExportRepository(platform.database).memberships(purpose)
        return await write_table(rows, MembershipRow, out, MEMBERSHIPS)


async def _touchpoints(out: Path, purpose: Purpose, home: Path | None) -> int:
    async with open_platform(load_settings(home=home)) as platform:
        rows = ExportRepository(platform.database).touchpoints(purpose)
        return await write_table(rows, TouchpointRow, out, TOUCHPOINTS)
