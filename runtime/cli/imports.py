"""The command that imports files."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Annotated, Final

import nats.errors
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from ingest.backlog import wait_until_written
from ingest.bookmarks import Counts
from ingest.files import size_of
from ingest.importer import Importer
from ingest.mapping import FileMapping, load_mapping
from ingest.publisher import EventPublisher, EventsUnavailable, open_nats
from runtime.cli.errors import reported_errors
from runtime.cli.options import Home
from runtime.settings import Settings, load_settings
from runtime.stack.address import stack_address
from runtime.wiring import retention

PUBLISH_SECONDS: Final = 300.0
"""How long one publication is tried through a restarting NATS before the command gives up, to be run again."""
WAIT_SECONDS: Final = 120.0
"""How long ``--wait`` waits for workers that write nothing."""


def register(app: typer.Typer) -> None:
    """Add this module's commands to ``app``."""
    app.command("import")(import_)


def import_(
    files: Annotated[
        list[Path], typer.Argument(help="JSON Lines, CSV or Parquet; the first two also gzipped.", exists=True, dir_okay=False)
    ],
    *,
    mapping: Annotated[
        str | None,
        typer.Option(
            "--mapping", "-m", help="Mapping file, or the name of one that Kindred brings; none for events in wire form."
        ),
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", "-s", help="Name of the source, in place of the mapping's.", show_default=False)
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Return only when the workers have written everything.")] = False,
    home: Home = None,
) -> None:
    """Import files of records or events. A command that was cut off goes on where it stopped; repeating one changes nothing."""
    with reported_errors():
        asyncio.run(_import(files, mapping=mapping, source=source, wait=wait, home=home))


async def _import(files: Sequence[Path], *, mapping: str | None, source: str | None, wait: bool, home: Path | None) -> None:
    settings = load_settings(home=home)
    rules = load_mapping(mapping) if mapping is not None else None
    console = Console()
    results: list[tuple[Path, Counts, float]] = []
    try:
        async with AsyncExitStack() as stack:
            connection = await stack.enter_async_context(
                open_nats(stack_address(settings).nats_url, retention=retention(settings))
            )
            publisher = EventPublisher(connection, patience_seconds=PUBLISH_SECONDS)
            progress = stack.enter_context(_bar(console))
            for file in files:
                started = monotonic()
                counts = await _import_file(file, rules, source, publisher=publisher, settings=settings, progress=progress)
                results.append((file, counts, monotonic() - started))
            if wait:
                task = progress.add_task("writing", total=None)

                def left(events: int) -> None:
                    progress.update(task, description=f"writing, {events} events left")

                await wait_until_written(connection.jetstream(), patience_seconds=WAIT_SECONDS, progress=left)
                progress.update(task, description="written", total=1, completed=1)
    except nats.errors.Error as error:
        raise EventsUnavailable(f"NATS did not answer: {error or type(error).__name__}; run the command again") from error
    finally:
        if results:
            console.print(_table(results))
            _tell_rejected(console, results)


async def _import_file(
    file: Path,
    mapping: FileMapping | None,
    source: str | None,
    *,
    publisher: EventPublisher,
    settings: Settings,
    progress: Progress,
) -> Counts:
    importer = Importer(
        publisher=publisher,
        bookmarks=settings.home / "imports",
        region=settings.default_region,
        now=lambda: datetime.now(UTC),
    )
    task = progress.add_task(file.name, total=size_of(file))

    def advance(position: int, counts: Counts) -> None:
        progress.update(task, completed=position, description=f"{file.name}, {counts.rows} rows")

    return await importer.import_file(file, mapping=mapping, source=source, progress=advance)


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def _table(results: Sequence[tuple[Path, Counts, float]]) -> Table:
    table = Table("File", "Rows", "Published", "Duplicates", "Parked", "Left out", "Seconds")
    for column in table.columns[1:]:
        column.justify = "right"
    for file, counts, seconds in results:
        numbers = (counts.rows, counts.published, counts.duplicates, counts.parked, counts.left_out)
        table.add_row(file.name, *(f"{number:,}" for number in numbers), f"{seconds:.1f}")
    return table


def _tell_rejected(console: Console, results: Sequence[tuple[Path, Counts, float]]) -> None:
    total = Counts()
    for _, counts, _ in results:
        total = total.plus(counts)
    if total.values_rejected:
        listed = ", ".join(f"{field} {count:,}" for field, count in sorted(total.values_rejected.items()))
        console.print(f"Values kept as given but not used, for they could not be understood: {listed}")
    if total.parked:
        console.print(f"{total.parked:,} rows are among the dead letters: kindred dead-letters list")
