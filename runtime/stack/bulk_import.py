"""Neo4j's offline import: files into a store beside the one in use, which then takes its place."""

import asyncio
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson
import psutil

from graph.bulk.store_files import ARRAY_DELIMITER, ImportFile
from runtime.stack.errors import ImportFailedError
from runtime.stack.neo4j import Neo4jServer
from runtime.stack.process import ProcessId, stop, tail
from runtime.stack.state import write_private

INCOMING: Final = "backfill"
"""Name of the database that is imported into, until it takes the name of the one in use."""
POLL_SECONDS: Final = 0.5
_FOLDERS: Final = ("transactions", "databases")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportLimits:
    """What the import may take."""

    heap_mb: int
    off_heap_mb: int
    threads: int


async def import_files(
    server: Neo4jServer,
    files: Sequence[ImportFile],
    *,
    multiline: bool,
    limits: ImportLimits,
    say: Callable[[str], None] = lambda _: None,
) -> None:
    """Import files into the incoming database, whatever was there of an import that was cut off.

    ``say`` is told the last line of what the import prints, now and then.

    Raises:
        ImportFailedError: it ended with an error, or left something out; the end of what it said is in the message.
    """
    folder = files[0].data.parent
    await _end_leftover(server)
    log = server.files.logs / "backfill-import.out"
    log.parent.mkdir(parents=True, exist_ok=True)
    with (
        server.admin_command(
            "database", "import", "full", *_options(files, multiline=multiline, limits=limits, report=server.files.logs),
            INCOMING, options=(f"-Xmx{limits.heap_mb}m",), without_gds=True,
        ) as (command, environment),
        log.open("wb") as output,
    ):  # fmt: skip
        process = await asyncio.create_subprocess_exec(
            *command, cwd=folder, env=environment, stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output
        )
        try:
            _remember(server, process.pid)
            while True:
                try:
                    code = await asyncio.wait_for(asyncio.shield(process.wait()), POLL_SECONDS)
                    break
                except TimeoutError:
                    said = tail(log, lines=1).strip()
                    if said:
                        say(said[:80])
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    if code != 0:
        raise ImportFailedError(f"Neo4j's import ended with {code}. The end of {log}:\n{tail(log)}")


async def _end_leftover(server: Neo4jServer) -> None:
    """End an import whose parent was killed: it would write on."""
    try:
        values = orjson.loads(_memory(server).read_bytes())
        leftover = ProcessId(pid=int(values["pid"]), created=float(values["created"]))
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return
    await asyncio.to_thread(stop, leftover, name="import", timeout_seconds=10.0)


def _remember(server: Neo4jServer, pid: int) -> None:
    created = psutil.Process(pid).create_time()
    write_private(_memory(server), orjson.dumps({"pid": pid, "created": created}).decode())


def _memory(server: Neo4jServer) -> Path:
    return server.files.conf / "import.json"


def take_place(server: Neo4jServer, database: str) -> None:
    """Let the imported database take the place of the one in use, which is deleted; where none was imported nothing changes.

    May be repeated after a crash.
    """
    for name in _FOLDERS:
        incoming, present = (server.files.data / name / each for each in (INCOMING, database))
        if incoming.exists():
            shutil.rmtree(present, ignore_errors=True)
            incoming.rename(present)


def _options(files: Sequence[ImportFile], *, multiline: bool, limits: ImportLimits, report: Path) -> list[str]:
    # File names are told without their folder: what stands in an option is a regular expression, between commas.
    return [
        *(f"--{'nodes' if file.is_node else 'relationships'}={file.name}={file.header.name},{file.data.name}" for file in files),
        "--id-type=string",
        f"--array-delimiter=U+{ord(ARRAY_DELIMITER):04X}",
        f"--multiline-fields={'true' if multiline else 'false'}",
        "--overwrite-destination=true",
        "--bad-tolerance=0",
        "--high-parallel-io=on",
        f"--threads={limits.threads}",
        f"--max-off-heap-memory={limits.off_heap_mb}m",
        f"--report-file={report / 'backfill-import.report'}",
    ]
