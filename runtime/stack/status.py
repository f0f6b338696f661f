"""How a stack is: every process, whether it answers, and what the stores hold."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import psutil
from nats.errors import Error as NatsError
from neo4j.exceptions import DriverError, Neo4jError

from graph.database import Neo4jAddress, open_database
from graph.statements.server import COUNT_NODES
from graph.statements.statement import NoParameters
from runtime.settings import Settings
from runtime.stack import nats, neo4j
from runtime.stack.address import nats_address, neo4j_address
from runtime.stack.errors import StartError
from runtime.stack.nats import NatsAddress
from runtime.stack.process import find
from runtime.stack.resources import MEBIBYTE
from runtime.stack.services import Service, probe
from runtime.stack.state import State, read_state

Kind = Literal["embedded", "external", "service"]
Health = Literal["healthy", "unhealthy", "stopped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentStatus:
    """One store or service. What is not known, or has no meaning for it, is None."""

    name: str
    kind: Kind
    health: Health
    detail: str
    address: str | None = None
    pid: int | None = None
    port: int | None = None
    uptime_seconds: int | None = None
    memory_mb: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamCount:
    """One stream of JetStream."""

    name: str
    messages: int
    bytes: int
    consumers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StackStatus:
    """Everything about one home. ``nodes`` and ``streams`` are None where the store does not answer."""

    home: str
    components: tuple[ComponentStatus, ...]
    nodes: dict[str, int] | None
    streams: tuple[StreamCount, ...] | None

    @property
    def healthy(self) -> bool:
        """Whether everything runs and answers."""
        return all(component.health == "healthy" for component in self.components)


async def read_status(settings: Settings, *, services: Sequence[Service], now: float | None = None) -> StackStatus:
    """Look at the processes and ask the stores. Changes nothing, waits for nobody.

    Args:
        settings: the installation.
        services: those that are to run beside the stores.
        now: seconds since 1970, to count uptimes from.

    Raises:
        StateError: the state file cannot be read, or the settings are incomplete.
    """
    state = read_state(settings.home)
    instant = time.time() if now is None else now
    messages, graph = nats_address(settings, state), neo4j_address(settings, state)
    wanted = {service.name for service in services}
    others = [name for name in _other_processes(state) if name not in wanted]
    return StackStatus(
        home=str(settings.home),
        components=(
            await _nats_status(messages, state=state, embedded=settings.nats_url is None, now=instant),
            await _neo4j_status(graph, state=state, embedded=settings.neo4j_uri is None, now=instant),
            *[await _service_status(service, state=state, now=instant) for service in services],
            *(_component(name, kind="service", state=state, now=instant) for name in others),
        ),
        nodes=None if graph is None else await _count_nodes(graph),
        streams=None if messages is None else await _count_streams(messages),
    )


async def _nats_status(address: NatsAddress | None, *, state: State | None, embedded: bool, now: float) -> ComponentStatus:
    if address is None:
        return ComponentStatus(name=nats.NAME, kind="embedded", health="stopped", detail="never started")
    answer = await nats.probe(address)
    detail = answer if isinstance(answer, str) else f"JetStream, {answer.streams} streams"
    return _component(
        nats.NAME,
        kind="embedded" if embedded else "external",
        state=state,
        now=now,
        address=address.url,
        port=state.ports.nats if embedded and state is not None else None,
        answers=not isinstance(answer, str),
        detail=detail,
    )


async def _neo4j_status(address: Neo4jAddress | None, *, state: State | None, embedded: bool, now: float) -> ComponentStatus:
    if address is None:
        return ComponentStatus(name=neo4j.NAME, kind="embedded", health="stopped", detail="never started")
    try:
        answer = await neo4j.probe(address)
    except StartError as error:
        answer = str(error)
    detail = answer if isinstance(answer, str) else f"Neo4j {answer.neo4j_version} {answer.edition}, GDS {answer.gds_version}"
    return _component(
        neo4j.NAME,
        kind="embedded" if embedded else "external",
        state=state,
        now=now,
        address=address.uri,
        port=state.ports.bolt if embedded and state is not None else None,
        answers=not isinstance(answer, str),
        detail=detail,
    )


async def _service_status(service: Service, *, state: State | None, now: float) -> ComponentStatus:
    observed = await probe(service)
    return _component(
        service.name,
        kind="service",
        state=state,
        now=now,
        address=None if service.port is None else f"http://127.0.0.1:{service.port}",
        port=service.port,
        answers=observed is None,
        detail=observed or "",
    )


def _component(
    name: str,
    *,
    kind: Kind,
    state: State | None,
    now: float,
    address: str | None = None,
    port: int | None = None,
    answers: bool = True,
    detail: str = "",
) -> ComponentStatus:
    process = None if state is None or kind == "external" else find(state.processes.get(name))
    if kind != "external" and process is None and (kind == "service" or not answers):
        return ComponentStatus(name=name, kind=kind, health="stopped", detail="not running", address=address, port=port)
    uptime = memory = None
    if process is not None:
        try:
            uptime = max(0, round(now - process.create_time()))
            memory = process.memory_info().rss // MEBIBYTE
        except psutil.Error:
            detail = "ended while it was looked at"
    return ComponentStatus(
        name=name,
        kind=kind,
        health="healthy" if answers else "unhealthy",
        detail=detail or "running",
        address=address,
        pid=None if process is None else process.pid,
        port=port,
        uptime_seconds=uptime,
        memory_mb=memory,
    )


def _other_processes(state: State | None) -> list[str]:
    return [] if state is None else [name for name in state.processes if name not in (nats.NAME, neo4j.NAME)]


async def _count_nodes(address: Neo4jAddress) -> dict[str, int] | None:
    try:
        async with open_database(address, retry_seconds=1.0) as database:
            return {row.label: row.count for row in await database.run(COUNT_NODES, NoParameters())}
    except (DriverError, Neo4jError, OSError):
        return None


async def _count_streams(address: NatsAddress) -> tuple[StreamCount, ...] | None:
    try:
        async with nats.connected(address) as client:
            streams = await client.jetstream(timeout=nats.PROBE_TIMEOUT_SECONDS).streams_info()
    except (NatsError, OSError, TimeoutError):
        return None
    return tuple(
        StreamCount(
            name=str(stream.config.name),
            messages=stream.state.messages,
            bytes=stream.state.bytes,
            consumers=stream.state.consumer_count,
        )
        for stream in streams
    )
