"""A cluster of three NATS servers on this machine, from the configuration that Kubernetes uses."""

import asyncio
import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom

import nats
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from runtime.stack.nats import INFRA, find_executable
from runtime.stack.resources import choose_port

PASSWORD = "of-the-cluster"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    client: int
    cluster: int
    monitor: int


class NatsCluster:
    """Servers ``n0``, ``n1`` and ``n2``; each may be killed and started again."""

    def __init__(self, folder: Path) -> None:
        chance, taken = SystemRandom(), set[int]()
        self.ports: dict[str, Ports] = {}
        for name in ("n0", "n1", "n2"):
            chosen = []
            for _ in range(3):
                chosen.append(choose_port(chance=chance, taken=frozenset(taken)))
                taken.add(chosen[-1])
            self.ports[name] = Ports(client=chosen[0], cluster=chosen[1], monitor=chosen[2])
        self._folder = folder
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def url(self) -> str:
        return ",".join(f"nats://127.0.0.1:{ports.client}" for ports in self.ports.values())

    def start(self, name: str) -> None:
        ports = self.ports[name]
        (self._folder / name).mkdir(parents=True, exist_ok=True)
        environment = {
            "KINDRED_NATS_NAME": name,
            "KINDRED_NATS_LISTEN": f"127.0.0.1:{ports.client}",
            "KINDRED_NATS_MONITOR": f"127.0.0.1:{ports.monitor}",
            "KINDRED_NATS_CLUSTER_LISTEN": f"127.0.0.1:{ports.cluster}",
            "KINDRED_NATS_PASSWORD": PASSWORD,
            "KINDRED_NATS_STORE": str(self._folder / name),
        }
        routes = ",".join(f"nats://127.0.0.1:{other.cluster}" for other in self.ports.values())
        with (self._folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [find_executable(), "--config", INFRA / "kubernetes" / "base" / "nats-cluster.conf", "--routes", routes],
                env=os.environ | environment,
                stdout=log,
                stderr=log,
            )

    def kill(self, name: str) -> None:
        """As ``kill -9`` does."""
        process = self._processes.pop(name)
        assert process.poll() is None, "it had ended by itself"
        process.kill()
        process.wait(20)

    def stop(self) -> None:
        for process in self._processes.values():
            process.kill()
            process.wait(20)

    async def whole(self, *streams: str, seconds: float = 60.0) -> None:
        """Wait until three servers answer as one, and all keep the streams as they are now."""
        until, observed = time.monotonic() + seconds, ""
        while time.monotonic() < until:
            try:
                observed = await self._lacking(streams)
            except (NatsError, OSError, TimeoutError) as error:
                observed = f"{type(error).__name__}: {error}"
            if not observed:
                return
            await asyncio.sleep(0.2)
        raise AssertionError(f"the cluster is not whole: {observed}")

    async def _lacking(self, streams: tuple[str, ...]) -> str:
        # Each is asked itself, for one that was just started may not know the others yet.
        for ports in self.ports.values():
            client = await nats.connect(
                f"nats://127.0.0.1:{ports.client}", user="kindred", password=PASSWORD, connect_timeout=2, allow_reconnect=False
            )
            try:
                js = client.jetstream(timeout=2)
                await js.account_info()
                for stream in streams:
                    if lacking := await _not_current(js, stream):
                        return lacking
            finally:
                await client.close()
        return ""


async def _not_current(js: JetStreamContext, stream: str) -> str:
    try:
        cluster = (await js.stream_info(stream)).cluster
    except NotFoundError:
        return f"there is no {stream}"
    assert cluster is not None
    current = [replica.name for replica in cluster.replicas or () if replica.current]
    return "" if cluster.leader and len(current) == 2 else f"{stream} has leader {cluster.leader} and current {current}"
