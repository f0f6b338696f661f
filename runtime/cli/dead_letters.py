"""Commands for dead letters: what could not be understood, and trying it again."""

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from nats.errors import Error as NatsError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ingest.dead_letters import DeadLetter, DeadLetterIncomplete, DeadLetters
from ingest.publisher import EventPublisher, EventsUnavailable, open_nats
from runtime.cli.errors import reported_errors
from runtime.cli.options import Home
from runtime.settings import load_settings
from runtime.stack.address import stack_address
from runtime.wiring import retention

T = TypeVar("T")

PREVIEW_CHARACTERS = 60

Code = Annotated[str | None, typer.Option("--code", help="Only those of this code.", show_default=False)]

commands = typer.Typer(name="dead-letters", help="Events that could not be understood.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add this module's commands to ``app``."""
    app.add_typer(commands)


@commands.command("list")
def list_(
    *,
    code: Code = None,
    limit: Annotated[int, typer.Option(min=1, help="At most this many, oldest first.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line, with the whole body.")] = False,
    home: Home = None,
) -> None:
    """List dead letters: why, when, from whom, and what."""
    letters = _run(_list(home, code=code, limit=limit))
    if as_json:
        for letter in letters:
            typer.echo(json.dumps(_as_json(letter), ensure_ascii=False))
        return
    console = Console()
    if not letters:
        console.print("No dead letters.")
        return
    table = Table("Sequence", "Parked", "Code", "Reason", "Origin", "Type", "Tried", "Body")
    for letter in letters:
        parked_at = letter.parked_at.strftime("%Y-%m-%d %H:%M:%S") if letter.parked_at else ""
        row = (letter.code, letter.reason, letter.origin, letter.event_type, str(letter.attempts), _preview(letter.body))
        # Text, not markup: a body may hold what looks like rich's own.
        table.add_row(str(letter.sequence), parked_at, *(Text(cell) for cell in row))
    console.print(table)


@commands.command()
def replay(
    *,
    code: Code = None,
    sequence: Annotated[int | None, typer.Option(min=1, help="Only this one.", show_default=False)] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    home: Home = None,
) -> None:
    """Try dead letters again; those that are still bad come back with one attempt more."""
    if sum((code is not None, sequence is not None, everything)) != 1:
        raise typer.BadParameter("give exactly one of --code, --sequence and --all")
    replayed, kept = _run(_replay(home, code=code, sequence=sequence))
    typer.echo(f"{replayed} replayed" + (f", {kept} kept: the beginning of an event cannot be replayed" if kept else ""))
    if sequence is not None and not replayed and not kept:
        typer.echo(f"there is no dead letter {sequence}", err=True)
        raise typer.Exit(1)


async def _list(home: Path | None, *, code: str | None, limit: int) -> list[DeadLetter]:
    settings = load_settings(home=home)
    letters: list[DeadLetter] = []
    async with open_nats(stack_address(settings).nats_url, retention=retention(settings)) as connection:
        async for letter in DeadLetters(connection.jetstream()).all(code=code):
            letters.append(letter)
            if len(letters) == limit:
                break
    return letters


async def _replay(home: Path | None, *, code: str | None, sequence: int | None) -> tuple[int, int]:
    settings = load_settings(home=home)
    replayed = kept = 0
    async with open_nats(stack_address(settings).nats_url, retention=retention(settings)) as connection:
        publisher = EventPublisher(connection)
        dead_letters = DeadLetters(connection.jetstream())
        letters = dead_letters.all(code=code) if sequence is None else _one(dead_letters, sequence)
        async for letter in letters:
            try:
                await dead_letters.replay(letter, publisher=publisher)
                replayed += 1
            except DeadLetterIncomplete:
                kept += 1
    return replayed, kept


async def _one(dead_letters: DeadLetters, sequence: int) -> AsyncIterator[DeadLetter]:
    letter = await dead_letters.get(sequence)
    if letter is not None:
        yield letter


def _run(work: Coroutine[Any, Any, T]) -> T:
    with reported_errors():
        try:
            return asyncio.run(work)
        except NatsError as error:
            raise EventsUnavailable(f"NATS did not answer: {error or type(error).__name__}") from error


def _preview(body: bytes) -> str:
    text = body[: PREVIEW_CHARACTERS * 4].decode(errors="replace")
    shown = "".join(character if character.isprintable() else "·" for character in text)
    return shown if len(shown) <= PREVIEW_CHARACTERS else f"{shown[: PREVIEW_CHARACTERS - 1]}…"


def _as_json(letter: DeadLetter) -> dict[str, Any]:
    return {
        "sequence": letter.sequence,
        "code": letter.code,
        "reason": letter.reason,
        "field": letter.field,
        "origin": letter.origin,
        "parked_at": letter.parked_at.isoformat() if letter.parked_at else None,
        "type": letter.event_type,
        "subject": letter.subject,
        "attempts": letter.attempts,
        "truncated_from": letter.truncated_from,
        "body": letter.body.decode(errors="replace"),
    }
