"""Processor time that the processes of an installation take, by what they do."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

ROLES = ("neo4j", "nats", "worker", "resolve", "serve")


def processor_seconds(home: Path) -> Mapping[str, float]:
    """User and system seconds that the running processes of an installation have taken so far, by role."""
    taken: Counter[str] = Counter()
    for process in psutil.process_iter(["cmdline", "cpu_times"]):
        command, times = process.info["cmdline"] or (), process.info["cpu_times"]
        if times is not None and any(str(home) in part for part in command) and (role := _role(command)):
            taken[role] += times.user + times.system
    return taken


def _role(command: Sequence[str]) -> str | None:
    if "runtime" in command:
        return next((role for role in ROLES if role in command), None)
    program = Path(command[0]).name
    return "nats" if program.startswith("nats-server") else "neo4j" if program == "java" else None
