"""Law 2, streaming = batch: the partition kept event by event equals the one computed from scratch over the same evidence.

What is kept: after every resolution of everything the three partitions are those that the same evidence yields from scratch. In
between a change is settled where it is. What takes everybody to be known, the scores of records and the reference (how frequent
values are, what makes a home), is then as at the last resolution; given these, all three partitions are what the evidence yields
from scratch. Households and operational identities are kept once a resolution has made some.
"""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from graph.model.evidence import Evidence, RecordVersion
from graph.model.identity import Purpose
from tests.laws.conclusions import Partition, conclusions, scored
from tests.laws.evidence import deliveries, events
from tests.laws.installation import Installation
from tests.laws.stewards import act, members_of


def standing(installation: Installation) -> dict[Purpose, Partition]:
    """What the evidence yields from scratch, given what was known of everybody at the last resolution."""
    return conclusions(installation.with_standing_scores(), reference=installation.reference())


@given(sent=events(least=1, most=8), data=st.data())
def test_law_2_streaming_equals_batch(installation: Installation, sent: list[Evidence], data: st.DataObject) -> None:
    installation.empty()
    installation.deliver(sent)
    whole = installation.evidence()
    expected = conclusions(scored(whole))
    installation.empty()
    for batch in data.draw(deliveries(sent)):
        installation.deliver(batch)
        if data.draw(st.booleans()):
            there = [purpose for purpose, groups in installation.partitions().items() if groups]
            installation.settle(members_of(batch))
            settled, so_far = installation.partitions(), standing(installation)
            assert all(settled[purpose] == so_far[purpose] for purpose in {Purpose.INDIVIDUAL, *there})
        else:
            installation.resolve()
    installation.resolve()
    assert installation.partitions() == expected
    assert set(installation.with_standing_scores().matches) == set(scored(whole).matches), "kept scores read like new ones"


@given(sent=events(least=2, most=6), later=events(least=1, most=2), data=st.data())
def test_law_2_what_stewards_do_settles_at_once(
    installation: Installation, sent: list[Evidence], later: list[Evidence], data: st.DataObject
) -> None:
    installation.empty()
    installation.deliver(sent)
    installation.resolve()
    for _ in range(data.draw(st.integers(1, 3))):
        act(installation, data)
        assert installation.partitions() == standing(installation)
    # Interactions change no score, so that settling them settles everything.
    seen = [replace(event, id=f"later-{event.id}") for event in later if not isinstance(event, RecordVersion)]
    installation.deliver(seen)
    installation.settle(members_of(seen))
    assert installation.partitions() == standing(installation)
    installation.resolve()
    assert installation.partitions() == conclusions(scored(installation.evidence()))
