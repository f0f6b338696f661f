"""Members and ids as clients name them, to keys and ids as the graph has them."""

from strawberry import relay

from api.context import Info
from api.types.explanation import MemberInput
from api.types.outcomes import InvalidIdentifier
from graph.model.evidence import RejectedValue


def member_key(info: Info, member: MemberInput) -> str | InvalidIdentifier:
    """The key of a member; an identifier is normalised as events are."""
    if member.identifier:
        given = member.identifier
        normalised = info.context.normalise(given.namespace, given.value)
        if isinstance(normalised, RejectedValue):
            return InvalidIdentifier(namespace=given.namespace, value=given.value, message=normalised.reason)
        return normalised.key
    return member.key or ""


def member_keys(info: Info, *members: MemberInput) -> tuple[str, ...] | InvalidIdentifier:
    """The keys of some members, or what is wrong with the first that is no identifier."""
    keys: list[str] = []
    for member in members:
        key = member_key(info, member)
        if isinstance(key, InvalidIdentifier):
            return key
        keys.append(key)
    return tuple(keys)


def own_id(given: str, type_name: str) -> str:
    """An object's own id, from itself or from its global id."""
    try:
        global_id = relay.GlobalID.from_id(given)
    except relay.GlobalIDValueError:
        return given
    return global_id.node_id if global_id.type_name == type_name else given
