"""How training the recommender grows with the number of interactions: processor time and memory on synthetic shops.

Customers have tastes: each takes most of its items from one of forty clusters of the catalogue, within it and beside it by
popularity that falls as the square root of the rank, fifty each over a year. Each size is trained in a process of its own, with
the default settings, as ``kindred train`` does: judged first, then fitted once more.
"""

import multiprocessing
import resource
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
import torch
from rich.console import Console

from bench.harness import Row, describe_machine, parser, publish, run_main
from gnn.data.catalogue import UNKNOWN, Catalogue, Grouping
from gnn.data.interactions import SECONDS_PER_DAY, Interactions, to_seconds
from gnn.recommendation.evaluation import Target
from gnn.recommendation.model import NETWORK
from gnn.recommendation.settings import settings_for
from gnn.recommendation.trainer import train_recommender

BENCH: Final = "learning_scale"
SIZES: Final = (100_000, 1_000_000, 10_000_000)
PER_CUSTOMER: Final = 50
CLUSTERS: Final = 40
ITEMS: Final = {100_000: 2_000, 1_000_000: 10_000, 10_000_000: 10_000}
OWN_TASTE: Final = 0.7
DAYS: Final = 365
OPENED: Final = datetime(2025, 1, 1, tzinfo=UTC)
SEED: Final = 0


def synthetic(edges: int) -> Interactions:
    """A shop of so many purchases."""
    luck = np.random.default_rng(SEED)
    customers, items = edges // PER_CUSTOMER, ITEMS.get(edges, 10_000)
    in_cluster = items // CLUSTERS
    customer = np.repeat(np.arange(customers, dtype=np.int32), PER_CUSTOMER)
    weights = 1.0 / np.sqrt(np.arange(1, in_cluster + 1))
    rank = luck.choice(in_cluster, len(customer), p=weights / weights.sum())
    cluster = np.where(luck.random(len(customer)) < OWN_TASTE, customer % CLUSTERS, luck.integers(0, CLUSTERS, len(customer)))
    item = (cluster * in_cluster + rank).astype(np.int32)
    price = luck.uniform(1, 20, items).astype(np.float32)
    return Interactions(
        customers=np.array([f"c{number}" for number in range(customers)]),
        catalogue=Catalogue(
            ids=np.array([f"i{number}" for number in range(items)]),
            levels={
                "category": Grouping(
                    codes=(np.arange(items) // in_cluster).astype(np.int32),
                    names=tuple(f"k{number}" for number in range(-(-items // in_cluster))),
                )
            },
            qualities={},
            titles=None,
        ),
        customer=customer,
        item=item,
        at=to_seconds(OPENED) + luck.integers(0, DAYS * SECONDS_PER_DAY, len(customer)),
        quantity=np.ones(len(customer), dtype=np.float32),
        strength=np.ones(len(customer), dtype=np.float32),
        unit_price=price[item],
        place=np.full(len(customer), UNKNOWN, dtype=np.int32),
        places=np.array([], dtype=str),
    )


def train(edges: int) -> list[tuple[str, float, str]]:
    """Figures of one size; the memory is the process's at its greatest, the data included."""
    torch.set_num_threads(2)
    interactions = synthetic(edges)
    data = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wall, cpu = time.perf_counter(), time.process_time()
    trained = train_recommender(
        interactions, OPENED + timedelta(days=DAYS), settings_for(interactions), version="bench", seed=SEED
    )
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    network = trained.judged[NETWORK].ndcg
    return [
        ("wall", wall, "s"),
        ("CPU", cpu, "s"),
        ("peak memory", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, "GiB"),
        ("memory before training", data / 2**20, "GiB"),
        ("any N@20", network[Target.ANY].mean, "ratio"),
        ("over the best simple model", trained.lead.mean, "ratio"),
    ]


def main(arguments: Sequence[str], console: Console) -> None:
    """Measure and publish the rows."""
    options = parser(BENCH, __doc__ or "", data=False)
    options.add_argument("--edges", default=",".join(map(str, SIZES)), metavar="A,B", help="numbers of interactions")
    asked = options.parse_args(arguments)
    rows = []
    for edges in (int(size) for size in asked.edges.split(",")):
        console.print(f"{edges:,} interactions")
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            figures = pool.submit(train, edges).result()
        rows += [
            Row(bench=BENCH, dataset=f"{edges:,} interactions", system="kindred", metric=metric, value=value, unit=unit)
            for metric, value, unit in figures
        ]
    publish(rows, head=describe_machine(now=datetime.now(UTC)), json_file=asked.json, console=console)


if __name__ == "__main__":
    run_main(main)
