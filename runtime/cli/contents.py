"""Commands that tell whether two databases hold the same."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from neo4j.exceptions import DriverError, Neo4jError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from graph.database import open_database
from graph.errors import KindredError
from graph.model.contents import Contents, Difference, Kind, Section, from_json, to_json
from graph.repositories.contents import ContentsRepository, find_differences
from graph.repositories.evidence import GraphUnavailable
from runtime.cli.errors import reported_errors
from runtime.cli.options import Home
from runtime.places import database_at
from runtime.settings import default_home

HASH_SHOWN = 16

Password = Annotated[
    str | None,
    typer.Option(
        "--target-password",
        envvar="KINDRED_TARGET_PASSWORD",
        help="Password of a database that is named by its address; better said by the variable.",
        show_default=False,
        show_envvar=True,
    ),
]
Only = Annotated[
    list[Section] | None, typer.Option("--only", help="Of these sections alone; may be repeated.", show_default=False)
]


class DigestUnreadable(KindredError):  # noqa: N818 - states what was observed, as the others do
    """A file of contents cannot be read or written, or is of another format."""

    code = "contents_unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Two databases side by side."""

    left: Contents
    right: Contents
    found: dict[Kind, tuple[int, ...]]
    examples: list[Difference]
    """Empty where one side is a file, which keeps no keys."""


def register(app: typer.Typer) -> None:
    """Add this module's commands to ``app``."""
    app.command()(contents)
    app.command()(compare)


def contents(
    *,
    out: Annotated[
        Path | None, typer.Option("--out", help="Keep it in this file, to compare with later.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, with all that --out keeps.")] = False,
    only: Only = None,
    place: Annotated[
        str | None, typer.Option("--of", help="Another database: bolt://USER@HOST:PORT or a home.", show_default=False)
    ] = None,
    target_password: Password = None,
    home: Home = None,
) -> None:
    """Count and hash what the database holds, kind by kind, whatever the order in which it came."""
    with reported_errors():
        found = asyncio.run(_contents(place or str(home or default_home()), target_password, _sections(only)))
        if out is not None:
            _keep(found, out)
    if as_json:
        typer.echo(json.dumps(to_json(found)))
        return
    table = Table("Section", "Kind", "Count", "Hash")
    for section in _sections(only):
        table.add_row(section.value, "", "", found.hash(section)[:HASH_SHOWN], style="bold")
        for kind, digest in sorted(found.kinds.items()):
            if kind.section is section:
                table.add_row("", kind.name, f"{digest.count:,}", digest.hash[:HASH_SHOWN])
    Console().print(table)


def compare(
    left: Annotated[str, typer.Argument(help="bolt://USER@HOST:PORT, a home, or a file of `kindred contents --out`.")],
    right: Annotated[str, typer.Argument(help="The other one, told in the same way.")],
    *,
    only: Only = None,
    examples: Annotated[int, typer.Option(min=0, help="Show at most this many keys of each kind that differs.")] = 5,
    target_password: Password = None,
) -> None:
    """Tell whether two databases hold the same, and if not where. Exit status 1 where they differ.

    Neither should be written to meanwhile.
    """
    with reported_errors():
        sections = _sections(only)
        kept = {place: _kept(Path(place)) for place in (left, right) if Path(place).is_file()}
        compared = asyncio.run(_compare(left, right, target_password, sections, kept))
    for section in sections:
        different = [kind for kind in compared.found if kind.section is section]
        if not different:
            typer.echo(f"{section.value}: equal, {compared.left.hash(section)[:HASH_SHOWN]}")
            continue
        typer.echo(f"{section.value}: different")
        for kind in different:
            ours, theirs = compared.left.of(kind).count, compared.right.of(kind).count
            typer.echo(f"  {kind.name}: {ours:,} left, {theirs:,} right, different in {len(compared.found[kind])} of 256 parts")
            for difference in [found for found in compared.examples if found.kind == kind][:examples]:
                Console().print(Text(f"    {difference.key}: {_said(difference)}"), soft_wrap=True)
    if compared.found:
        raise typer.Exit(1)


async def _contents(place: str, password: str | None, sections: tuple[Section, ...]) -> Contents:
    try:
        async with open_database(database_at(place, password=password)) as database:
            return await ContentsRepository(database).read(sections)
    except (DriverError, Neo4jError, OSError) as error:
        raise GraphUnavailable(f"the database could not be read: {error}") from error


async def _compare(
    left: str, right: str, password: str | None, sections: tuple[Section, ...], kept: Mapping[str, Contents]
) -> Compared:
    try:
        async with AsyncExitStack() as stack:
            readers = {
                place: ContentsRepository(await stack.enter_async_context(open_database(database_at(place, password=password))))
                for place in (left, right)
                if place not in kept
            }
            ours, theirs = [kept[place] if place in kept else await readers[place].read(sections) for place in (left, right)]
            found = ours.differing(theirs, sections)
            examples = [] if kept or not found else await find_differences(readers[left], readers[right], found)
            return Compared(left=ours, right=theirs, found=found, examples=examples)
    except (DriverError, Neo4jError, OSError) as error:
        raise GraphUnavailable(f"a database could not be read: {error}") from error


def _sections(only: list[Section] | None) -> tuple[Section, ...]:
    return tuple(section for section in Section if not only or section in only)


def _said(difference: Difference) -> str:
    if difference.names:
        return f"{', '.join(difference.names)} differ"
    return f"{difference.left} left, {difference.right} right"


def _keep(found: Contents, out: Path) -> None:
    try:
        out.write_text(json.dumps(to_json(found)), encoding="utf-8")
    except OSError as error:
        raise DigestUnreadable(f"{out} cannot be written: {error.strerror}") from error


def _kept(file: Path) -> Contents:
    try:
        return from_json(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise DigestUnreadable(f"{file} holds no contents of a database: {error}") from error
