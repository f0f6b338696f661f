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
    """Watch all processes whose command line names a path, such as an installation's home, and what these started."""
    peak, ended = Peak(), threading.Event()

    def watch() -> None:
        while not ended.wait(EVERY_SECONDS):
            total, counted = 0, set()
            # Parents come before what they start.
            for process in sorted(psutil.process_iter(["cmdline", "memory_info", "ppid"]), key=lambda each: each.pid):
                command, memory = process.info["cmdline"], process.info["memory_info"]
                named = any(str(naming) in part for part in command or ())
                if memory is not None and (named or process.info["ppid"] in counted):
                    counted.add(process.pid)
                    total += memory.rss
            peak.bytes = max(peak.bytes, total)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        ended.set()
        watcher.join()
