"""Who may ask for what: API keys, each with a name and roles, sent as ``Authorization: Bearer KEY``."""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """What a key allows."""

    READ = "read"
    """Profiles, journeys, explanations, the review queue and policies."""
    STEWARD = "steward"
    """Asserting, retracting and settling doubtful links."""
    POLICY = "policy"
    """Comparing policies with the graph, and publishing them."""
    INTROSPECT = "introspect"
    """The schema itself, in production."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key and what it allows."""

    name: str
    key: str = field(repr=False)
    roles: frozenset[Role] = frozenset({Role.READ})


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who sent a request."""

    name: str
    roles: frozenset[Role]

    def may(self, role: Role) -> bool:
        """Whether the caller's key has a role."""
        return role in self.roles


class Authenticator:
    """Recognises API keys. Only their digests are kept."""

    def __init__(self, keys: Iterable[ApiKey]) -> None:
        self._callers = [(_digest(key.key), Caller(name=key.name, roles=key.roles)) for key in keys]

    def caller_of(self, authorization: str | None) -> Caller | None:
        """The caller that an ``Authorization`` header belongs to; every key is compared, in constant time."""
        kind, _, token = (authorization or "").partition(" ")
        if kind.lower() != "bearer" or not token.strip():
            return None
        given = _digest(token.strip())
        found = None
        for digest, caller in self._callers:
            if hmac.compare_digest(digest, given):
                found = caller
        return found


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
