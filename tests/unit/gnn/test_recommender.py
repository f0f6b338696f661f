from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from gnn.data.interactions import Interactions
from gnn.errors import InteractionsError, ModelError
from gnn.recommendation.evaluation import Target
from gnn.recommendation.floor import FLOOR
from gnn.recommendation.model import NETWORK, Act, Recommender, Wanted
from gnn.recommendation.reasons import ReasonKind
from gnn.recommendation.settings import Settings
from gnn.recommendation.stored import load_recommender, save_recommender
from gnn.recommendation.trainer import Trained, some_customers, train_recommender
from gnn.recommendation.training import moment
from tests.unit.gnn.shops import OPENED, TASTES, item_id, shop

CUTOFF = OPENED + timedelta(weeks=30)
SMALL = Settings(horizon=timedelta(weeks=4), least_customers=2, factors=8, width=8, encoder_epochs=8, epochs=6, hidden=16)


@pytest.fixture(scope="module")
def interactions() -> Interactions:
    return shop()


@pytest.fixture(scope="module")
def trained(interactions: Interactions) -> Trained:
    return train_recommender(interactions, CUTOFF, SMALL, version="v1", seed=0)


@pytest.fixture(scope="module")
def network(trained: Trained) -> Recommender:
    """The network, whichever model won."""
    return replace(trained.recommender, served=NETWORK, served_new=NETWORK)


def bought(taste: int, *numbers: int, at: datetime = CUTOFF - timedelta(days=10)) -> list[Act]:
    return [Act(item=item_id(taste, number), at=at, strength=1.0) for number in numbers]


def looked(taste: int, *numbers: int) -> list[Act]:
    return [Act(item=item_id(taste, number), at=CUTOFF - timedelta(minutes=1), strength=0.2) for number in numbers]


def tastes(recommender: Recommender, acts: list[Act], **asked: object) -> list[str]:
    found = recommender.recommend(acts, at=CUTOFF, count=4, **asked)  # type: ignore[arg-type]
    return [each.item.split("-")[0] for each in found]


def test_all_models_are_judged_and_the_best_is_served(trained: Trained) -> None:
    assert set(trained.judged) == {NETWORK, *FLOOR}
    for target, served in ((Target.ANY, trained.recommender.served), (Target.NEW, trained.recommender.served_new)):
        means = {name: each.ndcg[target].mean for name, each in trained.judged.items()}
        assert means[served] == max(means.values())
    assert trained.judged[NETWORK].customers[Target.ANY] == 60
    assert trained.validated_from == CUTOFF - SMALL.horizon


def test_new_items_are_of_the_customers_taste(network: Recommender) -> None:
    for taste, name in enumerate(TASTES):
        assert tastes(network, bought(taste, 0, 1, 2), wanted=Wanted.NEW) == [name] * 4


def test_looks_change_what_is_recommended_without_training(network: Recommender) -> None:
    before = tastes(network, looked(0, 0))
    after = tastes(network, looked(0, 0) + looked(1, 0, 1, 2, 3, 4))
    assert before[:1] == [TASTES[0]]
    assert after.count(TASTES[1]) > before.count(TASTES[1])


def test_somebody_unknown_gets_what_is_popular(network: Recommender) -> None:
    found = network.recommend([], at=CUTOFF, count=5)
    assert len(found) == 5
    assert {each.reason.kind for each in found} <= {ReasonKind.POPULAR, ReasonKind.PLACE}


def test_what_is_left_out_does_not_come_up_and_wanted_is_kept(trained: Trained) -> None:
    acts = bought(0, 0, 1, 2)
    first = trained.recommender.recommend(acts, at=CUTOFF, count=1)[0].item
    assert first not in [each.item for each in trained.recommender.recommend(acts, at=CUTOFF, count=90, left_out={first})]
    repeat = trained.recommender.recommend(acts, at=CUTOFF, count=90, wanted=Wanted.REPEAT)
    assert {each.item for each in repeat} == {item_id(0, number) for number in (0, 1, 2)}
    assert all(each.taken_before for each in repeat)


def test_acts_of_the_future_and_of_unknown_items_are_passed_over(trained: Trained) -> None:
    known = bought(0, 0)
    later = bought(1, 1, 2, 3, at=CUTOFF + timedelta(days=1))
    unknown = [Act(item="no such item", at=CUTOFF - timedelta(days=1), strength=1.0)]
    assert trained.recommender.recommend(known + later + unknown, at=CUTOFF, count=5) == trained.recommender.recommend(
        known, at=CUTOFF, count=5
    )


def test_chances_are_shares_of_the_catalogue(network: Recommender) -> None:
    found = network.recommend(bought(0, 0, 1), at=CUTOFF, count=100)
    assert len(found) == len(network.shop.catalogue)
    assert sum(each.chance for each in found) == pytest.approx(1.0, abs=1e-4)
    assert [each.chance for each in found] == sorted((each.chance for each in found), reverse=True)


def test_reasons_are_true(network: Recommender) -> None:
    for each in network.recommend(bought(0, 0, 1), at=CUTOFF, count=90):
        if each.reason.kind is ReasonKind.BOUGHT_BEFORE:
            assert each.taken_before
            assert "10 days ago" in each.reason.text
        if each.reason.kind is ReasonKind.GOES_WITH:
            assert each.reason.because_of in {item_id(0, 0), item_id(0, 1)}
            assert each.reason.because_of != each.item


def test_what_was_saved_recommends_the_same(trained: Trained, tmp_path: Path) -> None:
    save_recommender(trained.recommender, tmp_path)
    again = load_recommender(tmp_path)
    asked = {"at": CUTOFF, "count": 10}
    acts = bought(2, 0, 3) + looked(1, 1)
    assert again.recommend(acts, **asked) == trained.recommender.recommend(acts, **asked)  # type: ignore[arg-type]
    assert again.settings == SMALL
    assert np.array_equal(again.embed(acts, at=CUTOFF), trained.recommender.embed(acts, at=CUTOFF))


def test_a_checkpoint_that_was_changed_is_refused(trained: Trained, tmp_path: Path) -> None:
    save_recommender(trained.recommender, tmp_path)
    arrays = tmp_path / "arrays.npz"
    arrays.write_bytes(arrays.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelError, match="its document says"):
        load_recommender(tmp_path)
    with pytest.raises(ModelError, match="holds no model that can be read"):
        load_recommender(tmp_path / "elsewhere")


def test_too_short_a_history_is_refused(interactions: Interactions) -> None:
    with pytest.raises(InteractionsError, match="less than two horizons"):
        train_recommender(interactions, OPENED + timedelta(weeks=8), SMALL, version="v1", seed=0)


def test_at_most_so_many_customers_are_judged_by(interactions: Interactions) -> None:
    at = moment(interactions, OPENED + timedelta(weeks=24), SMALL, seed=0)
    some = some_customers(at, 7, seed=0)
    judged = np.flatnonzero(np.diff(some.targets.indptr))
    assert len(judged) == 7
    assert (some.targets[judged] != at.targets[judged]).nnz == 0
    assert some_customers(at, 10_000, seed=0) is at
