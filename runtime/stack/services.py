"""The services that run beside the stores in the background: the worker, the HTTP server, the resolver.

A service is a name and the arguments of ``kindred`` that run it in the foreground. Nothing else is known of it here.
"""

import asyncio
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from runtime.settings import Settings

STORE_NAMES = ("nats", "neo4j")
PROBE_TIMEOUT_SECONDS = 2.0
LOOPBACK_HOSTS = ("127.0.0.1", "0.0.0.0", "localhost")  # noqa: S104 (asked, not listened on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One background process: ``kindred ARGUMENTS --home HOME``."""

    name: str
    arguments: tuple[str, ...]
    port: int | None = None
    """The port of this machine that it listens on, where it is known beforehand."""

    def __post_init__(self) -> None:
        """Refuse a name that a store has."""
        if self.name in STORE_NAMES:
            raise ValueError(f"{self.name} is the name of a store")

    def command(self, *, home: Path) -> tuple[str, ...]:
        """The whole command line, with this same Python."""
        return (sys.executable, "-m", "runtime", *self.arguments, "--home", str(home))

    @property
    def health_url(self) -> str | None:
        """Where it says that it serves; None for a service that listens nowhere."""
        return None if self.port is None else f"http://127.0.0.1:{self.port}/healthz"


def default_services(settings: Settings) -> Sequence[Service]:
    """The services that ``kindred up`` starts, in this order, and ``kindred down`` stops in the reverse."""
    return (
        Service(name="worker", arguments=("worker",)),
        # A free port, taken at its start, is known to the server alone.
        Service(name="server", arguments=("serve",), port=(settings.port or None) if settings.host in LOOPBACK_HOSTS else None),
        Service(name="resolver", arguments=("resolve", "--every", "60")),
        # Of its own, for it must keep up, alone, while workers are many and wait for Neo4j.
        *(() if settings.archive is None else (Service(name="archiver", arguments=("archive",)),)),
    )


async def probe(service: Service) -> str | None:
    """None if the service answers or listens nowhere, else what was observed instead."""
    url = service.health_url
    return None if url is None else await asyncio.to_thread(_ask, url)


def _ask(url: str) -> str | None:
    try:
        with urllib.request.urlopen(url, timeout=PROBE_TIMEOUT_SECONDS) as answer:  # noqa: S310 (our own loopback address)
            answer.read()
    except (urllib.error.URLError, OSError) as error:
        return f"{url}: {error}"
    return None
