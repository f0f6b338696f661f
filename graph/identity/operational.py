"""Operational identities: records joined only where two independent kinds of evidence agree and nothing speaks against it.

Kinds are identifiers that were verified (each namespace one), the full name, the birth date, the address, and a scored match. A
join also has to be sure, in bits, against each of those whom the two records may be instead of one person (see
``graph.identity.confirmed.weights``), and inside one identity no limit may break: one birth date, one loyalty account, one
national id. Whatever is not joined but might be is a finding for review. Identifiers join nobody by themselves; they belong to
the identity of the records that state them, unless these are of two identities: then to none.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

import numpy as np

from graph.identity.confirmed.frequencies import Frequencies
from graph.identity.confirmed.limits import IdentityLimits
from graph.identity.confirmed.statements import Statements, candidates, namespaces, statements_of
from graph.identity.confirmed.weights import Compared, compare_pairs
from graph.identity.homes.arrays import Flags, Floats, Index, connected, keyed, runs
from graph.identity.policy import Confirmation, Joins, Policy, PolicyError
from graph.identity.reading import Finding, Link, Reading, link_assertions, newest_assertions
from graph.model.claim import Assertion, EvidenceSet, namespace_of
from graph.model.explanation import StepKind
from graph.model.ids import IdentityId


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Everything that was worked out about the records' operational identities."""

    statements: Statements
    compared: Compared
    joined: Flags
    """The pairs that are confirmed."""
    reading: Reading
    """Members, assertions and what was left out; its links are the stewards' alone."""
    confirmation: Confirmation
    kept_apart: Mapping[tuple[str, str], Assertion]
    """Pairs of members, identifiers among them, that a steward keeps apart; the smaller first."""

    def links(self, pairs: Sequence[int]) -> list[Link]:
        """Confirmed pairs as links, their weight in bits."""
        return [self._link(pair) for pair in pairs]

    def explained(self) -> Reading:
        """What is read, with every pair linked that enough kinds of evidence confirm and nothing contradicts.

        Whoever reads a neighbourhood alone does not know how rare a value is elsewhere, so weights do not decide here.
        """
        pairs = np.flatnonzero(~self.compared.forbidden & (self.compared.kinds >= self.confirmation.min_kinds))
        return replace(self.reading, links=[*self.links(pairs.tolist()), *self.reading.links])

    def _link(self, pair: int) -> Link:
        left, right = (self.statements.claims[int(ends[pair])] for ends in (self.compared.left, self.compared.right))
        kinds = self.compared.kinds_of(pair)
        keys = [key for key in left.identifiers if key in right.identifiers and namespace_of(key) in kinds]
        fields = [kind for kind in kinds if kind in ("name", "birth_date", "address", "match")]
        return Link(
            left=left.record_id,
            right=right.record_id,
            weight=float(self.compared.weight[pair]),
            rule="+".join(kinds),
            kind=StepKind.SHARES if keys else StepKind.RULE,
            via=(*keys, *fields),
            first_seen=max(left.first_seen, right.first_seen),
        )


def read_confirmed(
    evidence: EvidenceSet,
    policy: Policy,
    individual_of: Mapping[str, IdentityId],
    frequencies: Frequencies | None = None,
) -> Confirmed:
    """Compare the records of each individual.

    Args:
        evidence: all there is; where ``frequencies`` are given, some of it.
        policy: what confirms a join.
        individual_of: member to its individual.
        frequencies: how often all records state values; None to count them.

    Raises:
        PolicyError: the policy does not say what confirms a join.
    """
    confirmation = policy.confirmation
    if confirmation is None:
        raise PolicyError(f"policy {policy.id} has no [confirmation]")
    reading = Reading()
    statements = statements_of(
        evidence.claims, individual_of, counts=lambda key: _counts(key, policy, reading), frequencies=frequencies
    )
    statements = _without_generic(statements, policy, reading)
    reading.claims.update((claim.record_id, claim) for claim in statements.claims)
    reading.members.update((claim.record_id, claim.first_seen) for claim in statements.claims)
    number_of = {claim.record_id: number for number, claim in enumerate(statements.claims)}
    matched = {
        (min(ends), max(ends)): match.match_weight
        for match in evidence.matches
        if policy.min_match_weight is not None
        and match.match_weight >= policy.min_match_weight
        and None not in (ends := (number_of.get(match.left, -1), number_of.get(match.right, -1)))
        and min(ends) >= 0
    }
    left, right = candidates(statements, matched)
    weights = _matched(left, right, matched)
    compared = compare_pairs(statements, left, right, weights, confirmation, min_match=policy.min_match_weight)
    link_assertions(evidence.assertions, reading, policy)
    reading.links[:] = [link for link in reading.links if individual_of.get(link.left) == individual_of.get(link.right)]
    joined = ~compared.forbidden & (compared.kinds >= confirmation.min_kinds) & (compared.weight >= confirmation.min_weight)
    return Confirmed(
        statements=statements,
        compared=compared,
        joined=joined,
        reading=reading,
        confirmation=confirmation,
        kept_apart={pair: word for pair, word in newest_assertions(evidence.assertions, policy) if not word.same},
    )


def _counts(key: str, policy: Policy, reading: Reading) -> bool:
    """Whether an identifier is evidence here; what is blocked is reported."""
    kind = policy.kind_of(key)
    if policy.blocked.holds(key):
        reading.findings.append(Finding(reason="blocked", detail="a value that says nothing of anybody", members=(key,)))
        return False
    return kind.verified and kind.joins is not Joins.NEVER


def _without_generic(statements: Statements, policy: Policy, reading: Reading) -> Statements:
    """Leave out, and report, identifiers of more individuals than the policy allows."""
    most = {namespace: policy.kind(namespace).max_people for namespace in set(namespaces(statements))}
    allowed = np.array([most[namespace] for namespace in namespaces(statements)], dtype=np.int64)
    generic = statements.holders > allowed
    for number in np.flatnonzero(generic).tolist():
        detail = f"stated by {statements.holders[number]} individuals, more than {allowed[number]}"
        reading.findings.append(Finding(reason="generic", detail=detail, members=(statements.identifiers[number],)))
    return statements.without(generic)


def _matched(left: Index, right: Index, matched: Mapping[tuple[int, int], float]) -> Floats:
    """The scored match of each pair, NaN where there is none."""
    weights = np.full(len(left), np.nan)
    if matched:
        keys = np.array([(one << 32) | other for one, other in matched], dtype=np.int64)
        order = np.argsort(keys)
        asked = keyed(left, right)
        place = np.minimum(np.searchsorted(keys[order], asked), len(keys) - 1)
        hit = keys[order][place] == asked
        weights[hit] = np.array(list(matched.values()))[order][place[hit]]
    return weights


def group_confirmed(confirmed: Confirmed, policy: Policy) -> tuple[list[tuple[str, ...]], list[Finding]]:
    """Groups of records, and what was dropped or is in doubt.

    Components are found over all records at once; those that break no limit are settled, the others are split.
    """
    statements, compared, reading = confirmed.statements, confirmed.compared, confirmed.reading
    ids: list[str] = [claim.record_id for claim in statements.claims]
    number_of: dict[str, int] = {record_id: number for number, record_id in enumerate(ids)}
    said = [
        (number_of[link.left], number_of[link.right]) for link in reading.links if {link.left, link.right} <= number_of.keys()
    ]
    asserted = np.array(said, dtype=np.int64).reshape(-1, 2)
    rows = np.flatnonzero(confirmed.joined)
    component = connected(
        np.concatenate([compared.left[rows], asserted[:, 0]]), np.concatenate([compared.right[rows], asserted[:, 1]]), len(ids)
    )
    limits = IdentityLimits(statements, policy, reading.different)
    broken = limits.broken(component)
    group = component.copy()
    findings: list[Finding] = []
    links_of: dict[int, list[Link]] = defaultdict(list)
    inside = rows[broken[component[compared.left[rows]]]]
    for pair, link in zip(inside.tolist(), confirmed.links(inside.tolist()), strict=True):
        links_of[int(component[compared.left[pair]])].append(link)
    for link in reading.links:
        if link.left in number_of and broken[component[number_of[link.left]]]:
            links_of[int(component[number_of[link.left]])].append(link)
    order = np.argsort(component, kind="stable")
    bounds = runs(component[order]).tolist()
    free = len(ids)
    parts: list[tuple[str, ...]] = []
    numbers = order.tolist()
    for (first, last), name in zip(pairwise(bounds), component[order[bounds[:-1]]].tolist(), strict=True):
        if not broken[name]:
            parts.append(tuple(ids[number] for number in numbers[first:last]))
            continue
        pieces, dropped = limits.split(numbers[first:last], links_of[name])
        findings.extend(dropped)
        for piece in pieces:
            parts.append(tuple(ids[number] for number in piece))
            group[piece] = free
            free += 1
    findings.extend(_doubts(confirmed, group))
    return parts, findings


def _doubts(confirmed: Confirmed, group: Index) -> list[Finding]:
    """For every two identities that may be one: the strongest evidence between them and what it lacks."""
    compared, confirmation = confirmed.compared, confirmed.confirmation
    apart = group[compared.left] != group[compared.right]
    doubtful = np.flatnonzero(
        apart & ~compared.forbidden & (compared.weight >= confirmation.doubtful_weight) & (compared.kinds >= 1)
    )
    low = np.minimum(group[compared.left[doubtful]], group[compared.right[doubtful]])
    high = np.maximum(group[compared.left[doubtful]], group[compared.right[doubtful]])
    order = np.lexsort((doubtful, -compared.weight[doubtful], high, low))
    bounds = runs(low[order], high[order])
    findings = []
    for pair in doubtful[order[bounds[:-1]]].tolist():
        left, right = (confirmed.statements.claims[int(ends[pair])] for ends in (compared.left, compared.right))
        kinds = compared.kinds_of(pair)
        instead = "somebody of the same home" if compared.against_home[pair] else "a stranger"
        findings.append(
            Finding(
                reason="in_doubt",
                detail=(
                    f"agree in {', '.join(kinds)}: {compared.weight[pair]:.1f} bits against {instead}, "
                    f"{confirmation.min_weight:.0f} and {confirmation.min_kinds} independent kinds needed"
                ),
                members=tuple(sorted((left.record_id, right.record_id))),
            )
        )
    return findings


def attach_identifiers(
    parts: Sequence[Sequence[str]], confirmed: Confirmed, policy: Policy, individual_of: Mapping[str, IdentityId]
) -> tuple[list[tuple[str, ...]], dict[str, datetime], list[Finding]]:
    """Add to each group of records the verified identifiers that its records alone state.

    Returns the groups, when each identifier was first stated, and the identifiers that belong to nobody: those of several groups,
    and those that a steward keeps apart from a member of theirs.
    """
    statements = confirmed.statements
    group_of = {record: index for index, part in enumerate(parts) for record in part}
    groups: list[list[str]] = [list(part) for part in parts]
    owner = np.array([group_of[claim.record_id] for claim in statements.claims], dtype=np.int64)
    belongs = {namespace: policy.kind(namespace).member for namespace in set(namespaces(statements))}
    first_seen: dict[str, datetime] = {}
    shared: list[Finding] = []
    order = np.argsort(statements.stated[:, 1], kind="stable")
    records, identifiers = statements.stated[order, 0], statements.stated[order, 1]
    bounds = runs(identifiers)
    least = np.minimum.reduceat(owner[records], bounds[:-1]) if len(records) else records
    most = np.maximum.reduceat(owner[records], bounds[:-1]) if len(records) else records
    keys = [statements.identifiers[number] for number in identifiers[bounds[:-1]].tolist()]
    rows = zip(keys, least.tolist(), most.tolist(), bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)
    for key, low, high, first, last in rows:
        if not belongs[namespace_of(key)]:
            continue
        if low != high:
            number = len(set(owner[records[first:last]].tolist()))
            detail = f"identifier {key} belongs to {number} operational identities"
            shared.append(Finding(reason="shared", detail=detail, members=(key,)))
        # Refinement: an identifier of another individual (it shares the value) stays with that individual.
        elif individual_of.get(key) == individual_of.get(parts[low][0]):
            groups[low].append(key)
            first_seen[key] = min(statements.claims[record].first_seen for record in records[first:last].tolist())
    shared.extend(_kept_apart(groups, confirmed))
    return [tuple(sorted(group)) for group in groups], first_seen, shared


def _kept_apart(groups: Sequence[list[str]], confirmed: Confirmed) -> list[Finding]:
    """Take the identifiers out of groups that a steward keeps apart from another member; of two identifiers both."""
    findings = []
    group_of = {member: group for group in groups for member in group} if confirmed.kept_apart else {}
    for (left, right), word in confirmed.kept_apart.items():
        group = group_of.get(left, [])
        if left not in group or right not in group:
            continue
        for key in (left, right):
            if key not in confirmed.reading.claims:
                group.remove(key)
        detail = f"{word.by} asserted: {word.reason}"
        findings.append(Finding(reason="asserted_different", detail=detail, members=(left, right)))
    return findings
