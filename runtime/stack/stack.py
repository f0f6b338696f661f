"""The embedded stack: brings up what is down, in order, and takes it down in the reverse."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout

from graph.database import open_database
from graph.migrations import migrate
from graph.statements.server import VersionsRow
from runtime.settings import ENV_PREFIX, Settings
from runtime.stack import nats, neo4j, services
from runtime.stack.address import StackAddress, nats_address, neo4j_address, stack_address
from runtime.stack.errors import StackError, StartError
from runtime.stack.jars import LockedJars, Progress, install, locked_jars
from runtime.stack.java import Java, find_java
from runtime.stack.nats import NatsServer
from runtime.stack.neo4j import Neo4jFiles, Neo4jServer
from runtime.stack.process import find, rotate, spawn, stop, tail
from runtime.stack.resources import (
    MEBIBYTE,
    choose_port,
    machine_memory_mb,
    port_is_free,
    require_disk,
    require_port,
    share_memory,
)
from runtime.stack.services import Service
from runtime.stack.state import State, new_state, read_state, write_state

T = TypeVar("T")

POLL_SECONDS = 0.2
# A service that cannot start says so at once: it is looked at again after this long.
SERVICE_SETTLE_SECONDS = 1.0
PORT_SETTINGS = {"bolt": "neo4j_bolt_port", "http": "neo4j_http_port", "nats": "nats_port"}


class Stack:
    """The stores and services of one home.

    Args:
        settings: the installation. A store whose address they give is external and left alone.
        services: what runs beside the stores.
        say: told, in a few words, what is being done.
        on_jars: told how far the download of jars is.
        chance: source of the ports.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        services: Sequence[Service],
        say: Callable[[str], None],
        on_jars: Callable[[Progress], None],
        chance: random.Random,
    ) -> None:
        self._settings = settings
        self._services = services
        self._say = say
        self._on_jars = on_jars
        self._chance = chance
        self._logs = settings.home / "logs"
        self._state = new_state()
        self._started: set[str] = set()

    async def up(self) -> StackAddress:
        """Start what is not running, wait until it answers, and apply the migrations. Changes nothing that works.

        Raises:
            StackError: what was observed instead, by its subclass.
            graph.migrations.MigrationError: the database's schema is not this release's.
        """
        with self._locked():
            self._state = read_state(self._settings.home) or new_state()
            before = self._state.ports
            self._started = set()
            try:
                await self._start_stores()
            except StartError:
                if all(name in self._started or self._runs(name) for name in self._embedded_stores):
                    raise
                # One that was being killed still looked alive, and has ended since.
                await self._start_stores()
            address = stack_address(self._settings)
            async with open_database(address.neo4j) as database:
                await migrate(database)
            await self._start_services(moved=self._state.ports != before)
        return address

    async def down(self) -> list[str]:
        """Stop the services, then the stores. Returns the names of what was running."""
        with self._locked():
            state = read_state(self._settings.home)
            if state is None:
                return []
            self._state = state
            services = [name for name in state.processes if name not in (nats.NAME, neo4j.NAME)]
            stopped = [name for name in reversed(services) if await self._stop(name)]
            # The stores do not know of each other: both at once, so that the slower one alone is waited for.
            stores = (neo4j.NAME, nats.NAME)
            ran = await asyncio.gather(*(self._stop(name) for name in stores))
            return stopped + [name for name, was_running in zip(stores, ran, strict=True) if was_running]

    @asynccontextmanager
    async def without_neo4j(self, provided: Callable[[], Awaitable[None]]) -> AsyncIterator[Neo4jServer]:
        """The embedded Neo4j at rest, for whoever works on its files; in the end it runs again, migrated, and the services too.

        ``provided`` is awaited once no service runs that could write, while Neo4j still does; what it raises ends it all.

        Raises:
            StackError: what was observed instead, by its subclass.
            graph.migrations.MigrationError: the database's schema is not this release's.
        """
        with self._locked():
            self._state = read_state(self._settings.home) or new_state()
            stores = (nats.NAME, neo4j.NAME)
            services = {
                name: self._state.commands[name]
                for name in self._state.processes
                if name not in stores and self._runs(name) and self._state.commands.get(name)
            }
            for name in reversed(services):
                await self._stop(name)
            try:
                await provided()
                await self._stop(neo4j.NAME)
                settings = self._settings
                server = neo4j_server(settings, self._state, jars=locked_jars(), java=find_java(settings.java_home))
                await asyncio.to_thread(server.prepare)
                yield server
            finally:
                await self._start_neo4j()
                await self._await_neo4j()
                async with open_database(stack_address(self._settings).neo4j) as database:
                    await migrate(database)
                for name, command in services.items():
                    self._say(f"starting {name}")
                    self._spawn(name, command, log=self._log(name))

    async def _start_stores(self) -> None:
        # NATS first: it starts in a blink, and its port is known before Neo4j's jars are fetched.
        await self._start_nats()
        await self._start_neo4j()
        await asyncio.gather(self._await_nats(), self._await_neo4j())

    @property
    def _embedded_stores(self) -> tuple[str, ...]:
        external = {nats.NAME: self._settings.nats_url, neo4j.NAME: self._settings.neo4j_uri}
        return tuple(name for name, address in external.items() if address is None)

    def _locked(self) -> AbstractContextManager[object]:
        home = self._settings.home
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = FileLock(home / "lock")
        try:
            return lock.acquire(timeout=0)
        except Timeout:
            self._say("waiting for another `kindred up` or `kindred down` of this home")
        seconds = self._settings.start_timeout_seconds
        try:
            return lock.acquire(timeout=seconds)
        except Timeout as error:
            raise StackError(
                f"another `kindred up` or `kindred down` has held {home} for {seconds:g} seconds", code="home_locked"
            ) from error

    async def _start_nats(self) -> None:
        if self._settings.nats_url is not None:
            return
        if self._runs(nats.NAME):
            if not nats.needs_restart(self._log(nats.NAME), pid=self._state.processes[nats.NAME].pid):
                return
            self._say("NATS found its disk full and stores nothing any more, starting it anew")
            await self._stop(nats.NAME)
        require_disk(self._settings.home, minimum_free_mb=self._settings.minimum_free_mb)
        self._choose_ports("nats")
        server = NatsServer(
            root=self._settings.home / "nats",
            logs=self._logs,
            port=self._state.ports.nats,
            password=self._state.secrets.nats_password,
            sync=self._settings.nats_sync,
        )
        server.prepare()
        self._say("starting NATS")
        self._spawn(nats.NAME, server.command, log=server.output)

    async def _start_neo4j(self, *, cut_log: bool = False) -> None:
        if self._settings.neo4j_uri is not None:
            return
        if self._runs(neo4j.NAME):
            address = neo4j_address(self._settings, self._state)
            if address is None or not await neo4j.needs_restart(address):
                return
            self._say("Neo4j has given up its database, starting it anew")
            await self._stop(neo4j.NAME)
        settings = self._settings
        require_disk(settings.home, minimum_free_mb=settings.minimum_free_mb)
        java = find_java(settings.java_home)
        jars = locked_jars()
        self._say("checking jars")
        await asyncio.to_thread(
            install, jars.all, cache=settings.jar_cache, repository=settings.maven_repository, on_progress=self._on_jars
        )
        self._choose_ports("bolt", "http")
        server = neo4j_server(settings, self._state, jars=jars, java=java)
        await asyncio.to_thread(server.prepare, cut_log=cut_log)
        self._say("starting Neo4j")
        self._spawn(neo4j.NAME, server.command, log=server.files.output, environment=neo4j.ENVIRONMENT)

    async def _await_nats(self) -> None:
        address = nats_address(self._settings, self._state)
        if address is None:
            raise StartError("NATS has no address")
        await self._await_answer(
            nats.NAME, lambda: nats.probe(address), where=address.url, embedded=self._settings.nats_url is None
        )

    async def _await_neo4j(self) -> None:
        address = neo4j_address(self._settings, self._state)
        if address is None:
            raise StartError("Neo4j has no address")
        mended = self._settings.neo4j_uri is not None

        async def probe() -> VersionsRow | str:
            nonlocal mended
            observed = await neo4j.probe(address)
            if isinstance(observed, str) and not mended:
                mended = await self._without_unfinished_log(address.database)
            return observed

        await self._await_answer(neo4j.NAME, probe, where=address.uri, embedded=self._settings.neo4j_uri is None)

    async def _without_unfinished_log(self, database: str) -> bool:
        """Start Neo4j anew without the end of its log where that keeps it from starting the database; whether it does."""
        process = self._state.processes.get(neo4j.NAME)
        if process is None:
            return False
        started_at = datetime.fromtimestamp(process.created, UTC)
        cut = await asyncio.to_thread(neo4j.unfinished_log, neo4j_files(self._settings), database=database, started_at=started_at)
        if cut is None:
            return False
        self._say(
            f"the end of Neo4j's log is a transaction that found the disk full: cutting off {cut:,} bytes, no commit among them"
        )
        await self._stop(neo4j.NAME)
        await self._start_neo4j(cut_log=True)
        return True

    async def _await_answer(self, name: str, probe: Callable[[], Awaitable[T | str]], *, where: str, embedded: bool) -> None:
        """Wait until the probe answers with something other than what it observed instead."""
        log = self._log(name)
        seconds = self._settings.start_timeout_seconds
        deadline = asyncio.get_running_loop().time() + seconds
        while isinstance(observed := await probe(), str):
            if embedded and not self._runs(name):
                raise StartError(f"{name} ended while it was starting. The end of {log}:\n{tail(log)}")
            if asyncio.get_running_loop().time() > deadline:
                more = f"\nThe end of {log}:\n{tail(log)}" if embedded else ""
                raise StartError(f"{name} at {where} did not answer within {seconds:g} seconds: {observed}{more}")
            await asyncio.sleep(POLL_SECONDS)

    async def _start_services(self, *, moved: bool) -> None:
        started = []
        for service in self._services:
            name, command = service.name, service.command(home=self._settings.home)
            if self._runs(name) and not moved and self._state.commands.get(name) == command:
                continue
            await self._stop(name)
            if service.port is not None:
                require_port(service.port, setting=f"{ENV_PREFIX}PORT")
            self._say(f"starting {name}")
            self._spawn(name, command, log=self._log(name))
            started.append(service)
        if started:
            await asyncio.sleep(SERVICE_SETTLE_SECONDS)
        for service in started:
            if not self._runs(service.name):
                log = self._log(service.name)
                raise StartError(f"{service.name} ended at once. The end of {log}:\n{tail(log)}")
            if service.health_url is not None:
                await self._await_answer(service.name, partial(_serves, service), where=service.health_url, embedded=True)

    async def _stop(self, name: str) -> bool:
        process = self._state.processes.get(name)
        if process is None:
            return False
        if find(process) is not None:
            self._say(f"stopping {name}")
        ran = await asyncio.to_thread(stop, process, name=name, timeout_seconds=self._settings.stop_timeout_seconds)
        self._keep(self._state.without_process(name))
        return ran

    def _choose_ports(self, *names: str) -> None:
        """Fixed ports as set, others as kept from earlier, or new ones where there is none or it is taken meanwhile."""
        ports = self._state.ports
        for name in names:
            setting = PORT_SETTINGS[name]
            port: int = getattr(self._settings, setting)
            if port:
                require_port(port, setting=f"{ENV_PREFIX}{setting.upper()}")
            else:
                port = getattr(ports, name)
                if not port or not port_is_free(port):
                    port = choose_port(chance=self._chance, taken=frozenset({ports.bolt, ports.http, ports.nats}))
            ports = ports.model_copy(update={name: port})
        self._keep(self._state.model_copy(update={"ports": ports}))

    def _spawn(
        self, name: str, command: Sequence[str | Path], *, log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        rotate(log, max_bytes=self._settings.log_max_mb * MEBIBYTE, keep=self._settings.log_keep)
        process = spawn(command, log=log, folder=self._settings.home, environment=environment)
        self._started.add(name)
        self._keep(self._state.with_process(name, process, command=tuple(map(str, command))))

    def _runs(self, name: str) -> bool:
        return find(self._state.processes.get(name)) is not None

    def _log(self, name: str) -> Path:
        return self._logs / f"{name}.out"

    def _keep(self, state: State) -> None:
        """Remember at once: what was started must be found again even if this process ends here."""
        self._state = state
        write_state(self._settings.home, state)


def neo4j_files(settings: Settings) -> Neo4jFiles:
    """Where the embedded Neo4j of a home keeps what."""
    return Neo4jFiles(root=settings.home / "neo4j", logs=settings.home / "logs")


def neo4j_server(settings: Settings, state: State, *, jars: LockedJars, java: Java) -> Neo4jServer:
    """The embedded Neo4j of a home."""
    return Neo4jServer(
        files=neo4j_files(settings),
        jars=jars,
        cache=settings.jar_cache,
        java=java,
        memory=share_memory(machine_memory_mb(), heap_mb=settings.neo4j_heap_mb, page_cache_mb=settings.neo4j_page_cache_mb),
        ports=state.ports,
        password=state.secrets.neo4j_password,
    )


async def _serves(service: Service) -> bool | str:
    observed = await services.probe(service)
    return True if observed is None else observed
