"""Paths of evidence: how links lead from member to member, and what evidence a path is made of."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import assert_never

from graph.identity.reading import Link
from graph.model.claim import Claim, EvidenceSet
from graph.model.explanation import EvidenceStep, MatchDetail, StepKind
from graph.model.ids import RecordId


def evidence_path(start: str, end: str, links: Iterable[Link], inside: set[str]) -> list[tuple[str, Link]]:
    """The shortest path of links from ``start`` to ``end`` through some members; the strongest link where two serve.

    Returns each link with the end at which the path enters it; empty where there is no path.
    """
    came_from = evidence_tree(start, links, inside, until=end)
    path: list[tuple[str, Link]] = []
    here = end
    while here != start:
        if here not in came_from:
            return []
        previous, link = came_from[here]
        path.append((previous, link))
        here = previous
    return path[::-1]


def evidence_tree(
    start: str, links: Iterable[Link], inside: set[str], *, until: str | None = None
) -> dict[str, tuple[str, Link]]:
    """Every member that links lead to from ``start``, nearest first, with the member before it and the link between them."""
    neighbours: dict[str, dict[str, Link]] = {}
    for link in sorted(links, key=lambda link: (-link.weight, link.rule, link.via)):
        if link.left in inside and link.right in inside:
            neighbours.setdefault(link.left, {}).setdefault(link.right, link)
            neighbours.setdefault(link.right, {}).setdefault(link.left, link)
    came_from: dict[str, tuple[str, Link]] = {}
    queue = deque([start])
    while queue and until not in came_from:
        here = queue.popleft()
        for there, link in sorted(neighbours.get(here, {}).items(), key=lambda item: (-item[1].weight, item[0])):
            if there != start and there not in came_from:
                came_from[there] = (here, link)
                queue.append(there)
    return came_from


def strongest_path(start: str, end: str, links: Sequence[Link], inside: set[str]) -> list[tuple[str, Link]]:
    """The path whose weakest link is the strongest; of several such the shortest."""
    for weight in sorted({link.weight for link in links}, reverse=True):
        if path := evidence_path(start, end, [link for link in links if link.weight >= weight], inside):
            return path
    return []


def step_of(
    start: str, link: Link, claims: Mapping[RecordId, Claim], matches: Mapping[tuple[str, str], MatchDetail]
) -> EvidenceStep:
    """A link as a step from one of its ends."""
    end = link.right if link.left == start else link.left
    match = matches.get((link.left, link.right)) if link.kind is StepKind.MATCHES else None
    return EvidenceStep(
        start=start,
        end=end,
        kind=link.kind,
        rule=link.rule,
        via=link.via,
        weight=link.weight,
        first_seen=link.first_seen,
        sources=tuple(claims[RecordId(name)].source for name in (start, end) if name in claims),
        summary=_sentence(start, end, link, match),
        match=match,
    )


def reduced_to(evidence: EvidenceSet, steps: Iterable[EvidenceStep]) -> EvidenceSet:
    """Of the evidence, what some steps rest on and nothing else.

    A record keeps what it states of the person (a step may rest on it), but of its identifiers only those of the steps.
    """
    path = list(steps)
    on_path = {end for step in path for end in (step.start, step.end)}
    carried: set[tuple[str, str]] = set()
    for step in path:
        if step.kind in (StepKind.STATES, StepKind.SHARES):
            carried |= {(end, key) for end in (step.start, step.end) for key in (*step.via, step.start, step.end)}
    pairs = {kind: {frozenset((s.start, s.end)) for s in path if s.kind is kind} for kind in StepKind}
    asserted = {name for step in path if step.kind is StepKind.ASSERTED for name in step.via}
    claims = tuple(
        replace(claim, identifiers=tuple(key for key in claim.identifiers if (claim.record_id, key) in carried))
        for claim in evidence.claims
        if claim.record_id in on_path
    )
    stated = {key for claim in claims for key in claim.identifiers}
    sightings = tuple(s for s in evidence.sightings if frozenset((s.left, s.right)) in pairs[StepKind.SEEN_WITH])
    known = {*evidence.identifiers, *(key for claim in evidence.claims for key in claim.identifiers)}
    return EvidenceSet(
        claims=claims,
        identifiers=tuple(sorted((known & on_path) - stated)),
        sightings=sightings,
        matches=tuple(m for m in evidence.matches if frozenset((m.left, m.right)) in pairs[StepKind.MATCHES]),
        assertions=tuple(a for a in evidence.assertions if a.id in asserted),
    )


def _sentence(start: str, end: str, link: Link, match: MatchDetail | None) -> str:
    match link.kind:
        case StepKind.STATES:
            record, key = (start, end) if end in link.via else (end, start)
            return f"{record} states {key}"
        case StepKind.SHARES:
            return f"{start} and {end} both state {listed(via for via in link.via if ':' in via)}" + _agreeing(link)
        case StepKind.SEEN_WITH:
            return f"{start} and {end} were seen together"
        case StepKind.RULE:
            return f"{start} and {end} agree in {listed(via.replace('_', ' ') for via in link.via)}"
        case StepKind.MATCHES:
            return f"{start} and {end} match{_weighed(link, match)}"
        case StepKind.ASSERTED:
            return f"a steward asserted that {start} and {end} are the same"
        case _:
            assert_never(link.kind)


def _weighed(link: Link, match: MatchDetail | None) -> str:
    if match is None:
        return f" with a weight of {link.weight:.1f}"
    agreeing = [c.field.replace("_", " ") for c in match.comparisons if c.against_stranger > 0]
    return f" by {match.match_weight:.1f} bits" + (f", agreeing in {listed(agreeing)}" if agreeing else "")


def _agreeing(link: Link) -> str:
    fields = [via.replace("_", " ") for via in link.via if ":" not in via]
    return f", confirmed by {listed(fields)}" if fields else ""


def listed(parts: Iterable[str]) -> str:
    """Words as a list in a sentence."""
    *others, last = list(parts) or [""]
    return f"{', '.join(others)} and {last}" if others else last
