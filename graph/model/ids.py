"""Identifier types of the domain: strings that must not be mixed up."""

from typing import NewType

IdentifierKey = NewType("IdentifierKey", str)
"""``namespace:normalised value`` of an identifier, unique in the graph."""

MessageId = NewType("MessageId", str)
"""Id of one event, chosen by its sender; the key of every idempotent write."""

RecordId = NewType("RecordId", str)
"""``source:id within the source`` of what one source claims of one person."""

IdentityId = NewType("IdentityId", str)
"""Id of an individual, household or operational identity; never reused."""

DecisionId = NewType("DecisionId", str)
"""Id of a decision: why a conclusion changed."""
