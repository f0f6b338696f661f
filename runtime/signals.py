"""Being told to stop, by the operating system."""

import asyncio
import contextlib
import signal


def stop_on_signal() -> asyncio.Event:
    """An event of the running loop that SIGTERM and SIGINT set."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        # Windows has no signal handlers on the loop: there Ctrl-C cancels the main task, which also finishes the batch.
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(signal_number, stopping.set)
    return stopping
