"""Households and operational identities of a large graph, kept in line with individuals until the next resolution settles them.

Nothing is guessed: whoever is no longer one individual comes apart, whom a steward joins is joined, and nobody else moves.
"""

from collections import defaultdict
from collections.abc import Mapping

from graph.identity.local import Change, Neighbourhood
from graph.model.identity import Purpose
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


def carried_operational(
    standing: Current, individual_of: Mapping[str, IdentityId], around: Neighbourhood, change: Change
) -> list[list[str]]:
    """Operational identities, each cut along individuals, with the steward's word carried out."""
    parts: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for member, identity in sorted(standing.identity_of.items()):
        # Refinement: what is in no individual any more is in no operational identity either.
        if member in individual_of:
            parts[identity, individual_of[member]].append(member)
    groups = list(parts.values())
    for assertion in change.added:
        if assertion.purpose not in (None, Purpose.OPERATIONAL):
            continue
        sides = [next((g for g in groups if member in g), None) for member in (assertion.left, assertion.right)]
        left, right = sides
        if left is None or right is None:
            continue
        if assertion.same and left is not right and individual_of[assertion.left] == individual_of[assertion.right]:
            groups.remove(right)
            left.extend(right)
        elif not assertion.same and left is right:
            gone = _with_own_identifiers(assertion.right, left, around)
            groups.append(sorted(gone))
            left[:] = [member for member in left if member not in gone]
    return groups


def _with_own_identifiers(member: str, group: list[str], around: Neighbourhood) -> set[str]:
    """A member with the identifiers that, of the group's records, it alone states."""
    stating: dict[str, set[str]] = defaultdict(set)
    for claim in around.evidence.claims:
        if claim.record_id in group:
            for key in claim.identifiers:
                stating[key].add(claim.record_id)
    return {member, *(key for key in group if stating.get(key) == {member})}
