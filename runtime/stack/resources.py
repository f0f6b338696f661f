"""What the machine has: memory to share out, disk to start with, ports to listen on."""

import random
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

import psutil

from runtime.stack.errors import DiskFullError, PortTakenError

LOOPBACK = "127.0.0.1"
MEBIBYTE = 1024 * 1024
# Below the range that Linux and macOS lend to outgoing connections, so that a stopped stack finds its ports free again.
PORT_RANGE = range(20_000, 32_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Neo4j's share of the machine, in MiB."""

    heap_mb: int
    page_cache_mb: int


def machine_memory_mb(*, limit_file: Path = Path("/sys/fs/cgroup/memory.max")) -> int:
    """Memory of the machine, or of the container if that has less, in MiB."""
    total: int = psutil.virtual_memory().total
    try:
        limit = limit_file.read_text().strip()
    except OSError:
        limit = "max"
    if limit.isdigit():
        total = min(total, int(limit))
    return total // MEBIBYTE


def share_memory(machine_mb: int, *, heap_mb: int | None, page_cache_mb: int | None) -> Memory:
    """A sixteenth of the machine for the heap and a thirty-second for the page cache, within bounds; settings win.

    24 GiB give a heap of 1.5 GiB and a page cache of 768 MiB: room for the applications beside it.
    """
    return Memory(
        heap_mb=heap_mb or max(512, min(machine_mb // 16, 8192)),
        page_cache_mb=page_cache_mb or max(128, min(machine_mb // 32, 8192)),
    )


def free_disk_mb(folder: Path) -> int:
    """Free space of the file system that ``folder`` is on or will be on, in MiB."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    return shutil.disk_usage(existing).free // MEBIBYTE


def require_disk(folder: Path, *, minimum_free_mb: int) -> None:
    """Refuse to start on a file system that is nearly full.

    Raises:
        DiskFullError: less than ``minimum_free_mb`` is free.
    """
    free = free_disk_mb(folder)
    if free < minimum_free_mb:
        raise DiskFullError(
            f"{free} MiB are free for {folder}, {minimum_free_mb} MiB are the minimum to start with. "
            "Free some space, choose another --home, or lower KINDRED_MINIMUM_FREE_MB."
        )


def port_is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: a connection of an earlier server that is still closing does not keep the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def port_owner(port: int) -> str:
    """Who listens on the port, as far as this user may know."""
    try:
        for connection in psutil.net_connections(kind="tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:2] == (port,) and connection.pid:
                return f"process {connection.pid} ({psutil.Process(connection.pid).name()})"
    except psutil.Error:
        pass
    return "another process"


def require_port(port: int, *, setting: str) -> None:
    """Refuse to start a server on a port that is taken.

    Raises:
        PortTakenError: something listens there.
    """
    if not port_is_free(port):
        raise PortTakenError(
            f"port {port} of {LOOPBACK} is taken by {port_owner(port)}. "
            f"Stop that process, or set {setting} to another port, or to 0 for any free one."
        )


def choose_port(*, chance: random.Random, taken: frozenset[int] = frozenset()) -> int:
    """A free port outside the range of outgoing connections and not among those ``taken``.

    Raises:
        PortTakenError: none was found.
    """
    for _ in range(200):
        port = chance.choice(PORT_RANGE)
        if port not in taken and port_is_free(port):
            return port
    raise PortTakenError(f"no free port found between {PORT_RANGE.start} and {PORT_RANGE.stop} of {LOOPBACK}")
