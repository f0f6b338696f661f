"""Households whose surroundings are too wide to be concluded at once, kept in line with individuals until the next resolution."""

from collections import defaultdict

from graph.model.ids import IdentityId
from graph.model.plan import Current, MembershipPlan


def carried_households(homes: Current, individuals: MembershipPlan) -> list[list[str]]:
    """Households with the survivors of merged individuals in the place of those."""
    survivor = {redirect.merged: redirect.survivor for change in individuals.changes for redirect in change.redirects}
    ended = {identity for change in individuals.changes for identity in change.retired}
    parts: dict[IdentityId, list[str]] = defaultdict(list)
    placed: set[str] = set()
    # Whoever stays has its own household; a survivor without one takes that of whom it absorbed.
    for resident in sorted(homes.identity_of, key=lambda name: (name in ended, name)):
        stays = survivor.get(IdentityId(resident), IdentityId(resident))
        if stays not in placed and stays not in ended:
            parts[homes.identity_of[resident]].append(stays)
            placed.add(stays)
    return list(parts.values())
