"""Reading identities: what they are, what belongs to them, and why. Each method costs one statement, whatever the sizes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

import orjson

from graph.database import Database
from graph.model.attributes import CONTACT_NAMESPACES, Attributes, best_attributes
from graph.model.identifier import Identifier
from graph.model.identity import Purpose
from graph.model.ids import IdentifierKey, IdentityId
from graph.model.profile import (
    Claim,
    ClaimedAddress,
    ClaimedName,
    DecisionView,
    EvidenceLink,
    IdentityState,
    Member,
    NoIdentity,
    NotFoundReason,
    Page,
    RecordSummary,
    RecordVersionView,
    TimeCursor,
)
from graph.statements import profile as statements

T = TypeVar("T")
EMPTY: Page[Any] = Page(items=(), total=0, more=False)


class ProfileRepository:
    """Identities in the graph, read only.

    Methods for several identities return a mapping that holds every id asked for. ``as_of`` is a moment of Kindred's own clock:
    the answer is the one that would have been given then; None is now.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, key: IdentifierKey, *, purpose: Purpose, as_of: datetime | None) -> IdentityState | NoIdentity:
        """The identity that an identifier belongs to for one purpose, or why there is none."""
        lookup = statements.IdentifierLookup(key=key, purpose=purpose, as_of=as_of)
        [row] = await self._database.run(statements.FIND_IDENTITY, lookup)
        if row.identity is not None:
            return _identity(row.identity, as_of=as_of)
        if not row.known:
            return NoIdentity(reason=NotFoundReason.UNKNOWN)
        if row.held_back:
            return NoIdentity(reason=NotFoundReason.HELD_BACK, held_back=tuple(sorted(row.held_back)))
        return NoIdentity(reason=NotFoundReason.NO_IDENTITY)

    async def identities(self, ids: Sequence[str], *, as_of: datetime | None) -> dict[str, IdentityState | None]:
        """Identities by id; an id that was merged away leads to the identity that it is part of."""
        rows = await self._database.run(statements.READ_IDENTITIES, statements.Identities(identity_ids=ids, as_of=as_of))
        found = {row.asked_id: _identity(row.identity, as_of=as_of) for row in rows}
        return {identity_id: found.get(identity_id) for identity_id in ids}

    async def attributes(self, ids: Sequence[str], *, as_of: datetime | None) -> dict[str, Attributes]:
        """The best current attributes of the people that identities stand for."""
        lookup = statements.ClaimLookup(identity_ids=ids, namespaces=CONTACT_NAMESPACES, as_of=as_of)
        rows = await self._database.run(statements.LIST_CLAIMS, lookup)
        found = {
            row.identity_id: best_attributes(
                [_claim(claim) for claim in row.claims], [Identifier(**identifier) for identifier in row.identifiers]
            )
            for row in rows
        }
        return {identity_id: found.get(identity_id) or best_attributes((), ()) for identity_id in ids}

    async def members(
        self, ids: Sequence[str], *, first: int, after: str | None, as_of: datetime | None
    ) -> dict[str, Page[Member]]:
        """Identifiers and records that belong to identities, in the order of their keys; a household's are its individuals'."""
        page = statements.KeyPage(identity_ids=ids, first=first + 1, after_key=after or "", as_of=as_of)
        rows = await self._database.run(statements.LIST_MEMBERS, page)
        return _pages(ids, rows, first=first, build=lambda item: Member(**item))

    async def evidence(
        self, ids: Sequence[str], *, first: int, after: str | None, as_of: datetime | None
    ) -> dict[str, Page[EvidenceLink]]:
        """Evidence between members of identities, in the order of its ends."""
        page = statements.CursorPage(identity_ids=ids, first=first + 1, after_cursor=after or "", as_of=as_of)
        rows = await self._database.run(statements.LIST_EVIDENCE, page)
        return _pages(ids, rows, first=first, build=lambda item: EvidenceLink(**item))

    async def records(
        self, ids: Sequence[str], *, first: int, after: str | None, as_of: datetime | None
    ) -> dict[str, Page[RecordSummary]]:
        """Records that belong to identities, in the order of their ids."""
        page = statements.KeyPage(identity_ids=ids, first=first + 1, after_key=after or "", as_of=as_of)
        rows = await self._database.run(statements.LIST_RECORDS, page)
        return _pages(ids, rows, first=first, build=lambda item: RecordSummary(**item))

    async def record_versions(
        self, record_ids: Sequence[str], *, first: int, after: TimeCursor | None, as_of: datetime | None
    ) -> dict[str, Page[RecordVersionView]]:
        """Versions of records, newest first."""
        page = statements.VersionPage(
            record_ids=record_ids,
            first=first + 1,
            after_at=after.at if after else None,
            after_id=after.id if after else None,
            as_of=as_of,
        )
        rows = await self._database.run(statements.LIST_RECORD_VERSIONS, page)
        found = {row.record_id: _page(row.items, total=row.total, first=first, build=_version) for row in rows}
        return {record_id: found.get(record_id, EMPTY) for record_id in record_ids}

    async def households(self, ids: Sequence[str], *, as_of: datetime | None) -> dict[str, IdentityState | None]:
        """The household of each individual, None where it has none."""
        rows = await self._database.run(statements.LIST_HOUSEHOLDS, statements.Identities(identity_ids=ids, as_of=as_of))
        found = {row.identity_id: _identity(row.household, as_of=as_of) for row in rows}
        return {identity_id: found.get(identity_id) for identity_id in ids}

    async def individuals(
        self, ids: Sequence[str], *, first: int, after: str | None, as_of: datetime | None
    ) -> dict[str, Page[IdentityState]]:
        """The individuals of households, in the order of their ids."""
        page = statements.KeyPage(identity_ids=ids, first=first + 1, after_key=after or "", as_of=as_of)
        rows = await self._database.run(statements.LIST_INDIVIDUALS, page)
        return _pages(ids, rows, first=first, build=lambda item: _identity(item, as_of=as_of))

    async def decisions(
        self, ids: Sequence[str], *, first: int, after: TimeCursor | None, as_of: datetime | None
    ) -> dict[str, Page[DecisionView]]:
        """Decisions about identities, newest first."""
        page = statements.TimePage(
            identity_ids=ids,
            first=first + 1,
            after_at=after.at if after else None,
            after_id=after.id if after else None,
            as_of=as_of,
        )
        rows = await self._database.run(statements.LIST_DECISIONS, page)
        return _pages(ids, rows, first=first, build=lambda item: DecisionView(**item))

    async def records_by_id(self, record_ids: Sequence[str]) -> dict[str, RecordSummary | None]:
        """Records by id."""
        rows = await self._database.run(statements.READ_RECORDS, statements.RecordIds(record_ids=record_ids))
        found = {
            row.id: RecordSummary(
                id=row.id, source=row.source, source_record_id=row.source_record_id, entity_type=row.entity_type
            )
            for row in rows
        }
        return {record_id: found.get(record_id) for record_id in record_ids}

    async def decisions_by_id(self, decision_ids: Sequence[str]) -> dict[str, DecisionView | None]:
        """Decisions by id."""
        rows = await self._database.run(statements.READ_DECISIONS, statements.DecisionIds(decision_ids=decision_ids))
        found = {row.id: DecisionView(**row.decision) for row in rows}
        return {decision_id: found.get(decision_id) for decision_id in decision_ids}


def _identity(state: Mapping[str, Any], *, as_of: datetime | None) -> IdentityState:
    identity = IdentityState(
        id=IdentityId(state["id"]),
        purpose=Purpose(state["purpose"]),
        created_at=state["created_at"],
        retired_at=state["retired_at"],
    )
    # Asked as of a moment before it retired, nobody could know that it would.
    unknown_then = as_of is not None and identity.retired_at is not None and identity.retired_at > as_of
    return replace(identity, retired_at=None) if unknown_then else identity


def _claim(claim: Mapping[str, Any]) -> Claim:
    consent: dict[str, str] = {}
    for statement in claim["consents"]:  # newest first, so the first that names a purpose holds
        for purpose, state in orjson.loads(statement["consent"]).items():
            consent.setdefault(purpose, state)
    birth_date, gender = claim["birth_date"], claim["gender"]
    return Claim(
        record_id=claim["record_id"],
        source=claim["source"],
        entity_type=claim["entity_type"],
        name=ClaimedName(**claim["name"]) if claim["name"] else None,
        birth_date=(birth_date["at"], birth_date["value"]) if birth_date else None,
        gender=(gender["at"], gender["value"]) if gender else None,
        address=ClaimedAddress(**claim["address"]) if claim["address"] else None,
        consent=consent,
        identifiers={
            Identifier(namespace=item["namespace"], value=item["value"]): item["last_seen"] for item in claim["identifiers"]
        },
    )


def _version(item: Mapping[str, Any]) -> RecordVersionView:
    lists = {name: tuple(item[name] or ()) for name in ("identifier_keys", "rejected_values")}
    return RecordVersionView(**{**item, **lists})


def _pages(
    ids: Sequence[str], rows: Sequence[statements.PageRow], *, first: int, build: Callable[[Mapping[str, Any]], T]
) -> dict[str, Page[T]]:
    found = {row.identity_id: _page(row.items, total=row.total, first=first, build=build) for row in rows}
    return {identity_id: found.get(identity_id, EMPTY) for identity_id in ids}


def _page(items: Sequence[Mapping[str, Any]], *, total: int, first: int, build: Callable[[Mapping[str, Any]], T]) -> Page[T]:
    # One item more than the page holds was asked for: it says whether another page follows.
    return Page(items=tuple(build(item) for item in items[:first]), total=total, more=len(items) > first)
