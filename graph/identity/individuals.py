"""Individuals: everything that evidence joins, but for what contradicts itself.

Scored matches and the identifiers that records state make *settled* groups, found over all members at once. Only what other
evidence - identifiers seen together, stewards - joins beyond them, or what a limit or a steward contradicts, is looked into
link by link: WCC over the groups, then min cut and Leiden inside a component. What is read is what ``graph.identity.reading``
reads.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, pairwise
from typing import Protocol

import numpy as np

from graph.identity.homes.arrays import Flags, Floats, Index, connected, keyed, runs
from graph.identity.partition import over_unique_limits, split_by_cuts
from graph.identity.policy import Joins, Policy
from graph.identity.reading import (
    Finding,
    Link,
    Reading,
    exclude,
    link_assertions,
    link_carriers,
    link_match,
    link_sighting,
)
from graph.identity.verdicts import Verdicts
from graph.model.claim import Claim, EvidenceSet
from graph.model.explanation import StepKind

DOUBTFUL_BITS = -2.0
"""From this on a pair that was found to be of two people is worth a steward's look: one in five of them is one person."""
SETTLED = (StepKind.MATCHES, StepKind.STATES, StepKind.SHARES)
"""Links that settle who belongs together, unless something contradicts."""


class Components(Protocol):
    """Finds components and communities of weighted links; see ``graph.repositories.components``."""

    async def components(self, links: Sequence[tuple[str, str, float]]) -> dict[str, int]:
        """The component of each member that has a link."""

    async def communities(self, links: Sequence[tuple[str, str, float]], gamma: float) -> list[tuple[str, ...]]:
        """Communities at a resolution, in order of their first member."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Individuals:
    """What is concluded of individuals."""

    parts: tuple[tuple[str, ...], ...]
    first_seen: Mapping[str, datetime | None]
    findings: tuple[Finding, ...]


async def group_individuals(evidence: EvidenceSet, policy: Policy, components: Components) -> Individuals:
    """Group records and identifiers into individuals."""
    ground = _Ground(evidence, policy)
    groups = _Groups(ground)
    reading = ground.reading
    joined = await components.components(groups.between())
    wholes: dict[int, list[int]] = defaultdict(list)
    for name, whole in joined.items():
        wholes[whole].append(groups.label_of(name))
    several = [sorted(labels) for labels in wholes.values() if len(labels) > 1]
    questioned = [*several, *([label] for label in groups.questioned(besides={label for labels in several for label in labels}))]
    links = groups.links_of(questioned)

    async def communities(links: Sequence[Link], gamma: float) -> list[tuple[str, ...]]:
        return await components.communities(weighted(links), gamma)

    parts, part_of = groups.settled_parts(but={label for labels in questioned for label in labels})
    findings = list(reading.findings)
    number = 0
    for labels, inside in zip(questioned, links, strict=True):
        members = sorted(member for label in labels for member in groups.members_of(label))
        split = await split_by_cuts(members, inside, reading, policy, communities=communities)
        parts.extend(split.parts)
        findings.extend(split.findings)
        for part in split.parts:
            part_of[[ground.number_of[member] for member in part]] = number
            number += 1
    findings.extend(ground.doubtful(part_of))
    return Individuals(parts=tuple(sorted(parts)), first_seen=reading.members, findings=tuple(findings))


class _Ground:
    """The evidence as a policy reads it: members and matches as columns; as links only what takes a closer look.

    Members are numbered in the order of their names.
    """

    def __init__(self, evidence: EvidenceSet, policy: Policy) -> None:
        self.policy = policy
        self.claims: list[Claim] = sorted(evidence.claims, key=lambda claim: claim.record_id)
        self.reading = Reading(claims={claim.record_id: claim for claim in self.claims})
        self._read_matches(evidence)
        self._stating: dict[str, list[int]] = defaultdict(list)
        for number, claim in enumerate(self.claims):
            for key in claim.identifiers:
                self._stating[key].append(number)
        counts = {key: len(records) for key, records in self._stating.items()}
        excluded = exclude(evidence, counts, self.carriers, self.reading, policy)
        self._keys = sorted(key for key in self._stating if key not in excluded)
        self._number_members(sorted({*self._keys, *evidence.identifiers} - excluded))
        self._read_identifiers()
        for sighting in sorted(evidence.sightings, key=lambda s: (s.left, s.right)):
            link_sighting(sighting.left, sighting.right, sighting.first_seen, self.reading, policy)
        link_assertions(evidence.assertions, self.reading, policy)

    def carriers(self, key: str) -> list[Claim]:
        """The records that state an identifier, by record id."""
        return [self.claims[number] for number in self._stating.get(key, ())]

    def _read_matches(self, evidence: EvidenceSet) -> None:
        """Matches as columns: the records by their number among the claims, the weights, and whether they are linked."""
        record = {claim.record_id: number for number, claim in enumerate(self.claims)}
        left = np.array([record.get(match.left, -1) for match in evidence.matches], dtype=np.int64)
        right = np.array([record.get(match.right, -1) for match in evidence.matches], dtype=np.int64)
        known = np.flatnonzero((left >= 0) & (right >= 0))
        rows = known[np.argsort(keyed(left[known], right[known]), kind="stable")]
        self.left, self.right = left[rows], right[rows]
        self.weights: Floats = np.array([match.match_weight for match in evidence.matches], dtype=np.float64)[rows]
        self.linked: Flags = np.array([match.linked for match in evidence.matches], dtype=np.bool_)[rows]
        group = connected(self.left[self.linked], self.right[self.linked], len(self.claims))
        alone = np.bincount(group, minlength=1)[group] == 1 if len(group) else np.zeros(0, dtype=np.bool_)
        self.group: Index = np.where(alone, -1, group)
        """(records,): the records that matches link; -1 of those that are linked with none."""
        ids = [claim.record_id for claim in self.claims]
        grouped = np.flatnonzero(self.group >= 0).tolist()
        unlinked = np.flatnonzero(~self.linked)
        self.reading.verdicts = Verdicts(
            group_of={ids[number]: group for number, group in zip(grouped, self.group[grouped].tolist(), strict=True)},
            apart=frozenset((ids[a], ids[b]) for a, b in zip(*(self._ends(unlinked)), strict=True)),
            scored=frozenset(ids[number] for number in np.unique(np.concatenate([self.left, self.right])).tolist()),
        )

    def _ends(self, rows: Index) -> tuple[list[int], list[int]]:
        return self.left[rows].tolist(), self.right[rows].tolist()

    def _number_members(self, identifiers: Sequence[str]) -> None:
        """Records, and identifiers of kinds that are members, in the order of their names."""
        keys = [key for key in identifiers if self.policy.kind_of(key).member]
        ids: list[str] = [claim.record_id for claim in self.claims]
        self.names = sorted([*ids, *keys])
        self.number_of = {name: number for number, name in enumerate(self.names)}
        self.record_number: Index = np.array([self.number_of[name] for name in ids], dtype=np.int64)
        members = self.reading.members
        members.update((claim.record_id, claim.first_seen) for claim in self.claims)
        for key in keys:
            stating = self._stating.get(key)
            members[key] = min(self.claims[number].first_seen for number in stating) if stating else None

    def _read_identifiers(self) -> None:
        """Of identifiers whose records are one person by what was scored, who states them; of the others, links."""
        sizes = np.array([len(self._stating[key]) for key in self._keys], dtype=np.int64)
        records = np.fromiter(chain.from_iterable(self._stating[key] for key in self._keys), dtype=np.int64, count=sizes.sum())
        starts = np.cumsum(sizes) - sizes
        group = self.group[records]
        least, most = (how.reduceat(group, starts) if len(starts) else sizes for how in (np.minimum, np.maximum))
        one = (sizes == 1) | ((least == most) & (least >= 0))
        joins = np.array([self.policy.kind_of(key).joins is not Joins.NEVER for key in self._keys], dtype=np.bool_)
        for number in np.flatnonzero(joins & ~one).tolist():
            link_carriers(self._keys[number], self.carriers(self._keys[number]), self.reading, self.policy)
        self.of_one: list[str] = [self._keys[number] for number in np.flatnonzero(joins & one).tolist()]
        """Identifiers whose records are one person."""
        holder = np.array([self.number_of.get(key, -1) for key in self._keys], dtype=np.int64)
        rows = np.repeat(joins & one & (holder >= 0), sizes)
        self.stating: tuple[Index, Index] = self.record_number[records[rows]], np.repeat(holder, sizes)[rows]
        """Record and identifier, by member number, of those that are members."""
        first = self.record_number[records[starts]] if len(starts) else starts
        self.first_stating: Index = first[joins & one]
        """(of_one,): the first record that states each, by member number."""

    def match_links(self, rows: Index) -> list[Link]:
        """Matches of some rows as links."""
        return [
            link_match(self.claims[a].record_id, self.claims[b].record_id, weight)
            for a, b, weight in zip(*self._ends(rows), self.weights[rows].tolist(), strict=True)
        ]

    def doubtful(self, part_of: Index) -> list[Finding]:
        """Parts that were kept apart by a narrow margin, each two of them by the pair that speaks most for joining them."""
        rows = np.flatnonzero(~self.linked & (self.weights >= DOUBTFUL_BITS))
        one, other = part_of[self.record_number[self.left[rows]]], part_of[self.record_number[self.right[rows]]]
        apart = one != other
        rows, one, other = rows[apart], one[apart], other[apart]
        order = np.lexsort((self.right[rows], self.left[rows], -self.weights[rows]))
        ends = keyed(np.minimum(one, other), np.maximum(one, other))[order]
        best = rows[order[np.unique(ends, return_index=True)[1]]]
        return [
            Finding(
                reason="doubtful",
                detail=f"scored {weight:+.1f} bits and kept apart",
                members=(self.claims[a].record_id, self.claims[b].record_id),
            )
            for a, b, weight in zip(*self._ends(best), self.weights[best].tolist(), strict=True)
        ]


class _Groups:
    """Members grouped by what settles it. A group's label is the number of its first member."""

    def __init__(self, ground: _Ground) -> None:
        self._ground = ground
        number_of, links = ground.number_of, ground.reading.links
        settled = [(number_of[link.left], number_of[link.right]) for link in links if link.kind in SETTLED]
        looked_into = np.array(settled, dtype=np.int64).reshape(-1, 2)
        left, right = ground.record_number[ground.left[ground.linked]], ground.record_number[ground.right[ground.linked]]
        component = connected(
            np.concatenate([left, ground.stating[0], looked_into[:, 0]]),
            np.concatenate([right, ground.stating[1], looked_into[:, 1]]),
            len(ground.names),
        )
        self._order = np.argsort(component, kind="stable")
        bounds = runs(component[self._order])
        first = self._order[bounds[:-1]]
        self.label: Index = np.empty(len(ground.names), dtype=np.int64)
        self.label[self._order] = np.repeat(first, np.diff(bounds))
        self._place = dict(zip(first.tolist(), pairwise(bounds.tolist()), strict=True))

    def label_of(self, name: str) -> int:
        """The label of a group that is named by its first member."""
        return self._ground.number_of[name]

    def members_of(self, label: int) -> list[str]:
        """The members of a group, sorted."""
        first, last = self._place[label]
        return [self._ground.names[number] for number in self._order[first:last].tolist()]

    def between(self) -> list[tuple[str, str, float]]:
        """Links between groups, each named by its first member."""
        names, number_of = self._ground.names, self._ground.number_of
        found: dict[tuple[str, str], float] = {}
        for link in self._ground.reading.links:
            one, other = (int(self.label[number_of[end]]) for end in (link.left, link.right))
            if one != other:
                found[names[min(one, other)], names[max(one, other)]] = link.weight
        return [(left, right, weight) for (left, right), weight in sorted(found.items())]

    def questioned(self, *, besides: set[int]) -> list[int]:
        """Groups of which anything could contradict that they are one person."""
        ground, count = self._ground, len(self._ground.names)
        of_record = self.label[ground.record_number]
        records = np.bincount(of_record, minlength=count)
        least, most = np.full(count, len(ground.claims)), np.full(count, -1)
        np.minimum.at(least, of_record, ground.group)
        np.maximum.at(most, of_record, ground.group)
        doubtful = (records > 1) & ((least != most) | (least < 0))
        doubtful |= np.bincount(self.label, minlength=count) > ground.policy.limits.max_members
        apart = [ground.number_of[name] for name in ground.reading.kept_apart if name in ground.number_of]
        doubtful[self.label[apart]] = True
        found = {
            label for label in self._over_limits() if over_unique_limits(self.members_of(label), ground.reading, ground.policy)
        }
        found.update(label for label in np.flatnonzero(doubtful).tolist() if len(self.members_of(label)) > 1)
        return sorted(found - besides)

    def _over_limits(self) -> set[int]:
        """Groups with more identifiers of a namespace than one person has."""
        names = self._ground.names
        found: set[int] = set()
        for namespace, limit in self._ground.policy.unique_namespaces.items():
            # Names are sorted, so those of a namespace are neighbours.
            keys = slice(bisect_left(names, f"{namespace}:"), bisect_left(names, f"{namespace};"))
            labels, sizes = np.unique(self.label[keys], return_counts=True)
            found.update(labels[sizes > limit].tolist())
        return found

    def settled_parts(self, *, but: set[int]) -> tuple[list[tuple[str, ...]], Index]:
        """The groups that nothing contradicts, and the part of each member, by number."""
        names = self._ground.names
        ordered = [names[number] for number in self._order.tolist()]
        parts = [tuple(ordered[first:last]) for label, (first, last) in self._place.items() if label not in but]
        return parts, len(self.label) + self.label

    def links_of(self, wholes: Sequence[Sequence[int]]) -> list[list[Link]]:
        """All links inside each of some wholes, which are made of one group or several."""
        ground = self._ground
        whole_of = {label: whole for whole, labels in enumerate(wholes) for label in labels}
        asked = np.zeros(len(ground.names), dtype=np.bool_)
        asked[list(whole_of)] = True
        rows = np.flatnonzero(ground.linked & asked[self.label[ground.record_number[ground.left]]])
        more = Reading(members=ground.reading.members, verdicts=ground.reading.verdicts)
        for number in np.flatnonzero(asked[self.label[ground.first_stating]]).tolist():
            key = ground.of_one[number]
            link_carriers(key, ground.carriers(key), more, ground.policy)
        found: list[list[Link]] = [[] for _ in wholes]
        for link in chain(ground.reading.links, ground.match_links(rows), more.links):
            whole = whole_of.get(int(self.label[ground.number_of[link.left]]))
            if whole is not None:
                found[whole].append(link)
        return [sorted(links, key=lambda link: (link.left, link.right, link.rule, link.via)) for links in found]


def weighted(links: Sequence[Link]) -> list[tuple[str, str, float]]:
    """Links as GDS takes them."""
    return [(link.left, link.right, link.weight) for link in links]
