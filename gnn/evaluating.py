"""How a stored recommender has done since: what customers took after its cutoff, beside the simple models on the same past."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from gnn.data.interactions import Interactions
from gnn.errors import InteractionsError
from gnn.recommendation.customers import look_at
from gnn.recommendation.evaluation import Interval, Target, bootstrap, measure
from gnn.recommendation.floor import FLOOR, FloorRanker
from gnn.recommendation.model import NETWORK, Recommender
from gnn.recommendation.ranker import Ranker

K = 20
RESAMPLING_SEED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """One model's figures over what was taken from a cutoff to an end.

    Attributes:
        model: ``network`` or the name of a simple model.
        target: what counts as a hit.
        recall: mean over customers, of the first 20.
        ndcg: the same.
        customers: how many took something that counts.
    """

    model: str
    target: Target
    recall: Interval
    ndcg: Interval
    customers: int


def evaluate(recommender: Recommender, interactions: Interactions, *, until: datetime) -> list[Since]:
    """Measure a recommender and the simple models on what was taken after the recommender's cutoff.

    Args:
        recommender: as stored.
        interactions: all that is known by now.
        until: where to end, at most a horizon after the cutoff.

    Raises:
        InteractionsError: nothing that it can recommend was taken since.
    """
    cutoff = recommender.shop.cutoff
    end = min(until, cutoff + recommender.settings.horizon)
    rows = _of_shop(interactions, recommender)
    history, targets = rows.before(cutoff), rows.between(cutoff, end).taken()
    if not targets.nnz:
        raise InteractionsError(f"from {cutoff} to {end} nobody took an item that {recommender.version} can recommend")
    customers = look_at(recommender.shop, history, cutoff, recommender.settings)
    rankers: dict[str, Ranker | FloorRanker] = {
        NETWORK: Ranker(network=recommender.network, shop=recommender.shop, customers=customers)
    }
    rankers |= {name: FloorRanker(name=name, shop=recommender.shop, customers=customers) for name in FLOOR}
    found = []
    for name, ranker in rankers.items():
        for target in Target:
            measured = measure(ranker.scores, taken=customers.taken, targets=targets, target=target, k=K)
            found.append(
                Since(
                    model=name,
                    target=target,
                    recall=bootstrap(measured.recall, seed=RESAMPLING_SEED),
                    ndcg=bootstrap(measured.ndcg, seed=RESAMPLING_SEED),
                    customers=len(measured.ndcg),
                )
            )
    return found


def _of_shop(interactions: Interactions, recommender: Recommender) -> Interactions:
    """The rows of the recommender's items and places, numbered as it numbers them."""
    shop = recommender.shop
    position = {str(item): at for at, item in enumerate(shop.catalogue.ids.tolist())}
    item_of = _renumbered(interactions.catalogue.ids, position)
    place_of = _renumbered(interactions.places, {str(place): at for at, place in enumerate(shop.places.tolist())})
    item = item_of[interactions.item]
    known = interactions.where(item >= 0)
    return Interactions(
        customers=known.customers,
        catalogue=shop.catalogue,
        customer=known.customer,
        item=item[item >= 0],
        at=known.at,
        quantity=known.quantity,
        strength=known.strength,
        unit_price=known.unit_price,
        place=np.where(known.place >= 0, place_of[np.maximum(known.place, 0)], -1).astype(np.int32),
        places=shop.places,
    )


def _renumbered(ids: NDArray[np.str_], position: dict[str, int]) -> NDArray[np.int32]:
    """The position of each id, -1 where it has none; at least one entry, so that it can be indexed where there are no ids."""
    return np.array([position.get(each, -1) for each in ids.tolist()] or [-1], dtype=np.int32)
