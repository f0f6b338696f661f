"""The services that run beside the stores in the background: the worker, the HTTP server, the resolver.

A service is a name and the arguments of ``kindred`` that run it in the foreground. Nothing else is known of it here.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

STORE_NAMES = ("nats", "neo4j")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One background process: ``kindred ARGUMENTS --home HOME``."""

    name: str
    arguments: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse a name that a store has."""
        if self.name in STORE_NAMES:
            raise ValueError(f"{self.name} is the name of a store")

    def command(self, *, home: Path) -> tuple[str, ...]:
        """The whole command line, with this same Python."""
        return (sys.executable, "-m", "runtime", *self.arguments, "--home", str(home))


def default_services() -> Sequence[Service]:
    """The services that ``kindred up`` starts, in this order, and ``kindred down`` stops in the reverse."""
    return (
        Service(name="worker", arguments=("worker",)),
        Service(name="server", arguments=("serve",)),
        Service(name="resolver", arguments=("resolve", "--every", "60")),
    )
