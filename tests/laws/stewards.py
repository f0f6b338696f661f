"""What stewards do to an installation, drawn at random."""

from hypothesis import strategies as st

from graph.model.claim import EvidenceSet
from graph.model.evidence import Evidence, RecordVersion
from graph.model.identity import Purpose
from graph.model.stewardship import EvidenceLinkRef
from tests.laws.installation import Installation


def act(installation: Installation, data: st.DataObject) -> None:
    """Something that a steward does: says a word about two members, takes one back, takes out evidence."""
    evidence = installation.evidence()
    stewardship, done = installation.stewardship, installation.act()
    links = links_of(evidence)
    members = sorted({*installation.memberships()[Purpose.INDIVIDUAL]})
    choices = [
        *(["assert"] if len(members) > 1 else []),
        *(["retract"] if evidence.assertions else []),
        *(["unlink"] if links else []),
    ]
    match data.draw(st.sampled_from(choices)) if choices else None:
        case "assert":
            left, right = data.draw(st.lists(st.sampled_from(members), min_size=2, max_size=2, unique=True))
            same, purpose = data.draw(st.booleans()), data.draw(st.sampled_from([None, *Purpose]))
            installation.run(stewardship.assert_pair(left, right, same=same, purpose=purpose, act=done))
        case "retract":
            assertion = data.draw(st.sampled_from(evidence.assertions))
            installation.run(stewardship.retract_assertion(assertion.id, act=done))
        case "unlink":
            start, end = data.draw(st.sampled_from(links))
            installation.run(stewardship.retract_evidence(EvidenceLinkRef(start=start, end=end), act=done))


def links_of(evidence: EvidenceSet) -> list[tuple[str, str]]:
    """Evidence of sources that can be taken out."""
    stated = [(claim.record_id, key) for claim in evidence.claims for key in claim.identifiers]
    return [*stated, *((sighting.left, sighting.right) for sighting in evidence.sightings)]


def members_of(events: list[Evidence]) -> set[str]:
    """Everybody whom events name."""
    keys = {identifier.key for event in events for identifier in event.identifiers}
    return keys | {event.record_id for event in events if isinstance(event, RecordVersion)}
