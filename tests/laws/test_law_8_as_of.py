"""Law 8, as of: a question asked as of time T gets the answer it would have got at T."""

from datetime import datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from graph.model.evidence import Evidence
from tests.laws.evidence import deliveries, events
from tests.laws.installation import Installation
from tests.laws.questions import Asked, answers, what_to_ask
from tests.laws.stewards import act, members_of


@given(sent=events(least=2, most=7), data=st.data())
def test_law_8_as_of(installation: Installation, sent: list[Evidence], data: st.DataObject) -> None:
    installation.empty()
    keys = sorted({identifier.key for event in sent for identifier in event.identifiers})
    looked_up = data.draw(st.lists(st.sampled_from(keys), max_size=3, unique=True)) if keys else []
    remembered: list[tuple[datetime, Asked, dict[str, Any]]] = []
    for batch in data.draw(deliveries(sent)):
        installation.deliver(batch, recorded_at=installation.clock())
        if data.draw(st.booleans()):
            installation.resolve()
        else:
            installation.settle(members_of(batch))
            act(installation, data)
        asked = what_to_ask(installation, looked_up)
        remembered.append((installation.clock(), asked, answers(installation, asked, as_of=None)))
        installation.clock()
    for moment, asked, then in remembered:
        assert answers(installation, asked, as_of=moment) == then
