"""Kindred's services as processes of their own, with a port for health and metrics each."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import SystemRandom

import httpx

from runtime.stack.address import StackAddress
from runtime.stack.resources import choose_port


def on_stores(address: StackAddress) -> dict[str, str]:
    """The environment of a service that works on stores which run already."""
    chosen = {
        "KINDRED_NEO4J_URI": address.neo4j.uri,
        "KINDRED_NEO4J_USER": address.neo4j.user,
        "KINDRED_NEO4J_PASSWORD": address.neo4j.password,
        "KINDRED_NATS_URL": address.nats.url,
        "KINDRED_NATS_USER": address.nats.user,
        "KINDRED_NATS_PASSWORD": address.nats.password,
    }
    return {name: value for name, value in chosen.items() if value}


class ServiceProcess:
    """``kindred ARGUMENTS`` on a home; ``url`` is where it tells its health. ``environment`` is added to that of the tests."""

    def __init__(
        self,
        home: Path,
        *arguments: str,
        port_option: str = "--metrics-port",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        port = choose_port(chance=SystemRandom())
        self.url = f"http://127.0.0.1:{port}"
        self.log = home / f"{arguments[0]}.log"
        self._command: Sequence[str] = (
            *(sys.executable, "-m", "runtime", *arguments),
            *(port_option, str(port), "--home", str(home)),
        )
        self._environment = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the process that was started last, which runs still."""
        assert self._process is not None
        assert self._process.poll() is None, f"it ended by itself:\n{self.log.read_text()[-2000:]}"
        return self._process.pid

    def start(self) -> None:
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(self._command, env=self._environment, stdout=output, stderr=output)

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
