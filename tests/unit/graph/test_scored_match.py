"""The text as which it is kept what a scored pair's weight is made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.model.scored_match import ComparedField, Comparisons, levels_in

WEIGHTS = st.floats(-300, 300, allow_nan=False).map(lambda weight: round(weight, 2))
WORDS = st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True)


@st.composite
def made_of(draw: st.DrawFn) -> Comparisons:
    homes = WEIGHTS if draw(st.booleans()) else st.none()
    fields = st.builds(ComparedField, field=WORDS, level=WORDS, stranger_weight=WEIGHTS, home_weight=homes)
    return Comparisons(prior_stranger=draw(WEIGHTS), prior_home=draw(homes), fields=tuple(draw(st.lists(fields, max_size=4))))


@given(made_of())
def test_what_is_kept_is_read_again(comparisons: Comparisons) -> None:
    assert Comparisons.parse(comparisons.text) == comparisons


@given(made_of())
def test_levels_are_the_text_without_its_weights(comparisons: Comparisons) -> None:
    expected = ["prior", *(word for each in comparisons.fields for word in (each.field, each.level))]
    assert levels_in(comparisons.text).replace(";", "").split() == expected


def test_a_text_of_something_else_is_refused() -> None:
    with pytest.raises(ValueError, match="begin with 'given_name' and not with 'prior'"):
        Comparisons.parse("given_name exact 9.13 4.2")
