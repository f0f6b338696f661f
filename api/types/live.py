"""What subscribers are told."""

import strawberry

from api.types.outcomes import ProfileResult


@strawberry.type(description="A profile as it is after a change.")
class ProfileChange:
    """What a query for the profile would answer now."""

    profile: ProfileResult = strawberry.field(description="What the query `profile` answers now.")
    cursor: str = strawberry.field(
        description="Stands for this state: pass it as `after`, and what is told first is the next change from here."
    )
