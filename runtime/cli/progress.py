"""Showing the stages of a long command to whoever waits at a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class ShownProgress:
    """Shows the stages that it is told of, as ``graph.identity.progress.Progress``."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._open: TaskID | None = None

    def stage(self, name: str, total: int | None) -> Callable[[int], None]:
        """A stage begins, which ends the one before if nobody knows how long that is."""
        if self._open is not None:
            self._progress.update(self._open, total=1, completed=1)
        task = self._progress.add_task(name, total=total)
        self._open = task if total is None else None
        return lambda done: self._progress.advance(task, done)


@contextmanager
def shown_progress(console: Console) -> Iterator[ShownProgress]:
    """Show stages on ``console`` while the block runs; nothing of them is left afterwards."""
    progress = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    with progress:
        yield ShownProgress(progress)
