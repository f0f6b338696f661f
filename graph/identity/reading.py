"""Reading evidence by a policy: which links it sees between members, and what it holds back.

Everything here is a pure function of the evidence and the policy, whatever the order of the evidence, and local: whether two
members are linked depends on nothing but the records and identifiers around them. So an explanation can read a neighbourhood
again and see the same links, and a stream of events can keep what a batch concludes.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations

from graph.identity.comparison import Outcome, compare
from graph.identity.policy import BlockField, EvidenceKind, Field, Joins, Policy, Rule
from graph.model.claim import Assertion, Claim, EvidenceSet, namespace_of
from graph.model.explanation import StepKind
from graph.model.identifier import EMAIL

ASSERTED_WEIGHT = 1000.0
"""More than any evidence weighs: a steward's word is cut by nothing but a later one."""
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
    different: list[Assertion] = field(default_factory=list)
    """Pairs that a steward keeps apart and nobody asserted to be the same since."""


def read_evidence(evidence: EvidenceSet, policy: Policy) -> Reading:
    """The links that a policy sees: shared identifiers, identifiers seen together, rules, scored matches, stewards."""
    reading = Reading(claims={claim.record_id: claim for claim in sorted(evidence.claims, key=lambda c: c.record_id)})
    for claim in reading.claims.values():
        reading.members[claim.record_id] = claim.first_seen
    carriers = carriers_of(reading.claims.values())
    excluded = exclude(evidence, carriers, reading, policy)
    for key in sorted({*carriers, *evidence.identifiers}):
        if key in excluded or not policy.kind_of(key).member:
            continue
        reading.members[key] = min((c.first_seen for c in carriers.get(key, ())), default=None)
    for key in sorted(carriers):
        if key not in excluded:
            _link_carriers(key, carriers[key], reading, policy)
    for sighting in sorted(evidence.sightings, key=lambda s: (s.left, s.right)):
        _link_sighting(sighting.left, sighting.right, sighting.first_seen, reading, policy)
    reading.links.extend(rule_links(reading.claims.values(), policy))
    if policy.min_match_weight is not None:
        for match in sorted(evidence.matches, key=lambda m: (m.left, m.right)):
            if match.match_weight >= policy.min_match_weight and {match.left, match.right} <= reading.claims.keys():
                weight = match.match_weight / policy.min_match_weight
                reading.links.append(_link(match.left, match.right, weight, "match", StepKind.MATCHES, (), None))
    link_assertions(evidence.assertions, reading, policy)
    return reading


def carriers_of(claims: Iterable[Claim]) -> dict[str, list[Claim]]:
    """Identifier key to the records that state it, by record id."""
    carriers: dict[str, list[Claim]] = defaultdict(list)
    for claim in sorted(claims, key=lambda c: c.record_id):
        for key in claim.identifiers:
            carriers[key].append(claim)
    return carriers


def group_by_person(carriers: Sequence[Claim], contradicted_by: tuple[Field, ...]) -> list[list[Claim]]:
    """Split the records that state one value into groups within which nothing contradicts that they are one person.

    The most alike come together first, and a group takes nobody whom one of its records contradicts (complete linkage), so that
    a record without a name does not join two people. Largest group first, then the earliest seen, then by record id.
    """
    profiles: dict[tuple[object, ...], list[Claim]] = defaultdict(list)
    for claim in sorted(carriers, key=lambda c: c.record_id):
        profiles[_profile(claim)].append(claim)
    people = list(profiles.values())
    if len(people) == 1:
        return people
    apart: set[tuple[int, int]] = set()
    alike: list[tuple[int, str, str, int, int]] = []
    for i, j in combinations(range(len(people)), 2):
        left, right = people[i][0], people[j][0]
        if any(compare(name, left, right) is Outcome.DIFFERS for name in contradicted_by):
            apart.add((i, j))
        else:
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


def _profile(claim: Claim) -> tuple[object, ...]:
    name = claim.name
    organization = name.full if claim.entity_type == "organization" else None
    return (name.given, name.family, name.suffix, claim.birth_date, claim.gender, claim.entity_type, organization)


def exclude(evidence: EvidenceSet, carriers: Mapping[str, Sequence[Claim]], reading: Reading, policy: Policy) -> set[str]:
    """Identifiers that join nobody: blocked by the policy, or generic by what is seen around them (see ``carriers_of``)."""
    excluded: set[str] = set()
    neighbours: dict[str, int] = defaultdict(int)
    for sighting in evidence.sightings:
        neighbours[sighting.left] += 1
        neighbours[sighting.right] += 1
    for key in sorted({*carriers, *evidence.identifiers, *neighbours}):
        if policy.blocked.holds(key):
            reading.findings.append(Finding(reason="blocked", detail="a value that says nothing of anybody", members=(key,)))
            excluded.add(key)
        elif detail := _generic(key, carriers.get(key, []), neighbours[key], policy):
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


def _link_carriers(key: str, carriers: Sequence[Claim], reading: Reading, policy: Policy) -> None:
    kind = policy.kind_of(key)
    match kind.joins:
        case Joins.NEVER:
            return
        case Joins.ALONE:
            groups = [list(carriers)]
        case Joins.UNLESS_CONTRADICTED:
            groups = group_by_person(carriers, kind.contradicted_by)
    holder = key if key in reading.members else None
    for index, group in enumerate(groups):
        if holder and index == 0:
            reading.links.extend(
                _link(c.record_id, key, kind.weight, namespace_of(key), StepKind.CARRIES, (key,), c.first_seen) for c in group
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


def _link_sighting(left: str, right: str, first_seen: datetime, reading: Reading, policy: Policy) -> None:
    if left not in reading.members or right not in reading.members:
        return
    kinds = policy.kind_of(left), policy.kind_of(right)
    if any(kind.joins is Joins.NEVER for kind in kinds):
        return
    weight = min(kind.weight for kind in kinds)
    reading.links.append(_link(left, right, weight, "seen_with", StepKind.SEEN_WITH, (left, right), first_seen))


def rule_links(claims: Iterable[Claim], policy: Policy) -> list[Link]:
    """Links between records that a rule of the policy joins by what they state; the strongest rule of each pair."""
    ordered = sorted(claims, key=lambda c: c.record_id)
    found: dict[tuple[str, str], Link] = {}
    for rule in policy.rules:
        blocks: dict[tuple[str, ...], list[Claim]] = defaultdict(list)
        for claim in ordered:
            if (block := block_of(claim, rule.block)) is not None:
                blocks[block].append(claim)
        for alike in blocks.values():
            if not 1 < len(alike) <= policy.limits.max_block:
                continue
            for left, right in _pairs_of_one_person(alike, rule):
                pair = (left.record_id, right.record_id)
                if pair not in found or found[pair].weight < rule.weight:
                    via = tuple(dict.fromkeys(str(name) for name in (*rule.block, *rule.agree, *rule.near)))
                    seen = max(left.first_seen, right.first_seen)
                    found[pair] = _link(*pair, rule.weight, rule.name, StepKind.RULE, via, seen)
    return [found[pair] for pair in sorted(found)]


def _pairs_of_one_person(block: Sequence[Claim], rule: Rule) -> list[tuple[Claim, Claim]]:
    """Pairs of a block that satisfy a rule, without those that only a silent record between two contradicting ones joins."""
    pairs = [(left, right) for left, right in combinations(block, 2) if satisfies(rule, left, right)]
    if len(pairs) < 2:
        return pairs
    involved = {claim.record_id: claim for pair in pairs for claim in pair}
    group_of = {
        claim.record_id: number
        for number, group in enumerate(group_by_person(list(involved.values()), rule.forbid))
        for claim in group
    }
    return [(left, right) for left, right in pairs if group_of[left.record_id] == group_of[right.record_id]]


def satisfies(rule: Rule, left: Claim, right: Claim) -> bool:
    """Whether two records of one block satisfy a rule."""
    return (
        all(compare(name, left, right) is Outcome.AGREES for name in rule.agree)
        and all(compare(name, left, right) >= Outcome.CLOSE for name in rule.near)
        and all(compare(name, left, right) is not Outcome.DIFFERS for name in rule.forbid)
    )


def block_of(claim: Claim, names: tuple[BlockField, ...]) -> tuple[str, ...] | None:
    """What a record has to have in common with another before a rule compares the two; None where it is silent."""
    values = tuple(_block_value(claim, name) for name in names)
    return None if None in values else values  # type: ignore[return-value]


def _block_value(claim: Claim, name: BlockField) -> str | None:
    address = claim.address
    match name:
        case BlockField.GIVEN_NAME:
            return claim.name.given
        case BlockField.FAMILY_NAME:
            return claim.name.family
        case BlockField.FULL_NAME:
            names = claim.name.given, claim.name.family
            # In any order: sources differ in which of the two they put first.
            return " ".join(sorted(f"{names[0]} {names[1]}".split())) if all(names) else None
        case BlockField.BIRTH_DATE:
            return claim.birth_date.isoformat() if claim.birth_date else None
        case BlockField.POSTAL_CODE:
            return address.postal_code
        case BlockField.CITY:
            return address.city
        case BlockField.EMAIL_LOCAL_PART:
            return _email_local_part(claim)
        case BlockField.POSTAL_ADDRESS:
            area = address.postal_code or address.city
            return f"{address.street}|{area}" if address.street and area else None


def _email_local_part(claim: Claim) -> str | None:
    """What stands before the @ of the record's only e-mail address."""
    addresses = [key for key in claim.identifiers if namespace_of(key) == EMAIL]
    return addresses[0].removeprefix(f"{EMAIL}:").partition("@")[0] if len(addresses) == 1 else None


def link_assertions(assertions: Iterable[Assertion], reading: Reading, policy: Policy) -> None:
    """Add what stewards assert; of several assertions on one pair the newest counts."""
    newest: dict[tuple[str, str], Assertion] = {}
    for assertion in sorted(assertions, key=lambda a: (a.at, a.id)):
        if assertion.purpose in (None, policy.purpose):
            pair = (min(assertion.left, assertion.right), max(assertion.left, assertion.right))
            newest[pair] = assertion
    for pair, assertion in sorted(newest.items()):
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


def members_of_components(members: Mapping[str, object], component_of: Mapping[str, int]) -> list[tuple[str, ...]]:
    """Members grouped by component, members without a link each by itself; sorted."""
    groups: dict[int, list[str]] = defaultdict(list)
    alone: list[tuple[str, ...]] = []
    for member in sorted(members):
        component = component_of.get(member)
        if component is None:
            alone.append((member,))
        else:
            groups[component].append(member)
    return sorted([*alone, *(tuple(group) for group in groups.values())])
