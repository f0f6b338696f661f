"""Replacements of a shop made by hand: their order, their reasons, what happens where little is known, and one folder."""

import json
import subprocess
import sys
from datetime import UTC, datetime

import numpy as np
import pytest
import torch

from gnn.data.interactions import SECONDS_PER_DAY, from_seconds
from gnn.errors import InteractionsError, ModelError
from gnn.substitution.factors import Question, factors_of, row_on, same, weigh
from gnn.substitution.reasons import Basis
from gnn.substitution.scorer import Scorer
from gnn.substitution.settings import SubstitutionSettings
from gnn.substitution.shelf import fit_shelf
from gnn.substitution.shopper import NOBODY, shopper_of, shoppers_of
from gnn.substitution.stored import load_substitution, save_substitution
from gnn.substitution.substitution import Substitution, substitutes
from gnn.substitution.training import Network, fit_substitution, listwise_loss
from tests.unit.gnn.substitution_shop import ITEMS, large_shop, position, shop

SETTINGS = SubstitutionSettings(space=4, epochs=10, least_customers=2)
CUTOFF = from_seconds(7 * 60 * SECONDS_PER_DAY)


@pytest.fixture(scope="module")
def large():
    return large_shop()


@pytest.fixture(scope="module")
def fitted(large):
    return fit_substitution(large, CUTOFF, SETTINGS, seed=0)


def plain_model(interactions, cutoff=CUTOFF, **weights):
    """A model whose scorer is a straight line with the weights given."""
    shelf = fit_shelf(interactions, cutoff, SETTINGS)
    names = factors_of(interactions.catalogue)
    none = np.zeros(0, dtype=np.float32)
    width = len(names)
    line = np.array([weights.get(name.replace(" ", "_"), 0.0) for name in names], dtype=np.float32)
    scorer = Scorer(
        names=names,
        mean=np.zeros(width, dtype=np.float32),
        deviation=np.ones(width, dtype=np.float32),
        line=line,
        first=np.zeros((width, 0), dtype=np.float32),
        first_bias=none,
        last=none,
    )
    return Substitution(shelf=shelf, scorer=scorer, prior=5.0)


def names(found):
    return [each.item for each in found]


def test_each_shopper_is_offered_what_it_took_before(large, fitted):
    shoppers = shoppers_of(large)
    assert names(substitutes(fitted, "oat", shoppers[0], at=CUTOFF))[0] == "soy"
    assert names(substitutes(fitted, "oat", shoppers[1], at=CUTOFF))[0] == "cow"


def test_reasons_are_counts_that_can_be_checked(large, fitted):
    first = substitutes(fitted, "oat", shoppers_of(large)[0], at=CUTOFF, place="s1")[0]
    # 80 customers, 60 weeks: in weeks 4, 9, ... 59 the other one, 12 times each; by week 4 oat was bought on 4 days, a habit.
    assert first.basis is Basis.LEARNT
    assert first.reasons == (
        "you bought it 12 times",
        "taken 480 of the 960 times that shoppers went without their usual one",
        "same brand and diet, 3% cheaper",
        "sold in this store in the 8 weeks before",
    )


def test_chances_of_all_candidates_sum_to_one(fitted):
    found = substitutes(fitted, "oat", at=CUTOFF, count=3)
    assert len(found) == 3
    assert sum(each.chance for each in found) == pytest.approx(1.0)
    assert [each.chance for each in found] == sorted((each.chance for each in found), reverse=True)


def test_what_is_out_of_stock_and_the_product_itself_are_not_offered(fitted):
    found = substitutes(fitted, "oat", at=CUTOFF, count=9, out_of_stock=("soy", "cow"))
    assert names(found)[0] == "goat"
    assert not {"oat", "soy", "cow"} & set(names(found))


def test_a_replacement_agrees_on_the_diet_where_that_is_asked(fitted):
    assert names(substitutes(fitted, "oat", at=CUTOFF, agree_on=("diet",))) == ["soy"]
    # Nothing is known of the diet of cow's milk, so nothing agrees with it.
    assert substitutes(fitted, "cow", at=CUTOFF, agree_on=("diet",)) == ()
    with pytest.raises(ModelError, match="no quality halal; it has brand, diet"):
        substitutes(fitted, "oat", at=CUTOFF, agree_on=("halal",))


def test_coarser_categories_follow_where_the_need_has_too_few(fitted):
    found = substitutes(fitted, "gel", at=CUTOFF, count=3)
    assert names(found)[0] == "soap"
    assert found[1].basis is Basis.SHOP
    assert found[1].reasons[0] == "what replaces this product is not known: popular in the shop"
    dairy = substitutes(fitted, "brie", at=CUTOFF, count=2)
    # Brie is the only cheese. Of dairy, oat sold to all 80 customers in the last 8 weeks, soy and cow to 40 each.
    assert names(dairy)[0] == "oat"
    assert dairy[0].basis is Basis.CATEGORY
    assert dairy[0].chance is None
    assert dairy[0].reasons[0] == "what replaces this product is not known: popular in dairy"


def test_an_unknown_product_falls_back_to_its_category_and_then_the_shop(fitted):
    in_category = substitutes(fitted, "nut milk", at=CUTOFF, count=2, category="soap home")
    assert set(names(in_category)) == {"soap", "gel"}
    assert {each.basis for each in in_category} == {Basis.CATEGORY}
    anywhere = substitutes(fitted, "nut milk", at=CUTOFF, count=1)
    assert names(anywhere) == ["oat"]
    assert anywhere[0].basis is Basis.SHOP


def test_a_product_that_nobody_bought_yet_ranks_by_the_shopper_and_popularity():
    rows = [("ann", "soy", 0), ("ben", "cow", 1), ("cat", "cow", 2), ("dan", "oat", 9)]
    model = plain_model(shop(rows), from_seconds(5 * SECONDS_PER_DAY))
    at = from_seconds(8 * SECONDS_PER_DAY)
    assert names(substitutes(model, "oat", at=at)) == ["cow", "soy"]
    ann = shopper_of(model.shelf.catalogue, items=["soy", "unheard of"], at=[0, 0])
    offered = substitutes(model, "oat", ann, at=at)
    assert names(offered) == ["soy", "cow"]
    assert offered[0].basis is Basis.CATEGORY
    assert "you bought it once" in offered[0].reasons


def test_what_the_shopper_buys_on_the_day_of_the_question_is_not_known_yet(large):
    model = plain_model(large, own_ever=1.0)
    today = CUTOFF.timestamp()
    bought = shopper_of(model.shelf.catalogue, items=["goat"], at=[int(today)])
    assert names(substitutes(model, "oat", bought, at=CUTOFF))[0] != "goat"
    assert names(substitutes(model, "oat", bought, at=from_seconds(int(today) + SECONDS_PER_DAY)))[0] == "goat"


def test_the_shoppers_brand_price_and_the_pair_are_factors(large):
    shelf = fit_shelf(large, CUTOFF, SETTINGS)
    columns = factors_of(large.catalogue)
    milk = np.array(sorted(position(large, item) for item in ("soy", "cow", "goat")), dtype=np.int32)
    oat, soy, cow = (position(large, item) for item in ("oat", "soy", "cow"))
    day = int(CUTOFF.timestamp()) // SECONDS_PER_DAY
    question = Question(product=oat, candidates=milk, day=day, place=0)

    def column(name, shopper):
        values = weigh(shelf, shopper, question, 5.0)[:, columns.index(name)]
        return dict(zip(milk.tolist(), values.tolist(), strict=True))

    assert column("dearer", NOBODY)[cow] == pytest.approx(np.log(1.0 / 2.0), abs=1e-5)
    assert column("same brand", NOBODY) == {soy: 1.0, cow: -1.0, position(large, "goat"): -1.0}
    assert set(column("usual brand", NOBODY).values()) == {0.0}
    brook = shopper_of(large.catalogue, items=["brie"] * 3, at=[0, SECONDS_PER_DAY, 2 * SECONDS_PER_DAY])
    # Lately 40 customers took soy, 40 cow and none goat; half is added to each: Brook's share is 41 / 81.5.
    share = 41.0 / 81.5
    assert column("usual brand", brook)[cow] == pytest.approx(np.log((3 + 2 * share) / 5 / share), abs=1e-5)
    # 480 switches to cow of 960: with 5 imagined ones, against a share of 40.5 / 81.5.
    share = 40.5 / 81.5
    assert column("switched", NOBODY)[cow] == pytest.approx(np.log((480 + 5 * share) / 965 / share), abs=1e-5)


def test_unknown_qualities_neither_agree_nor_differ(large):
    diet = large.catalogue.qualities["diet"]
    items = np.array([position(large, "soy"), position(large, "cow")], dtype=np.int32)
    assert same(diet, position(large, "oat"), items).tolist() == [1.0, 0.0]
    assert same(diet, -1, items).tolist() == [0.0, 0.0]
    assert row_on(fit_shelf(large, CUTOFF, SETTINGS).at_place, -1, items).tolist() == [0.0, 0.0]


def test_numpy_scores_as_torch_does():
    torch.manual_seed(1)
    generator = np.random.default_rng(1)
    mean, deviation = (generator.uniform(0.5, 2.0, 6).astype(np.float32) for _ in range(2))
    for hidden in (0, 8):
        network = Network(mean, deviation, hidden)
        for parameter in network.parameters():
            torch.nn.init.normal_(parameter)
        factors = generator.normal(size=(20, 6)).astype(np.float32)
        theirs = network(torch.from_numpy(factors)).detach().numpy()
        assert np.allclose(network.scorer(tuple("abcdef")).scores(factors), theirs, atol=1e-5)


def test_the_loss_is_the_cross_entropy_of_each_switch():
    scores = torch.tensor([1.0, 2.0, 0.0, 0.0, 0.0])
    owner, taken = torch.tensor([0, 0, 1, 1, 1]), torch.tensor([1, 2])
    # Of two: log(1 + exp(-1)); of three equal ones: log 3.
    expected = (np.log1p(np.exp(-1.0)) + np.log(3.0)) / 2
    assert float(listwise_loss(scores, owner, taken)) == pytest.approx(expected, abs=1e-6)


def test_nothing_at_or_after_the_cutoff_is_learnt(large):
    cut = from_seconds(7 * 50 * SECONDS_PER_DAY)
    ours, theirs = (fit_substitution(rows, cut, SETTINGS, seed=3) for rows in (large, large.before(cut)))
    assert np.array_equal(ours.scorer.line, theirs.scorer.line)
    assert np.array_equal(ours.shelf.lately, theirs.shelf.lately)


def test_too_few_switches_are_told():
    rows = [("ann", "oat", day) for day in (0, 10, 20)] + [("ann", "cow", 30)]
    with pytest.raises(InteractionsError, match="at least 50 are needed"):
        fit_substitution(shop(rows), from_seconds(40 * SECONDS_PER_DAY), SETTINGS, seed=0)


def test_a_saved_model_ranks_the_same_without_torch(large, fitted, tmp_path):
    save_substitution(fitted, tmp_path / "model")
    again = load_substitution(tmp_path / "model")
    for shopper in (NOBODY, *shoppers_of(large)[:4]):
        for product in ITEMS:
            ours = substitutes(fitted, product, shopper, at=CUTOFF, place="s1")
            assert substitutes(again, product, shopper, at=CUTOFF, place="s1") == ours
    assert again.shelf.cutoff == datetime(1971, 2, 25, tzinfo=UTC)
    code = (
        "import sys; from pathlib import Path; from gnn.substitution.stored import load_substitution; "
        "load_substitution(Path(sys.argv[1])); "
        "raise SystemExit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "model")], check=True)


def test_a_folder_that_is_not_whole_is_told(fitted, tmp_path):
    with pytest.raises(ModelError, match="holds no model that can be read"):
        load_substitution(tmp_path)
    save_substitution(fitted, tmp_path)
    document = json.loads((tmp_path / "model.json").read_text())
    for change, words in (({"factors": ["own"]}, "it weighs the factors own"), ({"served": "luck"}, "luck is to rank")):
        (tmp_path / "model.json").write_text(json.dumps(document | change))
        with pytest.raises(ModelError, match=words):
            load_substitution(tmp_path)
    del document["prior"]
    (tmp_path / "model.json").write_text(json.dumps(document))
    with pytest.raises(ModelError, match="lacks a part of a substitution: 'prior'"):
        load_substitution(tmp_path)
