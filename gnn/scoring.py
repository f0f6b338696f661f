"""From a recommender back into the graph: the vectors of products and customers, by the model in use. No torch is needed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from gnn.data.interactions import Floats
from gnn.errors import ModelError
from gnn.export.dataset import Dataset
from gnn.recommendation.customers import look_at
from gnn.recommendation.model import Recommender
from gnn.recommendation.spaces import EncodedSpace

SPACE = "encoded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Embeddings:
    """Vectors of length 1 by id, of one width; who or what has none is not in here."""

    products: Mapping[str, list[float]]
    customers: Mapping[str, list[float]]


def embed_all(recommender: Recommender, dataset: Dataset, *, at: datetime) -> Embeddings:
    """The vectors of all products that the model knows, and of all customers who took or looked at one of them.

    Args:
        recommender: whose encoded space they lie in.
        dataset: what customers did up to now.
        at: the moment that what they did is weighed at.

    Raises:
        ModelError: the recommender has no such space.
    """
    space = recommender.shop.spaces.get(SPACE)
    if not isinstance(space, EncodedSpace):
        raise ModelError(f"the recommender {recommender.version} has no {SPACE} space")
    rows = recommender.renumbered(dataset.interactions())
    customers = look_at(recommender.shop, rows, at, recommender.settings)
    position = list(recommender.shop.spaces).index(SPACE)
    return Embeddings(
        products=_by_id(recommender.shop.catalogue.ids.tolist(), space.items),
        customers=_by_id(rows.customers.tolist(), customers.vectors[position]),
    )


def _by_id(ids: list[str], vectors: Floats) -> dict[str, list[float]]:
    lengths = np.linalg.norm(vectors, axis=1)
    known = np.flatnonzero(lengths > 0)
    return {ids[row]: (vectors[row] / lengths[row]).tolist() for row in known.tolist()}
