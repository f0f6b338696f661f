"""What customers take next, foretold by Kindred and by the simple models that it must beat, each fitted on the same past.

Complete Journey, the purchases of 2,469 households in a year, where no file is given: fitted on weeks 1 to 47 and judged on weeks
48 to 53, and again at three cutoffs six weeks apart before. Settings, those of the other models too, were chosen at the second.
Items are those that enough customers (20 of Complete Journey's) had bought before the cutoff.
"""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from rich.console import Console

from bench.complete_journey import WEEK_48, complete_journey
from bench.harness import BenchError, Row, describe_machine, parser, publish, run_main
from bench.recommendation_run import BY_CHANCE, SYSTEMS, K, Result, Task, run
from gnn.data.interactions import Interactions
from gnn.data.tables import read_interactions
from gnn.recommendation.evaluation import Interval, Target, bootstrap, bootstrap_ratio, over_seeds
from gnn.recommendation.settings import Settings, settings_for

BENCH = "recommendation"
OURS = "kindred"
RESAMPLING_SEED = 0


def measure_cutoff(
    interactions: Interactions, cutoff: datetime, settings: Settings, *, seeds: int, console: Console
) -> list[Row]:
    """Rows of all models at one cutoff, and of Kindred against the best of the others."""
    dataset = f"from {cutoff:%Y-%m-%d}"
    results: dict[str, list[Result]] = {}
    for system in SYSTEMS:
        tasks = [
            Task(system=system, interactions=interactions, cutoff=cutoff, settings=settings, seed=seed)
            for seed in range(seeds if system in BY_CHANCE else 1)
        ]
        console.print(f"{dataset}: {system}")
        results[system] = [_alone(task) for task in tasks]
    rows = [row for system, runs in results.items() for row in _rows(dataset, system, runs)]
    for target in Target:
        rows += _against_best(dataset, target, results)
    return rows


def _alone(task: Task) -> Result:
    """In a process of its own, one at a time."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        return pool.submit(run, task).result()


def _rows(dataset: str, system: str, runs: Sequence[Result]) -> list[Row]:
    rows = []
    for target in Target:
        measured = [each.measured[target] for each in runs]
        recall, ndcg = over_seeds(measured)
        for metric, values in ((f"{target} R@{K}", recall), (f"{target} N@{K}", ndcg)):
            rows.append(_row(dataset, system, metric, bootstrap(values, seed=RESAMPLING_SEED)))
        means = [float(each.ndcg.mean()) for each in measured]
        if len(runs) > 1:
            spread = Interval(mean=float(np.mean(means)), low=min(means), high=max(means))
            rows.append(_row(dataset, system, f"{target} N@{K} over seeds", spread))
        if system == OURS:
            rows.append(
                Row(bench=BENCH, dataset=dataset, system=system, metric=f"{target} customers", value=len(ndcg), unit="count")
            )
    figures = (
        ("fit CPU", max(each.cpu_seconds for each in runs), "s"),
        ("peak memory", max(each.peak_bytes for each in runs) / 2**30, "GiB"),
        ("one customer", max(each.inference_ms for each in runs), "ms"),
    )
    rows += [
        Row(bench=BENCH, dataset=dataset, system=system, metric=name, value=value, unit=unit) for name, value, unit in figures
    ]
    return rows


def _against_best(dataset: str, target: Target, results: dict[str, list[Result]]) -> list[Row]:
    """Kindred's NDCG over that of the model that is best at it here, with the interval of the ratio."""
    ndcg = {system: over_seeds([each.measured[target] for each in runs])[1] for system, runs in results.items()}
    best = max((system for system in ndcg if system != OURS), key=lambda system: float(ndcg[system].mean()))
    ratio = bootstrap_ratio(ndcg[OURS], ndcg[best], seed=RESAMPLING_SEED)
    return [_row(dataset, f"kindred / {best}", f"{target} N@{K}", ratio)]


def _row(dataset: str, system: str, metric: str, interval: Interval) -> Row:
    return Row(
        bench=BENCH,
        dataset=dataset,
        system=system,
        metric=metric,
        value=interval.mean,
        unit="ratio",
        low=interval.low,
        high=interval.high,
    )


def cutoffs_of(interactions: Interactions, settings: Settings, count: int) -> list[datetime]:
    """The last cutoffs of any shop, a horizon apart, newest first: the first leaves one horizon to foretell.

    Raises:
        BenchError: the history is too short for as many.
    """
    start, end = interactions.span()
    cutoffs = [end - step * settings.horizon for step in range(1, count + 1)]
    if cutoffs[-1] - 2 * settings.horizon < start:
        raise BenchError(f"{count} cutoffs {settings.horizon} apart need {count + 2} horizons; there is {start} to {end}")
    return cutoffs


def main(argv: Sequence[str], console: Console) -> None:
    """Measure and publish."""
    arguments = parser(BENCH, __doc__ or "", data=False)
    arguments.add_argument("--interactions", type=Path, metavar="FILE", help="CSV or Parquet: customer, item, time, price, ...")
    arguments.add_argument("--items", type=Path, metavar="FILE", help="CSV or Parquet: item, title, category..., brand, ...")
    arguments.add_argument("--cutoffs", type=int, default=4, metavar="N", help="how many cutoffs, a horizon apart (4)")
    arguments.add_argument("--skip", type=int, default=0, metavar="N", help="leave out the N newest cutoffs")
    arguments.add_argument("--seeds", type=int, default=3, metavar="N", help="runs of the models that chance plays a part in (3)")
    options = arguments.parse_args(argv)
    if options.interactions is None:
        interactions, settings = complete_journey(), Settings()
        cutoffs = [WEEK_48 - step * settings.horizon for step in range(options.cutoffs)]
    else:
        interactions = read_interactions(options.interactions, options.items)
        settings = settings_for(interactions)
        cutoffs = cutoffs_of(interactions, settings, options.cutoffs)
    rows: list[Row] = []
    for cutoff in cutoffs[options.skip :]:
        rows += measure_cutoff(interactions, cutoff, settings, seeds=options.seeds, console=console)
    publish(rows, head=describe_machine(now=datetime.now(UTC)), json_file=options.json, console=console)


if __name__ == "__main__":
    run_main(main)
