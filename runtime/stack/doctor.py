"""Checks an installation and says what to do about what is wrong. Changes nothing."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, requires

import psutil
from nats.errors import Error as NatsError
from neo4j.exceptions import DriverError, Neo4jError
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from graph.database import open_database
from graph.errors import KindredError
from graph.migrations import applied_migrations, plan, read_migrations
from graph.statements.server import READ_TIME
from graph.statements.statement import NoParameters
from ingest.lag import read_lag
from runtime.settings import ENV_PREFIX, Settings
from runtime.stack import nats, neo4j
from runtime.stack.address import nats_address, neo4j_address
from runtime.stack.check import Check
from runtime.stack.jars import locked_jars, missing, verify
from runtime.stack.java import find_java
from runtime.stack.process import find
from runtime.stack.requirements import REQUIREMENTS, differences, read_requirements
from runtime.stack.resources import free_disk_mb, machine_memory_mb, port_is_free, port_owner, require_disk, share_memory
from runtime.stack.stack import PORT_SETTINGS
from runtime.stack.state import State, read_state
from runtime.stack.work import check_archive, check_clocks, check_dead_letters, check_resolver, check_workers

PYTHON = ((3, 11), (3, 14))
OLDEST_NEO4J = Version("5.26")
OLDEST_GDS = Version("2.13")
# What Neo4j's JVM takes beside its heap and page cache, and what Kindred's own processes take, measured.
OTHER_MEMORY_MB = 768


class Doctor:
    """Runs the checks over one installation."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._state: State | None = None

    async def examine(self) -> list[Check]:
        """Every check, in the order in which to mend what failed."""
        checks = [await _guarded("state file", self._state_file)]
        checks += [
            await _guarded(name, check)
            for name, check in (
                ("python", self._python),
                ("python packages", self._packages),
                ("java", self._java),
                ("jars", self._jars),
                ("disk", self._disk),
                ("memory", self._memory),
                ("ports", self._ports),
                ("neo4j and gds", self._neo4j),
                ("jetstream", self._jetstream),
                ("migrations", self._migrations),
                ("clocks", self._clocks),
            )
        ]
        checks += await self._work()
        return checks

    @property
    def _embedded_neo4j(self) -> bool:
        return self._settings.neo4j_uri is None

    async def _state_file(self) -> Check:
        self._state = read_state(self._settings.home)
        observed = f"no stack was ever started in {self._settings.home}" if self._state is None else str(self._settings.home)
        return Check(name="state file", passed=True, observed=observed)

    async def _python(self) -> Check:
        least, below = PYTHON
        return Check(
            name="python",
            passed=least <= sys.version_info[:2] < below,
            observed=f"Python {sys.version.split()[0]}",
            advice=f"Kindred runs on Python {least[0]}.{least[1]} up to but not including {below[0]}.{below[1]}.",
        )

    async def _packages(self) -> Check:
        if not REQUIREMENTS.is_file():
            return Check(name="python packages", passed=True, observed="this installation brings no list to compare with")
        pinned = read_requirements()
        wrong = differences(pinned, required=_required())
        return Check(
            name="python packages",
            passed=not wrong,
            observed="; ".join(wrong[:5]) + (f"; and {len(wrong) - 5} more" if len(wrong) > 5 else "")
            if wrong
            else f"as in the hashed list of {len(pinned)}",
            advice="Run `uv pip sync requirements.txt --require-hashes`, or `uv sync`.",
        )

    async def _java(self) -> Check:
        if not self._embedded_neo4j:
            return Check(name="java", passed=True, observed="not needed, Neo4j is external")
        java = await asyncio.to_thread(find_java, self._settings.java_home)
        return Check(name="java", passed=True, observed=f"Java {java.version}, {java.executable}")

    async def _jars(self) -> Check:
        if not self._embedded_neo4j:
            return Check(name="jars", passed=True, observed="not needed, Neo4j is external")
        jars, cache = locked_jars().all, self._settings.jar_cache
        absent = missing(jars, cache=cache)
        if absent:
            return Check(
                name="jars",
                passed=False,
                observed=f"{len(absent)} of {len(jars)} are not in {cache}",
                advice="`kindred up` downloads them.",
            )
        await asyncio.to_thread(verify, jars, cache=cache)
        return Check(name="jars", passed=True, observed=f"{len(jars)} in {cache}, sha256 as locked")

    async def _disk(self) -> Check:
        require_disk(self._settings.home, minimum_free_mb=self._settings.minimum_free_mb)
        return Check(name="disk", passed=True, observed=f"{free_disk_mb(self._settings.home)} MiB free")

    async def _memory(self) -> Check:
        if not self._embedded_neo4j:
            return Check(name="memory", passed=True, observed=f"{machine_memory_mb()} MiB, Neo4j is external")
        machine = machine_memory_mb()
        share = share_memory(machine, heap_mb=self._settings.neo4j_heap_mb, page_cache_mb=self._settings.neo4j_page_cache_mb)
        needed = share.heap_mb + share.page_cache_mb + OTHER_MEMORY_MB
        available = min(psutil.virtual_memory().available // (1024 * 1024), machine)
        runs = self._running(neo4j.NAME)
        return Check(
            name="memory",
            passed=runs or available >= needed,
            observed=f"{available} of {machine} MiB available; Neo4j: heap {share.heap_mb}, page cache {share.page_cache_mb}"
            + (", running" if runs else f", {needed} MiB with what else it takes"),
            advice="End other programs, or lower KINDRED_NEO4J_HEAP_MB and KINDRED_NEO4J_PAGE_CACHE_MB.",
        )

    async def _ports(self) -> Check:
        taken = []
        for name, setting in PORT_SETTINGS.items():
            server, external = (nats.NAME, self._settings.nats_url) if name == "nats" else (neo4j.NAME, self._settings.neo4j_uri)
            port: int = getattr(self._settings, setting)
            if external is None and port and not self._running(server) and not port_is_free(port):
                taken.append(f"{port} ({ENV_PREFIX}{setting.upper()}) is taken by {port_owner(port)}")
        kept = "none chosen yet" if self._state is None else f"{self._state.ports!r}".removeprefix("Ports")
        return Check(
            name="ports",
            passed=not taken,
            observed="; ".join(taken) or kept,
            advice="Stop that process, or set another port, or 0 for any free one.",
        )

    async def _neo4j(self) -> Check:
        address = neo4j_address(self._settings, self._state)
        if address is None or (self._embedded_neo4j and not self._running(neo4j.NAME)):
            return self._stopped("neo4j and gds")
        versions = await neo4j.probe(address)
        if isinstance(versions, str):
            return Check(
                name="neo4j and gds",
                passed=False,
                observed=f"{address.uri}: {versions}",
                advice="`kindred up` if it is embedded; else check KINDRED_NEO4J_URI, that it runs, and that GDS is installed.",
            )
        return Check(
            name="neo4j and gds",
            passed=_at_least(versions.neo4j_version, OLDEST_NEO4J) and _at_least(versions.gds_version, OLDEST_GDS),
            observed=f"Neo4j {versions.neo4j_version} {versions.edition}, GDS {versions.gds_version} at {address.uri}",
            advice=f"Kindred needs Neo4j {OLDEST_NEO4J} and GDS {OLDEST_GDS}, or later.",
        )

    async def _jetstream(self) -> Check:
        address = nats_address(self._settings, self._state)
        if address is None or (self._settings.nats_url is None and not self._running(nats.NAME)):
            return self._stopped("jetstream")
        account = await nats.probe(address)
        if isinstance(account, str):
            return Check(
                name="jetstream",
                passed=False,
                observed=f"{address.url}: {account}",
                advice="`kindred up` if it is embedded; else check KINDRED_NATS_URL and its login, and enable JetStream there.",
            )
        return Check(name="jetstream", passed=True, observed=f"enabled at {address.url}, {account.streams} streams")

    async def _migrations(self) -> Check:
        address = neo4j_address(self._settings, self._state)
        if address is None or (self._embedded_neo4j and not self._running(neo4j.NAME)):
            return self._stopped("migrations")
        files = read_migrations()
        async with open_database(address, retry_seconds=1.0) as database:
            waiting = plan(files, await applied_migrations(database))
        return Check(
            name="migrations",
            passed=not waiting,
            observed=f"{len(files) - len(waiting)} of {len(files)} applied",
            advice="`kindred up` applies them.",
        )

    async def _clocks(self) -> Check:
        address = neo4j_address(self._settings, self._state)
        if address is None or (self._embedded_neo4j and not self._running(neo4j.NAME)):
            return self._stopped("clocks")
        async with open_database(address, retry_seconds=1.0) as database:
            before = datetime.now(UTC)
            [row] = await database.run(READ_TIME, NoParameters())
            return check_clocks(server=row.now, before=before, after=datetime.now(UTC))

    async def _work(self) -> list[Check]:
        """How far behind the services are; nothing where JetStream does not answer, which is told above."""
        address = nats_address(self._settings, self._state)
        if address is None or isinstance(await nats.probe(address), str):
            return []
        try:
            async with nats.connected(address) as client:
                js, now = client.jetstream(timeout=nats.PROBE_TIMEOUT_SECONDS), datetime.now(UTC)
                lag = await read_lag(js)
                archive = [] if self._settings.archive is None else [await check_archive(js, self._settings.archive, now=now)]
        except (NatsError, OSError, TimeoutError) as error:
            return [Check(name="workers", passed=False, observed=f"{type(error).__name__}: {error}")]
        return [check_workers(lag, now=now), check_resolver(lag, now=now), check_dead_letters(lag), *archive]

    def _running(self, name: str) -> bool:
        return self._state is not None and find(self._state.processes.get(name)) is not None

    def _stopped(self, name: str) -> Check:
        return Check(name=name, passed=False, observed="not running", advice="`kindred up` starts it.")


async def _guarded(name: str, check: Callable[[], Awaitable[Check]]) -> Check:
    """The check, or the error that it ended with: one that fails never hides the others."""
    try:
        return await check()
    except KindredError as error:
        return Check(name=name, passed=False, observed=str(error))
    except (DriverError, Neo4jError, OSError) as error:
        return Check(name=name, passed=False, observed=f"{type(error).__name__}: {error}")


def _required() -> frozenset[str]:
    try:
        direct: Sequence[str] = requires("kindred") or ()
    except PackageNotFoundError:
        direct = ()
    parsed = map(Requirement, direct)
    return frozenset(
        canonicalize_name(requirement.name)
        for requirement in parsed
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    )


def _at_least(observed: str, oldest: Version) -> bool:
    try:
        return Version(observed.split("-")[0].split("+")[0]) >= oldest
    except InvalidVersion:
        return False
