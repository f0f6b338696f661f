"""Three replacements for what is not there: how often the one that the shopper took was among them, by Kindred and by its peers.

Judged by held-out switches (``docs/substitution.md``): visits after the cutoff in which a customer bought one other item of a
need and not the usual one, which was due. All rank the same candidates, the other items of the need that were ever sold before
the cutoff; what the shop sells is known up to the cutoff, what the shopper bought up to the day before. Complete Journey where no
file is given: tested on weeks 48 to 53; settings were chosen on the six weeks before those, which are shown too.
"""

import resource
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console

from bench.complete_journey import WEEK_48, complete_journey
from bench.harness import BenchError, Row, describe_machine, parser, publish, run_main
from gnn.data.interactions import Interactions
from gnn.data.tables import read_interactions
from gnn.recommendation.evaluation import bootstrap_ratio
from gnn.substitution.floor import FLOOR
from gnn.substitution.needs import needs_of
from gnn.substitution.ranks import OUT_OF_REACH, Score, rank
from gnn.substitution.settings import SubstitutionSettings
from gnn.substitution.shopper import shoppers_of
from gnn.substitution.substitution import known_candidates
from gnn.substitution.switches import Switches, find_switches, likely_stock_outs
from gnn.substitution.training import fit_substitution

BENCH: Final = "substitution"
OURS: Final = "kindred"
SEED: Final = 0
SHOWN: Final = 3
EXPECTED: Final = 1.0


def measure_cutoff(interactions: Interactions, cutoff: datetime, settings: SubstitutionSettings, console: Console) -> list[Row]:
    """Rows of all systems at one cutoff, a data set for each kind of switch."""
    console.print(f"from {cutoff:%Y-%m-%d}: fitting")
    started = time.process_time()
    fitted = fit_substitution(interactions, cutoff, settings, seed=SEED)
    cpu_seconds = time.process_time() - started
    shelf = fitted.shelf
    need = needs_of(interactions.catalogue)
    switches = find_switches(interactions, need, settings.rule).between(cutoff, cutoff + settings.horizon)
    if not len(switches):
        raise BenchError(f"no switch lies in the {settings.horizon.days} days from {cutoff:%Y-%m-%d}")
    candidates = [known_candidates(shelf, product) for product in switches.product.tolist()]
    systems: dict[str, Score] = {name: partial(peer, shelf) for name, peer in FLOOR.items()} | {OURS: fitted.scores}
    shoppers = shoppers_of(interactions)
    ranks = {name: rank(score, switches, candidates, shoppers) for name, score in systems.items()}
    rows = []
    sizes = np.array([len(each) for each in candidates])
    reachable = np.array([taken in each for taken, each in zip(switches.taken.tolist(), candidates, strict=True)])
    for kind, chosen in kinds(interactions, switches).items():
        dataset = f"from {cutoff:%Y-%m-%d}, {kind}"
        only_new = kind.endswith("new items only")
        ranked = {name: (each.new if only_new else each.all)[chosen] for name, each in ranks.items()}
        rows += _rows(dataset, ranked, switches.customer[chosen])
        rows += [
            Row(bench=BENCH, dataset=dataset, system=OURS, metric=metric, value=float(value), unit="count")
            for metric, value in (
                ("switches", chosen.sum()),
                ("customers", len(np.unique(switches.customer[chosen]))),
                ("candidates", sizes[chosen].mean() if chosen.any() else 0),
                ("out of reach", (~reachable[chosen]).sum()),
            )
        ]
    everything = f"from {cutoff:%Y-%m-%d}, all"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    rows += [
        Row(bench=BENCH, dataset=everything, system=name, metric="one question", value=each.question_ms, unit="ms")
        for name, each in ranks.items()
    ]
    figures = (("fit CPU", cpu_seconds, "s"), ("peak memory of the run", peak, "GiB"))
    rows += [
        Row(bench=BENCH, dataset=everything, system=OURS, metric=name, value=value, unit=unit) for name, value, unit in figures
    ]
    return rows


def kinds(interactions: Interactions, switches: Switches) -> Mapping[str, NDArray[np.bool_]]:
    """The kinds of switches that are told apart."""
    new = switches.known == 0
    absent = likely_stock_outs(interactions, switches, expected=EXPECTED)
    return {
        "all": np.ones(len(switches), dtype=bool),
        "taken is known to the customer": ~new,
        "taken is new": new,
        "taken is new, new items only": new,
        "likely stock-out": absent,
        "likely stock-out, taken is new": absent & new,
        "likely stock-out, taken is new, new items only": absent & new,
    }


def _rows(dataset: str, ranks: Mapping[str, NDArray[np.int64]], customers: NDArray[np.int32]) -> list[Row]:
    """Means over the switches, with intervals by resampling customers; and Kindred's hits over each peer's."""
    who, customer = np.unique(customers, return_inverse=True)
    if not len(who):
        return []

    def by_customer(values: NDArray[np.floating] | NDArray[np.bool_]) -> NDArray[np.float64]:
        return np.bincount(customer, weights=values).astype(np.float64)

    def row(system: str, metric: str, ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> Row:
        ratio = bootstrap_ratio(ours, theirs, seed=SEED)
        figures = {"value": ratio.mean, "low": ratio.low, "high": ratio.high}
        return Row(bench=BENCH, dataset=dataset, system=system, metric=metric, unit="ratio", **figures)

    switches = by_customer(np.ones(len(customer)))
    rows = []
    for system, found in ranks.items():
        rows += [row(system, f"hit@{first}", by_customer(found < first), switches) for first in (1, SHOWN)]
        rows.append(row(system, "MRR", by_customer(np.where(found < OUT_OF_REACH, 1.0 / (found + 1.0), 0.0)), switches))
    hits = {system: by_customer(found < SHOWN) for system, found in ranks.items()}
    rows += [row(name, "kindred's hit@3 over it", hits[OURS], theirs) for name, theirs in hits.items() if theirs.any()]
    return rows


def main(argv: Sequence[str], console: Console) -> None:
    """Measure and publish."""
    arguments = parser(BENCH, __doc__ or "", data=False)
    arguments.add_argument("--interactions", type=Path, metavar="FILE", help="CSV or Parquet: customer, item, time, price, ...")
    arguments.add_argument("--items", type=Path, metavar="FILE", help="CSV or Parquet: item, title, category..., brand, ...")
    arguments.add_argument("--cutoffs", type=int, default=2, metavar="N", help="how many cutoffs, a horizon apart (2)")
    options = arguments.parse_args(argv)
    torch.set_num_threads(1)
    settings = SubstitutionSettings()
    if options.interactions is None:
        interactions, last = complete_journey(), WEEK_48
    else:
        interactions = read_interactions(options.interactions, options.items)
        last = interactions.span()[1] - settings.horizon
    rows: list[Row] = []
    for step in range(options.cutoffs):
        rows += measure_cutoff(interactions, last - step * settings.horizon, settings, console)
    publish(rows, head=describe_machine(now=datetime.now(UTC)), json_file=options.json, console=console)


if __name__ == "__main__":
    run_main(main)
