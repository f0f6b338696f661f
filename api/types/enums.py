"""Enumerations of the schema, each value described."""

from enum import Enum
from typing import Any

import strawberry

from graph.model.explanation import ObstacleKind as GraphObstacleKind
from graph.model.explanation import StepKind as GraphStepKind
from graph.model.identity import Purpose as GraphPurpose
from graph.repositories.reviews import REVIEWABLE

TOUCHPOINT_TYPES = {
    "page_view": "A page of a site was viewed.",
    "screen_view": "A screen of an app was viewed.",
    "search": "Something was searched for.",
    "list_view": "A list of products was viewed or filtered.",
    "product_view": "A product was viewed or clicked.",
    "cart": "The cart was viewed or changed.",
    "wishlist": "The wish list was changed.",
    "checkout": "A step of a checkout.",
    "order": "An order was placed, completed, changed or cancelled.",
    "return": "An order was returned or refunded.",
    "promotion": "A promotion was viewed or clicked.",
    "coupon": "A coupon was entered, applied, denied or removed.",
    "review": "A product was reviewed.",
    "share": "A product or cart was shared.",
    "store_visit": "A store was visited.",
    "email_sent": "An e-mail was sent or delivered to the person.",
    "email_open": "An e-mail was opened.",
    "email_click": "A link in an e-mail was followed.",
    "service_contact": "The person was in contact with customer service.",
    "sign_up": "An account was created.",
    "sign_in": "The person signed in.",
    "sign_out": "The person signed out.",
    "app_lifecycle": "An app was installed, opened, updated or closed.",
    "group": "The person was put into a group, such as a company.",
    "alias": "Two ids were said to be one person.",
    "other": "An event of a kind that Kindred has no type for; its name tells.",
}
CHANNELS = {
    "web": "A site in a browser.",
    "app": "An app on a device.",
    "store": "A physical store.",
    "email": "E-mail.",
    "service": "Customer service.",
    "other": "Any other, or not known.",
}
STEP_KINDS = {
    "states": "A record states the identifier.",
    "shares": "Two records state one identifier, which itself belongs to somebody else.",
    "seen_with": "Two identifiers were on one touchpoint.",
    "rule": "A rule of the policy joins two records by what they state.",
    "matches": "Scored evidence joins two records.",
    "asserted": "A steward said so.",
}
OBSTACLE_KINDS = {
    "asserted_different": "A steward said so, and nobody the contrary since.",
    "weak_match": "Two of their records were scored, and found to be of two people.",
    "held_back": "The policy left out what would join them.",
    "not_compared": "They have nothing in common that the policy compares.",
    "other_individual": "They are of two individuals, whom no other identity joins.",
    "not_a_member": "One of them is in no identity of the purpose.",
    "outweighed": "Evidence joins them, and what else is known of the two weighs more against it.",
}
REVIEW_REASONS = {
    "contradicted": "What two records share is contradicted by what else they state.",
    "doubtful": "Two records were found to be of two people by a narrow margin.",
    "in_doubt": "The evidence is not enough to be certain.",
    "predicted": "A model predicts it from the graph; no policy acts on that.",
    "over_limit": "Together they would have more than one person can have.",
}


def _described(name: str, description: str, values: dict[str, str]) -> Any:
    """An enumeration whose names are the upper-case values, each with its description."""
    members = {value.upper(): strawberry.enum_value(value, description=text) for value, text in values.items()}
    made: Any = Enum(name, members)  # type: ignore[misc]
    return strawberry.enum(made, name=name, description=description)


@strawberry.enum(description="Why an identity graph is kept.")
class Purpose(Enum):
    """See ``graph.model.identity.Purpose``."""

    INDIVIDUAL = strawberry.enum_value(GraphPurpose.INDIVIDUAL, description="Marketing reach: one person, leaning to recall.")
    HOUSEHOLD = strawberry.enum_value(GraphPurpose.HOUSEHOLD, description="Loyalty precision: one home, once.")
    OPERATIONAL = strawberry.enum_value(
        GraphPurpose.OPERATIONAL, description="Service, refunds and compliance: a wrong join is an incident."
    )


@strawberry.enum(description="Why an identifier leads to no identity.")
class NotFoundReason(Enum):
    """See ``graph.model.profile.NotFoundReason``."""

    UNKNOWN = strawberry.enum_value("unknown", description="Nothing that has arrived carries the identifier.")
    HELD_BACK = strawberry.enum_value(
        "held_back", description="The policy left the identifier out, for example because too many people share it."
    )
    NO_IDENTITY = strawberry.enum_value(
        "no_identity", description="The identifier is known, but no identity of this purpose has it at that moment."
    )


@strawberry.enum(description="What kind of evidence connects two members.")
class EvidenceKind(Enum):
    """Types of the relationships that are evidence."""

    STATES = strawberry.enum_value("states", description="A record states the identifier.")
    SEEN_WITH = strawberry.enum_value("seen_with", description="Two identifiers were on one touchpoint.")
    ASSERTED_SAME = strawberry.enum_value("asserted_same", description="A steward said that both are one person.")
    ASSERTED_DIFFERENT = strawberry.enum_value("asserted_different", description="A steward said that they are two people.")


TouchpointType = _described("TouchpointType", "What kind of interaction a touchpoint is.", TOUCHPOINT_TYPES)
Channel = _described("Channel", "Where an interaction happened.", CHANNELS)
StepKind = _described("StepKind", "What kind of evidence connects the two ends of a step.", STEP_KINDS)
ObstacleKind = _described("ObstacleKind", "What keeps two members apart.", OBSTACLE_KINDS)
ReviewReason = _described("ReviewReason", "Why a link waits for a steward.", REVIEW_REASONS)
assert set(OBSTACLE_KINDS) == {kind.value for kind in GraphObstacleKind}  # noqa: S101 - a missing one fails at import
assert set(REVIEW_REASONS) == set(REVIEWABLE)  # noqa: S101
assert set(STEP_KINDS) == {kind.value for kind in GraphStepKind}  # noqa: S101 - a missing one fails at import


def graph_purpose(purpose: Purpose) -> GraphPurpose:
    """The purpose as the graph has it."""
    return GraphPurpose(str(purpose.value))
