"""Profiles: what a reader sees of an identity."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated

import strawberry
from strawberry import relay

from api.context import Info
from api.types.enums import Channel, EvidenceKind, Purpose, TouchpointType
from api.types.pages import After, Connection, First, connection, decode, decode_time, moment, page_size, time_place
from api.types.parts import Consent, ContactPoint, Identifier, PersonName, PostalAddress, consents
from api.types.record import Decision, Record
from api.types.touchpoint import JourneyConnection, journey_connection
from graph.model.attributes import Attributes
from graph.model.identity import Purpose as GraphPurpose
from graph.model.profile import EvidenceLink, IdentityState, JourneySelection
from graph.model.profile import Member as GraphMember


@strawberry.type(description="An identifier or a record that belongs to an identity.")
class Member:
    """One member."""

    key: str = strawberry.field(description="The member's key: `namespace:value`, or the record's id.")
    identifier: Identifier | None = strawberry.field(description="The identifier, where the member is one.")
    record: Record | None = strawberry.field(description="The record, where the member is one.")
    valid_from: datetime = strawberry.field(description="Since when it belongs here.")
    decision_id: str = strawberry.field(description="The decision that put it here.")
    identity_id: str = strawberry.field(description="The identity it belongs to itself: in a household, the individual's.")

    @classmethod
    def of(cls, member: GraphMember, *, as_of: datetime | None) -> "Member":
        """From the model."""
        record = None
        if member.kind == "record":
            record = Record(
                record_id=member.key,
                source=member.source or "",
                source_record_id=member.source_record_id or "",
                entity_type=member.entity_type or "person",
                _as_of=as_of,
            )
        identifier = None
        if member.kind == "identifier":
            identifier = Identifier(namespace=member.namespace or "", value=member.value or "")
        return cls(
            key=member.key,
            identifier=identifier,
            record=record,
            valid_from=member.valid_from,
            decision_id=member.decision_id,
            identity_id=member.identity_id,
        )


@strawberry.type(description="A piece of evidence that connects two members.")
class Evidence:
    """One edge between members."""

    kind: EvidenceKind = strawberry.field(description="What kind of evidence it is.")
    start: str = strawberry.field(description="Key of the member at one end.")
    end: str = strawberry.field(description="Key of the member at the other end.")
    first_seen: datetime | None = strawberry.field(description="When it was first seen; null for assertions.")
    last_seen: datetime | None = strawberry.field(description="When it was last seen; null for assertions.")
    at: datetime | None = strawberry.field(description="When it was asserted; null for all else.")
    by: str | None = strawberry.field(description="Who asserted it; null for all else.")
    reason: str | None = strawberry.field(description="Why it was asserted; null for all else.")

    @classmethod
    def of(cls, link: EvidenceLink) -> "Evidence":
        """From the model."""
        return cls(
            kind=EvidenceKind(link.kind),
            start=link.start,
            end=link.end,
            first_seen=link.first_seen,
            last_seen=link.last_seen,
            at=link.at,
            by=link.by,
            reason=link.reason,
        )


@strawberry.type(description="An identity and what is known of it: a person for one purpose, or a household.")
class Profile(relay.Node):
    """An identity with what belongs to it. Each field that needs the graph costs one statement for all profiles of a level."""

    identity_id: relay.NodeID[str]
    purpose: Purpose = strawberry.field(description="The identity graph that it belongs to.")
    created_at: datetime = strawberry.field(description="When the identity was formed.")
    retired_at: datetime | None = strawberry.field(description="When it ceased to exist; null while it exists.")
    as_of: datetime | None = strawberry.field(description="The moment as of which it was asked for; null is now.")

    @strawberry.field(name="identityId", description="The identity's own id, as decisions and exports have it.")
    def own_id(self) -> str:
        """The id without its type."""
        return self.identity_id

    @strawberry.field(description="The name that most records state, the newest of several. Null for a household.")
    async def name(self, info: Info) -> PersonName | None:
        """Chosen by ``graph.model.attributes``."""
        best = await self._attributes(info)
        return PersonName.of(best.name) if best.name and not self._is_household else None

    @strawberry.field(description="The birth date that most records state. Null for a household.")
    async def birth_date(self, info: Info) -> date | None:
        """Chosen by ``graph.model.attributes``."""
        return None if self._is_household else (await self._attributes(info)).birth_date

    @strawberry.field(description="The gender that most records state: `f`, `m` or `x`. Null for a household.")
    async def gender(self, info: Info) -> str | None:
        """Chosen by ``graph.model.attributes``."""
        return None if self._is_household else (await self._attributes(info)).gender

    @strawberry.field(description="E-mail addresses, the most recently stated first.")
    async def emails(self, info: Info, first: First = 10) -> list[ContactPoint]:
        """All that records state or that belong to the identity."""
        best = await self._attributes(info)
        return [ContactPoint.of(point) for point in best.emails[: page_size(first)]]

    @strawberry.field(description="Phone numbers, the most recently stated first.")
    async def phones(self, info: Info, first: First = 10) -> list[ContactPoint]:
        """All that records state or that belong to the identity."""
        best = await self._attributes(info)
        return [ContactPoint.of(point) for point in best.phones[: page_size(first)]]

    @strawberry.field(description="Distinct postal addresses, the most recently stated first.")
    async def addresses(self, info: Info, first: First = 10) -> list[PostalAddress]:
        """All that records state."""
        best = await self._attributes(info)
        return [PostalAddress.of(address) for address in best.addresses[: page_size(first)]]

    @strawberry.field(description="Consent by purpose, the strictest of all statements. Empty for a household.")
    async def consent(self, info: Info) -> list[Consent]:
        """Never inherited through a household."""
        return [] if self._is_household else consents(dict((await self._attributes(info)).consent))

    @strawberry.field(description="Sources that have a record of it.")
    async def sources(self, info: Info) -> list[str]:
        """Of the records that belong to it."""
        return list((await self._attributes(info)).sources)

    @strawberry.field(description="Identifiers and records that belong to it; for a household those of its individuals.")
    async def members(self, info: Info, first: First = 20, after: After = None) -> Connection[Member]:
        """In the order of their keys."""
        context = info.context
        page = await context.load(
            context.profiles.members, self.identity_id, first=page_size(first), after=decode(after), as_of=self.as_of
        )
        return connection(
            page, build=lambda member: Member.of(member, as_of=self.as_of), cursor=lambda member: member.key, after=after
        )

    @strawberry.field(description="Evidence that connects its members with one another.")
    async def evidence(self, info: Info, first: First = 20, after: After = None) -> Connection[Evidence]:
        """In the order of its ends."""
        context = info.context
        page = await context.load(
            context.profiles.evidence, self.identity_id, first=page_size(first), after=decode(after), as_of=self.as_of
        )
        return connection(page, build=Evidence.of, cursor=lambda link: link.cursor, after=after)

    @strawberry.field(description="Records that belong to it.")
    async def records(self, info: Info, first: First = 20, after: After = None) -> Connection[Record]:
        """In the order of their ids."""
        context = info.context
        page = await context.load(
            context.profiles.records, self.identity_id, first=page_size(first), after=decode(after), as_of=self.as_of
        )
        return connection(
            page, build=lambda record: Record.of(record, as_of=self.as_of), cursor=lambda record: record.id, after=after
        )

    @strawberry.field(description="The household of an individual; null where it lives in none, and for other purposes.")
    async def household(self, info: Info) -> "Profile | None":
        """Only individuals live in households."""
        if self.purpose is not Purpose.INDIVIDUAL:
            return None
        context = info.context
        state = await context.load(context.profiles.households, self.identity_id, as_of=self.as_of)
        return profile(state, as_of=self.as_of) if state else None

    @strawberry.field(description="The individuals of a household; empty for other purposes.")
    async def individuals(self, info: Info, first: First = 20, after: After = None) -> Connection["Profile"]:
        """In the order of their ids."""
        context = info.context
        page = await context.load(
            context.profiles.individuals, self.identity_id, first=page_size(first), after=decode(after), as_of=self.as_of
        )
        return connection(page, build=lambda state: profile(state, as_of=self.as_of), cursor=lambda state: state.id, after=after)

    @strawberry.field(description="Its touchpoints, newest first; for a household those of its individuals.")
    async def journey(
        self,
        info: Info,
        first: First = 20,
        after: After = None,
        channel: Annotated[list[Channel] | None, strawberry.argument(description="Only these channels.")] = None,
        type: Annotated[  # noqa: A002 - the argument's name in the schema
            list[TouchpointType] | None, strawberry.argument(description="Only these kinds of interaction.")
        ] = None,
        from_at: Annotated[datetime | None, strawberry.argument(name="from", description="Only from this moment on.")] = None,
        to_at: Annotated[datetime | None, strawberry.argument(name="to", description="Only before this moment.")] = None,
    ) -> JourneyConnection:
        """In the order of time, then id."""
        context = info.context
        selection = JourneySelection(
            types=None if type is None else tuple(sorted({item.value for item in type})),
            channels=None if channel is None else tuple(sorted({item.value for item in channel})),
            from_at=moment(from_at, name="from"),
            to_at=moment(to_at, name="to"),
        )
        page = await context.load(
            context.journeys.pages,
            self.identity_id,
            selection=selection,
            first=page_size(first),
            after=decode_time(after),
            as_of=self.as_of,
        )
        return journey_connection(page, identity_id=self.identity_id, selection=selection, as_of=self.as_of, after=after)

    @strawberry.field(description="Decisions about it, newest first: its history.")
    async def decisions(self, info: Info, first: First = 20, after: After = None) -> Connection[Decision]:
        """In the order of time, then id."""
        context = info.context
        page = await context.load(
            context.profiles.decisions,
            self.identity_id,
            first=page_size(first),
            after=decode_time(after),
            as_of=self.as_of,
        )
        return connection(page, build=Decision.of, cursor=lambda decision: time_place(decision.at, decision.id), after=after)

    @property
    def _is_household(self) -> bool:
        return self.purpose is Purpose.HOUSEHOLD

    async def _attributes(self, info: Info) -> Attributes:
        context = info.context
        return await context.load(context.profiles.attributes, self.identity_id, as_of=self.as_of)

    @classmethod
    async def resolve_nodes(  # type: ignore[override]
        cls,
        *,
        info: Info,
        node_ids: Iterable[str],
        required: bool = False,  # noqa: ARG003 - the interface's signature
    ) -> list["Profile | None"]:
        """Current profiles by id, in one statement; ids of merged identities lead to the one that survived."""
        ids = list(node_ids)
        found = await info.context.profiles.identities(ids, as_of=None)
        return [profile(state, as_of=None) if (state := found[key]) else None for key in ids]


def profile(state: IdentityState, *, as_of: datetime | None) -> Profile:
    """From the model."""
    return Profile(
        identity_id=state.id,
        purpose=Purpose(GraphPurpose(state.purpose)),
        created_at=state.created_at,
        retired_at=state.retired_at,
        as_of=as_of,
    )
