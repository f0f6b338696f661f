"""Law 4, undo: retracting evidence gives exactly the partition that never had it; history still shows both.

Words of stewards and sightings change no score, so that taking one back settles everything at once. That a record states an
identifier is also what it is scored by: the neighbourhood is settled with the scores that stand, and the next resolution, which
scores the records anew, gives the partition that never had it.
"""

from collections.abc import Iterable
from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from graph.identity.review import ReviewDesk
from graph.model.claim import EvidenceSet
from graph.model.evidence import Evidence, Touchpoint
from graph.model.identity import Purpose
from graph.model.ids import IdentifierKey
from graph.model.stewardship import EvidenceLinkRef
from tests.laws.conclusions import conclusions, scored
from tests.laws.evidence import events, without
from tests.laws.installation import Installation
from tests.laws.questions import partitions_as_of
from tests.laws.stewards import links_of


@given(
    sent=events(least=2, most=6),
    meanwhile=events(most=2),
    same=st.booleans(),
    purpose=st.sampled_from([None, *Purpose]),
    data=st.data(),
)
def test_law_4_a_steward_takes_a_word_back(
    installation: Installation,
    sent: list[Evidence],
    meanwhile: list[Evidence],
    same: bool,
    purpose: Purpose | None,
    data: st.DataObject,
) -> None:
    installation.empty()
    installation.deliver(sent)
    installation.resolve()
    members = sorted(installation.memberships()[Purpose.INDIVIDUAL])
    assume(len(members) > 1)
    before, at_first = installation.partitions(), installation.clock()
    left, right = data.draw(st.lists(st.sampled_from(members), min_size=2, max_size=2, unique=True))
    said = installation.run(installation.stewardship.assert_pair(left, right, same=same, purpose=purpose, act=installation.act()))
    assert said.assertion_id is not None
    between, at_second = installation.partitions(), installation.clock()
    if meanwhile:
        installation.deliver([replace(event, id=f"{event.id}-meanwhile") for event in meanwhile])
        installation.resolve()
    installation.run(installation.stewardship.retract_assertion(said.assertion_id, act=installation.act()))
    assert installation.evidence().assertions == ()
    after = installation.partitions()
    assert after == conclusions(scored(installation.evidence()))
    assert meanwhile or after == before
    installation.resolve()
    assert installation.partitions() == after, "nothing is left to do"
    assert partitions_as_of(installation, at_first) == before
    assert partitions_as_of(installation, at_second) == between
    [kept] = installation.run(ReviewDesk(installation.database).assertions(first=10)).items
    assert (kept.id, kept.retracted_by) == (said.assertion_id, "ann")


@given(sent=events(least=2, most=6), data=st.data())
def test_law_4_evidence_of_a_source_is_taken_out(installation: Installation, sent: list[Evidence], data: st.DataObject) -> None:
    installation.empty()
    installation.deliver(sent)
    installation.resolve()
    had = installation.evidence()
    links = links_of(had)
    assume(links)
    before, at_first = installation.partitions(), installation.clock()
    start, end = data.draw(st.sampled_from(links))
    installation.run(installation.stewardship.retract_evidence(EvidenceLinkRef(start=start, end=end), act=installation.act()))
    never = without_link(had, start, end, on_touchpoints(sent))
    assert installation.evidence() == never
    assert installation.partitions() == conclusions(installation.with_standing_scores())
    if had.claims == never.claims:
        assert installation.partitions() == conclusions(scored(never))
    installation.resolve()
    assert installation.partitions() == conclusions(scored(never))
    installation.deliver([replace(event, id=f"{event.id}-again") for event in sent])
    assert links_of(installation.evidence()) == links_of(never), "it stays out when its source says it again"
    assert partitions_as_of(installation, at_first) == before


def on_touchpoints(sent: Iterable[Evidence]) -> set[str]:
    return {identifier.key for event in sent if isinstance(event, Touchpoint) for identifier in event.identifiers}


def without_link(evidence: EvidenceSet, start: str, end: str, seen: set[str]) -> EvidenceSet:
    """The evidence that never had the link; what no record states any more is still known from the touchpoints that carry it."""
    left = without(evidence, start, end)
    stated = {key for claim in left.claims for key in claim.identifiers}
    return replace(left, identifiers=tuple(IdentifierKey(key) for key in sorted(seen - stated)))
