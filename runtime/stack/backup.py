"""Backups of a home: the graph, the streams, and what opens them, taken while nothing runs.

At rest the two stores are of one moment: what workers acknowledged is in the graph, what they did not is in the streams. A
backup is a folder that takes its name when it is whole, with a manifest of each file's size and sha256.
"""

import os
import shutil
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from filelock import FileLock, Timeout
from packaging.version import Version
from pydantic import BaseModel, ConfigDict, ValidationError

from runtime.settings import SETTINGS_FILE, Settings
from runtime.stack import nats, neo4j
from runtime.stack.errors import BackupError
from runtime.stack.jars import LockedJars, install, locked_jars, sha256_of
from runtime.stack.java import find_java
from runtime.stack.neo4j import Neo4jServer
from runtime.stack.process import find
from runtime.stack.resources import MEBIBYTE, require_disk
from runtime.stack.stack import neo4j_server
from runtime.stack.state import STATE_FILE, State, read_state, write_private, write_state

MANIFEST: Final = "manifest.json"
GRAPH: Final = "neo4j.dump"
STREAMS: Final = "jetstream.tar"
MODELS: Final = "models.tar"
TOOL_SECONDS: Final = 24 * 3600.0
"""A dump of a large graph takes hours; one that takes a day hangs."""

Say = Callable[[str], None]


class BackedUpFile(BaseModel):
    """One file of a backup."""

    model_config = ConfigDict(frozen=True)

    bytes: int
    sha256: str


class Manifest(BaseModel):
    """What a backup holds."""

    model_config = ConfigDict(frozen=True)

    format: Literal[1] = 1
    taken_at: datetime
    neo4j_version: str
    database: str
    files: Mapping[str, BackedUpFile]

    @property
    def bytes(self) -> int:
        """Of all files together."""
        return sum(file.bytes for file in self.files.values())


def back_up(settings: Settings, out: Path, *, now: datetime, say: Say) -> Manifest:
    """Write a backup of a home at rest to a folder that is not there yet.

    Raises:
        BackupError: a store is external or runs, there is nothing, the folder is there, or a tool failed.
        DiskFullError: less is free than the stores take now, and the minimum.
    """
    _require_embedded(settings)
    if out.exists():
        raise BackupError(f"{out} is there already; a backup overwrites nothing", code="backup_exists")
    with _at_rest(settings.home) as state:
        if state is None or not (settings.home / "neo4j" / "data" / "databases" / settings.neo4j_database).is_dir():
            raise BackupError(f"{settings.home} holds no graph; was it ever started?", code="backup_nothing")
        parent = out.absolute().parent
        parent.mkdir(parents=True, exist_ok=True)
        room = (_size(settings.home / "neo4j" / "data") + _size(settings.home / "nats" / "jetstream")) // MEBIBYTE
        require_disk(parent, minimum_free_mb=room + settings.minimum_free_mb)
        incoming = out.absolute().with_name(f".{out.name}.incoming")
        shutil.rmtree(incoming, ignore_errors=True)
        incoming.mkdir(mode=0o700)
        try:
            manifest = _write(settings, state, incoming, now=now, say=say)
            incoming.rename(out)
        except BaseException:
            shutil.rmtree(incoming, ignore_errors=True)
            raise
    return manifest


def restore(settings: Settings, backup: Path, *, say: Say) -> Manifest:
    """Make an empty home what another one was; nothing is started.

    Raises:
        BackupError: the backup is not whole or of another release, or the home holds something.
        DiskFullError: less is free than the backup takes, and the minimum.
    """
    _require_embedded(settings)
    say("checking the backup")
    manifest = read_manifest(backup)
    jars = locked_jars()
    if Version(manifest.neo4j_version) > Version(_neo4j_version(jars)):
        raise BackupError(
            f"the backup is of Neo4j {manifest.neo4j_version}, this release brings {_neo4j_version(jars)}, which cannot read it",
            code="backup_newer",
        )
    home = settings.home
    with _at_rest(home):
        for present in (home / STATE_FILE, home / "neo4j" / "data", home / "nats" / "jetstream"):
            if present.exists():
                raise BackupError(f"{present} is there already; a restore overwrites nothing", code="home_not_empty")
        require_disk(home, minimum_free_mb=manifest.bytes // MEBIBYTE + settings.minimum_free_mb)
        try:
            state = State.model_validate_json((backup / STATE_FILE).read_bytes())
            _read(settings, state, backup, manifest, jars=jars, say=say)
            # Last: by it a home is known, and with its passwords its data is opened.
            write_state(home, state.model_copy(update={"processes": {}, "commands": {}}))
        except BaseException:
            for folder in ("neo4j", "nats"):
                shutil.rmtree(home / folder, ignore_errors=True)
            raise
    return manifest


def read_manifest(backup: Path) -> Manifest:
    """The manifest of a backup whose every file is as it says.

    Raises:
        BackupError: there is none, or a file is missing or differs.
    """
    try:
        manifest = Manifest.model_validate_json((backup / MANIFEST).read_bytes())
    except (OSError, ValidationError) as error:
        raise BackupError(f"{backup} is no backup: {type(error).__name__} at {MANIFEST}", code="backup_damaged") from error
    for name, expected in manifest.files.items():
        path = backup / name
        if Path(name).name != name or not path.is_file():
            raise BackupError(f"{path} is missing", code="backup_damaged")
        if path.stat().st_size != expected.bytes or sha256_of(path) != expected.sha256:
            raise BackupError(f"{path} is not what was backed up: its size or sha256 differs", code="backup_damaged")
    return manifest


def _write(settings: Settings, state: State, folder: Path, *, now: datetime, say: Say) -> Manifest:
    home, jars = settings.home, locked_jars()
    server = _prepared(settings, state, jars=jars)
    say("dumping the graph")
    _run(server, "database", "dump", settings.neo4j_database, f"--to-path={folder}")
    (folder / f"{settings.neo4j_database}.dump").rename(folder / GRAPH)
    say("copying the streams")
    _pack(home / "nats" / "jetstream", folder / STREAMS)
    if settings.models is None and settings.models_folder.is_dir():
        say("copying the models")
        _pack(settings.models_folder, folder / MODELS)
    for name in (STATE_FILE, SETTINGS_FILE):
        if (home / name).is_file():
            write_private(folder / name, (home / name).read_text(encoding="utf-8"))
    say("reading all back")
    files = {}
    for path in sorted(folder.iterdir()):
        path.chmod(0o600)
        _sync(path)
        files[path.name] = BackedUpFile(bytes=path.stat().st_size, sha256=sha256_of(path))
    manifest = Manifest(taken_at=now, neo4j_version=_neo4j_version(jars), database=settings.neo4j_database, files=files)
    write_private(folder / MANIFEST, manifest.model_dump_json(indent=2) + "\n")
    return manifest


def _read(settings: Settings, state: State, backup: Path, manifest: Manifest, *, jars: LockedJars, say: Say) -> None:
    home = settings.home
    server = _prepared(settings, state, jars=jars)
    say("loading the graph")
    dump = server.files.root / f"{manifest.database}.dump"
    dump.symlink_to((backup / GRAPH).absolute())
    try:
        _run(server, "database", "load", manifest.database, f"--from-path={dump.parent}")
    finally:
        dump.unlink()
    say("copying the streams")
    _unpack(backup / STREAMS, home / "nats" / "jetstream")
    if MODELS in manifest.files:
        say("copying the models")
        _unpack(backup / MODELS, settings.models_folder)
    if SETTINGS_FILE in manifest.files and not (home / SETTINGS_FILE).exists():
        write_private(home / SETTINGS_FILE, (backup / SETTINGS_FILE).read_text(encoding="utf-8"))


def _prepared(settings: Settings, state: State, *, jars: LockedJars) -> Neo4jServer:
    install(jars.all, cache=settings.jar_cache, repository=settings.maven_repository)
    server = neo4j_server(settings, state, jars=jars, java=find_java(settings.java_home))
    server.prepare()
    return server


def _run(server: Neo4jServer, *command: str) -> None:
    result = server.administer(*command, timeout_seconds=TOOL_SECONDS, options=(f"-Xmx{server.memory.heap_mb}m",))
    if result.returncode != 0:
        raise BackupError(f"neo4j-admin {' '.join(command[:2])} failed, {server.observed(result)}", code="backup_tool")


@contextmanager
def _at_rest(home: Path) -> Iterator[State | None]:
    """The state of a home that nobody starts meanwhile.

    Raises:
        BackupError: a process of it runs, or is being started.
    """
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with FileLock(home / "lock").acquire(timeout=0):
            state = read_state(home)
            running = [] if state is None else [name for name, process in state.processes.items() if find(process) is not None]
            if running:
                raise BackupError(f"{', '.join(sorted(running))} of {home} run; `kindred down` stops them", code="backup_running")
            yield state
    except Timeout as error:
        raise BackupError(f"another `kindred up` or `kindred down` works on {home}", code="home_locked") from error


def _require_embedded(settings: Settings) -> None:
    external = [name for name, url in ((neo4j.NAME, settings.neo4j_uri), (nats.NAME, settings.nats_url)) if url is not None]
    if external:
        raise BackupError(
            f"{' and '.join(external)} of this installation is external; use its own tools, JetStream first (docs/operations.md)",
            code="backup_external",
        )


def _pack(folder: Path, target: Path) -> None:
    with tarfile.open(target, "w") as archive:
        archive.add(folder, arcname=".")


def _unpack(source: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tarfile.open(source) as archive:
        archive.extractall(folder, filter="data")


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _neo4j_version(jars: LockedJars) -> str:
    return next(jar.version for jar in jars.server if (jar.group, jar.artifact) == ("org.neo4j", "neo4j"))
