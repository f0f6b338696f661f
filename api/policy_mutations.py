"""Publishing policies over GraphQL."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import strawberry

from api.auth import Role
from api.context import Info
from api.types.enums import Purpose, graph_purpose
from api.types.policy import PolicyPublished, PolicyVersion, PublishResult, RevertResult
from api.types.refusals import (
    InvalidAction,
    InvalidPolicy,
    PolicyConflict,
    PolicyUnchanged,
    UnknownPolicyVersion,
    forbidden,
)
from graph.errors import KindredError
from graph.identity import publication
from graph.identity.policy import PolicyError
from graph.model import proposal as model
from graph.repositories import policies

REFUSALS: dict[type[KindredError], Callable[..., Any]] = {
    PolicyError: InvalidPolicy,
    policies.PolicyConflict: PolicyConflict,
    publication.PolicyUnchanged: PolicyUnchanged,
    publication.StatementMissing: InvalidAction,
    publication.UnknownPolicy: UnknownPolicyVersion,
}
"""Errors that are expected of publishing, each with the outcome that tells it."""

Reason = Annotated[str, strawberry.argument(description="Why, in a sentence; kept with the version.")]
BasedOn = Annotated[
    int,
    strawberry.argument(description="Number of the version in force that it was compared with; where it is another, refused."),
]


@strawberry.type(description="What can be done with policies.")
class PolicyMutation:
    """Publishing. The name of the caller's API key is recorded as who published."""

    @strawberry.mutation(
        description="Put a policy in force for the purpose that it names, from the next resolution on. Needs the role `policy`."
    )
    async def publish_policy(
        self,
        info: Info,
        document: Annotated[str, strawberry.argument(description="The policy as TOML; it names its purpose.")],
        reason: Reason,
        based_on: BasedOn,
    ) -> PublishResult:
        """Earlier versions remain readable."""
        context = info.context
        done: PublishResult = await _do(
            info,
            lambda: context.policies.publish(
                document, by=context.caller.name, reason=reason, based_on=based_on, at=context.clock()
            ),
        )
        return done

    @strawberry.mutation(
        description="Publish an earlier version again, under a new number: the next resolution concludes as it did then. Needs "
        "the role `policy`."
    )
    async def revert_policy(
        self,
        info: Info,
        purpose: Annotated[Purpose, strawberry.argument(description="Whose policy.")],
        to: Annotated[int, strawberry.argument(description="Number of the earlier version; 0 is what comes with Kindred.")],
        reason: Reason,
        based_on: BasedOn,
    ) -> RevertResult:
        """Nothing that was ever in force is lost."""
        context = info.context
        done: RevertResult = await _do(
            info,
            lambda: context.policies.revert(
                graph_purpose(purpose), to=to, by=context.caller.name, reason=reason, based_on=based_on, at=context.clock()
            ),
        )
        return done


async def _do(info: Info, publish: Callable[[], Coroutine[Any, Any, model.PolicyVersion]]) -> Any:
    """Publish; the outcome is of the types that the mutation's union lists."""
    if refused := forbidden(info, Role.POLICY):
        return refused
    try:
        version = await info.context.work.finish(publish())
    except tuple(REFUSALS) as error:
        return REFUSALS[type(error)](code=error.code, message=str(error))
    return PolicyPublished(policy=PolicyVersion.of(version))
