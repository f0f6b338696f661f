"""What each way to make clusters of the same scored pairs is worth: components, two linkages, and GDS Leiden.

Records are normalised as the import does, and scored once. The pairs within components are then clustered by each method, and
scored against the truth. For Leiden, whose resolution nothing but the labels could choose, every resolution is shown.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from math import log

import numpy as np
from rich.console import Console

from bench.clustering import components_of
from bench.datasets import DataSet, built_in, chosen, custom, read_truth, shared_folder
from bench.harness import Row, describe_machine, parser, publish, run_main
from bench.installation import temporary_installation
from bench.metrics import score
from bench.records import all_versions
from graph.identity.matching.linkage import PairEvidence, profile_linkage
from graph.identity.matching.matching import Matching, match_records
from graph.identity.matching.records import records_of
from graph.model.claim import Claim
from graph.model.evidence import RecordVersion
from graph.repositories.components import ComponentRepository
from runtime.settings import Settings, load_settings
from runtime.wiring import open_platform

BENCH = "identity_clustering"
RESOLUTIONS = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
"""Resolutions of Leiden, times thousands of records: modularity divides by the weight of the whole graph, not of a component."""
Clusters = Mapping[str, str]


def claim_of(version: RecordVersion) -> Claim:
    """A record of one version as resolution reads it from the graph."""
    return Claim(
        record_id=version.record_id,
        source=version.source,
        entity_type=version.entity_type,
        name=version.name,
        gender=version.gender,
        birth_date=version.birth_date,
        address=version.address,
        at=version.at,
        first_seen=version.at,
        identifiers=tuple(sorted(identifier.key for identifier in version.identifiers)),
        rejected=tuple(sorted((value.field, value.given) for value in version.rejected)),
    )


async def clusterings(matching: Matching, gds: ComponentRepository) -> AsyncIterator[tuple[str, Clusters]]:
    """Every method with the clusters that it makes."""
    ids, left, right, odds = matching.records.ids, matching.left, matching.right, matching.log_odds
    likely = np.flatnonzero(odds > 0)
    pairs = [(ids[a], ids[b]) for a, b in zip(left[likely].tolist(), right[likely].tolist(), strict=True)]
    yield "components, odds even or better", components_of(pairs)
    # One field that all pairs state: what speaks for joining two clusters is then the average of their pairs' log odds.
    flat = PairEvidence(
        weights=odds.astype(np.float32).reshape(-1, 1, 1),
        stated=np.ones((len(odds), 1), dtype=np.bool_),
        prior=np.zeros((len(odds), 1), dtype=np.float32),
    )
    linked = profile_linkage(left, right, flat, len(ids))
    for system, clusters in (
        ("average linkage of pairs", linked.clusters),
        ("profile linkage (Kindred)", matching.linkage.clusters),
    ):
        yield system, {record: str(cluster) for record, cluster in zip(ids, clusters.tolist(), strict=True)}
    links = [(a, b, weight) for (a, b), weight in zip(pairs, (odds[likely] / log(2)).tolist(), strict=True)]
    for resolution in RESOLUTIONS:
        gamma = resolution * len(ids) / 1_000
        communities = await gds.communities(links, gamma)
        found = {record: str(number) for number, members in enumerate(communities) for record in members}
        yield f"GDS Leiden, resolution {gamma:g}", found


async def measure(dataset: DataSet, gds: ComponentRepository, console: Console) -> list[Row]:
    """Rows for one set."""
    truth = read_truth(dataset.truth_file).persons
    versions = list(all_versions(dataset.files))
    name_of: dict[str, str] = {v.record_id: v.record_id if v.record_id in truth else v.source_record_id for v in versions}
    console.print(f"{dataset.name}: scoring {len(versions)} records")
    matching = match_records(records_of([claim_of(version) for version in versions]))
    rows: list[Row] = []
    async for system, clusters in clusterings(matching, gds):
        quality = score(truth=truth, found={name_of[record]: cluster for record, cluster in clusters.items()})
        console.print(f"{dataset.name}, {system}: pair F1 {quality.pairwise.f1:.4f}", soft_wrap=True)
        figures = {
            "pair P": (quality.pairwise.precision, "ratio"),
            "pair R": (quality.pairwise.recall, "ratio"),
            "pair F1": (quality.pairwise.f1, "ratio"),
            "B3 F1": (quality.b_cubed.f1, "ratio"),
            "largest": (quality.largest_found, "count"),
        }
        rows += [
            Row(bench=BENCH, dataset=dataset.name, system=system, metric=metric, value=value, unit=unit)
            for metric, (value, unit) in figures.items()
        ]
    return rows


async def measure_all(sets: Sequence[DataSet], settings: Settings, console: Console) -> list[Row]:
    """Rows for all sets, over the GDS of a running installation."""
    rows: list[Row] = []
    async with open_platform(settings) as platform:
        numbers = count()
        gds = ComponentRepository(platform.database, new_graph_name=lambda: f"bench-{next(numbers)}")
        for dataset in sets:
            rows += await measure(dataset, gds, console)
    return rows


def main(arguments: Sequence[str], console: Console) -> None:
    """Measure the sets asked for and publish the rows."""
    options = parser(BENCH, "Ways to make clusters of the same scored pairs.")
    options.add_argument("--sets", metavar="A,B", help="only these of the built-in sets")
    asked = options.parse_args(arguments)
    sets = [custom(asked.data)] if asked.data else chosen(built_in(shared_folder(None)), asked.sets)
    with temporary_installation(services=False) as installation:
        rows = asyncio.run(measure_all(sets, load_settings(home=installation.home), console))
    publish(rows, head=describe_machine(now=datetime.now(UTC)), json_file=asked.json, console=console)


if __name__ == "__main__":
    run_main(main)
