"""Why two members are apart: what is missing between them, and what speaks against their being one."""

from collections.abc import Mapping, Sequence

from graph.identity.local import Neighbourhood
from graph.identity.policy import Policy
from graph.model.claim import Assertion
from graph.model.explanation import HeldBack, MatchDetail, Obstacle, ObstacleKind
from graph.model.identity import Purpose
from graph.model.ids import IdentityId

SHOWN = 10
"""Obstacles of one kind that are told, the weightiest first."""


def obstacles_between(
    sides: tuple[frozenset[str], frozenset[str]],
    *,
    around: Neighbourhood,
    held_back: Sequence[HeldBack],
    individual_of: Mapping[str, IdentityId],
    policy: Policy,
) -> tuple[Obstacle, ...]:
    """What keeps two identities apart.

    Args:
        sides: the members of the two identities.
        around: the evidence around both.
        held_back: what the policy holds back about their members, or about what they have in common.
        individual_of: individual of each member, for operational identities.
        policy: the policy that keeps them apart.
    """
    left, right = sides
    found = [*_asserted(around.evidence.assertions, left, right, policy.purpose)]
    if policy.purpose is Purpose.OPERATIONAL:
        first = {individual_of[m] for m in left if m in individual_of}
        second = {individual_of[m] for m in right if m in individual_of}
        if first and second and not first & second:
            detail = f"they are two individuals, {', '.join(sorted(first))} and {', '.join(sorted(second))}"
            found.append(Obstacle(kind=ObstacleKind.OTHER_INDIVIDUAL, detail=detail, members=()))
    found.extend(
        Obstacle(
            kind=ObstacleKind.HELD_BACK,
            detail=f"{held.reason.replace('_', ' ')}: {held.detail}",
            members=held.members,
        )
        for held in held_back[:SHOWN]
    )
    scored = sorted(
        (match for match in around.matches if _joins(match, left, right)), key=lambda m: (-m.match_weight, m.left, m.right)
    )
    found.extend(_weighed(match, policy) for match in scored[:SHOWN])
    if not found:
        detail = "no evidence connects them: they share no identifier that counts, and none of their records were compared"
        found.append(Obstacle(kind=ObstacleKind.NOT_COMPARED, detail=detail, members=()))
    return tuple(found)


def _asserted(assertions: Sequence[Assertion], left: frozenset[str], right: frozenset[str], purpose: Purpose) -> list[Obstacle]:
    newest: dict[frozenset[str], Assertion] = {}
    for assertion in sorted(assertions, key=lambda a: (a.at, a.id)):
        if assertion.purpose in (None, purpose):
            newest[frozenset((assertion.left, assertion.right))] = assertion
    return [
        Obstacle(
            kind=ObstacleKind.ASSERTED_DIFFERENT,
            detail=f"{a.by} asserted on {a.at:%Y-%m-%d} that {a.left} and {a.right} are different: {a.reason}",
            members=(a.left, a.right),
        )
        for a in newest.values()
        if not a.same and ((a.left in left and a.right in right) or (a.left in right and a.right in left))
    ]


def _joins(match: MatchDetail, left: frozenset[str], right: frozenset[str]) -> bool:
    return (match.left in left and match.right in right) or (match.left in right and match.right in left)


def _weighed(match: MatchDetail, policy: Policy) -> Obstacle:
    against = sorted((c for c in match.comparisons if c.against_stranger < 0), key=lambda c: c.against_stranger)
    told = ", ".join(f"{c.field.replace('_', ' ')} {c.level.replace('_', ' ')} ({c.against_stranger:+.1f})" for c in against)
    found = "and what else is known of them outweighs it" if match.linked else "found to be two people"
    return Obstacle(
        kind=ObstacleKind.OUTWEIGHED if match.linked else ObstacleKind.WEAK_MATCH,
        detail=f"{match.left} and {match.right} weigh {match.match_weight:+.1f} bits, {found}" + (f"; {told}" if told else ""),
        members=(match.left, match.right),
        weight=match.match_weight,
        needed=policy.min_match_weight or 0.0,
        match=match,
    )
