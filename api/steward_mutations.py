"""What stewards can do over GraphQL: each action can be seen before it is taken, and bound to what was seen."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any

import strawberry

from api.auth import Role
from api.context import Info
from api.members import member_keys, own_id
from api.types.effect import Effect
from api.types.enums import Purpose, graph_purpose
from api.types.explanation import MemberInput
from api.types.outcomes import InvalidIdentifier
from api.types.refusals import (
    EffectChanged,
    InvalidAction,
    ResolutionBusy,
    UnknownAssertion,
    UnknownEvidence,
    UnknownMember,
    UnknownReviewItem,
    forbidden,
)
from api.types.review import Assertion, ReviewItem
from api.types.stewardship import AssertResult, RetractInput, RetractResult, ReviewResult, StewardAction
from graph.errors import KindredError
from graph.identity import stewardship as doing
from graph.identity.stewardship import Act
from graph.model.stewardship import Action, EvidenceLinkRef
from graph.repositories import assertions, identities, reviews

REFUSALS: dict[type[KindredError], Callable[..., Any]] = {
    assertions.UnknownMember: UnknownMember,
    assertions.UnknownAssertion: UnknownAssertion,
    assertions.UnknownEvidence: UnknownEvidence,
    assertions.AssertionInvalid: InvalidAction,
    reviews.UnknownReview: UnknownReviewItem,
    identities.ResolutionBusy: ResolutionBusy,
    doing.ReasonMissing: InvalidAction,
}
"""Errors that are expected of an action, each with the outcome that tells it."""

Reason = Annotated[str, strawberry.argument(description="Why, in a sentence; kept with the evidence and the decisions.")]
Preview = Annotated[bool, strawberry.argument(description="Show the effect, and write nothing.")]
ExpectedEffect = Annotated[
    str | None,
    strawberry.argument(description="Digest of the effect that was seen before; where it is another one, nothing is done."),
]
ForPurpose = Annotated[
    Purpose | None, strawberry.argument(description="The identity graph that it counts for; null is every one of them.")
]
MemberA = Annotated[MemberInput, strawberry.argument(description="The one member.")]
MemberB = Annotated[MemberInput, strawberry.argument(description="The other member.")]
ItemId = Annotated[strawberry.ID, strawberry.argument(description="The review item, by its own id or its global id.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Terms:
    """Why a steward acts, and on what terms."""

    reason: str
    preview: bool
    expected: str | None


@strawberry.type(description="What stewards can do.")
class StewardMutation:
    """Actions of stewards. The name of the caller's API key is recorded as who acted."""

    @strawberry.mutation(description="Say that two members are the same person. Needs the role `steward`.")
    async def assert_same(
        self,
        info: Info,
        member_a: MemberA,
        member_b: MemberB,
        reason: Reason,
        purpose: ForPurpose = None,
        preview: Preview = False,
        expected_effect: ExpectedEffect = None,
    ) -> AssertResult:
        """Adds a steward's evidence and settles what it touches."""
        terms = _Terms(reason=reason, preview=preview, expected=expected_effect)
        done: AssertResult = await _assert(info, member_a, member_b, same=True, purpose=purpose, terms=terms)
        return done

    @strawberry.mutation(
        description="Say that two members are different people; it wins over everything but a later assertion. Needs the role "
        "`steward`."
    )
    async def assert_different(
        self,
        info: Info,
        member_a: MemberA,
        member_b: MemberB,
        reason: Reason,
        purpose: ForPurpose = None,
        preview: Preview = False,
        expected_effect: ExpectedEffect = None,
    ) -> AssertResult:
        """Adds a steward's evidence and settles what it touches."""
        terms = _Terms(reason=reason, preview=preview, expected=expected_effect)
        done: AssertResult = await _assert(info, member_a, member_b, same=False, purpose=purpose, terms=terms)
        return done

    @strawberry.mutation(
        description="Take an assertion or a piece of evidence back: everything is as if it had never been, and history keeps it. "
        "Needs the role `steward`."
    )
    async def retract(
        self,
        info: Info,
        target: Annotated[RetractInput, strawberry.argument(description="What to take back.")],
        reason: Reason,
        preview: Preview = False,
        expected_effect: ExpectedEffect = None,
    ) -> RetractResult:
        """Ends evidence and settles what it touched."""
        stewardship = info.context.stewardship
        terms = _Terms(reason=reason, preview=preview, expected=expected_effect)
        done: RetractResult
        if target.evidence:
            keys = member_keys(info, target.evidence.start, target.evidence.end)
            if isinstance(keys, InvalidIdentifier):
                return keys
            link = EvidenceLinkRef(start=keys[0], end=keys[1])
            done = await _do(info, lambda act: stewardship.retract_evidence(link, act=act), terms)
        else:
            assertion_id = own_id(str(target.assertion_id), Assertion.__name__)
            done = await _do(info, lambda act: stewardship.retract_assertion(assertion_id, act=act), terms)
        return done

    @strawberry.mutation(description="Settle a doubtful link: its two sides are the same. Needs the role `steward`.")
    async def approve_link(
        self,
        info: Info,
        id: ItemId,  # noqa: A002
        reason: Reason,
        preview: Preview = False,
        expected_effect: ExpectedEffect = None,
    ) -> ReviewResult:
        """An assertion, for the purpose that was in doubt."""
        terms = _Terms(reason=reason, preview=preview, expected=expected_effect)
        done: ReviewResult = await _review(info, id, approve=True, terms=terms)
        return done

    @strawberry.mutation(description="Settle a doubtful link: its two sides are different. Needs the role `steward`.")
    async def reject_link(
        self,
        info: Info,
        id: ItemId,  # noqa: A002
        reason: Reason,
        preview: Preview = False,
        expected_effect: ExpectedEffect = None,
    ) -> ReviewResult:
        """An assertion, for the purpose that was in doubt."""
        terms = _Terms(reason=reason, preview=preview, expected=expected_effect)
        done: ReviewResult = await _review(info, id, approve=False, terms=terms)
        return done


async def _assert(
    info: Info, member_a: MemberInput, member_b: MemberInput, *, same: bool, purpose: Purpose | None, terms: _Terms
) -> Any:
    keys = member_keys(info, member_a, member_b)
    if isinstance(keys, InvalidIdentifier):
        return keys
    left, right = keys
    for_purpose = graph_purpose(purpose) if purpose else None
    stewardship = info.context.stewardship
    return await _do(info, lambda act: stewardship.assert_pair(left, right, same=same, purpose=for_purpose, act=act), terms)


async def _review(info: Info, item_id: strawberry.ID, *, approve: bool, terms: _Terms) -> Any:
    review_id = own_id(str(item_id), ReviewItem.__name__)
    return await _do(info, lambda act: info.context.stewardship.review(review_id, approve=approve, act=act), terms)


async def _do(info: Info, action: Callable[[Act], Coroutine[Any, Any, Action]], terms: _Terms) -> Any:
    """Take an action, or show what it would do; the outcome is of the types that the mutation's union lists."""
    if refused := forbidden(info, Role.STEWARD):
        return refused
    context = info.context
    act = Act(by=context.caller.name, reason=terms.reason, preview=terms.preview, expected=terms.expected)
    try:
        done = await (action(act) if act.preview else context.work.finish(action(act)))
    except doing.EffectChanged as error:
        return EffectChanged(code=error.code, message=str(error), expected=act.expected or "", effect=Effect.of(error.effect))
    except tuple(REFUSALS) as error:
        return REFUSALS[type(error)](code=error.code, message=str(error))
    return StewardAction.of(done)
