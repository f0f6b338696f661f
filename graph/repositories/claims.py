"""Reading evidence for resolution: of the whole graph, or of the neighbourhood of some members."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

import orjson

from graph.database import Database
from graph.memory import no_search_for_cycles
from graph.model.claim import Claim, EvidenceSet, Sighting
from graph.model.evidence import PersonName, PostalAddress
from graph.model.ids import IdentifierKey, RecordId
from graph.repositories.assertions import AssertionRepository
from graph.repositories.paging import instant, read_pages
from graph.statements import identity as statements

PAGE_NODES = 2_000
"""Records or identifiers read at once: some 2 MB on the wire."""


class ClaimRepository:
    """What records claim and which identifiers were seen together."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._assertions = AssertionRepository(database)

    async def everything(self) -> EvidenceSet:
        """All evidence that counts now but scored matches, in memory: about 2 KB for each record. Claims by record id.

        Read page by page, so that no transaction stays open for long: evidence that arrives meanwhile may be in it or not.
        """
        with no_search_for_cycles():
            claims, (identifiers, sightings) = await asyncio.gather(self._all_claims(), self._all_identifiers())
        return EvidenceSet(
            claims=tuple(claims),
            identifiers=tuple(identifiers),
            sightings=tuple(sightings),
            assertions=tuple(await self._assertions.in_force()),
        )

    async def of(self, members: Sequence[str]) -> list[Claim]:
        """The claims of some records, and of every record that states one of some identifiers."""
        rows = await self._database.run(statements.READ_NEIGHBOUR_CLAIMS, statements.MemberParameters(members=members))
        known: dict[str, str] = {}
        return [
            _claim(row.record_id, row.source, row.entity_type, row.versions, row.identifiers, known)
            for row in rows
            if row.versions
        ]

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
            sightings=tuple(
                Sighting(left=IdentifierKey(row.left_key), right=IdentifierKey(row.right_key), first_seen=row.first_seen)
                for row in sightings
            ),
            assertions=tuple(await self._assertions.in_force()),
        )

    async def _all_claims(self) -> list[Claim]:
        async def read(after: str) -> statements.ClaimPageRow:
            parameters = statements.PageParameters(after=after, limit=PAGE_NODES)
            [page] = await self._database.run(statements.READ_CLAIMS, parameters)
            return page

        def next_after(page: statements.ClaimPageRow) -> str | None:
            return page.claims[-1][0] if len(page.claims) == PAGE_NODES else None

        claims: list[Claim] = []
        known: dict[str, str] = {}
        async for page in read_pages(read, next_after):
            claims.extend(
                _claim(record_id, source, entity_type, versions, keys, known)
                for record_id, source, entity_type, versions, keys in page.claims
                if versions
            )
        return claims

    async def _all_identifiers(self) -> tuple[list[IdentifierKey], list[Sighting]]:
        async def read(after: str) -> statements.IdentifierPageRow:
            parameters = statements.PageParameters(after=after, limit=PAGE_NODES)
            [page] = await self._database.run(statements.READ_IDENTIFIERS, parameters)
            return page

        identifiers: list[IdentifierKey] = []
        sightings: list[Sighting] = []
        async for page in read_pages(read, lambda page: page.last if page.read == PAGE_NODES else None):
            for key, unstated, seen_with in page.identifiers:
                if unstated:
                    identifiers.append(IdentifierKey(key))
                for other, seconds, nanoseconds in seen_with:
                    first_seen = instant(seconds, nanoseconds)
                    sightings.append(Sighting(left=IdentifierKey(key), right=IdentifierKey(other), first_seen=first_seen))
        return identifiers, sightings


def _claim(
    record_id: str,
    source: str,
    entity_type: str | None,
    versions: Sequence[statements.VersionRow],
    keys: list[str],
    known: dict[str, str],
) -> Claim:
    """A record's claim: each attribute from the newest version that states it.

    Args:
        record_id: the record's id.
        source: its source.
        entity_type: ``person`` (also where it is None) or ``organization``.
        versions: its versions, at least one.
        keys: keys of its identifiers.
        known: strings read so far, of which one copy is enough.
    """
    once = known.setdefault
    newest = versions[0]
    named = born = gendered = addressed = oldest = newest
    if len(versions) > 1:
        # The order of versions is that of time, then id.
        by_age = sorted(versions, key=lambda version: version[:3], reverse=True)
        newest, oldest = by_age[0], by_age[-1]
        named = next((v for v in by_age if v[7] is not None), newest)
        gendered = next((v for v in by_age if v[8] is not None), newest)
        born = next((v for v in by_age if v[9] is not None), newest)
        addressed = next((v for v in by_age if (v[10], v[11], v[13]) != (None, None, None)), newest)
        rejected = _rejected([text for version in by_age for text in version[15] or ()])
    else:
        rejected = _rejected(newest[15])
    _, _, _, given, middle, family, suffix, full, *_ = named
    street, city, region, postal_code, country = addressed[10:15]
    at = instant(newest[0], newest[1])
    keys.sort()
    return Claim(
        record_id=RecordId(record_id),
        source=once(source, source),
        entity_type="person" if entity_type is None else once(entity_type, entity_type),
        name=_NO_NAME
        if full is None
        else PersonName(
            given=given and once(given, given),
            middle=middle and once(middle, middle),
            family=family and once(family, family),
            suffix=suffix and once(suffix, suffix),
            full=full,
        ),
        gender=gendered[8] and once(gendered[8], gendered[8]),
        birth_date=None if born[9] is None else date.fromisoformat(born[9]),
        address=_NO_ADDRESS
        if street is None and city is None and postal_code is None
        else PostalAddress(
            street=street and once(street, street),
            city=city and once(city, city),
            region=region and once(region, region),
            postal_code=postal_code and once(postal_code, postal_code),
            country=country and once(country, country),
        ),
        at=at,
        first_seen=at if oldest is newest else instant(oldest[0], oldest[1]),
        identifiers=tuple([IdentifierKey(once(key, key)) for key in keys]),
        rejected=rejected,
    )


_NO_NAME = PersonName()
_NO_ADDRESS = PostalAddress()


def _rejected(newest_first: Sequence[str] | None) -> tuple[tuple[str, str], ...]:
    if not newest_first:
        return ()
    given: dict[str, str] = {}
    for text in newest_first:
        value: Mapping[str, str] = orjson.loads(text)
        given.setdefault(value["field"], value["given"])
    return tuple(sorted(given.items()))
