"""What stewards do at the command line: assert, retract, review; each shown first with ``--preview``."""

import asyncio
import sys
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from graph.database import Database
from graph.identity.review import ReviewDesk
from graph.identity.stewardship import Act, Stewardship, open_stewardship
from graph.model.identity import Purpose
from graph.model.stewardship import Action, EvidenceLinkRef, IdentityChange
from graph.repositories.reviews import REVIEWABLE
from runtime.cli.errors import reported_errors
from runtime.cli.options import Home
from runtime.settings import load_settings
from runtime.wiring import open_platform

T = TypeVar("T")

SHOWN = 20
"""Changes that are told one by one."""

By = Annotated[str, typer.Option("--by", help="Who says so.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in a sentence; kept with the evidence.")]
OnlyPurpose = Annotated[
    Purpose | None, typer.Option("--purpose", help="Only for this purpose; default is every purpose.", show_default=False)
]
Member = Annotated[str, typer.Argument(help="A record's id (`crm:42`) or an identifier's key (`email:ann@example.com`).")]
ItemId = Annotated[str, typer.Argument(help="The id that `review list` shows.")]
Preview = Annotated[bool, typer.Option("--preview", help="Show what it would change; write nothing.")]
Expected = Annotated[
    str | None,
    typer.Option(
        "--expected-effect", help="Digest that `--preview` showed; where the effect is another one, refuse.", show_default=False
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")]

assertions = typer.Typer(name="assert", help="Add a steward's evidence about two records or identifiers.", no_args_is_help=True)
reviews = typer.Typer(name="review", help="Doubtful links that wait for a steward.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add this module's commands to ``app``."""
    assertions.command("same")(assert_same)
    assertions.command("different")(assert_different)
    app.add_typer(assertions)
    app.command()(retract)
    reviews.command("list")(list_queue)
    reviews.command("approve")(approve)
    reviews.command("reject")(reject)
    app.add_typer(reviews)


def assert_same(
    left: Member,
    right: Member,
    *,
    by: By,
    reason: Reason,
    purpose: OnlyPurpose = None,
    preview: Preview = False,
    expected: Expected = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Say that two records or identifiers are the same person, and settle what that touches."""
    act = Act(by=by, reason=reason, preview=preview, expected=expected)
    _act(lambda steward: steward.assert_pair(left, right, same=True, purpose=purpose, act=act), as_json=as_json, home=home)


def assert_different(
    left: Member,
    right: Member,
    *,
    by: By,
    reason: Reason,
    purpose: OnlyPurpose = None,
    preview: Preview = False,
    expected: Expected = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Say that two records or identifiers are different people; it wins over everything but a later assertion."""
    act = Act(by=by, reason=reason, preview=preview, expected=expected)
    _act(lambda steward: steward.assert_pair(left, right, same=False, purpose=purpose, act=act), as_json=as_json, home=home)


def retract(
    target: Annotated[str, typer.Argument(help="The id that `assert` printed; or one end of a piece of evidence.")],
    other: Annotated[
        str | None,
        typer.Argument(help="The other end: of a record, an identifier that it states; of an identifier, one seen with it."),
    ] = None,
    *,
    by: By,
    reason: Reason,
    preview: Preview = False,
    expected: Expected = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Take an assertion or a source's evidence back: all is as if it had never been, and history keeps it."""
    act = Act(by=by, reason=reason, preview=preview, expected=expected)

    async def take(steward: Stewardship) -> Action:
        if other is None:
            return await steward.retract_assertion(target, act=act)
        return await steward.retract_evidence(EvidenceLinkRef(start=target, end=other), act=act)

    _act(take, as_json=as_json, home=home)


def approve(
    item: ItemId,
    *,
    by: By,
    reason: Reason,
    preview: Preview = False,
    expected: Expected = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Settle a doubtful link: its two sides are the same."""
    act = Act(by=by, reason=reason, preview=preview, expected=expected)
    _act(lambda steward: steward.review(item, approve=True, act=act), as_json=as_json, home=home)


def reject(
    item: ItemId,
    *,
    by: By,
    reason: Reason,
    preview: Preview = False,
    expected: Expected = None,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Settle a doubtful link: its two sides are different."""
    act = Act(by=by, reason=reason, preview=preview, expected=expected)
    _act(lambda steward: steward.review(item, approve=False, act=act), as_json=as_json, home=home)


def list_queue(
    *,
    purpose: OnlyPurpose = None,
    reason: Annotated[
        str | None, typer.Option("--reason", help=f"Only for this reason: {', '.join(REVIEWABLE)}.", show_default=False)
    ] = None,
    first: Annotated[int, typer.Option(min=1, max=1000, help="At most this many, the oldest first.")] = 20,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """List the doubtful links that wait: their two sides, the identities of these, and why they are in doubt."""
    if reason is not None and reason not in REVIEWABLE:
        raise typer.BadParameter(f"{reason} is none of {', '.join(REVIEWABLE)}", param_hint="--reason")
    purposes = [purpose] if purpose else list(Purpose)

    page = _run(
        lambda database: ReviewDesk(database).queue(
            purposes=purposes, first=first, reasons=REVIEWABLE if reason is None else (reason,)
        ),
        home,
    )
    if as_json:
        _write_json([asdict(item) for item in page.items])
        return
    table = Table("Id", "Purpose", "Reason", "Left", "Right", "Why", "Since", title=f"{page.total:,} links wait")
    for item in page.items:
        sides = (f"{item.left} ({item.left_identity or 'none'})", f"{item.right} ({item.right_identity or 'none'})")
        cells = (item.id, item.purpose.value, item.reason, *sides, item.detail, f"{item.since:%Y-%m-%d %H:%M}")
        # Text, not markup: an identifier may hold what looks like rich's own.
        table.add_row(*(Text(cell) for cell in cells))
    Console().print(table)


def _act(action: Callable[[Stewardship], Awaitable[Action]], *, as_json: bool, home: Path | None) -> None:
    """Take an action and tell its effect; of one that was executed, the id of its assertion goes to standard output alone."""

    async def take(database: Database) -> Action:
        return await action(open_stewardship(database, clock=lambda: datetime.now(UTC), new_id=lambda: uuid.uuid4().hex))

    done = _run(take, home)
    if as_json:
        effect = asdict(done.effect) | {"ended": done.effect.ended, "created": done.effect.created}
        _write_json(asdict(done) | {"effect": effect})
        return
    _tell(done, Console(stderr=done.executed, soft_wrap=True))
    if done.executed and done.assertion_id:
        typer.echo(done.assertion_id)


def _tell(action: Action, console: Console) -> None:
    effect = action.effect
    verb = "changed" if action.executed else "would change"
    console.print(f"{len(effect.changes):,} identities {verb}, {effect.created:,} new, {len(effect.ended):,} ended.")
    for change in effect.changes[:SHOWN]:
        console.print(Text(_sentence(change)))
    if len(effect.changes) > SHOWN:
        console.print(f"and {len(effect.changes) - SHOWN:,} more")
    if effect.households:
        console.print(f"Households affected: {', '.join(effect.households[:SHOWN])}", highlight=False)
    if effect.pending:
        console.print("Households and operational identities follow with the next `kindred resolve`.")
    if not action.executed:
        console.print(f"Nothing was written. To do just this: --expected-effect {effect.digest}", highlight=False)


def _sentence(change: IdentityChange) -> str:
    parts = [f"{change.purpose.value} {change.identity_id or 'a new identity'} {change.kind.value}"]
    if change.merged:
        parts.append(f"takes in {', '.join(change.merged)}")
    if change.entering:
        parts.append(f"enter: {', '.join(change.entering[:SHOWN])}")
    if change.leaving:
        parts.append(f"leave: {', '.join(member for member, _ in change.leaving[:SHOWN])}")
    return "; ".join(parts)


def _run(work: Callable[[Database], Awaitable[T]], home: Path | None) -> T:
    async def run() -> T:
        async with open_platform(load_settings(home=home)) as platform:
            return await work(platform.database)

    with reported_errors():
        return asyncio.run(run())


def _write_json(value: object) -> None:
    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n")
