"""Work of several steps, each of which is thought out while the one before is still written down."""

import asyncio
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

T = TypeVar("T")
R = TypeVar("R")
Before = asyncio.Task[R] | None


class Settling(Generic[R]):
    """Steps that are begun one after the other, each as soon as the one before is concluded, though not yet written.

    At the end of the block all steps are waited for, so that nobody is left writing on his own; if it is cancelled, so are they.
    """

    def __init__(self) -> None:
        self._steps: list[asyncio.Task[R]] = []

    async def begin(self, step: Callable[["asyncio.Future[T]", "Before[R]"], Coroutine[Any, Any, R]]) -> T:
        """Begin a step; returns what it concluded, as soon as it says so.

        Args:
            step: given what to set to its conclusion, and the step before it, for which it waits before it writes (``written``).

        Raises:
            Exception: what the step raised before it came to a conclusion.
        """
        concluded: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(step(concluded, self._steps[-1] if self._steps else None))
        self._steps.append(task)
        either: set[asyncio.Future[Any]] = {task, concluded}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not concluded.done():
            # It ended before it concluded anything, and raises why.
            task.result()
        return concluded.result()

    @property
    def results(self) -> list[R]:
        """What the steps came to, in their order, once all are done; the first that failed raises why."""
        return [step.result() for step in self._steps]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if isinstance(error, asyncio.CancelledError):
            for step in self._steps:
                step.cancel()
        await asyncio.gather(*self._steps, return_exceptions=True)


async def written(before: "Before[R]") -> None:
    """Wait until a step is written; should it have failed, that is raised. It goes on if whoever waits is cancelled."""
    if before is not None:
        await asyncio.wait({before})
        before.result()
