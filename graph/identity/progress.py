"""Telling what a resolution does while it does it, and how long each stage took."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol


class Progress(Protocol):
    """Told what a resolution does."""

    def stage(self, name: str, total: int | None) -> Callable[[int], None]:
        """A stage begins; ``total`` is None where it is not known.

        What is returned is told how much more of it is done. Stages may overlap: one that has a total ends when that is reached.
        """


class NoProgress:
    """Tells nobody."""

    def stage(self, name: str, total: int | None) -> Callable[[int], None]:  # noqa: ARG002 - the protocol's signature
        """Nothing."""
        return lambda _: None


class Stages:
    """Times the stages of a run and tells of them."""

    def __init__(self, progress: Progress, clock: Callable[[], datetime]) -> None:
        self._progress = progress
        self._clock = clock
        self._name: str | None = None
        self._since = clock()
        self._seconds: dict[str, float] = {}

    @property
    def progress(self) -> Progress:
        """Who is told of the stages."""
        return self._progress

    def begin(self, name: str, total: int | None = None) -> Callable[[int], None]:
        """End the stage before, if there is one, and begin another; returns what to tell how much more of it is done."""
        self.finish()
        self._name, self._since = name, self._clock()
        return self._progress.stage(name, total)

    def divide(self, parts: Mapping[str, float]) -> None:
        """End the present stage, of whose time ``parts`` (seconds by name) tell more; what they leave keeps the stage's name."""
        name = self._name
        self.finish()
        if name is not None and parts:
            left = self._seconds.pop(name) - sum(parts.values())
            self._seconds |= {f"{name}: {part}": round(seconds, 2) for part, seconds in parts.items()}
            self._seconds[name] = max(0.0, round(left, 2))

    def finish(self) -> dict[str, float]:
        """End the present stage; the seconds of all stages, in their order."""
        if self._name is not None:
            self._seconds[self._name] = round((self._clock() - self._since).total_seconds(), 2)
            self._name = None
        return dict(self._seconds)
