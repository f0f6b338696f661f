"""What is around individuals that changed: all that a purpose needs to read to conclude of them what it would of the whole graph.

Whatever a change can alter is *concerned*: it is concluded anew. What is merely needed to conclude that is read too, and nothing
is concluded of it. ``reference`` holds what must be known of everybody else.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from graph.identity.conclusion import Conclusion
from graph.identity.policy import Joins, Policy
from graph.identity.reading import Finding
from graph.model.claim import Assertion, Claim, EvidenceSet, Match
from graph.model.explanation import HeldBack
from graph.model.identity import Purpose
from graph.model.ids import IdentityId
from graph.model.plan import Current
from graph.repositories.neighbourhoods import Crowd

CROWD = 500
"""Records on one value up to which it is read whole to tell whether it is generic."""


class Nearby(Protocol):
    """Reads the evidence around members; see ``graph.repositories.neighbourhoods``."""

    async def claims(self, members: Sequence[str]) -> list[Claim]:
        """The claims of some records, and of every record that states one of some identifiers."""

    async def crowds(self, keys: Sequence[str]) -> dict[str, Crowd]:
        """How much is around some identifiers now."""

    async def records_of(self, individuals: Sequence[str]) -> dict[str, IdentityId]:
        """The records of some individuals, each with its individual."""

    async def individuals_of(self, members: Sequence[str]) -> dict[str, IdentityId]:
        """The individuals of some records and identifiers."""

    async def scores(self, records: Sequence[str]) -> list[Match]:
        """The scored evidence between some records and any others."""

    async def assertions(self, members: Sequence[str]) -> list[Assertion]:
        """The assertions about some members that are in force, oldest first."""

    async def held_back(self, members: Sequence[str], purpose: Purpose) -> list[HeldBack]:
        """What a purpose holds back about some members."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Centre:
    """The individuals that may have changed, as they are to be."""

    members: frozenset[str]
    """Records and identifiers whose individual is known here, and nowhere else: those without one are in none."""
    individual_of: Mapping[str, IdentityId]
    claims: tuple[Claim, ...]
    """Of the records among the members, with all identifiers that they state."""
    assertions: tuple[Assertion, ...] = ()
    """Said just now."""
    retracted: frozenset[str] = frozenset()
    """Ids of assertions taken back just now."""
    unlinked: frozenset[tuple[str, str]] = frozenset()
    """Records and identifiers that they state no more, and identifiers that do not count as seen together any more."""
    ended: frozenset[IdentityId] = frozenset()
    """Individuals that are no more."""


@dataclass(slots=True)
class Around:
    """What was read around a centre."""

    claims: dict[str, Claim] = field(default_factory=dict)
    individual_of: dict[str, IdentityId] = field(default_factory=dict)
    concerned: set[IdentityId] = field(default_factory=set)
    """Individuals that are concluded anew."""
    left_out: set[str] = field(default_factory=set)
    """Identifiers of crowds, of which nothing is decided here."""
    matches: tuple[Match, ...] = ()
    assertions: tuple[Assertion, ...] = ()

    @property
    def evidence(self) -> EvidenceSet:
        """The evidence, in no order that means anything."""
        claims = tuple(_without(self.claims[record], self.left_out) for record in sorted(self.claims))
        return EvidenceSet(claims=claims, matches=self.matches, assertions=self.assertions)

    @property
    def members(self) -> set[str]:
        """Records of the concerned, and the identifiers that they state."""
        mine = [claim for record, claim in self.claims.items() if self.individual_of.get(record) in self.concerned]
        return {claim.record_id for claim in mine} | {key for claim in mine for key in claim.identifiers}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What was concluded of those concerned."""

    parts: tuple[tuple[str, ...], ...]
    findings: tuple[Finding, ...]
    members: frozenset[str]
    """Whose memberships and findings are all there is to know of them."""
    left_out: frozenset[str]


class OperationalSurroundings:
    """Reads what operational identities are concluded of: individuals with whom the changed ones share verified identifiers."""

    def __init__(self, nearby: Nearby, policy: Policy) -> None:
        self._nearby = nearby
        self._policy = policy

    async def read(self, centre: Centre) -> Around:
        """How rare an identifier is depends on how many state it: so whoever shares one with the centre is concerned too."""
        around = Around()
        self._add(around, centre, centre.claims, centre.individual_of)
        shared = await self._holders(around, centre, self._verified(around.claims.values()))
        around.concerned = {around.individual_of[record] for record in around.claims if record in around.individual_of}
        records = await self._nearby.records_of(sorted(around.concerned)) if around.concerned else {}
        if new := sorted(records.keys() - around.claims.keys()):
            self._add(around, centre, await self._nearby.claims(new), records)
        await self._holders(around, centre, self._verified(around.claims.values()) - shared)
        # An identifier belongs to an identity where it is of the same individual.
        unread = around.members - around.individual_of.keys() - around.claims.keys() - centre.members
        if unknown := sorted(key for key in unread if self._policy.kind_of(key).member):
            around.individual_of.update(await self._nearby.individuals_of(unknown))
        mine = sorted(around.claims)
        if mine:
            around.matches = tuple(await self._nearby.scores(mine))
            said = await self._nearby.assertions(sorted({*mine, *around.members, *centre.members}))
            around.assertions = tuple(each for each in said if each.id not in centre.retracted)
        around.assertions += centre.assertions
        return around

    async def _holders(self, around: Around, centre: Centre, keys: set[str]) -> set[str]:
        """Read all records that state some identifiers, and whose they are."""
        if not keys:
            return keys
        crowds = await self._nearby.crowds(sorted(keys))
        crowded = sorted(key for key in keys if key in crowds and crowds[key].carriers > CROWD)
        if crowded:
            held = await self._nearby.held_back(crowded, self._policy.purpose)
            around.left_out |= {key for each in held if each.reason == "generic" for key in each.members} & set(crowded)
        stating: Counter[str] = Counter(key for claim in around.claims.values() for key in claim.identifiers)
        open_keys = {key for key in keys - around.left_out if key not in crowds or crowds[key].carriers != stating[key]}
        claims = await self._nearby.claims(sorted(open_keys)) if open_keys else []
        unknown = sorted({claim.record_id for claim in claims} - around.claims.keys() - centre.members)
        self._add(around, centre, claims, await self._nearby.individuals_of(unknown) if unknown else {})
        return keys

    def _add(self, around: Around, centre: Centre, claims: Iterable[Claim], individual_of: Mapping[str, IdentityId]) -> None:
        for claim in claims:
            record = claim.record_id
            if record in around.claims:
                continue
            around.claims[record] = _unlinked(claim, centre.unlinked)
            known = centre.individual_of if record in centre.members else individual_of
            if record in known:
                around.individual_of[record] = known[record]
        # Identifiers stay with the individual that they are of.
        around.individual_of.update({m: i for m, i in centre.individual_of.items() if m not in around.individual_of})

    def _verified(self, claims: Iterable[Claim]) -> set[str]:
        """Identifiers that count as evidence."""
        return {key for claim in claims for key in claim.identifiers if self._counts(key)}

    def _counts(self, key: str) -> bool:
        kind = self._policy.kind_of(key)
        return kind.verified and kind.joins is not Joins.NEVER and not self._policy.blocked.holds(key)


def decided(around: Around, conclusion: Conclusion) -> Decided:
    """Of what was concluded, what is about those concerned."""
    members = around.members
    return Decided(
        parts=tuple(part for part in conclusion.parts if around.individual_of.get(part[0]) in around.concerned),
        findings=tuple(
            finding
            for finding in conclusion.findings
            if any(
                around.individual_of.get(member) in around.concerned if member in around.claims else member in members
                for member in finding.members
            )
        ),
        members=frozenset(members),
        left_out=frozenset(around.left_out),
    )


def standing_of(current: Current, members: Iterable[str]) -> Current:
    """The identities of which some members are."""
    wanted = {current.identity_of[member] for member in members if member in current.identity_of}
    return Current(
        identities={name: identity for name, identity in current.identities.items() if name in wanted},
        identity_of={member: name for member, name in current.identity_of.items() if name in wanted},
    )


def _unlinked(claim: Claim, pairs: frozenset[tuple[str, str]]) -> Claim:
    if not pairs:
        return claim
    return replace(claim, identifiers=tuple(key for key in claim.identifiers if (claim.record_id, key) not in pairs))


def _without(claim: Claim, keys: set[str]) -> Claim:
    """A claim without some identifiers."""
    if not keys:
        return claim
    return replace(claim, identifiers=tuple(key for key in claim.identifiers if key not in keys))
