"""History into three resolved graphs by ``kindred backfill``, by phase, beside the bare offline import of the same files.

Profiles are fragments: records of a population whose truth is known (see ``bench.population``), and the cookies, devices, e-mail
addresses and loyalty cards that touchpoints carry. They are generated into Parquet first, which is not counted. The bare import
is Neo4j's tool on the very files that the backfill made: nodes and relationships of the evidence, without identities.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Final

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console

from bench.datasets import MAPPINGS, read_truth
from bench.harness import BenchError, Measured, describe_machine, parser, publish, run_main
from bench.identity_quality import read_memberships
from bench.installation import Installation, temporary_installation
from bench.memory import peak_memory
from bench.metrics import score
from bench.population import SEED, make_population, write_population
from runtime.demo.catalogue import PRODUCTS

BENCH: Final = "backfill"
PROFILES: Final = 3_400_000
TOUCHPOINTS: Final = 10_000_000
RECORD_SHARE: Final = 0.25
"""Of the profiles so many are records; the others are cookies and devices, of which each person has about as many as records."""
SIGNED_IN: Final = 0.1
"""Share of the touchpoints that carry an e-mail address, or a card, beside their cookie or device."""
NOBODYS: Final = 0.4
"""Share of the cookies and devices that never sign in."""
CHUNK: Final = 500_000
TOUCHPOINT_MAPPING: Final = MAPPINGS / "touchpoints.toml"
HEAP_MB: Final = 2_048
PAGE_CACHE_MB: Final = 2_048
_EVENTS: Final = ("Product Viewed", "Product Added", "Order Completed", "Store Visited")
_START: Final = np.datetime64("2026-01-01T00:00:00", "s")


def generate(folder: Path, *, profiles: int, touchpoints: int, seed: int = SEED) -> None:
    """Write ``records.parquet``, ``truth.csv`` and ``touchpoints.parquet``, the same for the same arguments."""
    records = max(100, round(profiles * RECORD_SHARE))
    population = make_population(records, seed=seed)
    write_population(population, folder)
    emails = np.array(population.records["email"].to_pylist(), dtype=object)
    stated = emails[emails != ""]
    del population
    with pq.ParquetWriter(folder / "touchpoints.parquet", _schema()) as writer:
        for table in _touchpoints(stated, fragments=max(1, profiles - records), count=touchpoints, seed=seed):
            writer.write_table(table)


def _schema() -> pa.Schema:
    texts = ("event_id", "at", "cookie", "device", "email", "card", "event", "channel", "product_id", "product", "category")
    return pa.schema(
        {**{name: pa.string() for name in texts}, "price": pa.float64(), "order_id": pa.string(), "total": pa.float64()}
    )


def _touchpoints(
    emails: "np.ndarray[tuple[int], np.dtype[np.object_]]", *, fragments: int, count: int, seed: int
) -> Iterator[pa.Table]:
    """Touchpoints in the order of their times. A cookie or device is of one person: it signs in with one address and card."""
    chance = np.random.default_rng(seed)
    owner = chance.integers(0, len(emails), fragments)
    signs_in = chance.random(fragments) >= NOBODYS
    known = np.array([(each.id, each.name, each.category, each.price_cents / 100) for each in PRODUCTS], dtype=object)
    for start in range(0, count, CHUNK):
        size = min(CHUNK, count - start)
        numbers = np.arange(start, start + size)
        # Each fragment once, then as chance has it.
        fragment = np.where(numbers < fragments, numbers % fragments, chance.integers(0, fragments, size))
        is_device = fragment % 4 == 0
        shown = chance.random(size) < SIGNED_IN
        signed = shown & signs_in[fragment]
        with_card = signed & (chance.random(size) < 0.3)
        event = chance.choice(len(_EVENTS), size, p=(0.8, 0.12, 0.05, 0.03))
        product = known[chance.integers(0, len(known), size)]
        ordered = event == 2
        at = _START + numbers * np.timedelta64(3, "s") // max(1, count // 1_000_000)

        def texts(values: Sequence[str], where: "np.ndarray[tuple[int], np.dtype[np.bool_]] | None" = None) -> pa.Array:
            return pa.array(values, pa.string(), mask=None if where is None else ~where)

        yield pa.table(
            {
                "event_id": texts([f"e{number}" for number in numbers]),
                "at": texts(np.char.add(np.datetime_as_string(at), "Z").tolist()),
                "cookie": texts([f"c-{each * 2_654_435_761 % 2**32:08x}-{each}" for each in fragment], ~is_device),
                "device": texts([f"d-{each * 2_654_435_761 % 2**32:08x}-{each}" for each in fragment], is_device),
                "email": texts(emails[owner[fragment]].tolist(), signed & ~with_card),
                "card": texts([f"K{each:09d}" for each in owner[fragment]], with_card),
                "event": texts([_EVENTS[each] for each in event]),
                "channel": texts(["app" if each else "web" for each in is_device]),
                "product_id": texts(product[:, 0].tolist(), ~ordered),
                "product": texts(product[:, 1].tolist(), ~ordered),
                "category": texts(product[:, 2].tolist(), ~ordered),
                "price": pa.array(product[:, 3].astype(float), mask=ordered),
                "order_id": texts([f"o{number}" for number in numbers], ordered),
                "total": pa.array(product[:, 3].astype(float), mask=~ordered),
            },
            schema=_schema(),
        )


def measure(folder: Path, installation: Installation, measured: Measured, *, memory_mb: int, processes: int) -> None:
    """Backfill and resolve in a process of its own, then import its files once more by themselves.

    Raises:
        BenchError: a process ended with an error.
    """
    report = folder / "report.json"
    asked = [folder, installation.home, report, memory_mb, processes]
    with peak_memory(installation.home) as peak:
        began = perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "bench.backfill_process", *map(str, asked)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        whole = perf_counter() - began
    if done.returncode != 0:
        raise BenchError(f"the backfill ended with {done.returncode}: {done.stdout[-3000:]}")
    said = orjson.loads(report.read_bytes())
    for phase, seconds in said["seconds"].items():
        measured.add("kindred backfill", phase, seconds, "s")
    for purpose, stages in said["resolve"].items():
        for stage, seconds in stages.items():
            measured.add(f"kindred {purpose}", stage, seconds, "s")
    total = sum(said["seconds"].values())
    measured.add("kindred backfill", "time", total, "s")
    measured.add("kindred backfill", "time with starting the process", whole, "s")
    measured.add("kindred backfill", "peak memory of all processes", peak.bytes / 2**30, "GiB")
    measured.add("kindred backfill", "most disk of its own", said["disk_bytes"] / 2**30, "GiB")
    measured.add("kindred backfill", "events", said["events"], "count")
    measured.add("bare import", "time", said["bare_seconds"], "s")
    measured.add("kindred backfill", "time / bare import's", total / said["bare_seconds"], "ratio")


def main(arguments: Sequence[str], console: Console) -> None:
    """Measure and publish."""
    options = parser(BENCH, "History into three resolved graphs, beside the bare offline import of the same files.", data=False)
    options.add_argument("--profiles", type=int, default=PROFILES, metavar="N", help=f"fragments of people; default {PROFILES}")
    options.add_argument("--touchpoints", type=int, default=TOUCHPOINTS, metavar="M", help=f"default {TOUCHPOINTS}")
    options.add_argument("--memory-mb", type=int, default=3_072, metavar="N", help="as of kindred backfill; default 3072")
    options.add_argument("--heap-mb", type=int, default=HEAP_MB, metavar="N", help=f"Neo4j's heap in MiB; default {HEAP_MB}")
    options.add_argument("--processes", type=int, default=2, metavar="N", help="processes that read rows; default 2")
    options.add_argument("--folder", type=Path, default=None, metavar="DIR", help="where the generated files are kept, or made")
    asked = options.parse_args(arguments)
    measured = Measured(BENCH, f"{asked.profiles:,} profiles, {asked.touchpoints:,} touchpoints", console)
    with ExitStack() as kept:
        folder = asked.folder or Path(kept.enter_context(tempfile.TemporaryDirectory(prefix="kindred-history-")))
        if not (folder / "touchpoints.parquet").exists():
            generate(folder, profiles=asked.profiles, touchpoints=asked.touchpoints)
        installation = kept.enter_context(
            temporary_installation(heap_mb=asked.heap_mb, page_cache_mb=PAGE_CACHE_MB, services=False)
        )
        measure(folder, installation, measured, memory_mb=asked.memory_mb, processes=asked.processes)
        truth = read_truth(folder / "truth.csv")
        for purpose, known in (("individual", truth.persons), ("household", truth.households), ("operational", truth.persons)):
            exported = folder / f"{purpose}.csv"
            installation.kindred("export", "memberships", "--purpose", purpose, "--out", str(exported))
            quality = score(truth=known, found=read_memberships(exported, records=truth.persons.keys()))
            measured.add(f"kindred {purpose}", "pair F1", quality.pairwise.f1, "ratio")
    publish(measured.rows, head=describe_machine(now=datetime.now(UTC)), json_file=asked.json, console=console)


if __name__ == "__main__":
    run_main(main)
