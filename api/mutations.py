"""The root of all mutations."""

import strawberry

from api.policy_mutations import PolicyMutation
from api.steward_mutations import StewardMutation


@strawberry.type(description="What can be done. The name of the caller's API key is recorded as who did it.")
class Mutation(StewardMutation, PolicyMutation):
    """Everything that can be done."""
