"""The evidence and identities around some members, now or as of a moment.

``as_of`` is a moment of Kindred's own clock: what is read is what stood then; None is now.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import orjson

from graph.database import Runs
from graph.model.claim import Assertion, Claim, Match, Sighting, weight_as_read
from graph.model.evidence import PersonName, PostalAddress
from graph.model.explanation import FieldComparison, HeldBack, MatchDetail
from graph.model.identity import Decision, Purpose
from graph.model.ids import IdentifierKey, IdentityId, RecordId
from graph.model.plan import Current, CurrentIdentity
from graph.model.scored_match import Comparisons
from graph.repositories.identities import decision_of
from graph.repositories.paging import instant
from graph.statements import identity as identity_statements
from graph.statements import review as statements

COUNTED_UP_TO = 10_000
"""Records or sightings of one identifier up to which each is looked at; stewards never retract as many of one."""
LISTED_UP_TO = 20
"""Sightings of one identifier up to which they are read with what else is around it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """How much is around an identifier."""

    carriers: int
    neighbours: int


Membership = tuple[Purpose, CurrentIdentity]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surrounding:
    """What there is around a member: what is not need not be read. None is not known."""

    identifier: bool = False
    carriers: int = 0
    """Records that state it."""
    claimed: bool = False
    """Whether it is a record, or one states it."""
    neighbours: int = 0
    """Identifiers that it was seen with."""
    sightings: tuple[Sighting, ...] | None = ()
    matched: bool = False
    """Whether there is scored evidence."""
    asserted: bool = False
    carried: bool | None = False
    """Whether a touchpoint carries it."""
    held_back: bool = False
    memberships: tuple[Membership, ...] | None = ()
    """In individuals and operational identities."""


NOTHING = Surrounding()
"""Around a name that the graph has not as a record or an identifier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which identity graphs there are, how many records, by what they are concluded, and what is known of the whole graph."""

    operational: bool
    households: bool
    records: int
    changed_at: datetime | None
    """When an identity last changed."""
    references: Mapping[Purpose, str]
    """The id of what is kept of the whole graph for each purpose: another whenever something else is."""
    policies: Mapping[Purpose, str]
    """The SHA-256 of each policy in force that was published."""


class NeighbourhoodRepository:
    """Reads what is around members; each method costs one statement."""

    def __init__(self, database: Runs) -> None:
        self._database = database

    async def claims(self, members: Sequence[str], *, as_of: datetime | None = None) -> list[Claim]:
        """The claims of some records, and of every record that states one of some identifiers."""
        rows = await self._database.run(statements.READ_CLAIMS_AROUND, _around(members, as_of))
        return [_claim(row) for row in rows]

    async def sightings(self, members: Sequence[str], *, as_of: datetime | None = None) -> list[Sighting]:
        """The sightings of some identifiers with any others."""
        rows = await self._database.run(statements.READ_SIGHTINGS_AROUND, _around(members, as_of))
        return [
            Sighting(left=IdentifierKey(row.left_key), right=IdentifierKey(row.right_key), first_seen=row.first_seen)
            for row in rows
        ]

    async def matches(self, members: Sequence[str], *, as_of: datetime | None = None) -> list[MatchDetail]:
        """The scored evidence between some records and any others."""
        rows = await self._database.run(statements.READ_MATCHES_AROUND, _around(members, as_of))
        return [_match(row) for row in rows]

    async def assertions(self, members: Sequence[str], *, as_of: datetime | None = None) -> list[Assertion]:
        """The assertions about some members that are in force, oldest first."""
        rows = await self._database.run(statements.READ_ASSERTIONS_AROUND, _around(members, as_of))
        found = [
            Assertion(
                id=row.id,
                same=row.same,
                left=row.left,
                right=row.right,
                by=row.by,
                at=row.at,
                reason=row.reason,
                purpose=Purpose(row.purpose) if row.purpose else None,
            )
            for row in rows
        ]
        return sorted(found, key=lambda assertion: (assertion.at, assertion.id))

    async def memberships(self, members: Sequence[str], purpose: Purpose, *, as_of: datetime | None = None) -> Current:
        """The identities of some members."""
        rows = await self._database.run(
            statements.READ_IDENTITIES_OF,
            statements.PurposeAroundParameters(members=members, purpose=purpose, as_of=as_of),
        )
        return _memberships(rows)

    async def records_of(self, individuals: Sequence[str]) -> dict[str, IdentityId]:
        """The records of some individuals now, each with its individual."""
        parameters = identity_statements.IdentityIdsParameters(identity_ids=individuals)
        rows = await self._database.run(identity_statements.READ_RECORDS_OF_INDIVIDUALS, parameters)
        return {row.record_id: IdentityId(row.identity_id) for row in rows}

    async def individuals_of(self, members: Sequence[str]) -> dict[str, IdentityId]:
        """The individuals of some records and identifiers now."""
        return dict((await self.memberships(members, Purpose.INDIVIDUAL)).identity_of)

    async def scores(self, records: Sequence[str]) -> list[Match]:
        """The scored evidence between some records and any others, as policies read it."""
        return [
            Match(
                left=RecordId(row.left_id),
                right=RecordId(row.right_id),
                match_weight=weight_as_read(row.match_weight),
                linked=row.linked,
            )
            for row in await self._database.run(statements.READ_MATCHES_AROUND, _around(records, None))
        ]

    async def members_of(self, identity_ids: Iterable[str], *, as_of: datetime | None = None) -> Current:
        """All members of some identities; those of a household are individuals."""
        rows = await self._database.run(statements.READ_MEMBERS_OF, _around(sorted(set(identity_ids)), as_of))
        return _memberships(rows)

    async def members_by_identity(
        self, identity_ids: Iterable[str], *, as_of: datetime | None = None
    ) -> dict[IdentityId, list[str]]:
        """All members of some identities, whatever their purposes; those of a household are individuals."""
        found: dict[IdentityId, list[str]] = defaultdict(list)
        for row in await self._database.run(statements.READ_MEMBERS_OF, _around(sorted(set(identity_ids)), as_of)):
            found[IdentityId(row.identity_id)].append(row.member)
        return found

    async def decisions(self, members: Sequence[str], purpose: Purpose, *, as_of: datetime | None = None) -> list[Decision]:
        """The decisions about some members, then and before, oldest first; each once."""
        rows = await self._database.run(
            statements.READ_DECISIONS_OF,
            statements.PurposeAroundParameters(members=members, purpose=purpose, as_of=as_of),
        )
        return list({row.id: decision_of(row) for row in reversed(rows)}.values())[::-1]

    async def held_back(self, members: Sequence[str], purpose: Purpose, *, as_of: datetime | None = None) -> list[HeldBack]:
        """What a purpose holds back about some members."""
        rows = await self._database.run(
            statements.READ_HELD_BACK_ABOUT,
            statements.PurposeAroundParameters(members=members, purpose=purpose, as_of=as_of),
        )
        found = (
            HeldBack(
                id=row.id,
                purpose=Purpose(row.purpose),
                reason=row.reason,
                detail=row.detail,
                members=tuple(sorted(row.members)),
                since=row.since,
            )
            for row in rows
        )
        return sorted(found, key=lambda held: held.id)

    async def around(self, members: Sequence[str], *, as_of: datetime | None = None) -> dict[str, Surrounding]:
        """What there is around some members; of a moment no more is known than that there may be anything."""
        if as_of is not None:
            crowds = await self.crowds(members)
            return {member: _unknown(crowds.get(member)) for member in members}
        parameters = statements.SurroundingParameters(members=members, most=COUNTED_UP_TO, few=LISTED_UP_TO)
        return {row.member: _surrounding(row) for row in await self._database.run(statements.READ_AROUND, parameters)}

    async def crowds(self, keys: Sequence[str]) -> dict[str, Crowd]:
        """How much is around some identifiers now; of more than ``COUNTED_UP_TO`` what was retracted is counted, too."""
        parameters = statements.CountParameters(members=keys, most=COUNTED_UP_TO)
        rows = await self._database.run(statements.COUNT_AROUND, parameters)
        return {row.member: Crowd(carriers=row.carriers, neighbours=row.neighbours) for row in rows}

    async def on_touchpoints(self, keys: Sequence[str], *, as_of: datetime | None = None) -> list[str]:
        """Those of some identifiers that a touchpoint carries."""
        if not keys:
            return []
        rows = await self._database.run(statements.FIND_ON_TOUCHPOINTS, _around(keys, as_of))
        return [row.key for row in rows]

    async def scope(self) -> Scope:
        """Which identity graphs there are, how many records, by what they are concluded, and what is known of the whole graph."""
        [row] = await self._database.run(statements.READ_SCOPE, statements.ScopeParameters(purposes=list(Purpose)))
        return Scope(
            operational=row.operational > 0,
            households=row.households > 0,
            records=row.records,
            changed_at=max(row.changed, default=None),
            references={Purpose(purpose): name for purpose, name in row.references},
            policies={Purpose(purpose): sha256 for purpose, sha256 in row.policies},
        )


def _around(members: Sequence[str], as_of: datetime | None) -> statements.AroundParameters:
    return statements.AroundParameters(members=members, as_of=as_of)


def _memberships(rows: Sequence[statements.MembershipAtRow]) -> Current:
    return Current(
        identity_of={row.member: IdentityId(row.identity_id) for row in rows},
        identities={
            IdentityId(row.identity_id): CurrentIdentity(
                id=IdentityId(row.identity_id), created_at=instant(row.created_seconds, row.created_nanoseconds)
            )
            for row in rows
        },
    )


def _surrounding(row: statements.SurroundingRow) -> Surrounding:
    return Surrounding(
        identifier=row.identifier,
        carriers=row.carriers,
        claimed=row.record or row.carriers > 0,
        neighbours=row.neighbours,
        sightings=None
        if row.sightings is None
        else tuple(
            Sighting(left=IdentifierKey(left), right=IdentifierKey(right), first_seen=instant(seconds, nanoseconds))
            for left, right, seconds, nanoseconds in row.sightings
        ),
        matched=row.matched,
        asserted=row.asserted,
        carried=row.carried,
        held_back=row.held_back,
        memberships=tuple(
            (Purpose(purpose), CurrentIdentity(id=IdentityId(name), created_at=instant(seconds, nanoseconds)))
            for purpose, name, seconds, nanoseconds in row.memberships
        ),
    )


def _unknown(crowd: Crowd | None) -> Surrounding:
    """Of a member nothing is known but how much is around it; None is not even that it is an identifier."""
    return Surrounding(
        identifier=crowd is not None,
        carriers=crowd.carriers if crowd else 0,
        claimed=True,
        neighbours=crowd.neighbours if crowd else 0,
        sightings=None,
        matched=True,
        asserted=True,
        carried=None,
        held_back=True,
        memberships=None,
    )


def _claim(row: statements.ClaimAroundRow) -> Claim:
    rejected: dict[str, str] = {}
    for text in row.rejected:
        value = orjson.loads(text)
        rejected.setdefault(value["field"], value["given"])
    return Claim(
        record_id=RecordId(row.record_id),
        source=row.source,
        entity_type=row.entity_type or "person",
        name=PersonName(
            given=row.given_name, middle=row.middle_name, family=row.family_name, suffix=row.name_suffix, full=row.full_name
        ),
        gender=row.gender,
        birth_date=None if row.birth_date is None else date.fromisoformat(row.birth_date),
        address=PostalAddress(
            street=row.street, city=row.city, region=row.region, postal_code=row.postal_code, country=row.country
        ),
        at=instant(row.at_seconds, row.at_nanoseconds),
        first_seen=instant(row.first_seen_seconds, row.first_seen_nanoseconds),
        identifiers=tuple(IdentifierKey(key) for key in sorted(row.identifiers)),
        rejected=tuple(sorted(rejected.items())),
    )


def _match(row: statements.MatchDetailRow) -> MatchDetail:
    made_of = None if row.comparisons is None else Comparisons.parse(row.comparisons)
    return MatchDetail(
        left=row.left_id,
        right=row.right_id,
        match_weight=row.match_weight,
        linked=row.linked,
        model=row.model,
        comparisons=tuple(
            FieldComparison(
                field=each.field, level=each.level, against_stranger=each.stranger_weight, against_home=each.home_weight or 0.0
            )
            for each in (made_of.fields if made_of else ())
        ),
        prior_stranger=made_of.prior_stranger if made_of else None,
        prior_home=made_of.prior_home if made_of else None,
    )
