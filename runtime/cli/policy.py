"""``kindred policy``: compare a policy with the graph, publish it, read earlier ones, go back to one."""

import asyncio
import sys
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import orjson
import typer
from rich.console import Console
from rich.table import Table

from graph.identity.policy import PolicyError
from graph.identity.progress import Progress
from graph.identity.proposal import open_proposer
from graph.identity.publication import PolicyDesk
from graph.model.identity import Purpose
from graph.model.proposal import BUILT_IN, ConsentExample, PolicyDiff, PolicyVersion, PurposeDiff
from graph.repositories.policies import PolicyRepository
from runtime.cli.errors import reported_errors
from runtime.cli.options import Home
from runtime.cli.progress import shown_progress
from runtime.settings import load_settings
from runtime.wiring import open_platform

T = TypeVar("T")

File = Annotated[Path, typer.Argument(help="The policy as TOML; `-` reads standard input. It names its purpose.")]
By = Annotated[str, typer.Option("--by", help="Who publishes it.")]
Reason = Annotated[str, typer.Option("--reason", help="Why, in a sentence; kept with the version.")]
BasedOn = Annotated[
    int,
    typer.Option(
        "--based-on", min=0, help="Number of the version in force that it was compared with, as `policy diff` shows it."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Write JSON to standard output.")]

policy = typer.Typer(
    name="policy", help="What counts as evidence for each purpose: compare, publish, go back.", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    """Add this module's commands to ``app``."""
    policy.command("diff")(diff)
    policy.command("publish")(publish)
    policy.command("list")(list_versions)
    policy.command("show")(show)
    policy.command("revert")(revert)
    app.add_typer(policy)


def diff(
    file: File,
    *,
    examples: Annotated[int, typer.Option(min=0, max=1000, help="Examples of each kind, the largest first.")] = 5,
    pending: Annotated[
        bool, typer.Option(help="Tell apart what the next resolution changes anyway. Takes as long again.")
    ] = True,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """Show what publishing FILE and resolving would change: merges, splits, households, consent. Changes nothing."""
    with reported_errors():
        document = _read(file)
        with shown_progress(Console(stderr=True)) as progress:
            found = asyncio.run(_diff(document, examples=examples, pending=pending, home=home, progress=progress))
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(asdict(found), option=orjson.OPT_INDENT_2) + b"\n")
        return
    _print_diff(found, Console(soft_wrap=True))


async def _diff(document: str, *, examples: int, pending: bool, home: Path | None, progress: Progress) -> PolicyDiff:
    async with open_platform(load_settings(home=home)) as platform:
        proposer = open_proposer(platform.database, clock=lambda: datetime.now(UTC), new_id=lambda: uuid.uuid4().hex)
        return (await proposer.propose(document, examples=examples, pending=pending, progress=progress)).diff


def publish(file: File, *, by: By, reason: Reason, based_on: BasedOn, home: Home = None) -> None:
    """Put FILE in force for the purpose that it names, from the next `resolve` on. Earlier versions remain readable."""

    async def act(desk: PolicyDesk) -> PolicyVersion:
        return await desk.publish(_read(file), by=by, reason=reason, based_on=based_on, at=datetime.now(UTC))

    _tell(_with_desk(act, home))


def revert(
    purpose: Annotated[Purpose, typer.Argument(help="Whose policy.")],
    *,
    to: Annotated[int, typer.Option("--to", min=0, help="Number of the earlier version; 0 is what comes with Kindred.")],
    by: By,
    reason: Reason,
    based_on: BasedOn,
    home: Home = None,
) -> None:
    """Publish an earlier version again, under a new number. The next `resolve` concludes as it did then."""

    async def act(desk: PolicyDesk) -> PolicyVersion:
        return await desk.revert(purpose, to=to, by=by, reason=reason, based_on=based_on, at=datetime.now(UTC))

    _tell(_with_desk(act, home))


def list_versions(
    *,
    purpose: Annotated[
        Purpose | None, typer.Option("--purpose", help="Only of this purpose; default is all.", show_default=False)
    ] = None,
    first: Annotated[int, typer.Option(min=1, help="At most this many.")] = 50,
    as_json: Json = False,
    home: Home = None,
) -> None:
    """List the versions of policies, the newest first; what is in force is marked."""
    purposes = [purpose] if purpose else list(Purpose)

    async def act(desk: PolicyDesk) -> tuple[list[PolicyVersion], dict[Purpose, int]]:
        in_force = {each: (await desk.in_force(each)).number for each in purposes}
        return await desk.versions(purposes, first=first), in_force

    versions, in_force = _with_desk(act, home)
    if as_json:
        rows = [asdict(version) | {"in_force": in_force[version.purpose] == version.number} for version in versions]
        sys.stdout.buffer.write(orjson.dumps(rows, option=orjson.OPT_INDENT_2) + b"\n")
        return
    table = Table("Purpose", "Number", "Version", "Published", "By", "Reason", title="Policies")
    for version in versions:
        mark = " (in force)" if in_force[version.purpose] == version.number else ""
        table.add_row(
            version.purpose.value,
            f"{version.number}{mark}",
            version.version,
            "built in" if version.at is None else f"{version.at:%Y-%m-%d %H:%M}",
            version.by or "",
            version.reason or "",
        )
    Console().print(table)


def show(
    purpose: Annotated[Purpose, typer.Argument(help="Whose policy.")],
    *,
    number: Annotated[
        int | None, typer.Option("--number", min=0, help="Of which version; default is what is in force.", show_default=False)
    ] = None,
    home: Home = None,
) -> None:
    """Write a version's TOML to standard output, as it was published; edit it, then `policy diff` what became of it."""

    async def act(desk: PolicyDesk) -> PolicyVersion:
        return await desk.show(purpose, number)

    found = _with_desk(act, home)
    typer.echo(f"{_named(found)}, sha256 {found.sha256}", err=True)
    typer.echo(found.document, nl=False)


def _with_desk(act: Callable[[PolicyDesk], Awaitable[T]], home: Path | None) -> T:
    async def run() -> T:
        async with open_platform(load_settings(home=home)) as platform:
            return await act(PolicyDesk(PolicyRepository(platform.database)))

    with reported_errors():
        return asyncio.run(run())


def _read(file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _tell(version: PolicyVersion) -> None:
    typer.echo(f"{_named(version)} is in force from the next `kindred resolve` on.")


def _named(version: PolicyVersion) -> str:
    number = "built in" if version.number == BUILT_IN else f"number {version.number}"
    return f"{version.purpose.value} policy {version.version} ({number})"


def _print_diff(diff: PolicyDiff, console: Console) -> None:
    console.print(f"{diff.purpose.value}: {diff.in_force} (number {diff.based_on}) is in force, {diff.proposed} is proposed.")
    if diff.unchanged:
        console.print("Nothing would change.")
    table = Table("", *(each.purpose.value for each in diff.purposes), title="What the next resolution would change")
    for column in table.columns[1:]:
        column.justify = "right"
    for label, values in _figures(diff.purposes).items():
        table.add_row(label, *values)
    console.print(table)
    console.print(f"Households affected: {diff.households_affected:,}")
    for each in diff.purposes:
        _print_examples(each, console)
    seconds = ", ".join(f"{stage} {taken:.1f}" for stage, taken in diff.seconds.items())
    console.print(f"Took {sum(diff.seconds.values()):.1f} s ({seconds}). Digest {diff.digest}.")
    console.print(f"To publish: kindred policy publish FILE --based-on {diff.based_on} --by NAME --reason TEXT")


def _figures(diffs: tuple[PurposeDiff, ...]) -> dict[str, list[str]]:
    def row(*values: int | None) -> list[str]:
        return ["-" if value is None else f"{value:,}" for value in values]

    rows = {
        "identities now": row(*(each.identities_before for each in diffs)),
        "identities then": row(*(each.identities_after for each in diffs)),
        "merges": row(*(each.merges for each in diffs)),
        "ids that redirect": row(*(each.redirected for each in diffs)),
        "splits": row(*(each.splits for each in diffs)),
        "new identities": row(*(each.created for each in diffs)),
        "retired": row(*(each.retired for each in diffs)),
        "members that move": row(*(each.members_moved for each in diffs)),
        "members that enter": row(*(each.members_entering for each in diffs)),
        "members that leave": row(*(each.members_leaving for each in diffs)),
        "records that lose consent": row(*(each.consent.lost_records if each.consent else None for each in diffs)),
        "records whose consent is restored": row(*(each.consent.restored_records if each.consent else None for each in diffs)),
    }
    kinds = sorted({kind for each in diffs for kind in (*each.decisions, *(each.pending or ()))})
    for kind in kinds:
        rows[f"decisions: {kind}"] = [
            f"{each.decisions.get(kind, 0):,}" + ("" if each.pending is None else f" ({each.pending.get(kind, 0):,} anyway)")
            for each in diffs
        ]
    return rows


def _print_examples(diff: PurposeDiff, console: Console) -> None:
    for merge in diff.merge_examples:
        console.print(
            f"{diff.purpose.value} merge: {', '.join(merge.absorbed)} into {merge.survivor}, {merge.members} members then;"
            f" comes in: {', '.join(merge.sample)}",
            highlight=False,
        )
    for split in diff.split_examples:
        parts = " | ".join(
            f"{', '.join(part)}{' ...' if size > len(part) else ''} ({size})"
            for part, size in zip(split.parts, split.sizes, strict=True)
        )
        console.print(f"{diff.purpose.value} split: {split.identity_id} into {parts}", highlight=False)
    if diff.consent is not None:
        for example in diff.consent.conflicts:
            console.print(f"{diff.purpose.value} consent lost: {_consent(example)}", highlight=False)
        for example in diff.consent.restored:
            console.print(f"{diff.purpose.value} consent restored: {_consent(example)}", highlight=False)


def _consent(example: ConsentExample) -> str:
    states: Mapping[str, tuple[str, ...]] = example.before
    before = "; ".join(f"{state} for {', '.join(records)}" for state, records in states.items())
    return f"{example.consent} in {example.identity_id or 'a new identity'}: now {before}; then {example.after} for all"
