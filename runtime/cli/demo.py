"""``kindred demo``: the whole house on shipped data, and one profile to look at."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from runtime.cli.errors import reported_errors
from runtime.cli.options import Home
from runtime.cli.stack import open_stack
from runtime.demo import panels
from runtime.demo.story import Demonstration, Shown
from runtime.settings import Settings, default_home, load_settings
from runtime.stack.services import default_services

Stop = Annotated[bool, typer.Option("--stop", help="Stop everything at the end.")]


def register(app: typer.Typer) -> None:
    """Add this module's commands to ``app``."""
    app.command()(demo)


def demo(*, home: Home = None, stop: Stop = False) -> None:
    """Start, import the demonstration's data, resolve, serve, and show one person. May be repeated: the counts stay the same."""
    console = Console()
    with reported_errors():
        settings = load_settings(home=home)
        progress = Console(stderr=True)
        # The story resolves by itself, once everything is written; the service takes over afterwards.
        before = tuple(service for service in default_services(settings) if service.name != "resolver")
        with open_stack(settings, services=before, console=progress) as stack:
            story = Demonstration(settings, stack=stack, say=lambda text: console.print(Text.assemble(("✓ ", "green"), text)))
            try:
                shown = asyncio.run(story.run())
            finally:
                if stop:
                    asyncio.run(stack.down())
        if not stop:
            with open_stack(settings, services=tuple(default_services(settings)), console=progress) as stack:
                asyncio.run(stack.up())
        _print(shown, settings=settings, stopped=stop, console=console)


def _print(shown: Shown, *, settings: Settings, stopped: bool, console: Console) -> None:
    console.print()
    console.print(panels.render(shown.answer))
    console.print(panels.counts(shown.nodes, shown.reports))
    if stopped:
        console.print("Everything is stopped; the data stays in", Text(str(settings.home)))
        return
    option = "" if settings.home == default_home() else f" --home {settings.home}"
    console.print()
    console.print("Open this profile in GraphiQL:")
    console.print(Text(shown.page, style="link " + shown.page), soft_wrap=True)
    console.print()
    console.print(
        panels.next_steps(
            [
                (f"kindred status{option}", "what runs, and what it holds"),
                (f"kindred resolve{option}", "bring identities in line with the evidence again"),
                (f"kindred export memberships --out memberships.csv{option}", "who is who, for a warehouse"),
                ("kindred bloom perspective --out kindred.json", "look at the graph in Neo4j Bloom or Explore"),
                (f"kindred down{option}", "stop everything; the data stays"),
            ]
        )
    )
