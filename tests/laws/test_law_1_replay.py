"""Law 1, replay: events delivered twice, late or out of order leave the same graph as once, on time and in order."""

from hypothesis import given
from hypothesis import strategies as st

from graph.model.evidence import Evidence
from tests.laws.evidence import deliveries, events
from tests.laws.installation import Installation


@given(sent=events(most=8), data=st.data())
def test_law_1_replay(installation: Installation, sent: list[Evidence], data: st.DataObject) -> None:
    installation.empty()
    for event in sent:
        installation.deliver([event])
    expected, evidence = installation.fingerprint(), installation.evidence()
    installation.empty()
    for batch in data.draw(deliveries(sent)):
        installation.deliver(batch)
    assert installation.fingerprint() == expected
    assert installation.evidence() == evidence, "what is read is the same, and so all that is concluded of it"
