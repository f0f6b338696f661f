"""Background processes: started apart from the terminal, known by pid and birth, ended only when they are still the same."""

import contextlib
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import psutil

from runtime.stack.errors import StopError

# The birth of a process is known in ticks of 10 ms, counted from a boot time that may be corrected by a second.
BIRTH_TOLERANCE_SECONDS = 1.0
POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessId:
    """A process that cannot be mistaken for a later one with the same pid: ``created`` is its birth in seconds since 1970."""

    pid: int
    created: float


def spawn(
    arguments: Sequence[str | Path], *, log: Path, environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> ProcessId:
    """Start a process in a session of its own, so that it outlives this one and its terminal.

    Args:
        arguments: program and arguments.
        log: file that its output is appended to.
        environment: variables added to this process's own.
        folder: its working folder.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        child = subprocess.Popen(
            [str(argument) for argument in arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            cwd=folder,
            start_new_session=True,
        )
    try:
        created = psutil.Process(child.pid).create_time()
    except psutil.NoSuchProcess:
        created = 0.0
    # It is left running on purpose; without this, Python would warn that it was forgotten.
    child.returncode = 0
    return ProcessId(pid=child.pid, created=created)


def find(process: ProcessId | None) -> psutil.Process | None:
    """The process if it still runs; None if it ended or if its pid now belongs to another."""
    if process is None:
        return None
    try:
        found = psutil.Process(process.pid)
        if abs(found.create_time() - process.created) > BIRTH_TOLERANCE_SECONDS:
            return None
        if found.status() == psutil.STATUS_ZOMBIE:
            _reap(found)
            return None
    except psutil.NoSuchProcess:
        return None
    return found


def stop(process: ProcessId | None, *, name: str, timeout_seconds: float) -> bool:
    """Ask the process to end, wait, and end it by force if it does not. Returns False if it was not running.

    Raises:
        StopError: it still runs after it was ended by force.
    """
    found = find(process)
    if found is None:
        return False
    with contextlib.suppress(psutil.NoSuchProcess):
        found.terminate()
    if not _ends(process, within_seconds=timeout_seconds):
        with contextlib.suppress(psutil.NoSuchProcess):
            found.kill()
        if not _ends(process, within_seconds=10.0):
            raise StopError(f"{name}, process {found.pid}, still runs 10 seconds after it was killed")
    return True


def rotate(log: Path, *, max_bytes: int, keep: int) -> None:
    """Move a log that has grown over ``max_bytes`` aside as ``NAME.1`` and the older ones up; keep ``keep`` of them."""
    if not log.exists() or log.stat().st_size <= max_bytes:
        return
    for number in range(keep, 0, -1):
        older = log.with_name(f"{log.name}.{number - 1}") if number > 1 else log
        if older.exists():
            older.replace(log.with_name(f"{log.name}.{number}"))


def tail(log: Path, *, lines: int = 15) -> str:
    """The last lines of a log, for an error message."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 16_384))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return "(no log)"
    return "\n".join(text.splitlines()[-lines:])


def _ends(process: ProcessId | None, *, within_seconds: float) -> bool:
    """Wait until a process has ended. One whose parent died and that nobody has taken note of since has ended as well."""
    deadline = monotonic() + within_seconds
    while find(process) is not None:
        if monotonic() > deadline:
            return False
        sleep(POLL_SECONDS)
    return True


def _reap(process: psutil.Process) -> None:
    # Only the parent can; for everybody else this ends at once.
    with contextlib.suppress(psutil.Error):
        process.wait(0)
