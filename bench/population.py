"""A population with known truth: people in homes, who marry, move and share, and what sources wrote down about them.

``python -m bench.population --records 1000000 --out DIR`` writes ``records.parquet``, ``truth.csv`` and ``mapping.toml``, the
same for the same number and seed. What it is made of, and what it is not, is told in the guide to benchmarks.
"""

import argparse
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from bench.datasets import MAPPINGS
from bench.population_companies import write_companies
from bench.population_contacts import make_contacts
from bench.population_people import make_homes, make_people
from bench.population_records import FIELDS, RECORDS_PER_PERSON, draw_records, write_down
from bench.population_words import words

SEED = 20_261_101
COMPANY_SHARE = 0.01
"""Share of the records that are about organisations."""
MAPPING = MAPPINGS / "population.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Records and the truth about them, in the same random order."""

    records: pa.Table
    """Columns ``population_records.FIELDS``, all text; empty where nothing is stated."""
    truth: pa.Table
    """``record_id``, ``person_id`` and ``household_id`` (empty for organisations), all text."""


def make_population(records: int, *, seed: int = SEED) -> Population:
    """Exactly so many records, of about a third as many people.

    Raises:
        ValueError: fewer than 100 records are asked for.
    """
    if records < 100:
        raise ValueError(f"a population of {records} records is none; 100 at least")
    chance = np.random.default_rng(seed)
    known = words()
    of_companies = round(records * COMPANY_SHARE)
    of_people = records - of_companies
    people, dwelling = make_people(round(of_people / RECORDS_PER_PERSON), words=known, chance=chance)
    homes = make_homes(dwelling, words=known, chance=chance)
    contacts = make_contacts(people, words=known, chance=chance)
    drawn = draw_records(len(people.home), of_people, chance)
    columns = write_down(drawn, people, homes, contacts, words=known, chance=chance)
    more, company = write_companies(of_companies, words=known, chance=chance)

    order = chance.permutation(records)
    ids = pa.array([f"r{number:07d}" for number in range(records)])
    written = {name: np.concatenate([columns[name], more[name]])[order] for name in FIELDS if name != "record_id"}
    person = np.concatenate([np.char.add("p", drawn.person.astype(str)), np.char.add("c", company.astype(str))])[order]
    household = np.concatenate([np.char.add("h", people.home[drawn.person].astype(str)), np.full(of_companies, "")])[order]
    return Population(
        records=pa.table(
            {"record_id": ids, **{name: pa.array(values.tolist(), pa.string()) for name, values in written.items()}}
        ),
        truth=pa.table({"record_id": ids, "person_id": pa.array(person.tolist()), "household_id": pa.array(household.tolist())}),
    )


def write_population(population: Population, folder: Path) -> None:
    """Write ``records.parquet``, ``truth.csv`` and ``mapping.toml`` into a folder, which is made where it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(population.records, folder / "records.parquet")
    pyarrow.csv.write_csv(population.truth, folder / "truth.csv")
    shutil.copyfile(MAPPING, folder / "mapping.toml")


def main() -> None:
    """Write a population."""
    arguments = argparse.ArgumentParser(prog="python -m bench.population", description="Write a population with known truth.")
    arguments.add_argument("--records", type=int, default=50_000, metavar="N", help="how many records; default 50000")
    arguments.add_argument(
        "--seed", type=int, default=SEED, metavar="N", help=f"another seed, another population; default {SEED}"
    )
    arguments.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write to")
    asked = arguments.parse_args()
    write_population(make_population(asked.records, seed=asked.seed), asked.out)


if __name__ == "__main__":
    main()
