"""Explanations: why members are together, or are not."""

from datetime import datetime
from typing import Annotated

import strawberry

from api.types.enums import Purpose, StepKind
from api.types.outcomes import InvalidIdentifier
from api.types.parts import IdentifierInput
from api.types.record import Decision
from graph.model import explanation as model


@strawberry.input(one_of=True, description="A member: either an identifier or a key.")
class MemberInput:
    """One of two ways to name a member."""

    identifier: IdentifierInput | None = strawberry.field(
        default=strawberry.UNSET, description="An identifier; it is normalised as events are."
    )
    key: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="A member's key: a record's id, `namespace:value`, or for households an individual's identity id.",
    )


@strawberry.type(description="One piece of evidence on the way from one member to the other.")
class EvidenceStep:
    """One step."""

    start: str = strawberry.field(description="Key of the member that the step starts at.")
    end: str = strawberry.field(description="Key of the member that it leads to.")
    kind: StepKind = strawberry.field(description="What kind of evidence it is.")
    rule: str = strawberry.field(description="The policy's name for it.")
    via: list[str] = strawberry.field(description="Identifiers, agreeing fields or the assertion that carry the step.")
    weight: float = strawberry.field(description="What the policy weighs it.")
    first_seen: datetime | None = strawberry.field(description="When it was first seen.")
    sources: list[str] = strawberry.field(description="Sources of the records at its ends.")
    summary: str = strawberry.field(description="The step as a sentence.")

    @classmethod
    def of(cls, step: model.EvidenceStep) -> "EvidenceStep":
        """From the model."""
        return cls(
            start=step.start,
            end=step.end,
            kind=StepKind(step.kind.value),
            rule=step.rule,
            via=list(step.via),
            weight=step.weight,
            first_seen=step.first_seen,
            sources=list(step.sources),
            summary=step.summary,
        )


@strawberry.type(description="Evidence that a policy left out, and why.")
class HeldBack:
    """What was held back."""

    reason: str = strawberry.field(description="Why, as a code such as `generic`.")
    detail: str = strawberry.field(description="Why, as a sentence.")
    members: list[str] = strawberry.field(description="Keys of the members it is about.")
    since: datetime = strawberry.field(description="Since when.")

    @classmethod
    def of(cls, held: model.HeldBack) -> "HeldBack":
        """From the model."""
        return cls(reason=held.reason, detail=held.detail, members=list(held.members), since=held.since)


@strawberry.type(description="Why two members are, or are not, in one identity now.")
class Explanation:
    """A path of evidence that yields the membership by itself."""

    purpose: Purpose = strawberry.field(description="The identity graph that it is about.")
    policy_version: str = strawberry.field(description="Version of the policy that the evidence was read by.")
    member_a: str = strawberry.field(description="Key of the one member.")
    member_b: str = strawberry.field(description="Key of the other; where none was named, the one with the oldest evidence.")
    identity_a: str | None = strawberry.field(description="Identity of the one member.")
    identity_b: str | None = strawberry.field(description="Identity of the other.")
    together: bool = strawberry.field(description="Whether both are in one identity.")
    steps: list[EvidenceStep] = strawberry.field(description="Evidence from the one to the other; empty where they are apart.")
    decisions: list[Decision] = strawberry.field(description="Decisions that put the members where they are, oldest first.")
    held_back: list[HeldBack] = strawberry.field(description="What was left out about them.")
    summary: str = strawberry.field(description="All of it as a sentence.")

    @classmethod
    def of(cls, found: model.Explanation) -> "Explanation":
        """From the model."""
        return cls(
            purpose=Purpose(found.purpose),
            policy_version=found.policy_version,
            member_a=found.member_a,
            member_b=found.member_b,
            identity_a=found.identity_a,
            identity_b=found.identity_b,
            together=found.together,
            steps=[EvidenceStep.of(step) for step in found.steps],
            decisions=[Decision.of_model(decision) for decision in found.decisions],
            held_back=[HeldBack.of(held) for held in found.held_back],
            summary=found.summary,
        )


@strawberry.type(description="The member is unknown, or in no identity of the purpose.")
class NotAMember:
    """There is nothing to explain."""

    member: str = strawberry.field(description="Key of the member.")
    message: str = strawberry.field(description="What was observed.")


ExplainResult = Annotated[
    Explanation | NotAMember | InvalidIdentifier,
    strawberry.union("ExplainResult", description="What asking for an explanation can lead to."),
]
