"""How healthy the graph is: what happens day by day, how large identities are, which look wrong, what is left out."""

from datetime import date, datetime
from enum import Enum
from typing import Annotated

import strawberry

from api.context import Info
from api.types.enums import Purpose, graph_purpose
from api.types.pages import First, page_size
from api.types.parts import Identifier
from api.types.profile import Profile, profile
from graph.identity.health import HealthDesk
from graph.identity.survey import KEPT_IDENTITIES
from graph.model import health as model


@strawberry.enum(description="What speaks against an identity's being of one person, or one home.")
class SuspicionKind(Enum):
    """See ``graph.identity.suspicion``."""

    PAIRS_APART = strawberry.enum_value("pairs_apart", description="Pairs of its records were found to be of two people.")
    WEAK_LINK = strawberry.enum_value("weak_link", description="Two of its records are held together by little.")
    BIRTH_DATES = strawberry.enum_value("birth_dates", description="Its records state several birth dates.")
    TOO_MANY_VALUES = strawberry.enum_value(
        "too_many_values", description="It has more values of a namespace, such as a national id, than the policy takes."
    )
    SURNAMES = strawberry.enum_value("surnames", description="Its records state more than two surnames.")
    GIVEN_NAMES = strawberry.enum_value("given_names", description="Its records state more than two given names.")
    CROWDED = strawberry.enum_value("crowded", description="Many individuals live in the household.")
    HELD_BACK = strawberry.enum_value("held_back", description="Links that wait for review touch it.")


@strawberry.type(description="One thing that speaks against an identity.")
class Suspicion:
    """A fact with its strength."""

    kind: SuspicionKind = strawberry.field(description="What kind of fact it is.")
    strength: float = strawberry.field(description="Chance, from 0 to 1, by which it alone would make one doubt.")
    detail: str = strawberry.field(description="The same as a sentence.")

    @classmethod
    def of(cls, suspicion: model.Suspicion) -> "Suspicion":
        """From the model."""
        return cls(kind=SuspicionKind(suspicion.kind), strength=suspicion.strength, detail=suspicion.detail)


@strawberry.type(description="An identity with its size and what speaks against it, as it was measured.")
class RatedIdentity:
    """One of the largest, or of the most suspicious."""

    identity_id: str = strawberry.field(description="The identity's own id.")
    records: int = strawberry.field(description="Records that belong to it.")
    members: int = strawberry.field(description="Records and identifiers that belong to it; of a household, individuals.")
    suspicion: float = strawberry.field(
        description="From 0 to 1: all reasons together, as if independent. It ranks; it is no probability of an error."
    )
    reasons: list[Suspicion] = strawberry.field(description="What speaks against it, the strongest first.")
    _as_of: strawberry.Private[datetime | None] = None

    @strawberry.field(description="Its profile; null where the identity is no more. One that was merged leads to the survivor.")
    async def profile(self, info: Info) -> Profile | None:
        """One statement for all identities of the list."""
        state = await info.context.load(info.context.profiles.identities, self.identity_id, as_of=self._as_of)
        return profile(state, as_of=self._as_of) if state else None

    @classmethod
    def of(cls, rated: model.RatedIdentity, *, as_of: datetime | None) -> "RatedIdentity":
        """From the model."""
        return cls(
            identity_id=rated.identity_id,
            records=rated.records,
            members=rated.members,
            suspicion=rated.suspicion,
            reasons=[Suspicion.of(reason) for reason in rated.reasons],
            _as_of=as_of,
        )


@strawberry.type(description="How many identities have a size.")
class SizeCount:
    """One class of sizes."""

    at_least: int = strawberry.field(description="The least size of the class.")
    at_most: int | None = strawberry.field(description="The greatest size of the class; null: any.")
    identities: int = strawberry.field(description="How many identities have such a size.")

    @classmethod
    def of(cls, size: model.SizeCount) -> "SizeCount":
        """From the model."""
        return cls(at_least=size.at_least, at_most=size.at_most, identities=size.identities)


@strawberry.type(description="What happened on one day to the records of one source.")
class SourceActivity:
    """Counts of a source."""

    source: str = strawberry.field(description="The source.")
    added: int = strawberry.field(description="Records of which the first version was received.")
    recognised: int = strawberry.field(description="Records that entered an identity for the first time, which was there before.")
    new: int = strawberry.field(description="Records that entered an identity for the first time, which was formed with them.")
    merged: int = strawberry.field(description="Identities with records of the source that ended in others.")
    split: int = strawberry.field(description="Identities that were split off others and took records of the source.")

    @classmethod
    def of(cls, activity: model.SourceActivity) -> "SourceActivity":
        """From the model."""
        return cls(
            source=activity.source,
            added=activity.added,
            recognised=activity.recognised,
            new=activity.new,
            merged=activity.merged,
            split=activity.split,
        )


@strawberry.type(description="What happened on one day (UTC) to the identities of a purpose. Households take in individuals.")
class HealthDay:
    """Counts of a day."""

    day: date = strawberry.field(description="The day.")
    added: int = strawberry.field(description="Records of which the first version was received.")
    recognised: int = strawberry.field(description="Records that entered an identity for the first time, which was there before.")
    new: int = strawberry.field(description="Records that entered an identity for the first time, which was formed with them.")
    formed: int = strawberry.field(description="Identities that were formed of members that were in none.")
    merged: int = strawberry.field(description="Identities that ended in others.")
    split: int = strawberry.field(description="Identities that were split off others.")
    sources: list[SourceActivity] = strawberry.field(
        description="The same by source. An identity of several sources counts under each: merged and split do not add up."
    )

    @classmethod
    def of(cls, day: model.DayActivity) -> "HealthDay":
        """From the model."""
        return cls(
            day=day.day,
            added=day.added,
            recognised=day.recognised,
            new=day.new,
            formed=day.formed,
            merged=day.merged,
            split=day.split,
            sources=[SourceActivity.of(source) for source in day.sources],
        )


@strawberry.type(description="How much a policy leaves out for one reason.")
class HeldBackCount:
    """Findings of a reason."""

    reason: str = strawberry.field(
        description="`generic`, `blocked`, `shared`, `over_limit`, `contradicted`, `doubtful`, `in_doubt`, "
        "`predicted` or `asserted_different`."
    )
    findings: int = strawberry.field(description="How many findings there are.")


@strawberry.type(description="An identifier that is left out because it says nothing of one person.")
class GenericValue:
    """A value with why and since when."""

    identifier: Identifier = strawberry.field(description="The identifier.")
    reason: str = strawberry.field(description="`generic`, `blocked` or `shared`.")
    detail: str = strawberry.field(description="Why, as a sentence.")
    since: datetime = strawberry.field(description="Since when it is left out.")
    carriers: int = strawberry.field(description="Records and touchpoints that carry it, retracted ones too.")

    @classmethod
    def of(cls, value: model.GenericValue) -> "GenericValue":
        """From the model."""
        return cls(
            identifier=Identifier(namespace=value.namespace, value=value.value),
            reason=value.reason,
            detail=value.detail,
            since=value.since,
            carriers=value.carriers,
        )


@strawberry.type(description="An estimated share, with an interval of 95 %.")
class Estimate:
    """A share from 0 to 1."""

    value: float = strawberry.field(description="The estimate.")
    low: float = strawberry.field(description="Lower end of the interval.")
    high: float = strawberry.field(description="Upper end of the interval.")

    @classmethod
    def of(cls, estimate: model.Estimate | None) -> "Estimate | None":
        """From the model."""
        return cls(value=estimate.value, low=estimate.low, high=estimate.high) if estimate else None


@strawberry.type(description="What matching expects of its own precision and recall over pairs of records, without labels.")
class Estimates:
    """Precision and recall."""

    method: str = strawberry.field(description="How it was estimated.")
    linked_pairs: int = strawberry.field(description="Pairs of records that were linked.")
    precision: Estimate | None = strawberry.field(
        description="Share of right pairs among those linked; null: nothing was linked."
    )
    recall: Estimate | None = strawberry.field(description="Share of linked pairs among those of one person; null: as above.")

    @classmethod
    def of(cls, estimates: model.Estimates) -> "Estimates":
        """From the model."""
        return cls(
            method=estimates.method,
            linked_pairs=estimates.linked_pairs,
            precision=Estimate.of(estimates.precision),
            recall=Estimate.of(estimates.recall),
        )


@strawberry.type(description="How healthy one identity graph is, as it was measured after a resolution.")
class GraphHealth:
    """What was measured; days and generic values are read when they are asked for."""

    purpose: Purpose = strawberry.field(description="The identity graph.")
    measured_at: datetime = strawberry.field(description="When it was measured.")
    measured_seconds: float = strawberry.field(description="How long measuring took.")
    policy_version: str | None = strawberry.field(
        description="The policy of the last resolution that changed anything; null where none came to its end."
    )
    identities: int = strawberry.field(description="How many identities there are.")
    records: int = strawberry.field(description="How many records belong to them.")
    members: int = strawberry.field(description="How many records and identifiers belong to them; to households, individuals.")
    record_sizes: list[SizeCount] = strawberry.field(description="Identities by number of records.")
    member_sizes: list[SizeCount] = strawberry.field(description="Identities by number of members.")
    held_back: list[HeldBackCount] = strawberry.field(description="How much is left out, by reason.")
    estimates: Estimates | None = strawberry.field(
        description="Precision and recall as matching expects them; of individuals, where records were scored."
    )
    _state: strawberry.Private[model.HealthState]
    _as_of: strawberry.Private[datetime | None]
    _days: strawberry.Private[int]

    @strawberry.field(description="The last days on which anything happened, oldest first.")
    async def days(self, info: Info) -> list[HealthDay]:
        """One statement."""
        desk = HealthDesk(info.context.database)
        days = await desk.days(graph_purpose(self.purpose), number=self._days, as_of=self._as_of, now=info.context.clock())
        return [HealthDay.of(day) for day in days]

    @strawberry.field(description=f"The identities with the most records, of {KEPT_IDENTITIES} that are kept.")
    def largest(self, first: First = 10) -> list[RatedIdentity]:
        """From what was measured."""
        return [RatedIdentity.of(each, as_of=self._as_of) for each in self._state.largest[: page_size(first)]]

    @strawberry.field(description=f"The identities that look most as if they were several, of {KEPT_IDENTITIES} that are kept.")
    def suspicious(self, first: First = 10) -> list[RatedIdentity]:
        """From what was measured."""
        return [RatedIdentity.of(each, as_of=self._as_of) for each in self._state.suspicious[: page_size(first)]]

    @strawberry.field(description="Identifiers that are left out as saying nothing of one person, those on most evidence first.")
    async def generic_values(self, info: Info, first: First = 10) -> list[GenericValue]:
        """One statement."""
        desk = HealthDesk(info.context.database)
        found = await desk.generic_values(graph_purpose(self.purpose), as_of=self._as_of, first=page_size(first))
        return [GenericValue.of(value) for value in found]

    @classmethod
    def of(cls, state: model.HealthState, *, as_of: datetime | None, days: int) -> "GraphHealth":
        """From the model."""
        return cls(
            purpose=Purpose(state.purpose),
            measured_at=state.measured_at,
            measured_seconds=state.seconds,
            policy_version=state.run.policy_version if state.run else None,
            identities=state.identities,
            records=state.records,
            members=state.members,
            record_sizes=[SizeCount.of(size) for size in state.record_sizes],
            member_sizes=[SizeCount.of(size) for size in state.member_sizes],
            held_back=[HeldBackCount(reason=reason, findings=count) for reason, count in state.held_back.items()],
            estimates=Estimates.of(state.estimates) if state.estimates else None,
            _state=state,
            _as_of=as_of,
            _days=days,
        )


@strawberry.type(description="The identity graph's health was not measured, or not by that moment.")
class HealthNotMeasured:
    """A resolution measures it."""

    code: str = strawberry.field(description="`health_not_measured`.")
    message: str = strawberry.field(description="The same as a sentence.")


GraphHealthResult = Annotated[
    GraphHealth | HealthNotMeasured,
    strawberry.union("GraphHealthResult", description="What asking for the graph's health can lead to."),
]
