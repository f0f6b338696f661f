"""Records of sources with their versions, and decisions."""

from collections.abc import Iterable
from datetime import date, datetime

import orjson
import strawberry
from strawberry import relay
from strawberry.scalars import JSON

from api.context import Info
from api.types.enums import Purpose
from api.types.pages import After, Connection, First, connection, decode_time, page_size, time_place
from api.types.parts import Consent, Identifier, PersonName, PostalAddress, RejectedValue, consents, json_value
from graph.model.identity import Decision as ModelDecision
from graph.model.profile import DecisionView, RecordSummary, RecordVersionView


@strawberry.type(description="What a record stated at one moment.")
class RecordVersion:
    """One version of a record."""

    message_id: str = strawberry.field(description="Id of the event that it came with.")
    at: datetime = strawberry.field(description="When it was stated, by the source's clock.")
    recorded_at: datetime = strawberry.field(description="When Kindred accepted it.")
    name: PersonName | None = strawberry.field(description="The name, where the version states one.")
    birth_date: date | None = strawberry.field(description="Birth date.")
    gender: str | None = strawberry.field(description="`f`, `m` or `x`.")
    address: PostalAddress | None = strawberry.field(description="The postal address, where the version states one.")
    identifiers: list[Identifier] = strawberry.field(description="Identifiers that it states.")
    rejected_values: list[RejectedValue] = strawberry.field(description="Values that could not be understood.")
    consent: list[Consent] = strawberry.field(description="Consent that it states.")
    _traits: strawberry.Private[str | None]

    @strawberry.field(description="All traits as the source gave them.")
    def traits(self) -> JSON:
        """Parsed only where asked for."""
        return json_value(self._traits)

    @classmethod
    def of(cls, version: RecordVersionView) -> "RecordVersion":
        """From the model."""
        has_address = any((version.address_given, version.street, version.city, version.postal_code))
        return cls(
            message_id=version.id,
            at=version.at,
            recorded_at=version.recorded_at,
            name=PersonName.of(version) if version.full_name or version.name_given else None,
            birth_date=version.birth_date,
            gender=version.gender,
            address=PostalAddress.of(version) if has_address else None,
            identifiers=[_identifier(key) for key in version.identifier_keys],
            rejected_values=[RejectedValue.of(text) for text in version.rejected_values],
            consent=consents(orjson.loads(version.consent)) if version.consent else [],
            _traits=version.traits,
        )


@strawberry.type(description="What one source claims of one person, over its versions.")
class Record(relay.Node):
    """A record of a source."""

    record_id: relay.NodeID[str]
    source: str = strawberry.field(description="The source.")
    source_record_id: str = strawberry.field(description="The record's id in its source.")
    entity_type: str = strawberry.field(description="`person` or `organization`.")
    _as_of: strawberry.Private[datetime | None] = None

    @strawberry.field(description="The record's versions, newest first.")
    async def versions(self, info: Info, first: First = 1, after: After = None) -> Connection[RecordVersion]:
        """One statement for all records of a page."""
        context = info.context
        page = await context.load(
            context.profiles.record_versions,
            self.record_id,
            first=page_size(first),
            after=decode_time(after),
            as_of=self._as_of,
        )
        return connection(page, build=RecordVersion.of, cursor=lambda version: time_place(version.at, version.id), after=after)

    @classmethod
    def of(cls, record: RecordSummary, *, as_of: datetime | None) -> "Record":
        """From the model."""
        return cls(
            record_id=record.id,
            source=record.source,
            source_record_id=record.source_record_id,
            entity_type=record.entity_type,
            _as_of=as_of,
        )

    @classmethod
    async def resolve_nodes(  # type: ignore[override]
        cls,
        *,
        info: Info,
        node_ids: Iterable[str],
        required: bool = False,  # noqa: ARG003 - the interface's signature
    ) -> list["Record | None"]:
        """Records by id, in one statement."""
        ids = list(node_ids)
        found = await info.context.profiles.records_by_id(ids)
        return [Record.of(record, as_of=None) if (record := found[key]) else None for key in ids]


@strawberry.type(description="The members of an identity that a decision touched.")
class DecisionPart:
    """Members of one identity, before or after a decision."""

    identity_id: str = strawberry.field(description="Id of the identity.")
    members: list[str] = strawberry.field(description="Keys of its members, restricted to what the decision touched.")


@strawberry.type(description="Why a conclusion changed.")
class Decision(relay.Node):
    """A decision."""

    decision_id: relay.NodeID[str]
    kind: str = strawberry.field(description="What it did: `formed`, `joined`, `merged`, `split`, `left`, `retired`, `asserted`.")
    purpose: Purpose = strawberry.field(description="The identity graph that it changed.")
    policy_version: str = strawberry.field(description="Version of the policy that it followed.")
    actor: str = strawberry.field(description="`resolver`, or the steward who asserted.")
    at: datetime = strawberry.field(description="When it was taken.")
    reason: str = strawberry.field(description="Why, in one sentence.")
    _before: strawberry.Private[str | None]
    _after: strawberry.Private[str | None]

    @strawberry.field(description="The identities before it.")
    def before(self) -> list[DecisionPart]:
        """Parsed only where asked for."""
        return _parts(self._before)

    @strawberry.field(description="The identities after it.")
    def after(self) -> list[DecisionPart]:
        """Parsed only where asked for."""
        return _parts(self._after)

    @classmethod
    def of_model(cls, decision: ModelDecision) -> "Decision":
        """From a decision that is not as stored."""
        return cls(
            decision_id=decision.id,
            kind=decision.kind.value,
            purpose=Purpose(decision.purpose),
            policy_version=decision.policy_version,
            actor=decision.actor,
            at=decision.at,
            reason=decision.reason,
            _before=orjson.dumps(dict(decision.before)).decode(),
            _after=orjson.dumps(dict(decision.after)).decode(),
        )

    @classmethod
    def of(cls, decision: DecisionView) -> "Decision":
        """From the model."""
        return cls(
            decision_id=decision.id,
            kind=decision.kind,
            purpose=Purpose(decision.purpose),
            policy_version=decision.policy_version,
            actor=decision.actor,
            at=decision.at,
            reason=decision.reason,
            _before=decision.before,
            _after=decision.after,
        )

    @classmethod
    async def resolve_nodes(  # type: ignore[override]
        cls,
        *,
        info: Info,
        node_ids: Iterable[str],
        required: bool = False,  # noqa: ARG003 - the interface's signature
    ) -> list["Decision | None"]:
        """Decisions by id, in one statement."""
        ids = list(node_ids)
        found = await info.context.profiles.decisions_by_id(ids)
        return [Decision.of(decision) if (decision := found[key]) else None for key in ids]


def _parts(text: str | None) -> list[DecisionPart]:
    return [DecisionPart(identity_id=identity, members=members) for identity, members in orjson.loads(text or "{}").items()]


def _identifier(key: str) -> Identifier:
    namespace, _, value = key.partition(":")
    return Identifier(namespace=namespace, value=value)
