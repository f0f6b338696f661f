"""What is a switch, and what is none; what is counted of pairs."""

import numpy as np
import pytest

from gnn.data.interactions import from_seconds
from gnn.errors import InteractionsError
from gnn.substitution.needs import Need, needs_of, wider
from gnn.substitution.pairs import count_pairs
from gnn.substitution.settings import SwitchRule
from gnn.substitution.switches import find_switches, likely_stock_outs
from tests.unit.gnn.substitution_shop import position, shop

USUAL = [("ann", "oat", 0), ("ann", "oat", 10), ("ann", "oat", 20)]
"""Three days with it, ten days apart: due from day 20 + 7.5 = 27.5 until day 20 + 30 = 50."""


def found(rows):
    interactions = shop(rows)
    switches = find_switches(interactions, needs_of(interactions.catalogue), SwitchRule())
    ids = interactions.catalogue.ids
    return [
        (str(ids[product]), str(ids[taken]), day, known)
        for product, taken, day, known in zip(switches.product, switches.taken, switches.day, switches.known, strict=True)
    ]


def test_another_item_of_the_need_where_the_usual_one_was_due():
    assert found([*USUAL, ("ann", "cow", 30)]) == [("oat", "cow", 30, 0)]


@pytest.mark.parametrize(("day", "counts"), [(27, False), (28, True), (50, True), (51, False)])
def test_due_is_between_three_quarters_of_the_usual_gap_and_three_of_them(day, counts):
    assert bool(found([*USUAL, ("ann", "cow", day)])) is counts


@pytest.mark.parametrize(
    "rows",
    [
        [*USUAL[:2], ("ann", "cow", 20)],  # bought on two days only: no habit
        [*USUAL, ("ann", "cow", 30), ("ann", "oat", 30)],  # the usual one as well
        [*USUAL, ("ann", "cow", 30), ("ann", "soy", 30)],  # two others: which one stood in for it?
        [*USUAL, ("ann", "brie", 30)],  # another need
        [*USUAL, ("ben", "cow", 30)],  # another customer
        [*USUAL, ("ann", "oat", 20), ("ann", "oat", 20)],  # thrice in one basket is once
    ],
)
def test_no_switch(rows):
    assert found(rows) == []


def test_what_the_customer_had_before_is_told_from_what_is_new():
    rows = [("ann", "cow", 5), *USUAL, ("ann", "cow", 30), ("ann", "oat", 40), ("ann", "oat", 50), ("ann", "soy", 62)]
    # On day 62 five days with oat, 50 / 4 = 12.5 days apart: due from 50 + 9.4.
    assert found(rows) == [("oat", "cow", 30, 1), ("oat", "soy", 62, 0)]


def test_between_takes_whole_days():
    interactions = shop([*USUAL, ("ann", "cow", 30)])
    switches = find_switches(interactions, needs_of(interactions.catalogue), SwitchRule())
    day = 86_400
    assert len(switches.between(from_seconds(30 * day), from_seconds(31 * day))) == 1
    assert len(switches.between(from_seconds(30 * day + 1), from_seconds(31 * day))) == 0
    assert len(switches.between(from_seconds(29 * day), from_seconds(30 * day))) == 0


def test_a_stock_out_is_likely_where_the_store_sold_it_before_and_not_then():
    others = [(f"x{day}", "oat", day, "s1") for day in range(60, 116)]
    usual = [("ann", "oat", day, "s1") for day in (100, 110)] + [("ann", "oat", 90, "s1"), ("ann", "cow", 122, "s1")]
    # Of the 8 weeks from day 63 to 118 the store sold 53 + 3 = 56: 7 in 7 days; none from day 119 to 125.
    interactions = shop([*others, *usual])
    switches = find_switches(interactions, needs_of(interactions.catalogue), SwitchRule())
    assert likely_stock_outs(interactions, switches, expected=7.0).tolist() == [True]
    assert likely_stock_outs(interactions, switches, expected=7.1).tolist() == [False]
    sold = shop([*others, *usual, ("zoe", "oat", 125, "s1")])
    assert likely_stock_outs(sold, switches, expected=1.0).tolist() == [False]
    elsewhere = shop([*others, *usual, ("zoe", "oat", 125, "s2")])
    switches = find_switches(elsewhere, needs_of(elsewhere.catalogue), SwitchRule())
    assert likely_stock_outs(elsewhere, switches, expected=1.0).tolist() == [True]


def test_a_need_is_the_finest_level_inside_the_one_above_it():
    catalogue = shop([("ann", "oat", 0), ("ann", "brie", 0), ("ann", "soy", 0)]).catalogue
    need, department = wider(catalogue)
    assert need.grouping.names == ("cheese dairy", "milk dairy")
    assert [str(catalogue.ids[item]) for item in need.items(1)] == ["oat", "soy"]
    assert department.items(0).tolist() == [0, 1, 2]
    assert need.items(-1).tolist() == []


def test_items_without_a_category_have_no_need():
    catalogue = shop([("ann", "oat", 0)]).catalogue
    with pytest.raises(InteractionsError, match="no category"):
        needs_of(type(catalogue)(ids=catalogue.ids))
    assert Need.of(needs_of(catalogue)).items(0).tolist() == [0]


def test_pairs_are_counted_within_a_need():
    rows = [
        *[("ann", "oat", 0), ("ann", "cow", 0), ("ann", "brie", 0)],
        *[("ann", "cow", 10), ("ann", "soy", 10)],  # from oat to soy: cow stayed
        *[("ann", "oat", 20), ("ann", "goat", 20)],  # from cow and soy, half each, to oat and goat, half each
        *[("ben", "oat", 0), ("ben", "cow", 9)],  # from oat to cow
    ]
    interactions = shop(rows)
    need = needs_of(interactions.catalogue)
    pairs = count_pairs(interactions, need, find_switches(interactions, need, SwitchRule()))
    oat, soy, cow, goat, brie = (position(interactions, item) for item in ("oat", "soy", "cow", "goat", "brie"))
    assert pairs.changed[oat, soy] == 1.0
    assert pairs.changed[oat, cow] == 1.0
    assert pairs.changed[cow, oat] == pairs.changed[cow, goat] == pairs.changed[soy, oat] == 0.25
    assert pairs.customers[oat, cow] == 2.0
    assert pairs.customers[oat, oat] == 2.0
    assert pairs.together[oat, cow] == 1.0
    assert pairs.together[oat, oat] == 3.0
    assert pairs.customers[oat, brie] == 0.0
    assert np.isclose(pairs.changed.sum(), 3.0)
