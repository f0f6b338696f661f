"""Cursors and page sizes."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import InvalidArgument
from api.types.enums import CHANNELS, TOUCHPOINT_TYPES
from api.types.pages import decode, decode_time, encode, moment, page_size, time_place
from api.types.parts import Money
from graph.model import touchpoint_types
from graph.model.profile import TimeCursor


@given(st.text())
def test_a_cursor_leads_back_to_its_place(place: str) -> None:
    assert decode(encode(place.encode("utf-8", "ignore").decode())) == place.encode("utf-8", "ignore").decode()


@given(st.datetimes(timezones=st.just(UTC)), st.text(st.characters(exclude_categories=["Cs"])))
def test_a_cursor_of_time_keeps_the_microsecond_and_the_id(at: datetime, item_id: str) -> None:
    assert decode_time(encode(time_place(at, item_id))) == TimeCursor(at=at, id=item_id)


FOREIGN = ("[]", "{}", '["2025-01-01T00:00:00","a"]', '["2025","a",1]')


@pytest.mark.parametrize("cursor", ["", "x", "é", "AAAA", *(encode(place) for place in FOREIGN)])
def test_a_foreign_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidArgument, match="not one that this list has given"):
        decode_time(cursor)


def test_moments_are_compared_in_utc() -> None:
    given_time = datetime(2025, 3, 1, 6, tzinfo=timezone(timedelta(hours=1)))
    at = moment(given_time, name="from")
    assert at is not None
    assert at.isoformat() == "2025-03-01T05:00:00+00:00"
    with pytest.raises(InvalidArgument, match="from is 2025-03-01T06:00:00, which has no time zone"):
        moment(given_time.replace(tzinfo=None), name="from")


@pytest.mark.parametrize("first", [-1, 101])
def test_page_sizes_have_bounds(first: int) -> None:
    with pytest.raises(InvalidArgument):
        page_size(first)
    assert [page_size(0), page_size(100)] == [0, 100]


def test_money_is_exact() -> None:
    money = Money.of_cents(1999, "EUR")
    assert money is not None
    assert str(money.amount) == "19.99"
    assert Money.of_cents(None, "EUR") is None


def test_the_enumerations_have_the_models_values() -> None:
    assert tuple(TOUCHPOINT_TYPES) == touchpoint_types.TOUCHPOINT_TYPES
    assert tuple(CHANNELS) == touchpoint_types.CHANNELS
