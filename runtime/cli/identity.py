"""Commands: to be registered on the root application."""

import typer


def register(app: typer.Typer) -> None:
    """Add this module's commands to ``app``."""
