"""How well the identity graphs agree with the truth, from the graph as a user gets it: default policies, no tuning per set.

Each set goes through the whole house, ``kindred up``, ``import`` (NATS, worker, Neo4j), ``resolve``, ``export memberships``, in a
temporary installation of its own, one set at a time. With ``--peers`` Splink is run over the same normalised records, beside it.
"""

import csv
import tempfile
from collections.abc import Mapping, Sequence, Set
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from bench.datasets import DataSet, Truth, built_in, chosen, custom, read_truth, shared_folder
from bench.harness import Row, describe_machine, parser, publish, run_main
from bench.household_baseline import SYSTEM as BASELINE
from bench.household_baseline import same_address_and_surname
from bench.installation import HEAP_MB, temporary_installation
from bench.metrics import Quality, score
from bench.peers import require_splink, run_splink

BENCH = "identity_quality"
NAMED_MISSING = 5


def measure(dataset: DataSet, *, heap_mb: int, peers: bool, console: Console) -> list[Row]:
    """Rows for one set: each identity graph against the truth, then the peers and the baseline for households."""
    truth = read_truth(dataset.truth_file)
    found, seconds = _resolved(dataset, truth, heap_mb=heap_mb, console=console)
    rows: list[Row] = []
    for purpose, memberships in found.items():
        known = truth.households if purpose == "household" else truth.persons
        quality = score(truth=known, found=memberships)
        rows += quality_rows(quality, dataset=dataset.name, system=f"kindred {purpose}")
        _tell_missing(quality, purpose=purpose, console=console)
    rows += [
        Row(bench=BENCH, dataset=dataset.name, system="kindred individual", metric=f"{step} time", value=spent, unit="s")
        for step, spent in seconds.items()
    ]
    if truth.households:
        of_records = same_address_and_surname(dataset.files, records=truth.persons.keys())
        of_individuals = same_address_and_surname(dataset.files, records=truth.persons.keys(), individual_of=found["individual"])
        for system, clusters in ((BASELINE, of_records), (f"{BASELINE}, over individuals", of_individuals)):
            rows += quality_rows(score(truth=truth.households, found=clusters), dataset=dataset.name, system=system)
    return rows + (_peer_rows(dataset, truth.persons, console) if peers else [])


def _resolved(
    dataset: DataSet, truth: Truth, *, heap_mb: int, console: Console
) -> tuple[dict[str, Mapping[str, str]], dict[str, float]]:
    """Record to identity, by purpose, as a user gets it from an installation; and the seconds of each step."""
    found: dict[str, Mapping[str, str]] = {}
    purposes = ("individual", *(("household",) if truth.households else ()), "operational")
    with temporary_installation(heap_mb=heap_mb) as installation, tempfile.TemporaryDirectory() as folder:
        seconds = {"import": 0.0, "resolve": 0.0}
        for records, mapping in dataset.files:
            console.print(f"{dataset.name}: importing {records.name}")
            seconds["import"] += installation.kindred("import", str(records), "--mapping", str(mapping), "--wait")
        console.print(f"{dataset.name}: resolving")
        seconds["resolve"] = installation.kindred("resolve")
        for purpose in purposes:
            exported = Path(folder) / f"{purpose}.csv"
            installation.kindred("export", "memberships", "--purpose", purpose, "--out", str(exported))
            found[purpose] = read_memberships(exported, records=truth.persons.keys())
    return found, seconds


def _peer_rows(dataset: DataSet, truth: Mapping[str, str], console: Console) -> list[Row]:
    rows: list[Row] = []
    for result in run_splink(dataset, truth=truth, console=console):
        more = {"time": (result.seconds, "s"), "peak memory": (result.peak_memory_bytes / 2**20, "MiB")}
        if result.weight is not None:
            more["threshold"] = (result.weight, "bits")
        rows += quality_rows(score(truth=truth, found=result.clusters), dataset=dataset.name, system=result.system)
        rows += [
            Row(bench=BENCH, dataset=dataset.name, system=result.system, metric=metric, value=value, unit=unit)
            for metric, (value, unit) in more.items()
        ]
    return rows


def quality_rows(quality: Quality, *, dataset: str, system: str) -> list[Row]:
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
        Row(bench=BENCH, dataset=dataset, system=system, metric=metric, value=value, unit=unit)
        for metric, (value, unit) in measured.items()
    ]


def read_memberships(path: Path, *, records: Set[str]) -> Mapping[str, str]:
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
    options.add_argument("--peers", action="store_true", help="also run Splink, by its manual and as an expert would")
    options.add_argument("--heap-mb", type=int, default=HEAP_MB, metavar="N", help=f"Neo4j's heap in MiB; default {HEAP_MB}")
    asked = options.parse_args(arguments)
    sets = [custom(asked.data)] if asked.data else chosen(built_in(shared_folder(asked.shared)), asked.sets)
    if asked.peers:
        require_splink()
    rows: list[Row] = []
    for dataset in sets:
        measured = measure(dataset, heap_mb=asked.heap_mb, peers=asked.peers, console=console)
        # Each set is shown when it is done: a later one that fails takes nothing away.
        for system in dict.fromkeys(row.system for row in measured):
            values = {row.metric: row.value for row in measured if row.system == system}
            figures = ", ".join(f"{metric} {values[metric]:.4f}" for metric in ("pair P", "pair R", "pair F1", "B3 F1"))
            console.print(f"{dataset.name}, {system}: {figures}", soft_wrap=True)
        rows += measured
    publish(rows, head=describe_machine(now=datetime.now(UTC)), json_file=asked.json, console=console)


def _tell_missing(quality: Quality, *, purpose: str, console: Console) -> None:
    if quality.missing:
        named = ", ".join(quality.missing[:NAMED_MISSING])
        more = "" if len(quality.missing) <= NAMED_MISSING else f" and {len(quality.missing) - NAMED_MISSING} more"
        console.print(f"{len(quality.missing)} records are in no {purpose} identity and count as alone: {named}{more}")


if __name__ == "__main__":
    run_main(main)
