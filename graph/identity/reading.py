"""Reading evidence by a policy: which links it sees between members, and what it holds back.

Everything here is a pure function of the evidence and the policy, whatever the order of the evidence, and local: whether two
members are linked depends on nothing but the records and identifiers around them. So an explanation can read a neighbourhood
again and see the same links, and a stream of events can keep what a batch concludes.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations

from graph.identity.comparison import Outcome, compare
from graph.identity.policy import EvidenceKind, Field, Joins, Policy
from graph.identity.verdicts import NO_VERDICTS, Verdicts, verdicts_of
from graph.model.claim import Assertion, Claim, EvidenceSet, namespace_of
from graph.model.explanation import StepKind

ASSERTED_WEIGHT = 1000.0
"""More than any evidence weighs: a steward's word is cut by nothing but a later one."""
BITS_PER_WEIGHT = 6.0
"""Bits of scored evidence that weigh as much as one unit of a policy's weights."""
LEAST_MATCH_BITS = 0.5
"""Two records of one group are linked by this at least, though by themselves they may say little of each other."""
CLIQUE_UP_TO = 6
"""Records around a value that is not theirs are linked each with each up to this number, else all with the first."""
PROFILE_FIELDS = (Field.GIVEN_NAME, Field.FAMILY_NAME, Field.BIRTH_DATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One piece of evidence that joins two members; ``left`` sorts before ``right``."""

    left: str
    right: str
    weight: float
    rule: str
    """Evidence kind (a namespace) or name of a rule."""
    kind: StepKind
    via: tuple[str, ...]
    first_seen: datetime | None
    asserted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something a policy leaves out, to be reported."""

    reason: str
    detail: str
    members: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Reading:
    """What a policy sees in the evidence."""

    members: dict[str, datetime | None] = field(default_factory=dict)
    """Each member with the moment it was first seen, where known."""
    links: list[Link] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    claims: dict[str, Claim] = field(default_factory=dict)
    verdicts: Verdicts = field(default_factory=lambda: NO_VERDICTS)
    different: list[Assertion] = field(default_factory=list)
    """Pairs that a steward keeps apart and nobody asserted to be the same since."""

    @property
    def kept_apart(self) -> frozenset[str]:
        """Members whom a steward keeps apart from somebody."""
        return frozenset(end for assertion in self.different for end in (assertion.left, assertion.right))


def read_evidence(evidence: EvidenceSet, policy: Policy) -> Reading:
    """The links that a policy sees: scored matches, shared identifiers, identifiers seen together, stewards."""
    reading = Reading(claims={claim.record_id: claim for claim in sorted(evidence.claims, key=lambda c: c.record_id)})
    matches = [m for m in evidence.matches if m.left in reading.claims and m.right in reading.claims]
    matches.sort(key=lambda m: (m.left, m.right))
    reading.verdicts = verdicts_of(matches)
    for claim in reading.claims.values():
        reading.members[claim.record_id] = claim.first_seen
    carriers = carriers_of(reading.claims.values())
    counts = {key: len(stating) for key, stating in carriers.items()}
    excluded = exclude(evidence, counts, lambda key: carriers.get(key, []), reading, policy)
    for key in sorted({*carriers, *evidence.identifiers}):
        if key in excluded or not policy.kind_of(key).member:
            continue
        reading.members[key] = min((c.first_seen for c in carriers.get(key, ())), default=None)
    for key in sorted(carriers):
        if key not in excluded:
            link_carriers(key, carriers[key], reading, policy)
    for sighting in sorted(evidence.sightings, key=lambda s: (s.left, s.right)):
        link_sighting(sighting.left, sighting.right, sighting.first_seen, reading, policy)
    for match in matches:
        if match.linked:
            reading.links.append(link_match(match.left, match.right, match.match_weight))
    link_assertions(evidence.assertions, reading, policy)
    return reading


def carriers_of(claims: Iterable[Claim]) -> dict[str, list[Claim]]:
    """Identifier key to the records that state it, by record id."""
    carriers: dict[str, list[Claim]] = defaultdict(list)
    for claim in sorted(claims, key=lambda c: c.record_id):
        for key in claim.identifiers:
            carriers[key].append(claim)
    return carriers


def group_by_person(
    carriers: Sequence[Claim], contradicted_by: tuple[Field, ...], verdicts: Verdicts = NO_VERDICTS
) -> list[list[Claim]]:
    """Split the records that state one value into groups of one person each.

    Records that scored matches link are together, pairs that were found to be of two people are not. Of records that nobody
    scored, the most alike come together first, and a group takes nobody whom one of its records contradicts (complete linkage),
    so that a record without a name does not join two people. Largest group first, then the earliest seen, then by record id.
    """
    known: dict[object, list[Claim]] = defaultdict(list)
    for claim in sorted(carriers, key=lambda c: c.record_id):
        # Unscored records of one profile are alike in everything; scored ones may be of two people all the same.
        scored = claim.record_id in verdicts.scored
        known[verdicts.group_of.get(claim.record_id, claim.record_id) if scored else _profile(claim)].append(claim)
    people = list(known.values())
    if len(people) == 1:
        return people
    apart: set[tuple[int, int]] = set()
    alike: list[tuple[int, str, str, int, int]] = []
    for i, j in combinations(range(len(people)), 2):
        if _two_people(people[i], people[j], contradicted_by, verdicts):
            apart.add((i, j))
        else:
            left, right = people[i][0], people[j][0]
            likeness = sum(compare(name, left, right) for name in PROFILE_FIELDS)
            alike.append((-likeness, left.record_id, right.record_id, i, j))
    group_of = list(range(len(people)))
    groups = {i: [i] for i in range(len(people))}
    for _, _, _, i, j in sorted(alike):
        a, b = group_of[i], group_of[j]
        if a == b or any((min(x, y), max(x, y)) in apart for x in groups[a] for y in groups[b]):
            continue
        groups[a].extend(groups.pop(b))
        for member in groups[a]:
            group_of[member] = a
    merged = [sorted((c for i in group for c in people[i]), key=lambda c: c.record_id) for group in groups.values()]
    return sorted(merged, key=lambda group: (-len(group), min(c.first_seen for c in group), group[0].record_id))


def _two_people(left: Sequence[Claim], right: Sequence[Claim], contradicted_by: tuple[Field, ...], verdicts: Verdicts) -> bool:
    """Whether two groups that state one value are known, or by what they state must be taken, to be two people."""
    pairs = [(a.record_id, b.record_id) for a in left for b in right]
    if any((min(pair), max(pair)) in verdicts.apart for pair in pairs):
        return True
    one, other = ({_profile(claim): claim for claim in group}.values() for group in (left, right))
    return any(compare(name, a, b) is Outcome.DIFFERS for name in contradicted_by for a in one for b in other)


def _profile(claim: Claim) -> tuple[object, ...]:
    name = claim.name
    organization = name.full if claim.entity_type == "organization" else None
    return (name.given, name.family, name.suffix, claim.birth_date, claim.gender, claim.entity_type, organization)


def exclude(
    evidence: EvidenceSet, counts: Mapping[str, int], carriers: Callable[[str], Sequence[Claim]], reading: Reading, policy: Policy
) -> set[str]:
    """Identifiers that join nobody: blocked by the policy, or generic by what is seen around them.

    Args:
        evidence: where identifiers were seen together.
        counts: how many records state each identifier that is stated.
        carriers: these records.
        reading: told what is left out.
        policy: says what is.
    """
    excluded: set[str] = set()
    neighbours: dict[str, int] = defaultdict(int)
    for sighting in evidence.sightings:
        neighbours[sighting.left] += 1
        neighbours[sighting.right] += 1
    for key in sorted({*counts, *evidence.identifiers, *neighbours}):
        if policy.blocked.holds(key):
            reading.findings.append(Finding(reason="blocked", detail="a value that says nothing of anybody", members=(key,)))
            excluded.add(key)
        elif (counts.get(key, 0) > policy.kind_of(key).max_people or key in neighbours) and (
            detail := _generic(key, carriers(key), neighbours.get(key, 0), policy)
        ):
            reading.findings.append(Finding(reason="generic", detail=detail, members=(key,)))
            excluded.add(key)
    return excluded


def _generic(key: str, carriers: Sequence[Claim], neighbours: int, policy: Policy) -> str | None:
    """Why an identifier is generic, or None."""
    kind = policy.kind_of(key)
    if neighbours > kind.max_neighbours:
        return f"seen with {neighbours} identifiers, more than {kind.max_neighbours}"
    if kind.joins is Joins.NEVER or len(carriers) <= kind.max_people:
        return None
    profiles = len({_profile(claim) for claim in carriers})
    if profiles > policy.limits.max_profiles_per_value:
        return f"stated by {profiles} different profiles, more than {policy.limits.max_profiles_per_value}"
    people = len(group_by_person(carriers, kind.contradicted_by))
    return f"stated by {people} people, more than {kind.max_people}" if people > kind.max_people else None


def link_carriers(key: str, carriers: Sequence[Claim], reading: Reading, policy: Policy) -> None:
    """Link the records that state an identifier, by record id, with it or with each other."""
    kind = policy.kind_of(key)
    match kind.joins:
        case Joins.NEVER:
            return
        case Joins.ALONE:
            groups = group_by_person(carriers, (), reading.verdicts)
        case Joins.UNLESS_CONTRADICTED:
            groups = group_by_person(carriers, kind.contradicted_by, reading.verdicts)
    holder = key if key in reading.members else None
    for index, group in enumerate(groups):
        if holder and index == 0:
            reading.links.extend(
                _link(c.record_id, key, kind.weight, namespace_of(key), StepKind.STATES, (key,), c.first_seen) for c in group
            )
        else:
            reading.links.extend(_among(group, key, kind))
    if len(groups) > 1 and kind.member:
        others = tuple(sorted(c.record_id for group in groups[1:] for c in group))
        reading.findings.append(
            Finding(
                reason="shared",
                detail=f"stated by {len(groups)} people; it belongs to those who state it most, the others share it",
                members=tuple(sorted((key, *others))),
            )
        )


def _among(group: Sequence[Claim], key: str, kind: EvidenceKind) -> Iterator[Link]:
    """Links between the records that share a value which belongs to somebody else."""
    pairs = combinations(group, 2) if len(group) <= CLIQUE_UP_TO else ((group[0], other) for other in group[1:])
    for left, right in pairs:
        seen = max(left.first_seen, right.first_seen)
        yield _link(left.record_id, right.record_id, kind.weight, namespace_of(key), StepKind.SHARES, (key,), seen)


def link_sighting(left: str, right: str, first_seen: datetime, reading: Reading, policy: Policy) -> None:
    """Link two identifiers that were seen together."""
    if left not in reading.members or right not in reading.members:
        return
    kinds = policy.kind_of(left), policy.kind_of(right)
    if any(kind.joins is Joins.NEVER for kind in kinds):
        return
    weight = min(kind.weight for kind in kinds)
    reading.links.append(_link(left, right, weight, "seen_with", StepKind.SEEN_WITH, (left, right), first_seen))


def link_match(left: str, right: str, match_weight: float) -> Link:
    """A scored match of two records that belong together."""
    weight = max(match_weight, LEAST_MATCH_BITS) / BITS_PER_WEIGHT
    return _link(left, right, weight, "match", StepKind.MATCHES, (), None)


def newest_assertions(assertions: Iterable[Assertion], policy: Policy) -> list[tuple[tuple[str, str], Assertion]]:
    """The last word on each pair of members that stewards gave for a policy's purpose; pairs sorted, the smaller member first."""
    newest: dict[tuple[str, str], Assertion] = {}
    for assertion in sorted(assertions, key=lambda a: (a.at, a.id)):
        if assertion.purpose in (None, policy.purpose):
            newest[min(assertion.left, assertion.right), max(assertion.left, assertion.right)] = assertion
    return sorted(newest.items())


def link_assertions(assertions: Iterable[Assertion], reading: Reading, policy: Policy) -> None:
    """Add what stewards assert; of several assertions on one pair the newest counts."""
    for pair, assertion in newest_assertions(assertions, policy):
        if not set(pair) <= reading.members.keys():
            continue
        if assertion.same:
            reading.links.append(
                Link(
                    left=pair[0],
                    right=pair[1],
                    weight=ASSERTED_WEIGHT,
                    rule="asserted_same",
                    kind=StepKind.ASSERTED,
                    via=(assertion.id,),
                    first_seen=assertion.at,
                    asserted_at=assertion.at,
                )
            )
        else:
            reading.different.append(assertion)


def _link(a: str, b: str, weight: float, rule: str, kind: StepKind, via: tuple[str, ...], first_seen: datetime | None) -> Link:
    left, right = (a, b) if a < b else (b, a)
    return Link(left=left, right=right, weight=weight, rule=rule, kind=kind, via=via, first_seen=first_seen)
