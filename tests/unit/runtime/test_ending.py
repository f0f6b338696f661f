"""A task ends when it is told to, though a library forgets a cancellation."""

import asyncio

import pytest

from runtime import ending


async def test_a_task_that_was_answered_in_the_moment_of_its_cancellation_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "CANCEL_AGAIN_SECONDS", 0.01)
    answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    answers: list[str] = []

    async def work() -> None:
        # As in Python 3.11 wait_for is left by the answer, not by the cancellation.
        try:
            await answer
        except asyncio.CancelledError:
            answers.append("forgotten")
        await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await ending.end(task)
    assert task.cancelled()
    assert answers == ["forgotten"]


async def test_what_a_task_raised_is_not_raised_again() -> None:
    async def work() -> None:
        raise ValueError("its own affair")

    task = asyncio.create_task(work())
    async with asyncio.timeout(5):
        await ending.end(task)
    assert task.done()
