"""Ending a task that a cancellation may pass by, and a process although a computation on one of its threads goes on."""

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Coroutine
from typing import Any, Final

CANCEL_AGAIN_SECONDS: Final = 1.0


async def end(task: "asyncio.Task[None]") -> None:
    """Cancel a task and wait until it has ended, whatever it raises.

    It is cancelled again until it has: ``asyncio.wait_for`` in Python 3.11, by which the NATS client waits for every answer,
    forgets a cancellation that comes in the moment of the answer.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=CANCEL_AGAIN_SECONDS)
    await asyncio.gather(task, return_exceptions=True)


def run_leaving_threads(main: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine to its end, as ``asyncio.run`` does, but do not wait for threads that it left computing.

    Whoever calls this calls ``end_at_once`` when everything else is put away. An error of the coroutine is raised, and then its
    threads are waited for.
    """
    runner = asyncio.Runner()
    try:
        runner.run(main)
    except BaseException:
        runner.close()
        raise


def end_at_once() -> None:
    """End the process with 0 if threads still run, which Python would wait for; return otherwise.

    Only for threads that compute and write nothing: a resolution of everything may take minutes, and what it has not written
    when it is given up, the next one concludes again.
    """
    if all(thread.daemon or thread is threading.main_thread() for thread in threading.enumerate()):
        return
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
