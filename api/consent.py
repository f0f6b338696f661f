"""Whether what a person did may be used for them."""

from typing import Final

from api.context import Info
from graph.model.identity import Purpose
from graph.model.ids import IdentifierKey
from graph.model.profile import NoIdentity

PERSONALIZATION: Final = "personalization"
"""The purpose of consent that the use of a person's acts needs."""
REFUSED: Final = frozenset({"denied", "revoked"})


async def may_be_used(info: Info, key: IdentifierKey) -> bool:
    """Whether no record of the person refuses that what they did is used."""
    profiles = info.context.profiles
    person = await profiles.find(key, purpose=Purpose.INDIVIDUAL, as_of=None)
    if isinstance(person, NoIdentity):
        return True
    attributes = await info.context.load(profiles.attributes, person.id, as_of=None)
    return attributes.consent.get(PERSONALIZATION) not in REFUSED
