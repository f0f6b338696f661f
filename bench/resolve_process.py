"""Resolution in a process of its own, so that its memory is its own: ``python -m bench.resolve_process HOME REPORT.json``."""

import asyncio
import json
import resource
import sys
from dataclasses import asdict
from pathlib import Path
from time import perf_counter

from graph.identity.conclusion import ORDER
from graph.identity.progress import NoProgress
from runtime.resolving import resolve_once
from runtime.settings import load_settings
from runtime.wiring import open_platform


async def work(home: Path) -> dict[str, object]:
    """Resolve all purposes; what it took."""
    async with open_platform(load_settings(home=home)) as platform:
        began = perf_counter()
        reports = await resolve_once(platform.database, ORDER, progress=NoProgress())
        seconds = perf_counter() - began
    return {
        "seconds": seconds,
        "purposes": {report.purpose.value: {**asdict(report), "purpose": report.purpose.value} for report in reports},
        # Kilobytes on Linux, see getrusage(2).
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


def main(arguments: list[str]) -> None:
    """Do what the arguments say."""
    home, report = arguments
    Path(report).write_text(json.dumps(asyncio.run(work(Path(home)))), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
