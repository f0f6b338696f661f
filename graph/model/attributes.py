"""The best current attributes of a person, chosen from what several records claim.

One rule for each kind of attribute, the same whatever the order of the claims:

- what does not change (name, birth date, gender): the value that most records state, of several such the newest;
- what changes (address): the newest;
- what there may be several of (e-mail addresses, phones): all, newest first;
- consent: per purpose the strictest statement, ``revoked`` before ``denied`` before ``granted``; ``unknown`` is no statement.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TypeVar

from graph.model.identifier import EMAIL, PHONE, Identifier
from graph.model.profile import Claim, ClaimedAddress, ClaimedName

T = TypeVar("T")

STRICTNESS = ("unknown", "granted", "denied", "revoked")
"""States of consent from the least to the most strict."""
CONTACT_NAMESPACES = (EMAIL, PHONE)
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactPoint:
    """Where to reach the person, with the sources that state it; ``last_seen`` is None where only touchpoints carry it."""

    value: str
    sources: tuple[str, ...]
    last_seen: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """The best current attributes of a person."""

    name: ClaimedName | None
    birth_date: date | None
    gender: str | None
    emails: tuple[ContactPoint, ...]
    phones: tuple[ContactPoint, ...]
    addresses: tuple[ClaimedAddress, ...]
    """Distinct, newest first."""
    consent: Mapping[str, str]
    sources: tuple[str, ...]


def best_attributes(claims: Sequence[Claim], identifiers: Iterable[Identifier]) -> Attributes:
    """Choose from ``claims``, and from ``identifiers`` that belong to the identity whether or not a record states them."""
    names = [(claim.name.at, claim.name) for claim in claims if claim.name]
    return Attributes(
        name=_agreed(names, same=lambda name: name.full_name or name.name_given or ""),
        birth_date=_agreed([claim.birth_date for claim in claims if claim.birth_date], same=date.isoformat),
        gender=_agreed([claim.gender for claim in claims if claim.gender], same=str),
        emails=_contacts(EMAIL, claims, identifiers),
        phones=_contacts(PHONE, claims, identifiers),
        addresses=_addresses(claims),
        consent=strictest_consent(claim.consent for claim in claims),
        sources=tuple(sorted({claim.source for claim in claims})),
    )


def strictest_consent(statements: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Per purpose the strictest of the statements, in the order of the purposes' names."""
    strictest: dict[str, str] = {}
    for statement in statements:
        for purpose, state in statement.items():
            strictest[purpose] = max(strictest.get(purpose, "unknown"), state, key=_strictness)
    return dict(sorted(strictest.items()))


def _strictness(state: str) -> int:
    # A state that Kindred does not know may be a refusal, so it is taken for one.
    return STRICTNESS.index(state) if state in STRICTNESS else len(STRICTNESS)


def _agreed(stated: Sequence[tuple[datetime, T]], *, same: Callable[[T], str]) -> T | None:
    groups: dict[str, list[tuple[datetime, T]]] = defaultdict(list)
    for at, value in stated:
        groups[same(value)].append((at, value))
    if not groups:
        return None
    _, best = max(groups.items(), key=lambda group: (len(group[1]), max(at for at, _ in group[1]), group[0]))
    return max(best, key=lambda item: (item[0], repr(item[1])))[1]


def _contacts(namespace: str, claims: Sequence[Claim], identifiers: Iterable[Identifier]) -> tuple[ContactPoint, ...]:
    seen: dict[str, datetime] = {}
    sources: dict[str, set[str]] = {identifier.value: set() for identifier in identifiers if identifier.namespace == namespace}
    for claim in claims:
        for identifier, last_seen in claim.identifiers.items():
            if identifier.namespace == namespace:
                sources.setdefault(identifier.value, set()).add(claim.source)
                seen[identifier.value] = max(seen.get(identifier.value, last_seen), last_seen)
    newest_first = sorted(sorted(sources), key=lambda value: seen.get(value, LONG_AGO), reverse=True)
    return tuple(
        ContactPoint(value=value, sources=tuple(sorted(sources[value])), last_seen=seen.get(value)) for value in newest_first
    )


def _addresses(claims: Sequence[Claim]) -> tuple[ClaimedAddress, ...]:
    distinct: dict[tuple[str | None, ...], ClaimedAddress] = {}
    for claim in claims:
        address = claim.address
        if address is None:
            continue
        parts = (address.street, address.city, address.region, address.postal_code, address.country)
        key = parts if any(parts) else (address.address_given,)
        known = distinct.get(key)
        if known is None or (address.at, address.address_given or "") > (known.at, known.address_given or ""):
            distinct[key] = address
    in_order = sorted(distinct.items(), key=lambda item: tuple(part or "" for part in item[0]))
    return tuple(address for _, address in sorted(in_order, key=lambda item: item[1].at, reverse=True))
