"""Steps that are concluded one after the other while those before are written."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from graph.identity.settling import Before, Settling, written

Step = Callable[["asyncio.Future[str]", Before[str]], Coroutine[Any, Any, str]]


class BrokenError(Exception):
    """A step could not go on."""


def step(name: str, log: list[str], *, may_write: asyncio.Event | None = None, breaks: str | None = None) -> Step:
    async def settle(concluded: "asyncio.Future[str]", before: Before[str]) -> str:
        if breaks == "concluding":
            raise BrokenError(name)
        log.append(f"{name} concluded")
        concluded.set_result(name)
        await written(before)
        if may_write is not None:
            await may_write.wait()
        if breaks == "writing":
            raise BrokenError(name)
        log.append(f"{name} written")
        return name.upper()

    return settle


async def test_a_step_is_concluded_before_the_one_before_is_written_and_written_after_it() -> None:
    log: list[str] = []
    may_write = asyncio.Event()
    async with Settling[str]() as settling:
        assert await settling.begin(step("a", log, may_write=may_write)) == "a"
        assert await settling.begin(step("b", log)) == "b"
        assert log == ["a concluded", "b concluded"]
        may_write.set()
    assert log == ["a concluded", "b concluded", "a written", "b written"]
    assert settling.results == ["A", "B"]


async def test_nothing_is_written_after_a_step_that_could_not_be_written() -> None:
    log: list[str] = []
    async with Settling[str]() as settling:
        await settling.begin(step("a", log, breaks="writing"))
        await settling.begin(step("b", log))
    assert "b written" not in log
    with pytest.raises(BrokenError, match="a"):
        _ = settling.results


async def test_what_was_concluded_before_a_step_that_fails_is_written() -> None:
    log: list[str] = []

    async def both() -> None:
        async with Settling[str]() as settling:
            await settling.begin(step("a", log))
            await settling.begin(step("b", log, breaks="concluding"))

    with pytest.raises(BrokenError, match="b"):
        await both()
    assert log == ["a concluded", "a written"]


async def test_steps_end_with_whoever_began_them() -> None:
    log: list[str] = []

    async def begun() -> None:
        async with Settling[str]() as settling:
            await settling.begin(step("a", log, may_write=asyncio.Event()))
            await asyncio.Event().wait()

    task = asyncio.create_task(begun())
    while not log:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert log == ["a concluded"]
    assert asyncio.all_tasks() == {asyncio.current_task()}
