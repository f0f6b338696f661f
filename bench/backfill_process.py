"""A backfill in a process of its own: ``python -m bench.backfill_process FOLDER HOME REPORT.json MEMORY_MB PROCESSES``.

Its arguments name the home, so that its memory is counted with that of the stores, and that of the processes it starts as well.
"""

import asyncio
import os
import random
import shutil
import sys
from pathlib import Path
from time import perf_counter

import orjson

from bench.backfill import TOUCHPOINT_MAPPING
from bench.population import MAPPING
from graph.bulk.store_files import StoreFiles
from graph.identity.progress import NoProgress
from ingest.chunks import Reading
from ingest.mapping import load_mapping
from runtime.backfilling import Backfill
from runtime.settings import load_settings
from runtime.stack.bulk_import import INCOMING, ImportLimits, import_files
from runtime.stack.jars import locked_jars
from runtime.stack.java import find_java
from runtime.stack.stack import Stack, neo4j_server
from runtime.stack.state import new_state, read_state


class Measured(Backfill):
    """A backfill that keeps its files for the bare import."""

    stored: StoreFiles | None = None
    disk_bytes = 0

    def _clear(self) -> None:
        self.stored = self._known_files()
        self.disk_bytes = sum(path.stat().st_size for path in self._folder.rglob("*") if path.is_file())


async def work(folder: Path, home: Path, memory_mb: int, processes: int) -> dict[str, object]:
    """Backfill, resolve, then import the same files by themselves; what each took."""
    settings = load_settings(home=home)
    stack = Stack(settings, services=(), say=lambda _: None, on_jars=lambda _: None, chance=random.SystemRandom())
    mappings = tuple(load_mapping(str(path)) for path in (MAPPING, TOUCHPOINT_MAPPING))
    backfill = Measured(
        settings,
        stack=stack,
        files=[folder / "records.parquet", folder / "touchpoints.parquet"],
        reading=Reading(mappings=mappings, source=None, region="US"),
        progress=NoProgress(),
        memory_mb=memory_mb,
        processes=processes,
    )
    done = await backfill.run()
    if backfill.stored is None:
        raise RuntimeError("the backfill left no files")
    state = read_state(home) or new_state()
    server = neo4j_server(settings, state, jars=locked_jars(), java=find_java(settings.java_home))
    limits = ImportLimits(heap_mb=max(1024, memory_mb // 3), off_heap_mb=memory_mb, threads=processes)
    began = perf_counter()
    await import_files(server, backfill.stored.files, multiline=False, limits=limits)
    bare = perf_counter() - began
    for name in ("databases", "transactions"):
        shutil.rmtree(server.files.data / name / INCOMING, ignore_errors=True)
    return {
        "seconds": done.seconds,
        "events": done.counts.published,
        "resolve": {report.purpose.value: dict(report.seconds) for report in done.reports},
        "disk_bytes": backfill.disk_bytes,
        "bare_seconds": bare,
    }


def main(arguments: list[str]) -> None:
    """Do what the arguments say."""
    folder, home, report, memory_mb, processes = arguments
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    said = asyncio.run(work(Path(folder), Path(home), int(memory_mb), int(processes)))
    Path(report).write_bytes(orjson.dumps(said))


if __name__ == "__main__":
    main(sys.argv[1:])
