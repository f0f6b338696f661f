"""How a stored recommender has done since: what customers took after its cutoff, beside the simple models on the same past."""

from dataclasses import dataclass
from datetime import datetime

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
    rows = recommender.renumbered(interactions)
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
