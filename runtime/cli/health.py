"""``kindred health``: what happens to identities day by day, how large they are, and which look wrong."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from graph.identity.conclusion import ORDER
from graph.identity.health import HealthDesk
from graph.model.health import DayActivity, Estimate, GenericValue, HealthState, SizeCount
from graph.model.identity import Purpose
from runtime.cli.errors import reported_errors
from runtime.cli.options import Home
from runtime.cli.progress import shown_progress
from runtime.resolving import make_surveyor
from runtime.settings import load_settings
from runtime.wiring import open_platform


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeHealth:
    """All that is shown of one purpose."""

    state: HealthState
    days: Sequence[DayActivity]
    generic_values: Sequence[GenericValue]


def register(app: typer.Typer) -> None:
    """Add this module's commands to ``app``."""
    app.command()(health)


def health(
    *,
    purpose: Annotated[
        Purpose | None,
        typer.Option("--purpose", help="One identity graph; default is all that were measured.", show_default=False),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=400, help="How many days back.")] = 14,
    first: Annotated[int, typer.Option(min=0, max=50, help="At most so many identities and values of each list.")] = 10,
    measure: Annotated[bool, typer.Option("--measure", help="Measure now, also where nothing has changed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")] = False,
    home: Home = None,
) -> None:
    """Show how healthy the identity graphs are, as they were measured after the last resolution that changed them.

    Values that are left out as generic are personal data: mind who is watching.
    """
    with reported_errors():
        found = asyncio.run(_read(purpose, days=days, first=first, measure=measure, home=home))
    if as_json:
        sys.stdout.buffer.write(orjson.dumps([asdict(each) for each in found], option=orjson.OPT_INDENT_2) + b"\n")
        return
    console = Console(soft_wrap=True)
    for each in found:
        _print(each, console=console)


async def _read(purpose: Purpose | None, *, days: int, first: int, measure: bool, home: Path | None) -> list[PurposeHealth]:
    purposes = (purpose,) if purpose else ORDER
    async with open_platform(load_settings(home=home)) as platform:
        if measure:
            with shown_progress(Console(stderr=True)) as progress:
                for each in purposes:
                    await make_surveyor(platform.database).measure(each, progress=progress)
        desk, now = HealthDesk(platform.database), datetime.now(UTC)
        measured = [each for each in purposes if await desk.measured(each, now=now)] if purpose is None else purposes
        return [
            PurposeHealth(
                state=_shortened(await desk.state(each, as_of=None, now=now), first),
                days=await desk.days(each, number=days, as_of=None, now=now),
                generic_values=await desk.generic_values(each, as_of=None, first=first),
            )
            for each in measured or purposes
        ]


def _shortened(state: HealthState, first: int) -> HealthState:
    return replace(state, largest=state.largest[:first], suspicious=state.suspicious[:first])


def _print(found: PurposeHealth, *, console: Console) -> None:
    state = found.state
    console.print(
        f"\n[bold]{state.purpose.value}[/bold]: {state.identities:,} identities of {state.records:,} records and "
        f"{state.members:,} members, measured {state.measured_at:%Y-%m-%d %H:%M} UTC in {state.seconds:.1f} s",
        highlight=False,
    )
    if state.estimates:
        console.print(
            f"estimated over {state.estimates.linked_pairs:,} linked pairs ({state.estimates.method}): "
            f"precision {_interval(state.estimates.precision)}, recall {_interval(state.estimates.recall)}",
            highlight=False,
        )
    console.print(_days(found.days), _sizes(state.record_sizes, state.member_sizes))
    identities = Table("Identity", "Records", "Members", "Suspicion", "Why", title="Most suspicious, then largest")
    seen = {each.identity_id for each in state.suspicious}
    for each in (*state.suspicious, *(each for each in state.largest if each.identity_id not in seen)):
        why = "\n".join(f"{reason.strength:.2f}  {reason.detail}" for reason in each.reasons)
        identities.add_row(each.identity_id, f"{each.records:,}", f"{each.members:,}", f"{each.suspicion:.2f}", why)
    console.print(identities)
    if state.held_back:
        console.print("held back: " + ", ".join(f"{reason} {count:,}" for reason, count in state.held_back.items()))
    if found.generic_values:
        values = Table("Namespace", "Value", "Reason", "Carriers", "Detail", title="Values that say nothing of one person")
        for value in found.generic_values:
            values.add_row(
                escape(value.namespace), escape(value.value), value.reason, f"{value.carriers:,}", escape(value.detail)
            )
        console.print(values)


def _days(days: Sequence[DayActivity]) -> Table:
    columns = ("added", "recognised", "new", "merged", "split")
    table = Table("Day", "Source", *columns, title="Day by day (UTC)")
    for day in reversed(days):
        total = (day.added, day.recognised, day.new, day.merged, day.split)
        table.add_row(str(day.day), "[bold]all[/bold]", *(f"{count:,}" for count in total))
        for each in day.sources:
            of_source = (each.added, each.recognised, each.new, each.merged, each.split)
            table.add_row("", escape(each.source), *(f"{count:,}" for count in of_source))
    return table


def _sizes(by_records: Sequence[SizeCount], by_members: Sequence[SizeCount]) -> Table:
    table = Table("Size", "By records", "By members", title="Identities by size")
    for records, members in zip(by_records, by_members, strict=True):
        table.add_row(records.name, f"{records.identities:,}", f"{members.identities:,}")
    return table


def _interval(estimate: Estimate | None) -> str:
    return "unknown" if estimate is None else f"{estimate.value:.1%} ({estimate.low:.1%} to {estimate.high:.1%})"
