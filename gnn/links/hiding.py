"""Evidence taken away at random: what a predictor of links is taught by, and judged by."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Final

import numpy as np

from graph.model.claim import Claim, namespace_of
from graph.model.evidence import PersonName, PostalAddress
from graph.model.identifier import NAME_BIRTH_DATE, POSTAL_ADDRESS

NAME_PARTS: Final = ("given", "middle", "family", "suffix")
NO_ADDRESS: Final = PostalAddress()


def hide(claims: Iterable[Claim], share: float, *, seed: int) -> list[Claim]:
    """The claims without a share of what they state, each piece taken away by itself with that probability.

    Pieces are each part of the name, the birth date, the gender, the address as a whole, and each identifier. Identifiers that
    are made of pieces (of the address, of name and birth date) go with them.

    Args:
        claims: as resolution reads them.
        share: between 0 and 1.
        seed: of the draw; equal claims in equal order lose the same pieces.
    """
    luck = np.random.default_rng(seed)
    return [_hidden(claim, share, luck) for claim in claims]


def _hidden(claim: Claim, share: float, luck: np.random.Generator) -> Claim:
    lost = luck.random(len(NAME_PARTS) + 3) < share
    parts = {
        part: None if gone else getattr(claim.name, part)
        for part, gone in zip(NAME_PARTS, lost[: len(NAME_PARTS)].tolist(), strict=True)
    }
    name = _named(claim.name, parts)
    no_birth_date, no_gender, no_address = lost[len(NAME_PARTS) :].tolist()
    birth_date: date | None = None if no_birth_date else claim.birth_date
    gone = {POSTAL_ADDRESS} if no_address else set()
    if name.full != claim.name.full or birth_date != claim.birth_date:
        gone.add(NAME_BIRTH_DATE)
    kept = luck.random(len(claim.identifiers)) >= share
    return replace(
        claim,
        name=name,
        birth_date=birth_date,
        gender=None if no_gender else claim.gender,
        address=NO_ADDRESS if no_address else claim.address,
        identifiers=tuple(
            key
            for key, stays in zip(claim.identifiers, kept.tolist(), strict=True)
            if namespace_of(key) not in gone and (stays or namespace_of(key) in (POSTAL_ADDRESS, NAME_BIRTH_DATE))
        ),
    )


def _named(name: PersonName, parts: dict[str, str | None]) -> PersonName:
    """The name of the parts that are left; one that has no parts loses nothing."""
    if all(getattr(name, part) == value for part, value in parts.items()):
        return name
    return PersonName(**parts, full=" ".join(value for value in parts.values() if value) or None)
