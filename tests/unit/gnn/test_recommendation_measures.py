from datetime import timedelta
from math import log2

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from implicit.cpu.als import AlternatingLeastSquares

from gnn.recommendation.evaluation import Target, bootstrap, bootstrap_ratio, measure, top
from gnn.recommendation.factors import factors_of, weigh
from gnn.recommendation.network import FactorNetwork, listwise_loss, standardisation
from gnn.recommendation.peers.als import REGULARISATION, fit_als
from gnn.recommendation.peers.ease import ease_weights
from gnn.recommendation.settings import Settings, settings_for
from gnn.recommendation.spaces import EncodedSpace, FactorisedSpace
from gnn.recommendation.training import moment
from tests.unit.gnn.shops import OPENED, shop

SMALL = Settings(
    horizon=timedelta(weeks=4), cutoffs=2, least_customers=2, factors=4, width=4, encoder_epochs=2, epochs=1, hidden=8
)


def test_recall_and_ndcg_of_a_ranking_worked_out_by_hand() -> None:
    scores = np.array([[0.9, 0.8, 0.7, 0.1]], dtype=np.float32)
    taken = sp.csr_matrix(np.array([[1.0, 0, 0, 0]]))
    targets = sp.csr_matrix(np.array([[1.0, 0, 1, 1]]))
    every = measure(lambda block: scores[block], taken=taken, targets=targets, target=Target.ANY, k=2)
    # First hit, second miss; three targets, of which two fit into the ranking.
    assert every.recall[0] == pytest.approx(1 / 3)
    assert every.ndcg[0] == pytest.approx(1 / (1 + 1 / log2(3)))
    new = measure(lambda block: scores[block], taken=taken, targets=targets, target=Target.NEW, k=2)
    # Ranked are items 1 and 2; of the new targets 2 and 3 the second place holds one.
    assert new.recall[0] == pytest.approx(1 / 2)
    assert new.ndcg[0] == pytest.approx((1 / log2(3)) / (1 + 1 / log2(3)))


def test_customers_without_targets_are_not_judged() -> None:
    none = sp.csr_matrix((2, 3))
    one = sp.csr_matrix(np.array([[0.0, 0, 0], [0, 1, 0]]))
    found = measure(lambda block: np.zeros((len(block), 3), dtype=np.float32), taken=none, targets=one, target=Target.ANY, k=2)
    assert found.customers.tolist() == [1]


def test_of_equal_scores_the_earlier_item_comes_first() -> None:
    assert top(np.array([[1.0, 2.0, 1.0, 2.0]], dtype=np.float32), 3).tolist() == [[1, 3, 0]]


def test_the_interval_of_equal_values_is_a_point_and_a_ratio_keeps_its_pairs() -> None:
    assert bootstrap(np.full(9, 0.3), seed=0).low == pytest.approx(0.3)
    theirs = np.linspace(0.1, 1.0, 10)
    ratio = bootstrap_ratio(1.5 * theirs, theirs, seed=0)
    assert (ratio.mean, ratio.low, ratio.high) == pytest.approx((1.5, 1.5, 1.5))


def test_ease_is_the_closed_form() -> None:
    taken = sp.csr_matrix((np.random.default_rng(0).random((20, 5)) < 0.4).astype(np.float32))
    inverse = np.linalg.inv((taken.T @ taken).toarray().astype(np.float64) + 2.0 * np.eye(5))
    expected = -inverse / np.diag(inverse)[None, :]
    np.fill_diagonal(expected, 0)
    assert ease_weights(taken, 2.0) == pytest.approx(expected, abs=1e-5)


def test_a_customer_placed_anew_lies_where_the_library_puts_it() -> None:
    taken = sp.csr_matrix((np.random.default_rng(0).random((30, 12)) < 0.3).astype(np.float32))
    model = AlternatingLeastSquares(factors=3, regularization=REGULARISATION, alpha=2.0, iterations=15, random_state=1)
    model.fit(taken, show_progress=False)
    space = FactorisedSpace(items=fit_als(taken, seed=1, factors=3, alpha=2.0).items, alpha=2.0, regularisation=REGULARISATION)
    expected = model.recalculate_user(np.arange(4), taken[:4])
    assert space.place(taken[:4]) == pytest.approx(expected, abs=1e-3)


def test_a_customer_who_took_nothing_is_at_zero_in_every_space() -> None:
    nothing = sp.csr_matrix((1, 3), dtype=np.float32)
    vectors = np.eye(3, dtype=np.float32)
    assert not EncodedSpace(taken=vectors, items=vectors).place(nothing).any()
    assert not FactorisedSpace(items=vectors, alpha=2.0, regularisation=0.1).place(nothing).any()


def test_the_network_in_numpy_scores_as_in_torch() -> None:
    at = moment(shop(), OPENED + timedelta(weeks=20), SMALL, seed=0)
    factors = weigh(at.shop, at.customers.block(np.arange(5)))
    mean, deviation = standardisation(factors.reshape(-1, factors.shape[-1]))
    torch.manual_seed(0)
    network = FactorNetwork(factors_of(at.shop), mean, deviation, hidden=8)
    torch.nn.init.normal_(network.new.last.weight)
    torch.nn.init.normal_(network.repeat.last.weight)
    with torch.no_grad():
        expected = network(torch.from_numpy(factors)).numpy()
    assert network.weights().scores(factors) == pytest.approx(expected, abs=1e-4)


def test_the_loss_of_equal_scores_is_the_log_of_the_number_of_items() -> None:
    wanted = torch.tensor([[0.0, 1.0, 1.0, 0.0]])
    assert float(listwise_loss(torch.zeros(1, 4), wanted)) == pytest.approx(np.log(4))


def test_nothing_after_the_cutoff_reaches_the_factors() -> None:
    whole, cutoff = shop(), OPENED + timedelta(weeks=20)
    known, cut = moment(whole, cutoff, SMALL, seed=0), moment(whole.before(cutoff), cutoff, SMALL, seed=0)
    assert cut.targets.nnz == 0
    assert known.targets.nnz > 0
    assert (weigh(known.shop, known.customers) == weigh(cut.shop, cut.customers)).all()


def test_a_short_history_shortens_the_horizon_and_few_customers_lower_the_bar() -> None:
    # 29 weeks less a day's part, in six parts; 0.008 * 60 customers is below the least of 2.
    found = settings_for(shop(customers=60, weeks=30))
    assert timedelta(weeks=4) < found.horizon < timedelta(weeks=5)
    assert found.least_customers == 2
