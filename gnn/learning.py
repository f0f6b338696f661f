"""From an export to models in the store, each with its model card."""

import platform
import resource
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version as version_of
from math import isnan
from pathlib import Path
from typing import Any, Final

from gnn.data.interactions import Interactions
from gnn.errors import ModelError
from gnn.export.dataset import Dataset
from gnn.links.settings import LinkSettings
from gnn.links.standing import standing
from gnn.links.stored import KIND as LINKS
from gnn.links.stored import save_links
from gnn.links.training import train_links
from gnn.model_store import ModelStore
from gnn.recommendation.evaluation import Interval, Target
from gnn.recommendation.model import NETWORK
from gnn.recommendation.settings import Settings, settings_for
from gnn.recommendation.stored import KIND, save_recommender
from gnn.recommendation.trainer import Judged, K, train_recommender
from gnn.substitution.settings import SubstitutionSettings
from gnn.substitution.stored import KIND as SUBSTITUTION
from gnn.substitution.stored import save_substitution
from gnn.substitution.substitution import COUNT
from gnn.substitution.substitution import NETWORK as SUBSTITUTION_NETWORK
from gnn.substitution.trainer import train_substitution
from graph.model.claim import Claim
from graph.model.identity import Purpose

PACKAGES: Final = ("kindred", "implicit", "numpy", "scipy", "torch", "torch-geometric")
RECOMMENDER_LIMITS: Final = (
    "Learns what is taken, not what is wanted: what was never on sale, or was out of stock, looks unwanted.",
    "Items that few customers took are not recommended, and new ones not before they did.",
    "Popular items are recommended more often than a customer's share in them would ask for.",
    "Looks count for less than purchases by fixed strengths, which were not learnt.",
    "Judged on what happened after the cutoff without anybody acting on the recommendations: their effect is not measured.",
)


SUBSTITUTION_LIMITS: Final = (
    "Learns from visits in which the usual product was due and another of its category was bought: why is not known.",
    "Only items of the same category are ranked by what was learnt; others follow by popularity.",
    "What was never sold is not offered, and what is rarely sold is ranked by its category, brand and price.",
    "Judged on what shoppers chose by themselves: whether they accept what is offered to them is not measured.",
)
LINK_LIMITS: Final = (
    "Learns what is lost where evidence is missing at random, not where a source leaves out the same thing for everybody.",
    "Does not look at identifiers that were seen together, only at what records state.",
    "What stands in the graph is its teacher: where resolution merges wrongly, that is learnt.",
    "Predictions are for people to look at: nothing is merged by them.",
)
K_SHOWN: Final = f"hit@{COUNT}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """A model in the store.

    Attributes:
        kind: of the model.
        version: its name there.
        card: what was written beside it.
    """

    kind: str
    version: str
    card: Mapping[str, Any]


def version_at(moment: datetime) -> str:
    """The name of what is trained at a moment, to the second."""
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def learn_recommender(
    dataset: Dataset, store: ModelStore, *, now: datetime, seed: int, settings: Settings | None = None
) -> Learnt:
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
    version, folder = _new(store, KIND, now)
    interactions = dataset.interactions()
    adapted = settings_for(interactions, settings)
    started = time.process_time()
    cutoff = _cutoff(dataset, interactions)
    trained = train_recommender(interactions, cutoff, adapted, version=version, seed=seed)
    spent = time.process_time() - started
    recommender = trained.recommender
    card = {
        "model": KIND,
        "version": version,
        "data": _data(dataset, interactions, cutoff) | {"recommended_products": len(recommender.shop.catalogue)},
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
        "training": _training(seed=seed, cpu_seconds=spent),
        "limits": list(RECOMMENDER_LIMITS),
    }
    save_recommender(recommender, folder)
    store.write_card(KIND, version, card)
    return Learnt(kind=KIND, version=version, card=card)


def learn_substitution(dataset: Dataset, store: ModelStore, *, now: datetime, seed: int) -> Learnt:
    """Learn from an export what replaces what, and store it; it is not put into use.

    Args:
        dataset: the export.
        store: where it goes.
        now: names the version, to the second.
        seed: of all that chance plays a part in.

    Raises:
        InteractionsError: nothing was bought, or the products have no category.
        ModelError: the store cannot be written, or has the version already.
    """
    version, folder = _new(store, SUBSTITUTION, now)
    interactions, settings = dataset.interactions(), SubstitutionSettings()
    cutoff = _cutoff(dataset, interactions)
    started = time.process_time()
    trained = train_substitution(interactions, cutoff, settings, version=version, seed=seed)
    spent = time.process_time() - started
    served = trained.substitution.served
    card = {
        "model": SUBSTITUTION,
        "version": version,
        "data": _data(dataset, interactions, cutoff),
        "validation": {
            "from": trained.validated_from.isoformat(),
            "k": COUNT,
            "switches": trained.switches,
            "models": {name: {K_SHOWN: _interval(hits)} for name, hits in trained.hits.items()},
            "not_learnt": trained.not_learnt,
        },
        "served": {Target.ANY.value: served},
        "learnt": served == SUBSTITUTION_NETWORK,
        "settings": {"horizon_days": settings.horizon.total_seconds() / 86_400, "least_customers": settings.least_customers},
        "training": _training(seed=seed, cpu_seconds=spent),
        "limits": list(SUBSTITUTION_LIMITS),
    }
    save_substitution(trained.substitution, folder)
    store.write_card(SUBSTITUTION, version, card)
    return Learnt(kind=SUBSTITUTION, version=version, card=card)


def learn_links(
    claims: Sequence[Claim],
    identity_of: Mapping[str, str],
    store: ModelStore,
    *,
    now: datetime,
    seed: int,
    settings: LinkSettings | None = None,
) -> Learnt:
    """Learn from records and their individuals which links are missing, and store it; it is not put into use.

    Args:
        claims: of all records.
        identity_of: the individual of each record.
        store: where it goes.
        now: names the version, to the second.
        seed: of all that chance plays a part in.
        settings: of the model.

    Raises:
        InteractionsError: there are too few links to learn from.
        ModelError: the store cannot be written, or has the version already.
    """
    settings = settings or LinkSettings()
    version, folder = _new(store, LINKS, now)
    started = time.process_time()
    stands = standing(claims, identity_of)
    trained = train_links(claims, stands, settings, version=version, seed=seed)
    spent = time.process_time() - started
    chances = trained.scorer.chances(stands.factors)
    told = chances.least >= settings.least_probability
    card = {
        "model": LINKS,
        "version": version,
        "data": {
            "purpose": Purpose.INDIVIDUAL,
            "cutoff": now.isoformat(),
            "records": len(claims),
            "customers": stands.found.individuals,
            "candidate_pairs": len(stands.found),
            "links_lost": trained.links,
            "pairs_apart": trained.apart,
        },
        "validation": {
            "from": now.isoformat(),
            "models": {},
            "slope": round(trained.scorer.slope, 4),
            "offset": round(trained.scorer.offset, 4),
            "predicted": int(told.sum()),
            "expected_precision": round(float(chances.probability[told].mean()), 4) if told.any() else None,
        },
        "served": {Target.ANY.value: "networks"},
        "learnt": True,
        "settings": {"shares": list(settings.shares), "least_probability": settings.least_probability},
        "training": _training(seed=seed, cpu_seconds=spent),
        "limits": list(LINK_LIMITS),
    }
    save_links(trained.scorer, folder)
    store.write_card(LINKS, version, card)
    return Learnt(kind=LINKS, version=version, card=card)


def _new(store: ModelStore, kind: str, now: datetime) -> tuple[str, Path]:
    """A version's name and its folder, which is not there yet."""
    version = version_at(now)
    folder = store.path(kind, version)
    if folder.exists():
        raise ModelError(f"{folder} is there already")
    return version, folder


def _cutoff(dataset: Dataset, interactions: Interactions) -> datetime:
    """Where the shop has been quiet since, the past ends with its last row: there is nothing to judge by behind it."""
    return min(dataset.cutoff, interactions.span()[1] + timedelta(seconds=1))


def _data(dataset: Dataset, interactions: Interactions, cutoff: datetime) -> dict[str, Any]:
    start, end = interactions.span()
    return {
        "purpose": dataset.purpose,
        "cutoff": cutoff.isoformat(),
        "as_of": dataset.as_of.isoformat(),
        "first": start.isoformat(),
        "last": end.isoformat(),
        "rows": len(interactions),
        "customers": len(interactions.customers),
        "products": len(interactions.catalogue),
    }


def _training(*, seed: int, cpu_seconds: float) -> dict[str, Any]:
    return {
        "seed": seed,
        "cpu_seconds": round(cpu_seconds, 1),
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "machine": platform.platform(),
        "packages": {name: version_of(name) for name in PACKAGES},
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
