"""Why identities are what they are, now or as of any moment."""

from typing import Annotated

import strawberry

from api.context import Info
from api.members import member_keys, own_id
from api.types.arguments import AsOf, IdentityIdArgument
from api.types.enums import Purpose, graph_purpose
from api.types.explanation import (
    ExplainResult,
    Explanation,
    IdentityExplanation,
    IdentityExplanationResult,
    MemberInput,
    NotAMember,
)
from api.types.outcomes import IdentityNotFound, InvalidIdentifier
from api.types.pages import moment
from api.types.profile import Profile
from graph.identity.explain import NotAMember as NoSuchMember
from graph.identity.explain import UnknownIdentity, explain, explain_identity


@strawberry.type(description="Why identities are what they are.")
class ExplainQuery:
    """Explanations, by the policy that was in force."""

    @strawberry.field(
        description="Why two members are in one identity, or are not: the evidence, step by step, and where they are apart, what "
        "is missing or against it."
    )
    async def explain(
        self,
        info: Info,
        member_a: Annotated[MemberInput, strawberry.argument(description="The member in question.")],
        member_b: Annotated[
            MemberInput | None,
            strawberry.argument(description="Another; without it, the member of the same identity with the oldest evidence."),
        ] = None,
        purpose: Annotated[Purpose, strawberry.argument(description="The identity graph to look in.")] = Purpose.INDIVIDUAL,
        as_of: AsOf = None,
    ) -> ExplainResult:
        """Reads the evidence around the members again."""
        keys = member_keys(info, *(member for member in (member_a, member_b) if member is not None))
        if isinstance(keys, InvalidIdentifier):
            return keys
        other = keys[1] if len(keys) > 1 else None
        then = moment(as_of, name="asOf")
        try:
            found = await explain(info.context.database, keys[0], other, graph_purpose(purpose), as_of=then)
        except NoSuchMember as error:
            return NotAMember(member=keys[0], message=str(error))
        return Explanation.of(found)

    @strawberry.field(description="Why an identity is what it is: evidence that, by itself, connects all its members.")
    async def explain_identity(self, info: Info, id: IdentityIdArgument, as_of: AsOf = None) -> IdentityExplanationResult:  # noqa: A002
        """By the identity's own id or its global id; that of a merged one leads to the one that survived."""
        then = moment(as_of, name="asOf")
        try:
            found = await explain_identity(info.context.database, own_id(str(id), Profile.__name__), as_of=then)
        except UnknownIdentity as error:
            return IdentityNotFound(identity_id=str(id), as_of=as_of, message=str(error))
        return IdentityExplanation.of(found)
