"""Why something was not done: typed, so that a client must think of it, each with a stable code."""

import strawberry

from api.auth import Role
from api.context import Info
from api.types.effect import Effect


@strawberry.interface(description="Why something was not done. Nothing was changed.")
class Refusal:
    """What all refusals have."""

    code: str = strawberry.field(description="Stable code, safe to match on.")
    message: str = strawberry.field(description="What was observed, as a sentence.")


@strawberry.type(description="The API key may not do this.")
class Forbidden(Refusal):
    """The key lacks a role."""

    role: str = strawberry.field(description="The role that it would need.")


@strawberry.type(description="The graph has no such record or identifier.")
class UnknownMember(Refusal):
    """A member leads nowhere."""


@strawberry.type(description="There is no such assertion, or it was retracted.")
class UnknownAssertion(Refusal):
    """An assertion's id leads nowhere."""


@strawberry.type(description="There is no such evidence, or it was retracted.")
class UnknownEvidence(Refusal):
    """No evidence in force connects the two ends."""


@strawberry.type(description="No such link waits for review: it was settled, or there never was one.")
class UnknownReviewItem(Refusal):
    """A review item's id leads nowhere."""


@strawberry.type(description="The action would do something else than what was expected: evidence has changed since.")
class EffectChanged(Refusal):
    """The effect is another one."""

    expected: str = strawberry.field(description="Digest of the effect that was expected.")
    effect: Effect = strawberry.field(description="What the action would do now.")


@strawberry.type(description="The graph is being resolved, and that did not end in time: try again.")
class ResolutionBusy(Refusal):
    """Somebody else changes identities."""


@strawberry.type(description="The action says nothing: a member with itself, or no reason.")
class InvalidAction(Refusal):
    """Something is missing."""


@strawberry.type(description="The graph has too many records to be concluded within a request.")
class GraphTooLarge(Refusal):
    """Concluding it would take too long."""


@strawberry.type(description="The policy cannot be understood.")
class InvalidPolicy(Refusal):
    """The document is not TOML, or has an entry that is unknown, absent or of the wrong type."""


@strawberry.type(description="Another version is in force than the one that the proposal is based on.")
class PolicyConflict(Refusal):
    """Somebody else published in the meantime."""


@strawberry.type(description="The policy to be published is the one in force.")
class PolicyUnchanged(Refusal):
    """There is nothing to publish."""


@strawberry.type(description="There is no version of that number.")
class UnknownPolicyVersion(Refusal):
    """A version's number leads nowhere."""


def forbidden(info: Info, role: Role) -> Forbidden | None:
    """A refusal where the caller's key lacks a role; None where it has it."""
    caller = info.context.caller
    if caller.may(role):
        return None
    return Forbidden(code="forbidden", message=f"the API key {caller.name} does not have the role {role.value}", role=role.value)
