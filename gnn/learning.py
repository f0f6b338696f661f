"""From an export to a recommender in the store, with its model card."""

import platform
import resource
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version as version_of
from math import isnan
from typing import Any, Final

from gnn.data.interactions import Interactions
from gnn.errors import ModelError
from gnn.export.dataset import Dataset
from gnn.model_store import ModelStore
from gnn.recommendation.evaluation import Interval, Target
from gnn.recommendation.model import NETWORK
from gnn.recommendation.settings import Settings, settings_for
from gnn.recommendation.stored import KIND, save_recommender
from gnn.recommendation.trainer import Judged, K, Trained, train_recommender

PACKAGES: Final = ("kindred", "implicit", "numpy", "scipy", "torch", "torch-geometric")
LIMITS: Final = (
    "Learns what is taken, not what is wanted: what was never on sale, or was out of stock, looks unwanted.",
    "Items that few customers took are not recommended, and new ones not before they did.",
    "Popular items are recommended more often than a customer's share in them would ask for.",
    "Looks count for less than purchases by fixed strengths, which were not learnt.",
    "Judged on what happened after the cutoff without anybody acting on the recommendations: their effect is not measured.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """A recommender in the store.

    Attributes:
        version: its name there.
        card: what was written beside it.
        trained: the recommender itself.
    """

    version: str
    card: Mapping[str, Any]
    trained: Trained


def learn(dataset: Dataset, store: ModelStore, *, now: datetime, seed: int, settings: Settings | None = None) -> Learnt:
    """Train a recommender on an export and store it; it is not put into use.

    Args:
        dataset: the export.
        store: where it goes.
        now: names the version, to the second.
        seed: of all that chance plays a part in.
        settings: what to begin with; a short or small history adapts them.

    Raises:
        InteractionsError: the history is too short or too thin to learn from.
        ModelError: the store cannot be written, or has the version already.
    """
    version = f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    folder = store.path(KIND, version)
    if folder.exists():
        raise ModelError(f"{folder} is there already")
    interactions = dataset.interactions()
    adapted = settings_for(interactions, settings)
    started = time.process_time()
    # Where the shop has been quiet since, the past ends with its last row: there is nothing to judge by behind it.
    cutoff = min(dataset.cutoff, interactions.span()[1] + timedelta(seconds=1))
    trained = train_recommender(interactions, cutoff, adapted, version=version, seed=seed)
    card = _card(dataset, interactions, trained, seed=seed, cpu_seconds=time.process_time() - started)
    save_recommender(trained.recommender, folder)
    store.write_card(KIND, version, card)
    return Learnt(version=version, card=card, trained=trained)


def _card(dataset: Dataset, interactions: Interactions, trained: Trained, *, seed: int, cpu_seconds: float) -> dict[str, Any]:
    start, end = interactions.span()
    recommender = trained.recommender
    return {
        "model": "recommender",
        "version": recommender.version,
        "data": {
            "purpose": dataset.purpose,
            "cutoff": recommender.shop.cutoff.isoformat(),
            "as_of": dataset.as_of.isoformat(),
            "first": start.isoformat(),
            "last": end.isoformat(),
            "rows": len(interactions),
            "customers": len(interactions.customers),
            "products": len(interactions.catalogue),
            "recommended_products": len(recommender.shop.catalogue),
        },
        "validation": {
            "from": trained.validated_from.isoformat(),
            "k": K,
            "models": {name: _figures(judged) for name, judged in trained.judged.items()},
            "network_over_best_simple_model": _interval(trained.lead),
        },
        "served": {Target.ANY.value: recommender.served, Target.NEW.value: recommender.served_new},
        "learnt": NETWORK in (recommender.served, recommender.served_new),
        "settings": {
            "horizon_days": recommender.settings.horizon.total_seconds() / 86_400,
            "least_customers": recommender.settings.least_customers,
        },
        "training": {
            "seed": seed,
            "cpu_seconds": round(cpu_seconds, 1),
            "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            "machine": platform.platform(),
            "packages": {name: version_of(name) for name in PACKAGES},
        },
        "limits": list(LIMITS),
    }


def _figures(judged: Judged) -> dict[str, Any]:
    return {
        target.value: {
            f"recall@{K}": _interval(judged.recall[target]),
            f"ndcg@{K}": _interval(judged.ndcg[target]),
            "customers": judged.customers[target],
        }
        for target in Target
    }


def _interval(interval: Interval) -> dict[str, float | None]:
    values = {"mean": interval.mean, "low": interval.low, "high": interval.high}
    return {name: None if isnan(value) else round(value, 5) for name, value in values.items()}
