"""Reading evidence for resolution: of the whole graph, or of the neighbourhood of some members."""

from collections.abc import Sequence
from dataclasses import replace

import orjson

from graph.database import Database
from graph.model.claim import Claim, EvidenceSet, Match, Sighting
from graph.model.evidence import PersonName, PostalAddress
from graph.model.ids import IdentifierKey, RecordId
from graph.repositories.assertions import AssertionRepository
from graph.statements import identity as statements
from graph.statements.statement import NoParameters


class ClaimRepository:
    """What records claim and which identifiers were seen together."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._assertions = AssertionRepository(database)

    async def everything(self) -> EvidenceSet:
        """All evidence that counts now, streamed into memory: about 2 KB for each record."""
        nothing = NoParameters()
        return EvidenceSet(
            claims=tuple([_claim(row) async for row in self._database.stream(statements.READ_CLAIMS, nothing)]),
            identifiers=tuple(
                [IdentifierKey(row.key) async for row in self._database.stream(statements.READ_UNSTATED_IDENTIFIERS, nothing)]
            ),
            sightings=tuple([_sighting(row) async for row in self._database.stream(statements.READ_SIGHTINGS, nothing)]),
            matches=tuple(
                [
                    Match(left=RecordId(row.left_id), right=RecordId(row.right_id), match_weight=row.match_weight)
                    async for row in self._database.stream(statements.READ_MATCHES, nothing)
                ]
            ),
            assertions=tuple(await self._assertions.in_force()),
        )

    async def of(self, members: Sequence[str]) -> list[Claim]:
        """The claims of some records, and of every record that states one of some identifiers."""
        rows = await self._database.run(statements.READ_NEIGHBOUR_CLAIMS, statements.MemberParameters(members=members))
        return [_claim(row) for row in rows]

    async def around(self, members: Sequence[str], *, stated: Sequence[str], left_out: frozenset[str]) -> EvidenceSet:
        """The evidence of some members and of every record that states one of the identifiers ``stated``.

        Identifiers that are ``left_out`` (generic ones, of which there may be thousands of records) are taken from the claims.
        """
        parameters = statements.MemberParameters(members=members)
        claims = await self.of(sorted({*members, *stated} - left_out))
        sightings = await self._database.run(statements.READ_NEIGHBOUR_SIGHTINGS, parameters)
        seen = {key for claim in claims for key in claim.identifiers} | {claim.record_id for claim in claims}
        return EvidenceSet(
            claims=tuple(
                replace(claim, identifiers=tuple(key for key in claim.identifiers if key not in left_out)) for claim in claims
            ),
            identifiers=tuple(IdentifierKey(member) for member in members if member not in seen),
            sightings=tuple(_sighting(row) for row in sightings),
            assertions=tuple(await self._assertions.in_force()),
        )


def _claim(row: statements.ClaimRow) -> Claim:
    return Claim(
        record_id=RecordId(row.record_id),
        source=row.source,
        entity_type=row.entity_type or "person",
        name=PersonName(
            given=row.given_name, middle=row.middle_name, family=row.family_name, suffix=row.name_suffix, full=row.full_name
        ),
        gender=row.gender,
        birth_date=row.birth_date,
        address=PostalAddress(
            street=row.street, city=row.city, region=row.region, postal_code=row.postal_code, country=row.country
        ),
        at=row.at,
        first_seen=row.first_seen,
        identifiers=tuple(IdentifierKey(key) for key in sorted(row.identifiers)),
        rejected=_rejected(row.rejected),
    )


def _rejected(newest_first: Sequence[str]) -> tuple[tuple[str, str], ...]:
    if not newest_first:
        return ()
    given: dict[str, str] = {}
    for text in newest_first:
        value = orjson.loads(text)
        given.setdefault(value["field"], value["given"])
    return tuple(sorted(given.items()))


def _sighting(row: statements.SightingRow) -> Sighting:
    return Sighting(left=IdentifierKey(row.left_key), right=IdentifierKey(row.right_key), first_seen=row.first_seen)
