"""Showing the stages of a long command to whoever waits at a terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class ShownProgress:
    """Shows the stages that it is told of, as ``graph.identity.progress.Progress``."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None

    def stage(self, name: str, total: int | None) -> None:
        """A stage begins, which ends the one before."""
        if self._task is not None:
            self._progress.update(self._task, total=1, completed=1)
        self._task = self._progress.add_task(name, total=total)

    def advance(self, done: int) -> None:
        """Some of the stage is done."""
        if self._task is not None:
            self._progress.advance(self._task, done)


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
