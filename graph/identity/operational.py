"""Operational identities: records joined only where two independent kinds of evidence agree and nothing speaks against it.

A shared verified identifier is one kind, an agreeing name or birth date another. Identifiers join nobody by themselves; they
belong to the identity of the records that state them, unless these are of two identities: then to none.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import combinations

from graph.identity.comparison import Outcome, compare
from graph.identity.policy import Confirmation, Field, Joins, Policy, PolicyError
from graph.identity.reading import Finding, Link, Reading, carriers_of, exclude, link_assertions
from graph.model.claim import Claim, EvidenceSet, namespace_of
from graph.model.explanation import StepKind
from graph.model.ids import IdentityId


def read_confirmed(evidence: EvidenceSet, policy: Policy, individual_of: Mapping[str, IdentityId]) -> Reading:
    """The confirmed links between records of one individual each.

    Raises:
        PolicyError: the policy does not say what confirms a join.
    """
    if policy.confirmation is None:
        raise PolicyError(f"policy {policy.id} has no [confirmation]")
    reading = Reading(claims={claim.record_id: claim for claim in sorted(evidence.claims, key=lambda c: c.record_id)})
    for claim in reading.claims.values():
        if claim.record_id in individual_of:
            reading.members[claim.record_id] = claim.first_seen
    carriers = carriers_of(reading.claims.values())
    excluded = exclude(evidence, carriers, reading, policy)
    shared: dict[tuple[str, str], list[str]] = defaultdict(list)
    for key, stating in sorted(carriers.items()):
        kind = policy.kind_of(key)
        if key in excluded or not kind.verified or kind.joins is Joins.NEVER:
            continue
        for left, right in combinations(stating, 2):
            individual = individual_of.get(left.record_id)
            if individual is not None and individual == individual_of.get(right.record_id):
                shared[left.record_id, right.record_id].append(key)
    doubtful: list[Finding] = []
    for (left_id, right_id), keys in sorted(shared.items()):
        left, right = reading.claims[left_id], reading.claims[right_id]
        link, doubt = _confirm(left, right, keys, policy, policy.confirmation)
        if link is not None:
            reading.links.append(link)
        elif doubt is not None:
            doubtful.append(doubt)
    link_assertions(evidence.assertions, reading, policy)
    reading.links[:] = [link for link in reading.links if individual_of.get(link.left) == individual_of.get(link.right)]
    reading.findings.extend(doubtful)
    return reading


def _confirm(
    left: Claim, right: Claim, keys: Sequence[str], policy: Policy, confirmation: Confirmation
) -> tuple[Link | None, Finding | None]:
    """A link between two records that share identifiers, or why it is left in doubt."""
    forbidden = {name for key in keys for name in policy.kind_of(key).contradicted_by}
    if differing := sorted(name for name in forbidden if compare(name, left, right) is Outcome.DIFFERS):
        return None, None if set(differing) & {Field.GIVEN_NAME, Field.BIRTH_DATE} else _doubt(
            left, right, keys, "differ in " + " and ".join(differing)
        )
    agreeing = {
        "name": compare(Field.GIVEN_NAME, left, right) is Outcome.AGREES
        and compare(Field.FAMILY_NAME, left, right) is Outcome.AGREES,
        "birth_date": compare(Field.BIRTH_DATE, left, right) is Outcome.AGREES,
        "address": compare(Field.ADDRESS, left, right) is Outcome.AGREES,
    }
    confirming = [name for name, weight in sorted(confirmation.weights.items()) if weight and agreeing[name]]
    namespaces = {namespace_of(key) for key in keys}
    weight = sum(policy.kind(name).weight for name in sorted(namespaces)) + sum(confirmation.weights[n] for n in confirming)
    if (
        not any(agreeing[name] for name in confirmation.any_of)
        or len(namespaces) + len(confirming) < confirmation.min_kinds
        or weight < confirmation.min_weight
    ):
        return None, _doubt(left, right, keys, "neither name nor birth date confirms it")
    link = Link(
        left=left.record_id,
        right=right.record_id,
        weight=weight,
        rule="+".join([*sorted(namespaces), *confirming]),
        kind=StepKind.SHARES,
        via=(*keys, *confirming),
        first_seen=max(left.first_seen, right.first_seen),
    )
    return link, None


def _doubt(left: Claim, right: Claim, keys: Sequence[str], why: str) -> Finding:
    return Finding(reason="in_doubt", detail=why, members=tuple(sorted((left.record_id, right.record_id, *keys))))


def attach_identifiers(
    parts: Sequence[Sequence[str]], reading: Reading, policy: Policy, individual_of: Mapping[str, IdentityId]
) -> tuple[list[tuple[str, ...]], dict[str, datetime], list[Finding]]:
    """Add to each group of records the verified identifiers that its records alone state.

    Returns the groups, when each identifier was first stated, and the identifiers that belong to nobody.
    """
    excluded = {member for finding in reading.findings if finding.reason in ("generic", "blocked") for member in finding.members}
    group_of = {record: index for index, part in enumerate(parts) for record in part}
    groups: list[list[str]] = [list(part) for part in parts]
    first_seen: dict[str, datetime] = {}
    shared: list[Finding] = []
    for key, carriers in sorted(carriers_of(reading.claims.values()).items()):
        kind = policy.kind_of(key)
        if key in excluded or not kind.verified or not kind.member:
            continue
        owners = {group_of[claim.record_id] for claim in carriers if claim.record_id in group_of}
        if len(owners) > 1:
            detail = f"identifier {key} belongs to {len(owners)} operational identities"
            shared.append(Finding(reason="shared", detail=detail, members=(key,)))
        elif owners:
            (owner,) = owners
            # Refinement: an identifier of another individual (it shares the value) stays with that individual.
            if individual_of.get(key) == individual_of.get(parts[owner][0]):
                groups[owner].append(key)
                first_seen[key] = min(claim.first_seen for claim in carriers)
    return [tuple(sorted(group)) for group in groups], first_seen, shared
