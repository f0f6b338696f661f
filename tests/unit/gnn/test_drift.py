"""Drift: nothing where the shop goes on as before, much where other things are bought."""

from datetime import timedelta

import numpy as np
import pytest

from gnn.drift import drift
from gnn.errors import InteractionsError
from gnn.recommendation.model import Recommender
from gnn.recommendation.settings import Settings
from gnn.recommendation.trainer import train_recommender
from tests.unit.gnn.shops import OPENED, shop

SMALL = Settings(horizon=timedelta(weeks=4), least_customers=2, factors=8, width=8, encoder_epochs=1, epochs=1, hidden=8)
CUTOFF = OPENED + timedelta(weeks=26)
END = OPENED + timedelta(weeks=31)


@pytest.fixture(scope="module")
def recommender() -> Recommender:
    return train_recommender(shop(), CUTOFF, SMALL, version="v1", seed=0).recommender


def test_a_shop_that_goes_on_as_before_has_not_changed(recommender: Recommender) -> None:
    found = drift(recommender, shop(), until=END)
    assert found.purchases == len(shop().between(CUTOFF, END))
    assert found.unknown == 0.0
    assert found.stability < 0.1
    assert found.verdict == "little has changed"


def test_where_one_product_takes_all_much_has_changed(recommender: Recommender) -> None:
    rows = shop()
    later = rows.at >= int(CUTOFF.timestamp())
    only = np.where(later, rows.item[0], rows.item).astype(np.int32)
    object.__setattr__(rows, "item", only)
    found = drift(recommender, rows, until=END)
    # All of one group of ten: (1 - .1) ln(1 / .1), and nine times (.0001 - .1) ln(.0001 / .1), groups being near a tenth.
    assert found.stability == pytest.approx(0.9 * np.log(10) + 9 * 0.0999 * np.log(1000), rel=0.15)
    assert found.verdict == "much has changed: train again"


def test_products_that_it_does_not_know_are_counted(recommender: Recommender) -> None:
    rows = shop()
    object.__setattr__(rows.catalogue, "ids", np.char.add("other ", rows.catalogue.ids))
    assert drift(recommender, rows, until=END).unknown == 1.0


def test_nothing_bought_since_is_told(recommender: Recommender) -> None:
    with pytest.raises(InteractionsError, match="nobody bought anything"):
        drift(recommender, shop(), until=CUTOFF)
