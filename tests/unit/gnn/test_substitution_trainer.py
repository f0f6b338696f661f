"""What is served as a replacement: the network where it did best on held-out weeks, otherwise a simple way."""

from dataclasses import replace

import numpy as np
import pytest

from gnn.data.interactions import SECONDS_PER_DAY, from_seconds
from gnn.errors import InteractionsError
from gnn.recommendation.evaluation import Interval
from gnn.substitution.floor import FLOOR
from gnn.substitution.settings import SubstitutionSettings
from gnn.substitution.shopper import shopper_of
from gnn.substitution.stored import load_substitution, save_substitution
from gnn.substitution.substitution import NETWORK, substitutes
from gnn.substitution.trainer import SIMPLE, best_of, train_substitution
from tests.unit.gnn.substitution_shop import ITEMS, large_shop, shop

SETTINGS = SubstitutionSettings(space=4, epochs=4, least_customers=2)
CUTOFF = from_seconds(7 * 60 * SECONDS_PER_DAY)


@pytest.fixture(scope="module")
def trained():
    return train_substitution(large_shop(), CUTOFF, SETTINGS, version="v1", seed=0)


def test_all_ways_are_judged_on_the_weeks_before_the_cutoff(trained):
    assert set(trained.hits) == {NETWORK, *FLOOR}
    assert trained.validated_from == CUTOFF - SETTINGS.horizon
    # Six weeks, in which each of 80 customers switched once or twice: in weeks 54 and 59.
    assert trained.switches == 160
    # Milk has four items, so that three replacements are all there are: every way has every switch.
    assert {hits.mean for hits in trained.hits.values()} == {1.0}
    assert trained.substitution.served == NETWORK


def test_what_had_the_most_hits_is_served():
    def hits(mean):
        return Interval(mean=mean, low=mean, high=mean)

    judged = {NETWORK: hits(0.5), SIMPLE: hits(0.4), "co-occurrence": hits(0.6)}
    assert best_of(judged, learnt=True) == "co-occurrence"
    assert best_of(judged | {NETWORK: hits(0.7)}, learnt=True) == NETWORK
    assert best_of({NETWORK: hits(0.7), SIMPLE: hits(0.4)}, learnt=False) == SIMPLE
    assert best_of({}, learnt=True) == SIMPLE


def test_where_nothing_can_be_learnt_a_simple_way_is_served_and_stored(tmp_path):
    rows = [("ann", "oat", day) for day in (0, 10, 20)] + [("ann", "cow", 30), ("ben", "goat", 30)]
    trained = train_substitution(shop(rows), from_seconds(40 * SECONDS_PER_DAY), SETTINGS, version="v1", seed=0)
    assert (trained.substitution.served, trained.substitution.scorer) == (SIMPLE, None)
    assert "at least 50 are needed" in trained.not_learnt
    save_substitution(trained.substitution, tmp_path)
    again = load_substitution(tmp_path)
    assert (again.served, again.version, again.scorer) == (SIMPLE, "v1", None)
    ann = shopper_of(again.shelf.catalogue, items=["cow"], at=[0])
    offered = substitutes(again, "oat", ann, at=from_seconds(41 * SECONDS_PER_DAY))
    assert [each.item for each in offered] == ["cow", "goat"]
    assert {each.chance for each in offered} == {None}


def test_a_simple_way_that_is_served_ranks(trained):
    simple = replace(trained.substitution, served="popularity in category")
    offered = substitutes(simple, "cow", at=CUTOFF, count=1)
    # Of the other milks all 80 customers bought oat in the last 8 weeks.
    assert ([each.item for each in offered], offered[0].chance) == (["oat"], None)


def test_without_categories_there_is_nothing_to_learn():
    rows = shop([("ann", "oat", 1)])
    bare = replace(rows, catalogue=replace(rows.catalogue, levels={}))
    with pytest.raises(InteractionsError, match="no category"):
        train_substitution(bare, CUTOFF, SETTINGS, version="v1", seed=0)


def test_what_comes_after_the_cutoff_changes_nothing(trained):
    later = large_shop(weeks=66)
    again = train_substitution(later, CUTOFF, SETTINGS, version="v1", seed=0)
    assert again.hits == trained.hits
    assert np.array_equal(again.substitution.shelf.lately, trained.substitution.shelf.lately)
    assert set(ITEMS) == set(again.substitution.shelf.catalogue.ids)
