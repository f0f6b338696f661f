"""Kindred's services as processes of their own, with a port for health and metrics each."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from random import SystemRandom

import httpx

from runtime.stack.resources import choose_port


class ServiceProcess:
    """``kindred ARGUMENTS`` on a home; ``url`` is where it tells its health."""

    def __init__(self, home: Path, *arguments: str, port_option: str = "--metrics-port") -> None:
        port = choose_port(chance=SystemRandom())
        self.url = f"http://127.0.0.1:{port}"
        self.log = home / f"{arguments[0]}.log"
        self._command: Sequence[str] = (
            *(sys.executable, "-m", "runtime", *arguments),
            *(port_option, str(port), "--home", str(home)),
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(self._command, stdout=output, stderr=output)

    async def ready(self, *, status: int = 200, seconds: float = 120.0) -> None:
        """Wait until ``/readyz`` answers with a status."""
        until = time.monotonic() + seconds
        observed: object = None
        async with httpx.AsyncClient(timeout=10) as client:
            while observed != status:
                assert self._process is not None
                assert self._process.poll() is None, f"it ended by itself:\n{self.log.read_text()[-2000:]}"
                assert time.monotonic() < until, f"{self.url}/readyz: {observed}\n{self.log.read_text()[-2000:]}"
                try:
                    observed = (await client.get(f"{self.url}/readyz")).status_code
                except httpx.TransportError as error:
                    observed = error
                await asyncio.sleep(0.05)

    async def metric(self, name: str) -> float:
        """The sum of a metric over its labels."""
        async with httpx.AsyncClient(timeout=10) as client:
            lines = (await client.get(f"{self.url}/metrics")).text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.partition("{")[0].partition(" ")[0] == name)

    async def ends_in_order(self, *, seconds: float) -> None:
        """Ask it to end, as a supervisor does: it says that all went well, in time."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        code = await asyncio.to_thread(self._process.wait, 60)
        assert code == 0, self.log.read_text()[-3000:]
        took = time.monotonic() - began
        assert took < seconds, f"it took {took:.1f} seconds:\n{self.log.read_text()[-3000:]}"

    def kill(self) -> None:
        """End it at once, if it runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
