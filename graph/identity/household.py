"""Households: individuals who share a home, by address, surname, and what a home has in common (a landline, a card)."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations

from graph.identity.comparison import Outcome, compare_addresses, compare_words
from graph.identity.policy import BlockField, HomeEvidence, Policy, PolicyError
from graph.identity.reading import Finding, Link, Reading, block_of
from graph.model.claim import Claim, EvidenceSet, namespace_of
from graph.model.explanation import StepKind
from graph.model.ids import IdentityId


@dataclass(slots=True, kw_only=True)
class _Person:
    """What is known of an individual that speaks of a home."""

    first_seen: datetime
    home: str | None = None
    addressed: list[Claim] = field(default_factory=list)
    surnames: set[str] = field(default_factory=set)
    shared: set[str] = field(default_factory=set)


def read_homes(evidence: EvidenceSet, policy: Policy, individual_of: Mapping[str, IdentityId]) -> Reading:
    """Links between individuals of one home. An individual's home is the address that it claimed last.

    Raises:
        PolicyError: the policy does not say what makes a home.
    """
    if policy.home is None:
        raise PolicyError(f"policy {policy.id} has no [home]")
    people = _people(evidence, policy, policy.home, individual_of)
    reading = Reading()
    between = _address_evidence(people, policy.home, reading)
    for pair, kinds in _shared_evidence(people, policy.home).items():
        between[pair].update(kinds)
    linked: set[str] = set()
    for (left, right), kinds in sorted(between.items()):
        link = _link(left, right, kinds, people, policy.home)
        if link is not None:
            reading.links.append(link)
            linked |= {left, right}
    for identity_id, person in people.items():
        if person.home is not None or identity_id in linked:
            reading.members[identity_id] = person.first_seen
    return reading


_Between = dict[tuple[str, str], dict[str, float]]


def _address_evidence(people: Mapping[str, _Person], home: HomeEvidence, reading: Reading) -> _Between:
    """Pairs that live at one address; an address of too many individuals weighs less, and is reported."""
    at_home: dict[str, list[str]] = defaultdict(list)
    for identity_id, person in sorted(people.items()):
        if person.home is not None:
            at_home[person.home].append(identity_id)
    between: _Between = defaultdict(dict)
    for address, residents in sorted(at_home.items()):
        crowded = len(residents) > home.max_individuals_per_address
        if crowded:
            detail = f"home of {len(residents)} individuals: needs a second kind of evidence"
            reading.findings.append(Finding(reason="generic", detail=detail, members=(residents[0],)))
        for pair in combinations(residents, 2):
            between[pair][f"address:{address}"] = home.crowded_address if crowded else home.address
    return between


def _shared_evidence(people: Mapping[str, _Person], home: HomeEvidence) -> _Between:
    """Pairs that share what a home has in common, and do not claim two different homes."""
    with_value: dict[str, list[str]] = defaultdict(list)
    for identity_id, person in sorted(people.items()):
        for key in sorted(person.shared):
            with_value[key].append(identity_id)
    between: _Between = defaultdict(dict)
    for key, sharing in sorted(with_value.items()):
        if len(sharing) <= home.max_individuals_per_value:
            for left, right in combinations(sharing, 2):
                homes = people[left].home, people[right].home
                if None in homes or homes[0] == homes[1]:
                    between[left, right][key] = home.shared[namespace_of(key)]
    return between


def _link(left: str, right: str, kinds: Mapping[str, float], people: Mapping[str, _Person], home: HomeEvidence) -> Link | None:
    weights = dict(kinds)
    if _same_surname(people[left].surnames, people[right].surnames):
        weights["surname"] = home.surname
    weight = sum(weights[name] for name in sorted(weights))
    if weight < home.min_weight:
        return None
    names = tuple(sorted(weights))
    return Link(
        left=left,
        right=right,
        weight=weight,
        rule="+".join(dict.fromkeys(namespace_of(name) for name in names)),
        kind=StepKind.RULE,
        via=names,
        first_seen=max(people[left].first_seen, people[right].first_seen),
    )


def _people(
    evidence: EvidenceSet, policy: Policy, home: HomeEvidence, individual_of: Mapping[str, IdentityId]
) -> dict[str, _Person]:
    people: dict[str, _Person] = {}
    for claim in sorted(evidence.claims, key=lambda c: c.record_id):
        identity_id = individual_of.get(claim.record_id)
        if identity_id is None or claim.entity_type == "organization":
            continue
        person = people.setdefault(identity_id, _Person(first_seen=claim.first_seen))
        person.first_seen = min(person.first_seen, claim.first_seen)
        _add(person, claim, policy, home)
    for person in people.values():
        person.home = _home(person.addressed)
    return people


def _home(addressed: Sequence[Claim]) -> str | None:
    """The address claimed last, in the spelling that the individual's records use most."""
    if not addressed:
        return None
    latest = max(addressed, key=lambda claim: (claim.at, claim.record_id))
    spellings: Counter[str] = Counter()
    for claim in addressed:
        block = block_of(claim, (BlockField.POSTAL_ADDRESS,))
        if block is not None and compare_addresses(latest, claim) > Outcome.SILENT:
            spellings[block[0]] += 1
    return min(spellings, key=lambda spelling: (-spellings[spelling], spelling)) if spellings else None


def _add(person: _Person, claim: Claim, policy: Policy, home: HomeEvidence) -> None:
    if block_of(claim, (BlockField.POSTAL_ADDRESS,)) is not None:
        person.addressed.append(claim)
    if claim.name.family:
        person.surnames.add(claim.name.family)
    person.shared |= {key for key in claim.identifiers if namespace_of(key) in home.shared and not policy.blocked.holds(key)}


def _same_surname(left: set[str], right: set[str]) -> bool:
    return any(compare_words(a, b) is Outcome.AGREES for a in sorted(left) for b in sorted(right))
