"""The root of all queries."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry import relay

from api.context import Info
from api.errors import InvalidArgument
from api.explain_queries import ExplainQuery
from api.health_queries import HealthQuery
from api.members import own_id
from api.policy_queries import PolicyQuery
from api.recommendation_queries import RecommendationQuery
from api.similar_queries import SimilarQuery
from api.steward_queries import StewardQuery
from api.substitute_queries import SubstituteQuery
from api.types.arguments import AsOf, IdentityIdArgument
from api.types.enums import NotFoundReason, Purpose, graph_purpose
from api.types.outcomes import IdentityNotFound, IdentityResult, InvalidIdentifier, ProfileNotFound, ProfileResult
from api.types.pages import moment
from api.types.parts import Identifier, IdentifierInput
from api.types.profile import Profile, profile
from graph.model.evidence import RejectedValue
from graph.model.profile import NoIdentity


@strawberry.type(description="What can be asked.")
class Query(ExplainQuery, StewardQuery, PolicyQuery, HealthQuery, RecommendationQuery, SubstituteQuery, SimilarQuery):
    """The root of all queries."""

    @strawberry.field(description="Any object by its global id; null where there is none.")
    async def node(
        self,
        info: Info,
        id: Annotated[relay.GlobalID, strawberry.argument(description="The object's global id.")],  # noqa: A002
    ) -> relay.Node | None:
        """By the type within the id. Not ``relay.node()``, whose field can be part of one schema only."""
        try:
            return await id.resolve_node(info)
        except relay.GlobalIDValueError:
            raise InvalidArgument(f"no object has a global id of the type {id.type_name}") from None

    @strawberry.field(description="The profile of whoever has an identifier, for one purpose.")
    async def profile(
        self,
        info: Info,
        identifier: Annotated[IdentifierInput, strawberry.argument(description="The identifier to look up.")],
        purpose: Annotated[Purpose, strawberry.argument(description="The identity graph to look in.")] = Purpose.INDIVIDUAL,
        as_of: AsOf = None,
    ) -> ProfileResult:
        """Normalises the identifier as ingest does, and looks it up."""
        return await find_profile(info, identifier, purpose=purpose, as_of=moment(as_of, name="asOf"))

    @strawberry.field(description="A profile by its identity's id. The id of a merged identity leads to the one that survived.")
    async def identity(self, info: Info, id: IdentityIdArgument, as_of: AsOf = None) -> IdentityResult:  # noqa: A002
        """By the identity's own id or its global id."""
        return await _identity(info, str(id), as_of=moment(as_of, name="asOf"))

    @strawberry.field(description="A household by its identity's id.")
    async def household(self, info: Info, id: IdentityIdArgument, as_of: AsOf = None) -> IdentityResult:  # noqa: A002
        """By the identity's own id or its global id."""
        found = await _identity(info, str(id), as_of=moment(as_of, name="asOf"))
        if isinstance(found, Profile) and found.purpose is not Purpose.HOUSEHOLD:
            return IdentityNotFound(
                identity_id=str(id),
                as_of=as_of,
                message=f"{id} is an identity of the purpose {found.purpose.value}",
            )
        return found


async def find_profile(
    info: Info, identifier: IdentifierInput, *, purpose: Purpose, as_of: datetime | None
) -> Profile | ProfileNotFound | InvalidIdentifier:
    """The profile of whoever has an identifier, for one purpose; ``as_of`` is checked."""
    normalised = info.context.normalise(identifier.namespace, identifier.value)
    if isinstance(normalised, RejectedValue):
        return InvalidIdentifier(namespace=identifier.namespace, value=identifier.value, message=normalised.reason)
    found = await info.context.profiles.find(normalised.key, purpose=graph_purpose(purpose), as_of=as_of)
    if isinstance(found, NoIdentity):
        return ProfileNotFound(
            identifier=Identifier.of(normalised),
            purpose=purpose,
            as_of=as_of,
            reason=NotFoundReason(found.reason.value),
            held_back=list(found.held_back),
            message=_sentence(f"{normalised.namespace} {normalised.value}", found, purpose),
        )
    return profile(found, as_of=as_of)


async def _identity(info: Info, given: str, *, as_of: datetime | None) -> Profile | IdentityNotFound:
    identity_id = own_id(given, Profile.__name__)
    state = await info.context.load(info.context.profiles.identities, identity_id, as_of=as_of)
    if state is None:
        return IdentityNotFound(identity_id=given, as_of=as_of, message=f"there is no identity {identity_id}")
    return profile(state, as_of=as_of)


def _sentence(what: str, found: NoIdentity, purpose: Purpose) -> str:
    match found.reason.value:
        case "unknown":
            return f"nothing that has arrived carries {what}"
        case "held_back":
            return f"{what} is left out of the {purpose.value} identities: {', '.join(found.held_back)}"
        case _:
            return f"{what} is known, but belongs to no {purpose.value} identity at that moment"
