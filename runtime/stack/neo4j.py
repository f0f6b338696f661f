"""The embedded Neo4j with GDS: its files, its command line, its password, and when it is ready."""

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from string import Template

from neo4j.exceptions import AuthError, DriverError, Neo4jError

from graph.database import Neo4jAddress, open_database
from graph.statements.server import READ_VERSIONS, VersionsRow
from graph.statements.statement import NoParameters
from runtime.stack.errors import StartError
from runtime.stack.jars import INFRA, Jar, LockedJars
from runtime.stack.java import Java
from runtime.stack.resources import LOOPBACK, Memory
from runtime.stack.state import Ports, write_private

NAME = "neo4j"
USER = "neo4j"
SERVER_CLASS = "org.neo4j.server.CommunityEntryPoint"
ADMIN_CLASS = "org.neo4j.cli.AdminTool"
ADMIN_TIMEOUT_SECONDS = 120
_DEBUG_BYTES = 4 * 1024**2
_STARTING = b"Logging config in use"
"""In the log of the server, in one of the first lines of each of its starts."""
_TIME_CHARACTERS = len("2026-11-30 21:27:27.812+0000")
_UNREADABLE = rb"At position LogPosition\{logVersion=(\d+), byteOffset=(\d+)\} and entry version (\d+)"
GIVEN_UP = "Neo.DatabaseError.Transaction.TransactionStartFailed"
"""What a server answers, whatever it is asked, once its database had a critical error."""
# Without a UTF-8 locale, Java on Linux cannot open a file whose name is not ASCII, and writes to another one in silence.
ENVIRONMENT = {"LC_ALL": "C.UTF-8"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Neo4jFiles:
    """Where the embedded Neo4j keeps what."""

    root: Path
    logs: Path

    @property
    def conf(self) -> Path:
        """Folder of the configuration."""
        return self.root / "conf"

    @property
    def data(self) -> Path:
        """Folder of the graph."""
        return self.root / "data"

    @property
    def plugins(self) -> Path:
        """Folder that Neo4j looks for procedures in."""
        return self.root / "plugins"

    @property
    def output(self) -> Path:
        """What the process prints."""
        return self.logs / "neo4j.out"

    @property
    def login(self) -> Path:
        """The file that holds the initial password's hash until the first start."""
        return self.data / "dbms" / "auth.ini"

    @property
    def has_database(self) -> bool:
        """Whether it was ever started."""
        return (self.data / "databases" / "system").exists()


@dataclass(frozen=True, slots=True, kw_only=True)
class Neo4jServer:
    """Everything needed to start the embedded Neo4j."""

    files: Neo4jFiles
    jars: LockedJars
    cache: Path
    java: Java
    memory: Memory
    ports: Ports
    password: str

    @property
    def command(self) -> tuple[str | Path, ...]:
        """The command line. The class path of some 350 jars is in an argument file: it can be longer than one may be."""
        return (
            self.java.executable,
            f"@{self.files.conf / 'server.args'}",
            SERVER_CLASS,
            f"--home-dir={self.files.root}",
            f"--config-dir={self.files.conf}",
        )

    def prepare(self, *, cut_log: bool = False) -> None:
        """Write the configuration, link the plugins, and set the password before the first start.

        With ``cut_log`` the server cuts off what it cannot read at the end of its log: see ``unfinished_log``.

        Raises:
            StartError: the password could not be set.
        """
        for folder in (self.files.conf, self.files.data, self.files.plugins, self.files.logs / "neo4j"):
            folder.mkdir(parents=True, exist_ok=True)
        self.files.root.chmod(0o700)
        logs = self.files.root / "logs"
        if not logs.exists():
            # One folder has the logs of all; where there are no symbolic links, Neo4j's stay in a folder of its own.
            with contextlib.suppress(OSError):
                logs.symlink_to(Path("..") / self.files.logs.name / "neo4j")
        self._write_configuration(cut_log=cut_log)
        _link(self.jars, cache=self.cache, folder=self.files.plugins)
        if not self.files.has_database and not self.files.login.exists():
            self._set_password()

    def _write_configuration(self, *, cut_log: bool) -> None:
        template = Template((INFRA / "neo4j" / "neo4j.conf").read_text(encoding="utf-8"))
        text = template.substitute(
            bolt_port=self.ports.bolt,
            http_port=self.ports.http,
            heap_mb=self.memory.heap_mb,
            page_cache_mb=self.memory.page_cache_mb,
        )
        if cut_log:
            text += "\ninternal.dbms.tx_log.fail_on_corrupted_log_files=false\n"
        write_private(self.files.conf / "neo4j.conf", text)
        options = [
            line
            for line in (INFRA / "neo4j" / "jvm.args").read_text(encoding="utf-8").splitlines()
            if line and not line.startswith("#")
        ]
        heap = [f"-Xms{min(512, self.memory.heap_mb)}m", f"-Xmx{self.memory.heap_mb}m"]
        self._write_arguments("server.args", [*heap, *options])

    @contextlib.contextmanager
    def admin_command(
        self, *command: str, options: Sequence[str] = ("-Xmx128m",), without_gds: bool = False
    ) -> Iterator[tuple[tuple[str | Path, ...], dict[str, str]]]:
        """The command line and environment that run a command of Neo4j's admin tool while the context lasts."""
        # In a file that only its owner reads: arguments of a process are seen by everybody on the machine.
        jars = self.jars.server if without_gds else self.jars.all
        arguments = self._write_arguments("admin.args", options, after=[ADMIN_CLASS, *command], jars=jars)
        environment = {**os.environ, **ENVIRONMENT, "NEO4J_HOME": str(self.files.root), "NEO4J_CONF": str(self.files.conf)}
        try:
            yield (self.java.executable, f"@{arguments}"), environment
        finally:
            arguments.unlink()

    def _write_arguments(
        self, name: str, options: Sequence[str], *, after: Sequence[str] = (), jars: Sequence[Jar] | None = None
    ) -> Path:
        class_path = os.pathsep.join(str(self.cache / jar.path) for jar in (self.jars.all if jars is None else jars))
        path = self.files.conf / name
        write_private(path, "\n".join(_quoted(option) for option in (*options, "-cp", class_path, *after)) + "\n")
        return path

    def _set_password(self) -> None:
        result = self.administer("dbms", "set-initial-password", "--", self.password, timeout_seconds=ADMIN_TIMEOUT_SECONDS)
        if result.returncode != 0 or not self.files.login.exists():
            raise StartError(f"Neo4j's password could not be set, {self.observed(result)}")

    def administer(
        self, *command: str, timeout_seconds: float, options: Sequence[str] = ("-Xmx128m",)
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of Neo4j's admin tool, on a server that does not run and is prepared."""
        with self.admin_command(*command, options=options) as (arguments, environment):
            return subprocess.run(
                arguments, env=environment, capture_output=True, text=True, timeout=timeout_seconds, check=False
            )

    def observed(self, result: subprocess.CompletedProcess[str]) -> str:
        """How the admin tool ended and the end of what it said, without the password."""
        said = (result.stderr or result.stdout).replace(self.password, "***").strip()[-1000:]
        return f"its admin tool ended with {result.returncode}: {said}"


def address(*, ports: Ports, password: str, database: str) -> Neo4jAddress:
    """Where the embedded Neo4j answers."""
    return Neo4jAddress(uri=f"bolt://{LOOPBACK}:{ports.bolt}", user=USER, password=password, database=database)


async def probe(where: Neo4jAddress) -> VersionsRow | str:
    """Versions of Neo4j and GDS if both answer, else what was observed.

    Raises:
        StartError: the server answers but refuses the login, which no waiting mends.
    """
    try:
        async with open_database(where, retry_seconds=1.0) as database:
            [versions] = await database.run(READ_VERSIONS, NoParameters())
            return versions
    except AuthError as error:
        raise StartError(
            f"Neo4j at {where.uri} refuses the login of {where.user}: {error.code}. "
            "The password on record is not the one of its data.",
            code="neo4j_login",
        ) from error
    except (DriverError, Neo4jError, OSError) as error:
        return f"{type(error).__name__}: {error}"


async def needs_restart(where: Neo4jAddress) -> bool:
    """Whether the server runs but has given up its database, as after a write that found the disk full: waiting mends nothing."""
    try:
        async with open_database(where, retry_seconds=0.0) as database:
            await database.run(READ_VERSIONS, NoParameters())
    except Neo4jError as error:
        return error.code == GIVEN_UP
    except (DriverError, OSError):
        return False
    return False


def unfinished_log(files: Neo4jFiles, *, database: str, started_at: datetime) -> int | None:
    """How many bytes at the end of a database's log the server found that it cannot read and that hold no commit; else None.

    A transaction that finds the disk full where the space set aside for the log ends is left there half written, once or twice.
    It was not committed, yet the server does not start the database for fear of losing more. It loses nothing where the log that
    cannot be read is the last one, and no entry behind that place commits a transaction.

    ``started_at`` is when its process started: what it said before that is of a log that was mended since.
    """
    try:
        with (files.logs / "neo4j" / "debug.log").open("rb") as log:
            log.seek(max(log.seek(0, os.SEEK_END) - _DEBUG_BYTES, 0))
            before, _, said = log.read().rpartition(_STARTING)
        said_at = before.rpartition(b"\n")[2][:_TIME_CHARACTERS].decode()
        found = re.search(_UNREADABLE, said)
        if found is None or datetime.fromisoformat(said_at) < started_at:
            return None
        version, position, entry_version = map(int, found.groups())
        folder = files.data / "transactions" / database
        if max(int(path.suffix[1:]) for path in folder.glob("neostore.transaction.db.*")) != version:
            return None
        with (folder / f"neostore.transaction.db.{version}").open("rb") as transactions:
            transactions.seek(position)
            rest = transactions.read()
    except (OSError, ValueError):
        return None
    # The entry's version and kind, then the transaction's number and its time, of eight bytes each, both far below the greatest.
    commit = re.escape(bytes([entry_version, 5])) + rb".{5}\0{3}.{6}\0{2}"
    return None if re.search(commit, rest, re.DOTALL) else len(rest)


def _link(jars: LockedJars, *, cache: Path, folder: Path) -> None:
    """Let the plugin folder hold GDS's jars and nothing else."""
    wanted = {jar.path.name: cache / jar.path for jar in jars.gds}
    for present in folder.iterdir():
        if wanted.get(present.name) is None or not present.is_symlink() or present.readlink() != wanted[present.name]:
            present.unlink()
    for name, source in wanted.items():
        link = folder / name
        if not link.is_symlink():
            try:
                link.symlink_to(source)
            except OSError:  # a file system or a user without symbolic links
                shutil.copyfile(source, link)


def _quoted(argument: str) -> str:
    escaped = argument.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
