"""Resolution of many records into all three identity graphs, by phase, beside Splink alone on the same records in the same run.

The records are those of the population generator, whose truth is known. They are normalised as the import does and written as
evidence; then Splink, in a process of its own, links the same normalised records, and Kindred resolves what is in the graph into
individuals, households and operational identities. Splink's clusters have no ids, no history, no homes and no explanation.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console

from bench.clustering import best_threshold
from bench.datasets import Truth, read_truth
from bench.harness import BenchError, Measured, describe_machine, parser, publish, run_main
from bench.identity_quality import read_memberships
from bench.installation import Installation, temporary_installation
from bench.memory import peak_memory
from bench.metrics import Quality, score
from bench.peers import require_splink, run_request, splink_request
from bench.population import MAPPING, SEED, make_population, write_population
from bench.records import RECORD_ID, columns_of, to_table, versions_of
from graph.model.evidence import RecordVersion
from graph.repositories.evidence import EvidenceRepository
from ingest.mapping import load_mapping
from runtime.settings import load_settings
from runtime.wiring import open_platform

BENCH = "identity_scale"
RECORDS = 1_000_000
HEAP_MB = 4_096
PAGE_CACHE_MB = 6_144
"""What a million records take with their identities, so that the server does not read and write the same pages again."""
CHUNK = 20_000
"""Records normalised at once by one process."""
BATCH = 1_000
"""Records of one transaction."""
WRITERS = 3
PURPOSES = ("individual", "household", "operational")


class Scaled(Measured):
    """Rows of values and of qualities."""

    def add_quality(self, system: str, quality: Quality) -> None:
        """Add a quality."""
        for metric, value in (
            ("pair P", quality.pairwise.precision),
            ("pair R", quality.pairwise.recall),
            ("pair F1", quality.pairwise.f1),
            ("B3 F1", quality.b_cubed.f1),
        ):
            self.add(system, metric, value, "ratio")
        self.add(system, "largest", quality.largest_found, "count")


def normalised_chunk(rows: list[dict[str, object]]) -> tuple[list[RecordVersion], pa.Table]:
    """Records of rows, as they are written and as a peer gets them."""
    versions = list(versions_of(rows, load_mapping(str(MAPPING)), now=datetime.now(UTC)))
    return versions, to_table([{**columns_of(version), RECORD_ID: version.source_record_id} for version in versions])


def _chunks(table: pa.Table) -> Iterator[list[dict[str, object]]]:
    for start in range(0, table.num_rows, CHUNK):
        yield table.slice(start, CHUNK).to_pylist()


async def write_evidence(installation: Installation, records: pa.Table, workers: int) -> pa.Table:
    """Normalise records, write them, and return them as a peer gets them."""
    tables: list[pa.Table] = []
    async with open_platform(load_settings(home=installation.home)) as platform:
        evidence = EvidenceRepository(platform.database)
        waiting: asyncio.Queue[list[RecordVersion] | None] = asyncio.Queue(maxsize=2 * WRITERS)

        async def write() -> None:
            while (batch := await waiting.get()) is not None:
                await evidence.write(batch)

        async with asyncio.TaskGroup() as writers:
            for _ in range(WRITERS):
                writers.create_task(write())
            with ProcessPoolExecutor(max_workers=workers) as pool:
                loop = asyncio.get_running_loop()
                for rows in _chunks(records):
                    versions, table = await loop.run_in_executor(pool, normalised_chunk, rows)
                    tables.append(table)
                    for start in range(0, len(versions), BATCH):
                        await waiting.put(versions[start : start + BATCH])
            for _ in range(WRITERS):
                await waiting.put(None)
    return pa.concat_tables(tables, promote_options="default")


def run_kindred(installation: Installation, truth: Truth, measured: Scaled) -> float:
    """Resolve in a process of its own, and score what is exported. Returns the seconds of the three graphs together.

    Raises:
        BenchError: the process ended with an error.
    """
    with tempfile.TemporaryDirectory() as folder, peak_memory(installation.home) as peak:
        report_file = Path(folder) / "report.json"
        command = [sys.executable, "-m", "bench.resolve_process", str(installation.home), str(report_file)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0:
            raise BenchError(f"resolution ended with {done.returncode}: {done.stdout[-2000:]}")
        report = json.loads(report_file.read_text(encoding="utf-8"))
        for purpose in PURPOSES:
            for stage, seconds in report["purposes"][purpose]["seconds"].items():
                measured.add(f"kindred {purpose}", stage, seconds, "s")
        measured.add("kindred, three graphs", "time", report["seconds"], "s")
        measured.add("kindred, three graphs", "peak memory of the resolver", report["peak_memory_bytes"] / 2**30, "GiB")
        measured.add("kindred, three graphs", "peak memory with the stores", peak.bytes / 2**30, "GiB")
        for purpose in PURPOSES:
            exported = Path(folder) / f"{purpose}.csv"
            installation.kindred("export", "memberships", "--purpose", purpose, "--out", str(exported))
            known = truth.households if purpose == "household" else truth.persons
            found = read_memberships(exported, records=truth.persons.keys())
            measured.add_quality(f"kindred {purpose}", score(truth=known, found=found))
        return float(report["seconds"])


def run_splink(table: pa.Table, truth: Mapping[str, str], measured: Scaled) -> float:
    """Splink with expert settings on the same records. Returns its seconds."""
    with tempfile.TemporaryDirectory(prefix="kindred-splink-") as name:
        folder = Path(name)
        pq.write_table(table, folder / "records.parquet")
        request = splink_request("population", "expert", folder)
        report = run_request(request, folder)
        for phase, seconds in report.seconds.items():
            measured.add("splink expert", phase, seconds, "s")
        measured.add("splink expert", "peak memory", report.peak_memory_bytes / 2**30, "GiB")
        clusters = pq.read_table(request.clusters).to_pydict()
        at_usual = dict(zip(clusters[RECORD_ID], clusters["cluster_id"], strict=True))
        measured.add_quality("splink expert p>=0.95", score(truth=truth, found=at_usual))
        pairs = pq.read_table(request.pairs).to_pydict()
        best = best_threshold(list(zip(pairs["left"], pairs["right"], pairs["weight"], strict=True)), truth)
        measured.add_quality("splink expert best by labels", score(truth=truth, found=best.clusters))
        return sum(report.seconds.values())


def main(arguments: Sequence[str], console: Console) -> None:
    """Measure and publish."""
    options = parser(BENCH, "Many records into three identity graphs, beside Splink on the same records.", data=False)
    options.add_argument("--records", type=int, default=RECORDS, metavar="N", help=f"how many; default {RECORDS}")
    options.add_argument("--seed", type=int, default=SEED, metavar="N", help="of the population")
    options.add_argument("--heap-mb", type=int, default=HEAP_MB, metavar="N", help=f"Neo4j's heap in MiB; default {HEAP_MB}")
    options.add_argument("--workers", type=int, default=2, metavar="N", help="processes that normalise; default 2")
    asked = options.parse_args(arguments)
    require_splink()
    measured = Scaled(BENCH, f"population {asked.records:,}", console)
    with tempfile.TemporaryDirectory(prefix="kindred-population-") as folder:
        began = perf_counter()
        population = make_population(asked.records, seed=asked.seed)
        write_population(population, Path(folder))
        truth = read_truth(Path(folder) / "truth.csv")
        measured.add("population", "time", perf_counter() - began, "s")
        records = population.records
        del population
        with temporary_installation(heap_mb=asked.heap_mb, page_cache_mb=PAGE_CACHE_MB, services=False) as installation:
            began = perf_counter()
            table = asyncio.run(write_evidence(installation, records, asked.workers))
            measured.add("evidence", "normalise and write", perf_counter() - began, "s")
            del records
            splink = run_splink(table, truth.persons, measured)
            del table
            kindred = run_kindred(installation, truth, measured)
    measured.add("kindred, three graphs", "time / splink's", kindred / splink, "ratio")
    publish(measured.rows, head=describe_machine(now=datetime.now(UTC)), json_file=asked.json, console=console)


if __name__ == "__main__":
    run_main(main)
