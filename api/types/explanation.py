"""Explanations: why members are together, or are not."""

from datetime import datetime
from typing import Annotated

import strawberry

from api.errors import InvalidArgument
from api.types.enums import ObstacleKind, Purpose, StepKind
from api.types.match import Match
from api.types.outcomes import IdentityNotFound, InvalidIdentifier
from api.types.pages import After, Connection, First, connection, decode, page_size
from api.types.parts import IdentifierInput
from api.types.record import Decision
from graph.model import explanation as model
from graph.model.profile import Page


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
    match: Match | None = strawberry.field(description="For scored evidence, what its weight is made of, as it was recorded.")

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
            match=Match.of(step.match) if step.match else None,
        )


@strawberry.type(description="One thing that is missing between two members, or speaks against their being one.")
class Obstacle:
    """What keeps two members apart."""

    kind: ObstacleKind = strawberry.field(description="What kind of thing it is.")
    detail: str = strawberry.field(description="The same as a sentence.")
    members: list[str] = strawberry.field(description="Keys of the members it is about.")
    weight: float | None = strawberry.field(description="Bits of evidence that are there, where they are counted.")
    needed: float | None = strawberry.field(description="Bits that the policy needs.")
    match: Match | None = strawberry.field(description="For scored evidence, what its weight is made of, as it was recorded.")

    @classmethod
    def of(cls, obstacle: model.Obstacle) -> "Obstacle":
        """From the model."""
        return cls(
            kind=ObstacleKind(obstacle.kind.value),
            detail=obstacle.detail,
            members=list(obstacle.members),
            weight=obstacle.weight,
            needed=obstacle.needed,
            match=Match.of(obstacle.match) if obstacle.match else None,
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


@strawberry.type(description="Why two members are, or are not, in one identity.")
class Explanation:
    """A path of evidence that yields the membership by itself; where they are apart, what is missing or against it."""

    purpose: Purpose = strawberry.field(description="The identity graph that it is about.")
    policy_version: str = strawberry.field(description="Version of the policy that the evidence was read by.")
    as_of: datetime | None = strawberry.field(description="The moment it was asked for as of; null is now.")
    member_a: str = strawberry.field(description="Key of the one member.")
    member_b: str = strawberry.field(description="Key of the other; where none was named, the one with the oldest evidence.")
    identity_a: str | None = strawberry.field(description="Identity of the one member.")
    identity_b: str | None = strawberry.field(description="Identity of the other.")
    together: bool = strawberry.field(description="Whether both are in one identity.")
    steps: list[EvidenceStep] = strawberry.field(description="Evidence from the one to the other; empty where they are apart.")
    between: list[EvidenceStep] = strawberry.field(
        description="Where they are apart: the evidence that connects them all the same, if any does."
    )
    obstacles: list[Obstacle] = strawberry.field(description="Where they are apart: what is missing between them or against it.")
    weakest: EvidenceStep | None = strawberry.field(description="The step of least weight, of what joins the two or would.")
    decisions: list[Decision] = strawberry.field(description="Decisions that put the members where they are, oldest first.")
    held_back: list[HeldBack] = strawberry.field(description="What was left out about them.")
    summary: str = strawberry.field(description="All of it as a sentence.")
    _support: strawberry.Private[tuple[model.EvidenceStep, ...]]

    @strawberry.field(
        description="Further evidence among the members of the path, where the path alone would not outweigh what is against it."
    )
    def support(self, first: First = 20) -> list[EvidenceStep]:
        """With the steps it yields the membership by itself."""
        return [EvidenceStep.of(step) for step in self._support[: page_size(first)]]

    @classmethod
    def of(cls, found: model.Explanation) -> "Explanation":
        """From the model."""
        return cls(
            purpose=Purpose(found.purpose),
            policy_version=found.policy_version,
            as_of=found.as_of,
            member_a=found.member_a,
            member_b=found.member_b,
            identity_a=found.identity_a,
            identity_b=found.identity_b,
            together=found.together,
            steps=[EvidenceStep.of(step) for step in found.steps],
            between=[EvidenceStep.of(step) for step in found.between],
            obstacles=[Obstacle.of(obstacle) for obstacle in found.obstacles],
            weakest=EvidenceStep.of(found.weakest) if found.weakest else None,
            decisions=[Decision.of_model(decision) for decision in found.decisions],
            held_back=[HeldBack.of(held) for held in found.held_back],
            summary=found.summary,
            _support=found.support,
        )


@strawberry.type(description="Why an identity is what it is: evidence that, by itself, connects all its members.")
class IdentityExplanation:
    """Evidence that leads from the oldest member to every other."""

    purpose: Purpose = strawberry.field(description="The identity graph that it is about.")
    policy_version: str = strawberry.field(description="Version of the policy that the evidence was read by.")
    identity_id: str = strawberry.field(description="The identity; of a merged one, the one that survived.")
    as_of: datetime | None = strawberry.field(description="The moment it was asked for as of; null is now.")
    oldest: str | None = strawberry.field(description="Key of the member with the oldest evidence, which the steps lead from.")
    member_count: int = strawberry.field(description="How many members it has.")
    unreached: list[str] = strawberry.field(
        description="Keys of members that no evidence reaches now: it has changed since the last resolution."
    )
    summary: str = strawberry.field(description="All of it as a sentence.")
    _found: strawberry.Private[model.IdentityExplanation]

    @strawberry.field(
        description="One piece of evidence for each member but the oldest: each step starts at the oldest member or where an "
        "earlier step ended, nearest first."
    )
    def steps(self, first: First = 20, after: After = None) -> Connection[EvidenceStep]:
        """A step's place is the member that it leads to, which no other step does."""
        steps = self._found.steps
        place = decode(after)
        start = 0 if place is None else next((number for number, step in enumerate(steps, 1) if step.end == place), None)
        if start is None:
            raise InvalidArgument("the cursor is not one that this list has given")
        end = start + page_size(first)
        page = Page(items=steps[start:end], total=len(steps), more=end < len(steps))
        return connection(page, build=EvidenceStep.of, cursor=lambda step: step.end, after=after)

    @strawberry.field(description="Decisions that put the members where they are, the newest first.")
    def decisions(self, first: First = 20) -> list[Decision]:
        """At most ``first``."""
        return [Decision.of_model(decision) for decision in self._found.decisions[::-1][: page_size(first)]]

    @strawberry.field(description="What was left out about the members.")
    def held_back(self, first: First = 20) -> list[HeldBack]:
        """At most ``first``."""
        return [HeldBack.of(held) for held in self._found.held_back[: page_size(first)]]

    @classmethod
    def of(cls, found: model.IdentityExplanation) -> "IdentityExplanation":
        """From the model."""
        return cls(
            purpose=Purpose(found.purpose),
            policy_version=found.policy_version,
            identity_id=found.identity_id,
            as_of=found.as_of,
            oldest=found.oldest,
            member_count=len(found.members),
            unreached=list(found.unreached),
            summary=found.summary,
            _found=found,
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
IdentityExplanationResult = Annotated[
    IdentityExplanation | IdentityNotFound,
    strawberry.union("IdentityExplanationResult", description="What asking for an identity's explanation can lead to."),
]
