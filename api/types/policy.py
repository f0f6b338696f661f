"""Policies: what is in force, earlier versions, and what publishing can lead to."""

from datetime import datetime
from typing import Annotated

import strawberry

from api.types.enums import Purpose
from api.types.policy_diff import PolicyDiff
from api.types.refusals import (
    Forbidden,
    GraphTooLarge,
    InvalidAction,
    InvalidPolicy,
    PolicyConflict,
    PolicyUnchanged,
    UnknownPolicyVersion,
)
from graph.model import proposal as model


@strawberry.type(description="A policy as it was published: it never changes.")
class PolicyVersion:
    """One version of a purpose's policy."""

    purpose: Purpose = strawberry.field(description="The identity graph that it concludes.")
    number: int = strawberry.field(description="Counts up from 1 within its purpose; 0 is the policy that comes with Kindred.")
    version: str = strawberry.field(description="As decisions state it: equal for equal content.")
    document: str = strawberry.field(description="The TOML text, as it was given.")
    sha256: str = strawberry.field(description="Digest of the text, in hexadecimal.")
    by: str | None = strawberry.field(description="Who published it; null for the one that is built in.")
    at: datetime | None = strawberry.field(description="When it was published; null for the one that is built in.")
    reason: str | None = strawberry.field(description="Why it was published; null for the one that is built in.")
    based_on: int | None = strawberry.field(description="Number of the version that was in force before.")

    @classmethod
    def of(cls, version: model.PolicyVersion) -> "PolicyVersion":
        """From the model."""
        return cls(
            purpose=Purpose(version.purpose),
            number=version.number,
            version=version.version,
            document=version.document,
            sha256=version.sha256,
            by=version.by,
            at=version.at,
            reason=version.reason,
            based_on=version.based_on,
        )


@strawberry.type(description="A policy is in force, from the next resolution on.")
class PolicyPublished:
    """It was published."""

    policy: PolicyVersion = strawberry.field(description="The version that is in force.")


PolicyDiffResult = Annotated[
    PolicyDiff | InvalidPolicy | GraphTooLarge | Forbidden,
    strawberry.union("PolicyDiffResult", description="What comparing a policy with the graph can lead to."),
]
PublishResult = Annotated[
    PolicyPublished | InvalidPolicy | PolicyConflict | PolicyUnchanged | InvalidAction | Forbidden,
    strawberry.union("PublishResult", description="What publishing a policy can lead to."),
]
RevertResult = Annotated[
    PolicyPublished | UnknownPolicyVersion | InvalidPolicy | PolicyConflict | PolicyUnchanged | InvalidAction | Forbidden,
    strawberry.union("RevertResult", description="What going back to an earlier version can lead to."),
]
