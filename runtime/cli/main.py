"""The ``kindred`` command: one module per group of commands."""

import stamina.instrumentation
import typer

from runtime.cli import (
    archive,
    backfill,
    backup,
    bloom,
    contents,
    dead_letters,
    demo,
    exports,
    health,
    identity,
    imports,
    learning,
    policy,
    serve,
    stack,
    steward,
    tools,
)

# By default every retry is logged with its whole error, addresses included: what matters is logged where it is retried.
stamina.instrumentation.set_on_retry_hooks([])

app = typer.Typer(
    name="kindred",
    help="Open, graph-native customer identity: every connection auditable, every merge reversible.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="rich",
)
for module in (
    demo,
    stack,
    serve,
    imports,
    backfill,
    dead_letters,
    identity,
    health,
    steward,
    policy,
    exports,
    contents,
    learning,
    archive,
    backup,
    bloom,
    tools,
):
    module.register(app)
