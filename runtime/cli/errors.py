"""How a command ends when something that a user can act on went wrong: one message, its code, exit status 1."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.text import Text

from graph.errors import KindredError


@contextmanager
def reported_errors() -> Iterator[None]:
    """Turn Kindred's errors and wrong settings into a message on the standard error stream and exit status 1."""
    console = Console(stderr=True)
    try:
        yield
    except KindredError as error:
        console.print(Text.assemble((f"{error.code}: ", "bold red"), str(error)), soft_wrap=True)
        raise typer.Exit(1) from error
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_input=False):
            name = ".".join(map(str, problem["loc"]))
            console.print(Text.assemble(("settings: ", "bold red"), f"{name}: {problem['msg']}"), soft_wrap=True)
        raise typer.Exit(1) from error
