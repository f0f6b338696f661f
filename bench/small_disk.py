"""A disk that can be filled: a file system of its own, in memory, mounted on a folder.

Mounting is a privilege. Who does not have it gets it where Linux lets users have namespaces of their own: there a process may
mount what only it and its children see.
"""

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench.harness import BenchError

BALLAST: Final = "ballast"
PIECES: Final = (1024**2, 4096, 1)
_INSIDE: Final = "KINDRED_BENCH_MAY_MOUNT"


class SmallDisk:
    """A mounted disk."""

    def __init__(self, folder: Path) -> None:
        self._ballast = folder / BALLAST

    def fill(self) -> None:
        """Take all that is free, to the last byte: whoever writes now gets ENOSPC."""
        file = os.open(self._ballast, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            for size in PIECES:
                piece = b"\0" * size
                try:
                    while True:
                        os.write(file, piece)
                except OSError:
                    continue
        finally:
            os.close(file)

    def free(self) -> None:
        """Give back what ``fill`` took."""
        self._ballast.unlink(missing_ok=True)


@contextmanager
def small_disk(folder: Path, *, megabytes: int) -> Iterator[SmallDisk]:
    """A disk of that size on ``folder``, which is made; unmounted at the end.

    Raises:
        BenchError: it cannot be mounted.
    """
    folder.mkdir(parents=True, exist_ok=True)
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if mount.returncode != 0:
        raise BenchError(f"a file system cannot be mounted on {folder}: {mount.stderr.strip()}")
    try:
        yield SmallDisk(folder)
    finally:
        # Lazily: what still runs there, after an error, must not keep the folder.
        subprocess.run(["umount", "--lazy", str(folder)], check=False)


def require_mounts(arguments: Sequence[str], *, module: str) -> None:
    """Go on where this process may mount; else run ``python -m MODULE ARGUMENTS`` in its place, where it may.

    Raises:
        BenchError: there is no way to mount here.
    """
    if may_mount():
        return
    if os.environ.get(_INSIDE) or shutil.which("unshare") is None:
        raise BenchError("filling disks needs file systems of their own, and this user can mount none here, nor in a namespace")
    command = ["unshare", "--user", "--map-root-user", "--mount", sys.executable, "-m", module, *arguments]
    os.execvpe(command[0], command, {**os.environ, _INSIDE: "1"})  # noqa: S606 (a list, no shell)


def may_mount() -> bool:
    """Whether a mount would be permitted, told by unmounting what is not there: without the privilege that is refused first."""
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    libc.umount2(b"/nowhere/at/all", 0)
    return ctypes.get_errno() != 1
