"""Splitting of components that break a limit.

Min cut where evidence contradicts, Leiden where size breaks.
Every function is deterministic and sees one component only, so what lies elsewhere in the graph never changes its result.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations

import networkx as nx

from graph.identity.comparison import Outcome, compare, is_slip
from graph.identity.policy import Contradiction, Policy
from graph.identity.reading import ASSERTED_WEIGHT, Finding, Link, Reading
from graph.model.claim import Claim, namespace_of

MILLI = 1000
"""Weights are cut as integers: sums of floats depend on their order."""
UNCUTTABLE = 10**12

Community = Callable[[Sequence[Link], float], Awaitable[list[tuple[str, ...]]]]
"""Communities of one component's links at a resolution gamma: GDS Leiden."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Separation:
    """Two members that should not be together, unless evidence of more than ``weight`` joins them."""

    left: str
    right: str
    weight: float
    reason: str
    detail: str
    asserted_at: datetime | None = None
    """For a steward's word: when it was given; a later assertion that the two are the same is not cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A component, settled."""

    parts: tuple[tuple[str, ...], ...]
    findings: tuple[Finding, ...]


def connected(members: Iterable[str], links: Iterable[Link]) -> list[tuple[str, ...]]:
    """Connected parts, each sorted, in order of their first member."""
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(members)
    graph.add_edges_from((link.left, link.right) for link in links)
    return sorted(tuple(sorted(part)) for part in nx.connected_components(graph))


def separations(members: Sequence[str], reading: Reading, policy: Policy) -> list[Separation]:
    """What contradicts that the members are one person, the strongest first."""
    inside = set(members)
    found = [
        Separation(
            left=min(a.left, a.right),
            right=max(a.left, a.right),
            weight=ASSERTED_WEIGHT * MILLI,
            reason="asserted_different",
            detail=f"{a.by} asserted: {a.reason}",
            asserted_at=a.at,
        )
        for a in reading.different
        if {a.left, a.right} <= inside
    ]
    found.extend(over_unique_limits(members, reading, policy))
    claims = [reading.claims[member] for member in members if member in reading.claims]
    for left, right in combinations(claims, 2):
        if reading.verdicts.same_group(left.record_id, right.record_id):
            # Scored with all that their fellows state: that they differ in a field has been weighed.
            continue
        for contradiction in policy.contradictions:
            if contradicts(contradiction, left, right):
                found.append(
                    Separation(
                        left=left.record_id,
                        right=right.record_id,
                        weight=contradiction.weight,
                        reason="contradicted",
                        detail="differ in " + " and ".join(contradiction.fields),
                    )
                )
                break
    return sorted(found, key=lambda s: (-s.weight, s.left, s.right))


def contradicts(contradiction: Contradiction, left: Claim, right: Claim) -> bool:
    """Whether two records differ in all the fields of a contradiction."""
    for name in contradiction.fields:
        outcome = compare(name, left, right)
        if outcome is not Outcome.DIFFERS and not (contradiction.close_differs and outcome is Outcome.CLOSE):
            return False
    return True


def over_unique_limits(members: Sequence[str], reading: Reading, policy: Policy) -> list[Separation]:
    """Pairs of identifiers of which one person has fewer than the members have together.

    Two that records of one scored group state are no such pair: that they differ was weighed when the records were scored.
    """
    values: dict[str, list[str]] = defaultdict(list)
    for member in members:
        if namespace_of(member) in policy.unique_namespaces:
            values[namespace_of(member)].append(member)
    groups = _groups_stating({key for keys in values.values() for key in keys}, members, reading)
    return [
        Separation(
            left=left,
            right=right,
            weight=policy.kind(namespace).weight,
            reason="over_limit",
            detail=f"{len(keys)} values of {namespace}, more than {policy.unique_namespaces[namespace]}",
        )
        for namespace, keys in sorted(values.items())
        if len(keys) > policy.unique_namespaces[namespace]
        for left, right in combinations(sorted(keys), 2)
        if not (policy.kind(namespace).slip_is_same and is_slip(left, right))
        if groups[left].isdisjoint(groups[right])
    ]


def _groups_stating(keys: Set[str], members: Sequence[str], reading: Reading) -> dict[str, set[int]]:
    """For each key the groups of linked records that state it."""
    found: dict[str, set[int]] = {key: set() for key in keys}
    for member in members if keys else ():
        claim, group = reading.claims.get(member), reading.verdicts.group_of.get(member)
        if claim is not None and group is not None:
            for key in keys & set(claim.identifiers):
                found[key].add(group)
    return found


async def split_by_cuts(
    members: Sequence[str], links: Sequence[Link], reading: Reading, policy: Policy, *, communities: Community
) -> Split:
    """Split a component until nothing contradicts it any more that outweighs what joins it.

    Parts larger than the policy's limit are first split into communities at rising resolution.
    """
    findings: list[Finding] = []
    settled: list[tuple[str, ...]] = []
    work = [(tuple(sorted(members)), list(links))]
    while work:
        part, inside = work.pop()
        if len(part) > policy.limits.max_members and (smaller := await _communities(inside, policy, communities)):
            findings.append(_dropped("over_limit", f"{len(part)} members, more than {policy.limits.max_members}", part))
            work.extend(_restrict(piece, inside) for piece in smaller)
            continue
        if (cut := _first_cut(part, inside, reading, policy)) is None:
            settled.append(part)
            continue
        separation, side = cut
        findings.append(_dropped(separation.reason, separation.detail, (separation.left, separation.right)))
        remaining = [link for link in inside if (link.left in side) == (link.right in side)]
        work.extend(_restrict(piece, remaining) for piece in connected(part, remaining))
    return Split(parts=tuple(sorted(settled)), findings=tuple(sorted(findings, key=lambda f: (f.reason, f.members))))


def _dropped(reason: str, detail: str, members: Sequence[str]) -> Finding:
    return Finding(reason=reason, detail=detail, members=tuple(sorted(members)[:20]))


def _restrict(part: tuple[str, ...], links: Iterable[Link]) -> tuple[tuple[str, ...], list[Link]]:
    inside = set(part)
    return part, [link for link in links if link.left in inside and link.right in inside]


async def _communities(links: Sequence[Link], policy: Policy, communities: Community) -> list[tuple[str, ...]] | None:
    for gamma in policy.limits.leiden_gammas:
        pieces = await communities(links, gamma)
        if max(len(piece) for piece in pieces) <= policy.limits.max_members or (
            gamma == policy.limits.leiden_gammas[-1] and len(pieces) > 1
        ):
            return pieces
    return None


def _first_cut(
    part: tuple[str, ...], links: Sequence[Link], reading: Reading, policy: Policy
) -> tuple[Separation, frozenset[str]] | None:
    """The strongest contradiction that outweighs the evidence between its two members, and the side to cut off."""
    for separation in separations(part, reading, policy):
        value, side = _min_cut(separation, links)
        if value <= separation.weight * MILLI and value < UNCUTTABLE:
            return separation, side
    return None


def _min_cut(separation: Separation, links: Sequence[Link]) -> tuple[int, frozenset[str]]:
    capacities: dict[tuple[str, str], int] = defaultdict(int)
    for link in links:
        # A steward who says "the same" after another said "different" has the last word.
        uncuttable = _has_last_word(link, [separation])
        capacities[(link.left, link.right)] += UNCUTTABLE if uncuttable else round(link.weight * MILLI)
    graph: nx.Graph[str] = nx.Graph()
    for (left, right), capacity in sorted(capacities.items()):
        graph.add_edge(left, right, capacity=capacity)
    value, (side, _) = nx.minimum_cut(graph, separation.left, separation.right)
    return int(value), frozenset(side)


def _has_last_word(link: Link, broken: Sequence[Separation]) -> bool:
    """Whether a steward's word stands against everything that is broken: nobody has asserted the contrary since."""
    if link.asserted_at is None:
        return False
    return all(s.asserted_at is None or link.asserted_at > s.asserted_at for s in broken)
