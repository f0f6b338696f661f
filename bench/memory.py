"""Memory that processes take together, looked at while something else runs."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

EVERY_SECONDS = 0.5


class Peak:
    """The most that was seen so far, in bytes of resident memory."""

    def __init__(self) -> None:
        self.bytes = 0


@contextmanager
def peak_memory(naming: Path) -> Iterator[Peak]:
    """Watch all processes whose command line names a path, such as an installation's home."""
    peak, ended = Peak(), threading.Event()

    def watch() -> None:
        while not ended.wait(EVERY_SECONDS):
            total = 0
            for process in psutil.process_iter(["cmdline", "memory_info"]):
                command, memory = process.info["cmdline"], process.info["memory_info"]
                if memory is not None and any(str(naming) in part for part in command or ()):
                    total += memory.rss
            peak.bytes = max(peak.bytes, total)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        ended.set()
        watcher.join()
