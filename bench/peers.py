"""What a peer makes of the same records: Splink as its manual sets it up, and as an expert would for each set."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import pyarrow.parquet as pq
from rich.console import Console

from bench.clustering import best_threshold
from bench.datasets import DataSet
from bench.harness import BenchError
from bench.records import RECORD_ID, normalised
from bench.splink_request import USUAL_PROBABILITY, SplinkReport, SplinkRequest

STYLES: tuple[Literal["manual", "expert"], ...] = ("manual", "expert")
TIMEOUT_SECONDS = 3_600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerResult:
    """A partition that a peer found, record to cluster; records that are not in it are alone."""

    system: str
    clusters: Mapping[str, str]
    seconds: float
    peak_memory_bytes: int
    weight: float | None
    """Match weight from which pairs were joined, where the labels chose it."""


def require_splink() -> None:
    """Check that Splink is installed.

    Raises:
        BenchError: it is not.
    """
    if find_spec("splink") is None:
        raise BenchError("Splink is not installed: `uv sync --group bench` does")


def run_splink(dataset: DataSet, *, truth: Mapping[str, str], console: Console) -> list[PeerResult]:
    """Splink's clusters for each style, at its usual threshold and at the best that the labels know."""
    found: list[PeerResult] = []
    with tempfile.TemporaryDirectory(prefix="kindred-splink-") as name:
        folder = Path(name)
        table = normalised(dataset.files, records=truth.keys())
        pq.write_table(table, folder / "records.parquet")
        for style in STYLES:
            console.print(f"{dataset.name}: Splink, {style} settings")
            request = splink_request(dataset.name, style, folder)
            try:
                report = run_request(request, folder)
            except BenchError as error:
                console.print(f"{dataset.name}: Splink with {style} settings gave no result: {error}")
                continue
            for reason in report.untrained:
                console.print(f"{dataset.name}: Splink could not train {reason}")
            spent, peak = sum(report.seconds.values()), report.peak_memory_bytes
            clusters = pq.read_table(request.clusters).to_pydict()
            at_usual = dict(zip(clusters[RECORD_ID], clusters["cluster_id"], strict=True))
            usual = f"splink {style} p>={USUAL_PROBABILITY:g}"
            found.append(PeerResult(system=usual, clusters=at_usual, seconds=spent, peak_memory_bytes=peak, weight=None))
            pairs = pq.read_table(request.pairs).to_pydict()
            if pairs["left"]:
                best = best_threshold(list(zip(pairs["left"], pairs["right"], pairs["weight"], strict=True)), truth)
                named = f"splink {style} best by labels"
                found.append(
                    PeerResult(system=named, clusters=best.clusters, seconds=spent, peak_memory_bytes=peak, weight=best.weight)
                )
    return found


def splink_request(dataset: str, style: Literal["manual", "expert"], folder: Path) -> SplinkRequest:
    """A request whose files are in ``folder``, where ``records.parquet`` is."""
    return SplinkRequest(
        dataset=dataset,
        style=style,
        records=str(folder / "records.parquet"),
        pairs=str(folder / f"{style}-pairs.parquet"),
        clusters=str(folder / f"{style}-clusters.parquet"),
        report=str(folder / f"{style}-report.json"),
    )


def run_request(request: SplinkRequest, folder: Path) -> SplinkReport:
    """Run Splink in a process of its own.

    Raises:
        BenchError: it ended with an error; the end of what it printed is in the message.
    """
    path = folder / f"{request.style}-request.json"
    path.write_text(json.dumps(asdict(request)), encoding="utf-8")
    command = [sys.executable, "-m", "bench.splink_process", str(path)]
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=TIMEOUT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"Splink took more than {TIMEOUT_SECONDS:g} seconds") from error
    if done.returncode != 0:
        raise BenchError(f"Splink ended with {done.returncode}: {done.stdout[-1500:]}")
    report = json.loads(Path(request.report).read_text(encoding="utf-8"))
    return SplinkReport(**{**report, "untrained": tuple(report["untrained"])})
