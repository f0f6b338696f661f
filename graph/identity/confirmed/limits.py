"""Limits of one operational identity, and the splitting of groups of records that break one.

Where a limit is broken nothing may be guessed: the evidence that a join needs rises, step by step, until every part holds all
limits. Links of equal weight are dropped together, so that none is preferred by accident.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations

import numpy as np

from graph.identity.comparison import Outcome, compare, is_slip
from graph.identity.confirmed.statements import Statements, Values, namespaces
from graph.identity.homes.arrays import Flags, Index, keyed, within
from graph.identity.policy import Field, Policy
from graph.identity.reading import Finding, Link
from graph.model.claim import Assertion, namespace_of

LARGE = 24
"""Distinct given names of one group up to which all are compared at once; groups of more are looked into one by one."""


@dataclass(frozen=True, slots=True)
class Breach:
    """A limit that a group of records breaks."""

    reason: str
    detail: str
    asserted_at: datetime | None = None
    """For a steward's word: when the last such word was given."""


class IdentityLimits:
    """What one operational identity may hold.

    One birth date, suffix, gender and kind of entity, given names of one person, no more values of an identifier than the policy
    allows (nor more members), and nobody whom a steward keeps apart.
    """

    def __init__(self, statements: Statements, policy: Policy, different: Sequence[Assertion]) -> None:
        self._statements = statements
        self._policy = policy
        self._number_of = {claim.record_id: number for number, claim in enumerate(statements.claims)}
        self._different: dict[int, list[tuple[int, Assertion]]] = defaultdict(list)
        for assertion in different:
            left, right = (self._number_of.get(end) for end in (assertion.left, assertion.right))  # type: ignore[call-overload]
            if left is not None and right is not None:
                self._different[left].append((right, assertion))
        self._fields: Mapping[str, Values] = {
            "birth_date": statements.born,
            "suffix": statements.suffix,
            "gender": statements.gender,
            "entity_type": statements.entity,
        }

    def broken(self, component: Index) -> Flags:
        """Which components break a limit; the work is linear in the number of records."""
        statements = self._statements
        count = int(component.max()) + 1 if len(component) else 0
        broken = np.bincount(component, minlength=count) > self._policy.limits.max_members
        for namespace, most in self._policy.unique_namespaces.items():
            mine = np.array([name == namespace for name in namespaces(statements)], dtype=np.bool_)
            rows = statements.stated[mine[statements.stated[:, 1]]]
            values = np.unique(keyed(component[rows[:, 0]], rows[:, 1])) >> 32
            broken |= np.bincount(values, minlength=count) > most
        for field in self._fields.values():
            known = field.code >= 0
            stated = np.unique(keyed(component[known], field.code[known])) >> 32
            broken |= np.bincount(stated, minlength=count) > 1
        known = statements.given.code >= 0
        rows = np.unique(keyed(component[known], statements.given.code[known]))
        of_component, name = rows >> 32, rows & 0xFFFFFFFF
        left, right = within(of_component, LARGE)
        broken |= np.bincount(of_component, minlength=count) > LARGE
        broken[of_component[left[statements.differ(name[left], name[right])]]] = True
        for one, others in self._different.items():
            for other, _ in others:
                if component[one] == component[other]:
                    broken[component[one]] = True
        return broken

    def breach(self, records: Sequence[int]) -> Breach | None:
        """The first limit that these records break together, stewards' words before all others."""
        inside = set(records)
        words = [word for one in records for other, word in self._different.get(one, ()) if other in inside]
        if words:
            last = max(words, key=lambda word: (word.at, word.id))
            return Breach("asserted_different", f"{last.by} asserted: {last.reason}", last.at)
        for name, field in self._fields.items():
            if len({code for record in records if (code := int(field.code[record])) >= 0}) > 1:
                return Breach("contradicted", f"differ in {name}")
        for namespace, most in self._policy.unique_namespaces.items():
            if (values := self._values(records, namespace)) > most:
                return Breach("over_limit", f"{values} values of {namespace}, more than {most}")
        names = {(claim.name.given, claim.name.family): claim for claim in (self._statements.claims[r] for r in records)}
        for one, other in combinations([names[name] for name in sorted(names, key=repr)], 2):
            if compare(Field.GIVEN_NAME, one, other) is Outcome.DIFFERS:
                return Breach("contradicted", "differ in given_name")
        if len(records) > self._policy.limits.max_members:
            return Breach("over_limit", f"{len(records)} members, more than {self._policy.limits.max_members}")
        return None

    def _values(self, records: Sequence[int], namespace: str) -> int:
        """How many values of a namespace the records state, those a slip of the pen apart as one where the policy says so."""
        claims = [self._statements.claims[record] for record in records]
        keys = {key for claim in claims for key in claim.identifiers if namespace_of(key) == namespace}
        distinct: list[str] = []
        for key in sorted(keys):
            if self._policy.blocked.holds(key):
                continue
            if not (self._policy.kind(namespace).slip_is_same and any(is_slip(key, other) for other in distinct)):
                distinct.append(key)
        return len(distinct)

    def split(self, records: Sequence[int], links: Sequence[Link]) -> tuple[list[list[int]], list[Finding]]:
        """Raise the weight that a join needs until no part breaks a limit; the links dropped are reported.

        A steward's word is dropped only for a later one.
        """
        settled: list[list[int]] = []
        findings: list[Finding] = []
        work = [(sorted(records), list(links))]
        while work:
            part, inside = work.pop()
            breach = self.breach(part)
            droppable = [link for link in inside if breach is not None and not _has_last_word(link, breach)]
            if breach is None or not droppable:
                settled.append(part)
                continue
            weakest = min(link.weight for link in droppable)
            dropped = [link for link in droppable if link.weight == weakest]
            for link in dropped:
                detail = f"{link.rule} ({link.weight:.1f} bits) dropped: {breach.detail}"
                findings.append(Finding(reason=breach.reason, detail=detail, members=(link.left, link.right)))
            gone = {id(link) for link in dropped}
            remaining = [link for link in inside if id(link) not in gone]
            work.extend(self._parts(part, remaining))
        return sorted(settled), sorted(findings, key=lambda finding: (finding.members, finding.reason, finding.detail))

    def _parts(self, records: Sequence[int], links: Iterable[Link]) -> list[tuple[list[int], list[Link]]]:
        """The connected parts of some records, each with its links."""
        parent = {record: record for record in records}

        def root(record: int) -> int:
            while parent[record] != record:
                parent[record] = parent[parent[record]]
                record = parent[record]
            return record

        kept = list(links)
        for link in kept:
            left, right = root(self._number_of[link.left]), root(self._number_of[link.right])  # type: ignore[index]
            parent[max(left, right)] = min(left, right)
        members: dict[int, list[int]] = defaultdict(list)
        for record in records:
            members[root(record)].append(record)
        links_of: dict[int, list[Link]] = defaultdict(list)
        for link in kept:
            links_of[root(self._number_of[link.left])].append(link)  # type: ignore[index]
        return [(part, links_of[name]) for name, part in members.items()]


def _has_last_word(link: Link, breach: Breach) -> bool:
    """Whether a steward asserted this link, and nobody the contrary since."""
    return link.asserted_at is not None and (breach.asserted_at is None or link.asserted_at > breach.asserted_at)
