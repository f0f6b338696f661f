"""Splink in a process of its own, so that all its memory is given back: ``python -m bench.splink_process REQUEST.json``.

The request names a Parquet file of normalised records (see ``bench.records``), a style and the files to write: the scored pairs
and the clusters that Splink makes of them at its usual threshold. The report is written as JSON.
"""

import json
import logging
import resource
import sys
from dataclasses import asdict
from pathlib import Path
from time import perf_counter

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from splink import DuckDBAPI, Linker
from splink.internals.exceptions import EMTrainingException

from bench.records import RECORD_ID, SOURCE
from bench.splink_request import SplinkReport, SplinkRequest
from bench.splink_settings import Plan, plan

SEED = 1


def work(request: SplinkRequest) -> SplinkReport:
    """Train, predict and cluster as asked, writing both files."""
    table = pq.read_table(request.records)
    columns = frozenset(name for name in table.column_names if table[name].null_count < table.num_rows)
    chosen = plan(request.style, dataset=request.dataset, columns=columns, rows=table.num_rows)
    connection = duckdb.connect(":memory:")
    connection.execute(f"SET memory_limit = '{request.memory_mb}MB'")
    connection.execute(f"SET temp_directory = '{Path(request.pairs).parent}'")
    database = DuckDBAPI(connection=connection)

    seconds: dict[str, float] = {}
    began = perf_counter()
    linker = _linker(database, chosen, table)
    untrained = _train(linker, chosen)
    seconds["train"] = perf_counter() - began

    began = perf_counter()
    scored = linker.inference.predict(threshold_match_weight=request.lowest_weight)
    seconds["predict"] = perf_counter() - began
    began = perf_counter()
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
        scored, threshold_match_probability=request.probability
    )
    found = clusters.as_pyarrow_table()
    seconds["cluster"] = perf_counter() - began

    pairs = scored.as_pyarrow_table()
    left, right = (f"{RECORD_ID}_{side}" for side in "lr")
    pq.write_table(pairs.select([left, right, "match_weight"]).rename_columns(["left", "right", "weight"]), request.pairs)
    clustered = found.select([RECORD_ID, "cluster_id"])
    pq.write_table(clustered.set_column(1, "cluster_id", pc.cast(clustered["cluster_id"], pa.string())), request.clusters)
    return SplinkReport(
        seconds=seconds,
        pairs=pairs.num_rows,
        untrained=untrained,
        # Kilobytes on Linux, see getrusage(2).
        peak_memory_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    )


def _linker(database: DuckDBAPI, chosen: Plan, table: pa.Table) -> Linker:
    if not chosen.link_only:
        return Linker(database.register(table), chosen.settings, log_level=logging.ERROR)
    parts = [
        database.register(table.filter(pc.field(SOURCE) == source), dataset_display_name=f"source_{number}")
        for number, source in enumerate(sorted(table[SOURCE].unique().to_pylist()))
    ]
    return Linker(parts, chosen.settings, log_level=logging.ERROR)


def _train(linker: Linker, chosen: Plan) -> tuple[str, ...]:
    """Train all parameters; the sessions that could not be held, for want of pairs, are named."""
    linker.training.estimate_probability_two_random_records_match(list(chosen.deterministic), recall=chosen.deterministic_recall)
    linker.training.estimate_u_using_random_sampling(max_pairs=chosen.u_pairs, seed=SEED)
    untrained: list[str] = []
    for rule in chosen.training:
        try:
            linker.training.estimate_parameters_using_expectation_maximisation(
                rule, max_pairs=chosen.u_pairs, record_sample_proportion=1.0
            )
        except EMTrainingException as error:
            untrained.append(f"{rule!r}: {error}"[:200])
    return tuple(untrained)


def main(arguments: list[str]) -> None:
    """Do what the request says."""
    [path] = arguments
    request = SplinkRequest(**json.loads(Path(path).read_text(encoding="utf-8")))
    Path(request.report).write_text(json.dumps(asdict(work(request))), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
