"""What stewards' actions lead to, and what they are about."""

from typing import Annotated

import strawberry

from api.types.effect import Effect
from api.types.explanation import MemberInput
from api.types.outcomes import InvalidIdentifier
from api.types.refusals import (
    EffectChanged,
    Forbidden,
    InvalidAction,
    ResolutionBusy,
    UnknownAssertion,
    UnknownEvidence,
    UnknownMember,
    UnknownReviewItem,
)
from graph.model import stewardship as model


@strawberry.input(
    description="A piece of evidence by its two ends: a record and an identifier that it states, or two "
    "identifiers seen together."
)
class EvidenceInput:
    """Two members."""

    start: MemberInput = strawberry.field(description="The one end; of a statement, the record.")
    end: MemberInput = strawberry.field(description="The other end; of a statement, the identifier.")


@strawberry.input(one_of=True, description="What to take back: either an assertion or a piece of a source's evidence.")
class RetractInput:
    """One of two things."""

    assertion_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="An assertion, by its own id or its global id."
    )
    evidence: EvidenceInput | None = strawberry.field(
        default=strawberry.UNSET, description="A piece of evidence. It stays retracted when its source says it again."
    )


@strawberry.type(description="What a steward did, or would do.")
class StewardAction:
    """An action and its effect."""

    executed: bool = strawberry.field(description="Whether it was done; false for a preview.")
    assertion_id: str | None = strawberry.field(
        description="Id of the assertion that was made or retracted; null in a preview, and for evidence of a source."
    )
    effect: Effect = strawberry.field(description="What it changed, or would change.")

    @classmethod
    def of(cls, action: model.Action) -> "StewardAction":
        """From the model."""
        return cls(executed=action.executed, assertion_id=action.assertion_id, effect=Effect.of(action.effect))


AssertResult = Annotated[
    StewardAction | UnknownMember | InvalidIdentifier | EffectChanged | ResolutionBusy | InvalidAction | Forbidden,
    strawberry.union("AssertResult", description="What asserting can lead to."),
]
RetractResult = Annotated[
    StewardAction
    | UnknownAssertion
    | UnknownEvidence
    | InvalidIdentifier
    | EffectChanged
    | ResolutionBusy
    | InvalidAction
    | Forbidden,
    strawberry.union("RetractResult", description="What taking an assertion or evidence back can lead to."),
]
ReviewResult = Annotated[
    StewardAction | UnknownReviewItem | UnknownMember | EffectChanged | ResolutionBusy | InvalidAction | Forbidden,
    strawberry.union("ReviewResult", description="What settling a doubtful link can lead to."),
]
