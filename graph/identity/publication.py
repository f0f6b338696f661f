"""Which policy is in force for each purpose, and publishing another.

The newest published version of a purpose is in force, else the file that comes with Kindred. Publishing names the version that it
is based on, so that of two people who change a policy at once the second is told, never the first overruled unseen. Reverting is
publishing an earlier text again: nothing that was ever in force is lost.
"""

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

from graph.errors import KindredError
from graph.identity.policy import POLICIES, Policy, PolicyError, parse_policy
from graph.model.identity import Purpose
from graph.model.profile import Page
from graph.model.proposal import BUILT_IN, PolicyVersion
from graph.repositories.policies import PolicyRepository

MAX_DOCUMENT_CHARACTERS = 100_000


class UnknownPolicy(KindredError):  # noqa: N818 - states what was observed, as the others do
    """There is no version of that number."""

    code = "policy_unknown"


class PolicyUnchanged(KindredError):  # noqa: N818 - states what was observed, as the others do
    """The policy to be published is the one in force."""

    code = "policy_unchanged"


class StatementMissing(KindredError):  # noqa: N818 - states what was observed, as the others do
    """Who publishes, or why, is not said."""

    code = "policy_unsigned"


@lru_cache(maxsize=64)
def parse_document(text: str, *, where: str) -> Policy:
    """The policy that a TOML text states, for the purpose that it names.

    Raises:
        PolicyError: it is not TOML, names no purpose, or has an entry that is unknown, absent or of the wrong type.
    """
    if len(text) > MAX_DOCUMENT_CHARACTERS:
        raise PolicyError(f"{where} has {len(text)} characters, more than {MAX_DOCUMENT_CHARACTERS}")
    try:
        document: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{where} is not TOML: {error}") from error
    stated = document.get("purpose")
    if not isinstance(stated, str) or stated not in set(Purpose):
        raise PolicyError(f"{where}: purpose is {stated!r}, expected one of {[purpose.value for purpose in Purpose]}")
    return parse_policy(document, purpose=Purpose(stated), where=where)


@cache
def built_in(purpose: Purpose) -> PolicyVersion:
    """The policy that comes with Kindred, as version ``BUILT_IN``."""
    name = f"{purpose.value}.toml"
    text = (POLICIES / name).read_text(encoding="utf-8")
    return PolicyVersion(
        purpose=purpose,
        number=BUILT_IN,
        version=parse_document(text, where=name).version,
        document=text,
        sha256=digest(text),
        by=None,
        at=None,
        reason=None,
        based_on=None,
    )


def digest(text: str) -> str:
    """SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


async def policies_in_force(
    policies: PolicyRepository, purposes: Iterable[Purpose] = Purpose, *, as_of: datetime | None = None
) -> dict[Purpose, Policy]:
    """The policy by which each purpose is concluded now, or was at a moment.

    Raises:
        PolicyError: this release does not understand a policy that was published under another.
    """
    versions = await versions_in_force(policies, purposes, as_of=as_of)
    return {purpose: parse_document(version.document, where=where_of(version)) for purpose, version in versions.items()}


class PoliciesInForce:
    """The policies in force, read anew only where others are."""

    def __init__(self) -> None:
        self._published: Mapping[Purpose, str] | None = None
        self._policies: Mapping[Purpose, Policy] = {}

    async def read(self, policies: PolicyRepository, *, published: Mapping[Purpose, str]) -> Mapping[Purpose, Policy]:
        """The policy by which each purpose is concluded now.

        ``published`` has the SHA-256 of each of them that does not come with Kindred.

        Raises:
            PolicyError: this release does not understand a policy that was published under another.
        """
        if published != self._published:
            self._policies = await policies_in_force(policies)
            self._published = dict(published)
        return self._policies


async def versions_in_force(
    policies: PolicyRepository, purposes: Iterable[Purpose] = Purpose, *, as_of: datetime | None = None
) -> dict[Purpose, PolicyVersion]:
    """The version in force of each purpose, now or at a moment."""
    wanted = list(purposes)
    published = await policies.in_force(wanted, as_of=as_of)
    return {purpose: published.get(purpose) or built_in(purpose) for purpose in wanted}


def where_of(version: PolicyVersion) -> str:
    """How errors name a version."""
    name = "built-in" if version.number == BUILT_IN else f"version {version.number}"
    return f"{name} {version.purpose.value} policy"


class PolicyDesk:
    """Where policies are read, published and reverted."""

    def __init__(self, policies: PolicyRepository) -> None:
        self._policies = policies

    async def in_force(self, purpose: Purpose) -> PolicyVersion:
        """The version in force."""
        return (await versions_in_force(self._policies, [purpose]))[purpose]

    async def versions(self, purposes: Iterable[Purpose] = Purpose, *, first: int) -> list[PolicyVersion]:
        """Published versions, the newest first; then what is built in, of each purpose."""
        wanted = list(purposes)
        return [*await self._policies.versions(wanted, first=first), *(built_in(purpose) for purpose in wanted)][:first]

    async def page(self, purpose: Purpose, *, first: int, before: int | None = None) -> Page[PolicyVersion]:
        """One page of a purpose's versions, the newest first, what is built in last; ``before`` is where the last page ended."""
        latest = (await self.in_force(purpose)).number
        published = await self._policies.versions_before(purpose, before, first=first + 1)
        # Numbers have no gaps, and what is built in has the least.
        found = [*published, *([] if before is not None and before <= BUILT_IN else [built_in(purpose)])]
        return Page(items=tuple(found[:first]), total=latest + 1, more=len(found) > first)

    async def in_force_of_all(self) -> list[PolicyVersion]:
        """The version in force of each purpose."""
        return list((await versions_in_force(self._policies)).values())

    async def show(self, purpose: Purpose, number: int | None = None) -> PolicyVersion:
        """One version, by default the one in force.

        Raises:
            UnknownPolicy: there is none of that number.
        """
        if number is None:
            return await self.in_force(purpose)
        found = built_in(purpose) if number == BUILT_IN else await self._policies.version(purpose, number)
        if found is None:
            raise UnknownPolicy(f"there is no version {number} of the {purpose.value} policy")
        return found

    async def publish(self, document: str, *, by: str, reason: str, based_on: int, at: datetime) -> PolicyVersion:
        """Put a policy in force for the purpose that it names, from the next resolution on.

        Args:
            document: the policy as TOML.
            by: who publishes it.
            reason: why, in a sentence.
            based_on: number of the version in force that it was compared with.
            at: when.

        Raises:
            PolicyError: the document cannot be understood.
            PolicyConflict: another version than ``based_on`` is in force.
            PolicyUnchanged: it says what is in force already.
            StatementMissing: ``by`` or ``reason`` is empty.
        """
        policy = parse_document(document, where="the proposed policy")
        for name, value in (("who publishes", by), ("why", reason)):
            if not value.strip():
                raise StatementMissing(f"publishing a policy needs to be told {name}")
        current = await self.in_force(policy.purpose)
        if current.number == based_on and current.document == document:
            raise PolicyUnchanged(f"the {policy.purpose.value} policy in force, version {current.number}, is the same")
        number = await self._policies.publish(
            policy.purpose,
            version=policy.version,
            document=document,
            sha256=digest(document),
            by=by,
            at=at,
            reason=reason,
            based_on=based_on,
        )
        return PolicyVersion(
            purpose=policy.purpose,
            number=number,
            version=policy.version,
            document=document,
            sha256=digest(document),
            by=by,
            at=at,
            reason=reason,
            based_on=based_on,
        )

    async def revert(self, purpose: Purpose, *, to: int, by: str, reason: str, based_on: int, at: datetime) -> PolicyVersion:
        """Publish an earlier version's text again, under a new number.

        Raises:
            UnknownPolicy: there is no such version.
            PolicyConflict: another version than ``based_on`` is in force.
            PolicyUnchanged: the text is the one in force.
        """
        earlier = await self.show(purpose, to)
        return await self.publish(earlier.document, by=by, reason=reason, based_on=based_on, at=at)
