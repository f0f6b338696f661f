"""How well the identity graphs agree with the truth, from the graph as a user gets it: default policies, no tuning per set.

Each set goes through the whole house, ``kindred up``, ``import`` (NATS, worker, Neo4j), ``resolve``, ``export memberships``, in a
temporary installation of its own, one set at a time.
"""

import csv
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from bench.datasets import DataSet, built_in, chosen, custom, read_truth, shared_folder
from bench.harness import Row, describe_machine, parser, publish, run_main
from bench.installation import HEAP_MB, temporary_installation
from bench.metrics import Quality, score

BENCH = "identity_quality"
NAMED_MISSING = 5


def measure(dataset: DataSet, *, heap_mb: int, console: Console) -> list[Row]:
    """Rows for one set: the individual graph against its persons and, where it knows them, the household graph its households."""
    truth = read_truth(dataset.truth_file)
    purposes = {"individual": truth.persons} | ({"household": truth.households} if truth.households else {})
    rows: list[Row] = []
    with temporary_installation(heap_mb=heap_mb) as installation, tempfile.TemporaryDirectory() as folder:
        seconds = {"import": 0.0, "resolve": 0.0}
        for records, mapping in dataset.files:
            console.print(f"{dataset.name}: importing {records.name}")
            seconds["import"] += installation.kindred("import", str(records), "--mapping", str(mapping), "--wait")
        console.print(f"{dataset.name}: resolving")
        seconds["resolve"] = installation.kindred("resolve")
        for purpose, persons in purposes.items():
            exported = Path(folder) / f"{purpose}.csv"
            installation.kindred("export", "memberships", "--purpose", purpose, "--out", str(exported))
            quality = score(truth=persons, found=read_memberships(exported, records=persons.keys() | truth.persons.keys()))
            rows += quality_rows(quality, dataset=dataset.name, purpose=purpose)
            _tell_missing(quality, purpose=purpose, console=console)
        rows += [
            Row(bench=BENCH, dataset=dataset.name, system="kindred individual", metric=f"{step} time", value=spent, unit="s")
            for step, spent in seconds.items()
        ]
    return rows


def quality_rows(quality: Quality, *, dataset: str, purpose: str) -> list[Row]:
    """A quality as rows."""
    measured: dict[str, tuple[float, str]] = {
        "pair P": (quality.pairwise.precision, "ratio"),
        "pair R": (quality.pairwise.recall, "ratio"),
        "pair F1": (quality.pairwise.f1, "ratio"),
        "B3 P": (quality.b_cubed.precision, "ratio"),
        "B3 R": (quality.b_cubed.recall, "ratio"),
        "B3 F1": (quality.b_cubed.f1, "ratio"),
        "records": (quality.records, "count"),
        "true clusters": (quality.true_clusters, "count"),
        "found clusters": (quality.found_clusters, "count"),
        "largest": (quality.largest_found, "count"),
        "not clustered": (len(quality.missing), "count"),
    }
    return [
        Row(bench=BENCH, dataset=dataset, system=f"kindred {purpose}", metric=metric, value=value, unit=unit)
        for metric, (value, unit) in measured.items()
    ]


def read_memberships(path: Path, *, records: Sequence[str] | set[str]) -> Mapping[str, str]:
    """Record to identity, of an export of memberships.

    The truth names a record by its id within its source, or by ``source:id`` where several sources use the same ids.
    """
    found: dict[str, str] = {}
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["record_id"]:
                full = f"{row['source']}:{row['record_id']}"
                found[full if full in records else row["record_id"]] = row["identity_id"]
    return found


def main(arguments: Sequence[str], console: Console) -> None:
    """Measure the sets asked for and publish the rows."""
    options = parser(BENCH, "Pairwise and B-cubed quality of the identity graphs against known truth.")
    options.add_argument("--sets", metavar="A,B", help="only these of the built-in sets")
    options.add_argument(
        "--shared", type=Path, metavar="DIR", help="folder with further sets; else $KINDRED_DATA or ../shared/data"
    )
    options.add_argument("--heap-mb", type=int, default=HEAP_MB, metavar="N", help=f"Neo4j's heap in MiB; default {HEAP_MB}")
    asked = options.parse_args(arguments)
    sets = [custom(asked.data)] if asked.data else chosen(built_in(shared_folder(asked.shared)), asked.sets)
    rows: list[Row] = []
    for dataset in sets:
        measured = measure(dataset, heap_mb=asked.heap_mb, console=console)
        # Each set is shown when it is done: a later one that fails takes nothing away.
        console.print(
            ", ".join(
                f"{row.system} {row.metric} {row.value:,.0f}"
                if float(row.value).is_integer() and row.value > 1
                else f"{row.system} {row.metric} {row.value:.4g}"
                for row in measured
            )
        )
        rows += measured
    publish(rows, head=describe_machine(now=datetime.now(UTC)), json_file=asked.json, console=console)


def _tell_missing(quality: Quality, *, purpose: str, console: Console) -> None:
    if quality.missing:
        named = ", ".join(quality.missing[:NAMED_MISSING])
        more = "" if len(quality.missing) <= NAMED_MISSING else f" and {len(quality.missing) - NAMED_MISSING} more"
        console.print(f"{len(quality.missing)} records are in no {purpose} identity and count as alone: {named}{more}")


if __name__ == "__main__":
    run_main(main)
