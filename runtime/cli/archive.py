"""Commands that keep events in files and write a database anew from them."""

import asyncio
from collections.abc import Callable
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from nats.errors import Error as NatsError
from neo4j.exceptions import DriverError, Neo4jError
from rich.console import Console

from graph.database import Neo4jAddress, open_database
from graph.identity.conclusion import ORDER
from graph.identity.progress import NoProgress
from graph.repositories.evidence import GraphUnavailable
from ingest.publisher import EventsUnavailable
from ingest.replaying import Replayed
from runtime.archiving import archive_continuously, archive_of, archive_once, replay_into
from runtime.cli.contents import Password
from runtime.cli.errors import reported_errors
from runtime.cli.options import Home, MetricsPort
from runtime.logging import configure_logging
from runtime.observing import observing, store_checks
from runtime.places import database_at
from runtime.resolving import resolve_once
from runtime.settings import Settings, load_settings
from runtime.signals import stop_on_signal

Folder = Annotated[
    Path | None, typer.Option("--archive", help="Folder of the archive; else that of the settings.", show_default=False)
]


class Origin(StrEnum):
    """What is replayed."""

    ARCHIVE = "archive"
    STREAM = "stream"


def register(app: typer.Typer) -> None:
    """Add this module's commands to ``app``."""
    app.command()(archive)
    app.command()(replay)


def archive(
    *,
    once: Annotated[bool, typer.Option("--once", help="Archive what the stream holds now, and end.")] = False,
    folder: Folder = None,
    metrics_port: MetricsPort = None,
    home: Home = None,
) -> None:
    """Write all accepted events to Parquet files by day of acceptance, until stopped."""
    with reported_errors():
        settings = load_settings(home=home)
        kept = archive_of(settings, folder)
    configure_logging(level=settings.log_level, log_format=settings.log_format)

    async def run() -> None:
        stopping = stop_on_signal()
        async with observing(settings, port=metrics_port, checks=store_checks(settings, graph=False)):
            await archive_continuously(settings, kept, stopping=stopping)

    with reported_errors():
        if not once:
            asyncio.run(run())
            return
        try:
            count = asyncio.run(archive_once(settings, kept))
        except NatsError as error:
            raise EventsUnavailable(f"NATS did not answer: {error or type(error).__name__}") from error
    typer.echo(f"{count:,} events archived")


def replay(
    *,
    origin: Annotated[Origin, typer.Option("--from", help="What to replay.")],
    into: Annotated[str, typer.Option("--into", help="The database to write: bolt://USER@HOST:PORT/DATABASE, or a home.")],
    since: Annotated[
        datetime | None,
        typer.Option("--since", formats=["%Y-%m-%d"], help="From this day of acceptance on (UTC).", show_default=False),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option("--until", formats=["%Y-%m-%d"], help="To this day of acceptance, included (UTC).", show_default=False),
    ] = None,
    resolve: Annotated[bool, typer.Option("--resolve/--no-resolve", help="Resolve all purposes at the end.")] = True,
    folder: Folder = None,
    target_password: Password = None,
    home: Home = None,
) -> None:
    """Write a database anew from the archive or the stream; a replay that was killed goes on where it was."""
    with reported_errors():
        settings = load_settings(home=home)
        target = database_at(into, password=target_password)
        console = Console(stderr=True)
        with console.status("replaying") as status:

            def show(done: Replayed) -> None:
                status.update(f"{done.events:,} events replayed")

            try:
                done = asyncio.run(_replay(settings, target, origin, folder, (_day(since), _day(until)), resolve, show))
            except NatsError as error:
                raise EventsUnavailable(f"NATS did not answer: {error or type(error).__name__}") from error
            except (DriverError, Neo4jError, OSError) as error:
                raise GraphUnavailable(f"the database could not be written: {error}") from error
    typer.echo(
        f"{done.events:,} events replayed: {done.written:,} written, {done.already_there:,} already there, "
        f"{done.refused:,} not understood, {done.conflicts:,} of a message id that another event has"
    )


async def _replay(
    settings: Settings,
    target: Neo4jAddress,
    origin: Origin,
    folder: Path | None,
    days: tuple[date | None, date | None],
    resolve: bool,
    show: Callable[[Replayed], None],
) -> Replayed:
    kept = archive_of(settings, folder) if origin is Origin.ARCHIVE else None
    done = await replay_into(settings, target, archive=kept, since=days[0], until=days[1], progress=show)
    if resolve:
        async with open_database(target) as database:
            await resolve_once(database, ORDER, progress=NoProgress())
    return done


def _day(given: datetime | None) -> date | None:
    return None if given is None else given.date()
