"""Sets of records with a known truth: the shipped truth set, a folder of sets kept elsewhere, or any folder of one's own."""

import csv
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.harness import ROOT, BenchError

MAPPINGS = Path(__file__).parent / "mappings"
SHIPPED = ROOT / "runtime" / "demo" / "data"
SHARED_ENVIRONMENT = "KINDRED_DATA"
SHARED_DEFAULT = ROOT.parent / "shared" / "data"
SENZING = "senzing_truthset"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """Files of records, each with its mapping, and the truth about them."""

    name: str
    files: tuple[tuple[Path, Path], ...]
    """Pairs of a file of records and its mapping."""
    truth_file: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """Record id to person, and to household where the truth knows it."""

    persons: Mapping[str, str]
    households: Mapping[str, str]


def read_truth(path: Path) -> Truth:
    """Read ``record_id, person_id[, household_id]``.

    Raises:
        BenchError: the file is not there or lacks a column.
    """
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
    except OSError as error:
        raise BenchError(f"{path} cannot be read: {error.strerror}") from error
    if not rows or not {"record_id", "person_id"} <= rows[0].keys():
        raise BenchError(f"{path} has no rows with record_id and person_id")
    return Truth(
        persons={row["record_id"]: row["person_id"] for row in rows},
        households={row["record_id"]: row["household_id"] for row in rows if row.get("household_id")},
    )


def custom(folder: Path) -> DataSet:
    """The set of a folder with ``records.csv`` (or ``records.parquet``), ``truth.csv`` and ``mapping.toml``.

    Raises:
        BenchError: one of the three is not there.
    """
    records = folder / ("records.parquet" if (folder / "records.parquet").is_file() else "records.csv")
    mapping, truth = (folder / name for name in ("mapping.toml", "truth.csv"))
    missing = [path.name for path in (records, mapping, truth) if not path.is_file()]
    if missing:
        raise BenchError(f"{folder} has no {', '.join(missing)}")
    return DataSet(name=folder.resolve().name, files=((records, mapping),), truth_file=truth)


def shared_folder(given: Path | None) -> Path | None:
    """The folder of sets kept elsewhere: the one given, else of the environment, else beside the repository; None if absent.

    Raises:
        BenchError: the one given, or named in the environment, is no folder.
    """
    named = given or (Path(value) if (value := os.environ.get(SHARED_ENVIRONMENT)) else None)
    if named is not None and not named.is_dir():
        raise BenchError(f"{named} is not a folder")
    if named is not None:
        return named
    return SHARED_DEFAULT if SHARED_DEFAULT.is_dir() else None


def built_in(shared: Path | None) -> list[DataSet]:
    """The shipped truth set, then every set of ``shared`` for which there is a mapping, small ones first."""
    found = [senzing()]
    if shared is not None:
        for records in sorted(shared.glob("*/records.csv"), key=lambda path: (path.stat().st_size, path)):
            mapping = MAPPINGS / f"{records.parent.name}.toml"
            if mapping.is_file() and (records.parent / "truth.csv").is_file():
                files = ((records, mapping),)
                found.append(DataSet(name=records.parent.name, files=files, truth_file=records.parent / "truth.csv"))
    return found


def senzing() -> DataSet:
    """The truth set that is shipped with Kindred, all three of its sources."""
    folder = SHIPPED / SENZING
    sources = ("customers", "reference", "watchlist")
    return DataSet(
        name=SENZING,
        files=tuple((folder / f"{source}.csv", MAPPINGS / f"{SENZING}_{source}.toml") for source in sources),
        truth_file=folder / "truth.csv",
    )


def chosen(sets: Sequence[DataSet], names: str | None) -> list[DataSet]:
    """Those of the sets that a comma-separated list names, in its order; all without a list.

    Raises:
        BenchError: a name is not among them.
    """
    if names is None:
        return list(sets)
    by_name = {dataset.name: dataset for dataset in sets}
    asked = [name.strip() for name in names.split(",") if name.strip()]
    unknown = [name for name in asked if name not in by_name]
    if unknown:
        raise BenchError(f"no set named {', '.join(unknown)}; there are {', '.join(by_name)}")
    return [by_name[name] for name in asked]
