"""Expected outcomes that are not a profile: typed, so that a client must think of them."""

from datetime import datetime
from typing import Annotated

import strawberry

from api.types.enums import NotFoundReason, Purpose
from api.types.parts import Identifier
from api.types.profile import Profile


@strawberry.type(description="No identity has the identifier.")
class ProfileNotFound:
    """The identifier was understood, and leads nowhere."""

    identifier: Identifier = strawberry.field(description="What was looked up, after normalisation.")
    purpose: Purpose = strawberry.field(description="The purpose it was looked up for.")
    as_of: datetime | None = strawberry.field(description="The moment it was looked up as of; null is now.")
    reason: NotFoundReason = strawberry.field(description="Why.")
    held_back: list[str] = strawberry.field(description="Why the policy left it out, where it did.")
    message: str = strawberry.field(description="The same as a sentence.")


@strawberry.type(description="The identifier cannot be understood.")
class InvalidIdentifier:
    """What was given is no identifier of its namespace."""

    namespace: str = strawberry.field(description="The namespace as given.")
    value: str = strawberry.field(description="The value as given.")
    message: str = strawberry.field(description="What is wrong with it.")


@strawberry.type(description="There is no identity with the id, or there was none at that moment.")
class IdentityNotFound:
    """An identity's id leads nowhere."""

    identity_id: str = strawberry.field(description="The id as given.")
    as_of: datetime | None = strawberry.field(description="The moment it was asked for as of; null is now.")
    message: str = strawberry.field(description="The same as a sentence.")


ProfileResult = Annotated[
    Profile | ProfileNotFound | InvalidIdentifier,
    strawberry.union("ProfileResult", description="What looking an identifier up can lead to."),
]
IdentityResult = Annotated[
    Profile | IdentityNotFound,
    strawberry.union("IdentityResult", description="What looking an identity up by its id can lead to."),
]
