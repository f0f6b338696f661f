"""The command that backfills history."""

import asyncio
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import nats.errors
import typer
from neo4j.exceptions import DriverError, Neo4jError
from rich.console import Console
from rich.progress import Progress, ProgressColumn, SpinnerColumn, Task, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from graph.repositories.evidence import GraphUnavailable
from ingest.chunks import Reading
from ingest.mapping import MappingError, load_mapping
from ingest.publisher import EventsUnavailable
from runtime.backfilling import Backfill, Backfilled
from runtime.cli.errors import reported_errors
from runtime.cli.identity import report_table
from runtime.cli.options import Home
from runtime.logging import configure_logging
from runtime.settings import load_settings
from runtime.stack.stack import Stack

WAYS = {
    "import": "by Neo4j's offline import",
    "batches": "in batches, for the graph held something",
    "nothing": "nothing, for these files were backfilled before",
}


def register(app: typer.Typer) -> None:
    """Add this module's commands to ``app``."""
    app.command()(backfill)


def backfill(
    files: Annotated[
        list[Path], typer.Argument(help="JSON Lines, CSV or Parquet; the first two also gzipped.", exists=True, dir_okay=False)
    ],
    *,
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--mapping",
            "-m",
            help="Mapping file, or the name of one that Kindred brings; none for events in wire form. Given several times: "
            "one for each file.",
        ),
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", "-s", help="Name of the source, in place of the mapping's.", show_default=False)
    ] = None,
    resolve: Annotated[bool, typer.Option("--resolve/--no-resolve", help="Resolve all three graphs at the end.")] = True,
    memory_mb: Annotated[
        int | None,
        typer.Option(
            "--memory-mb", min=256, help="Most that sorting may take, in MiB; an eighth of the machine.", show_default=False
        ),
    ] = None,
    processes: Annotated[int, typer.Option("--processes", min=1, help="Processes that read rows.")] = 2,
    home: Home = None,
) -> None:
    """Write the history that files hold straight into the graph, past the stream: an empty one is imported while it is stopped.

    What `import` does with a row this does, many times faster. A command that was killed goes on where it stopped; repeating one
    changes nothing. An empty graph of the embedded Neo4j is away for as long as its import takes, and services are stopped for
    that time; stop workers that were started by hand. A graph that holds something, or an external one, is written in batches.
    """
    console = Console(stderr=True)
    with reported_errors():
        settings = load_settings(home=home)
        configure_logging(level=settings.log_level, log_format=settings.log_format)
        rules = tuple(map(load_mapping, mapping or ())) or (None,)
        if len(rules) not in (1, len(files)):
            raise MappingError(f"{len(rules)} mappings are given for {len(files)} files: one for all, or one for each")
        reading = Reading(mappings=rules, source=source, region=settings.default_region)
        with _shown(console) as progress:
            stack = Stack(settings, services=(), say=lambda _: None, on_jars=lambda _: None, chance=random.SystemRandom())
            work = Backfill(
                settings,
                stack=stack,
                files=files,
                reading=reading,
                progress=progress,
                memory_mb=memory_mb,
                processes=processes,
            )
            try:
                done = asyncio.run(work.run(resolve=resolve))
            except nats.errors.Error as error:
                raise EventsUnavailable(f"NATS did not answer: {error or type(error).__name__}; run the command again") from error
            except (DriverError, Neo4jError, OSError) as error:
                raise GraphUnavailable(f"the graph could not be written: {error}; run the command again") from error
        _tell(done, Console())


class _Rate(ProgressColumn):
    """Rows so far, and rows a second."""

    def render(self, task: Task) -> Text:
        """The two as text; nothing of stages that do not say."""
        if not task.completed or task.total is not None:
            return Text("")
        speed = task.finished_speed or task.speed
        return Text(f"{task.completed:,.0f} rows" + ("" if speed is None else f", {speed:,.0f}/s"))


class _Stages:
    """Shows phases as they come."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._open: TaskID | None = None

    def stage(self, name: str, total: int | None) -> Callable[[int], None]:
        """A phase begins, which ends the one before."""
        if self._open is not None:
            self._progress.stop_task(self._open)
        task = self._open = self._progress.add_task(name if total is None else f"{name}, {total:,}", total=total)
        return lambda done: self._progress.advance(task, done)


@contextmanager
def _shown(console: Console) -> Iterator[_Stages]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), _Rate(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        yield _Stages(progress)


def _tell(done: Backfilled, console: Console) -> None:
    counts = done.counts
    console.print(f"Written {WAYS[done.way]}.")
    table = Table("Rows", "Written", "Duplicates", "Parked", "Left out")
    for column in table.columns:
        column.justify = "right"
    numbers = (counts.rows, counts.published, counts.duplicates, counts.parked, counts.left_out)
    table.add_row(*(f"{number:,}" for number in numbers))
    console.print(table)
    if counts.values_rejected:
        listed = ", ".join(f"{name} {count:,}" for name, count in sorted(counts.values_rejected.items()))
        console.print(f"Values kept as given but not used, for they could not be understood: {listed}")
    if counts.parked:
        console.print(f"{counts.parked:,} rows are among the dead letters: kindred dead-letters list")
    if done.seconds:
        console.print("Seconds: " + ", ".join(f"{name} {seconds:.1f}" for name, seconds in done.seconds.items()))
    if done.reports:
        console.print(report_table(done.reports))
