"""Parameters as the driver takes them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

import pytest

from graph.statements.statement import NoRow, Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    value: object


STATEMENT = Statement(name="any", parameters=Parameters, row=NoRow)


def test_an_instant_is_sent_in_utc_whatever_its_offset() -> None:
    noon_in_delhi = datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    sent = STATEMENT.values(Parameters(value=[noon_in_delhi]))["value"][0]
    assert sent == datetime(2026, 3, 1, 6, 30, tzinfo=UTC)
    assert sent.utcoffset() == timedelta(0)


def test_what_cypher_cannot_hold_is_named() -> None:
    with pytest.raises(TypeError, match="cannot hold complex"):
        STATEMENT.values(Parameters(value=1j))
