"""On whom a change of individuals bears beyond the individuals: whose homes and operational identities may be others by it.

Most of what comes are cookies that join somebody. Operational identities are concluded from records, and homes from records and
from identifiers that several people may have in common (a telephone, say): as long as no record moves and nobody has such an
identifier in common with another person, neither is anything new. Whatever is not known to bear on nothing is taken to bear.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass

from graph.identity.homes.residents import CROWD
from graph.identity.local import Neighbourhood, members_after
from graph.identity.policy import Policy
from graph.model.claim import namespace_of
from graph.model.identity import Purpose
from graph.model.ids import IdentityId
from graph.model.plan import MembershipPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearing:
    """Individuals, as they were and as they are to be."""

    records: frozenset[IdentityId]
    """Those with a record that is new, or says something new, or was another individual's."""
    homes: frozenset[IdentityId]
    """These, and those with an identifier that they may have in common with others."""


def bearing_of(around: Neighbourhood, plan: MembershipPlan, members: Iterable[str], *, household: Policy) -> Bearing:
    """On whom a plan and new evidence bear.

    Args:
        around: the neighbourhood of the members.
        plan: what becomes of its individuals.
        members: records and identifiers about which evidence is new.
        household: the policy of households, which says what people of one home have in common.
    """
    before = around.current[Purpose.INDIVIDUAL].identity_of
    after = members_after(around.current[Purpose.INDIVIDUAL], plan)
    moved = {each.member for change in plan.changes for each in change.openings}
    moved |= {each.member for change in plan.changes for each in change.closings}
    new = moved | {member for member in members if member in around.members}
    records = {claim.record_id for claim in around.evidence.claims}
    told = new & records
    common = _Common(around, before, after, household)
    linked = {member for member in new - records if common.bears(member)}

    def individuals(of: Set[str]) -> frozenset[IdentityId]:
        return frozenset(found for member in of for found in (before.get(member), after.get(member)) if found is not None)

    return Bearing(records=individuals(told), homes=individuals(told | linked))


class _Common:
    """What individuals of a neighbourhood have in common with others."""

    def __init__(
        self, around: Neighbourhood, before: Mapping[str, IdentityId], after: Mapping[str, IdentityId], household: Policy
    ) -> None:
        self._around = around.around
        self._both: tuple[Mapping[str, IdentityId], ...] = (before, after)
        self._is_shared = _sharing(household)
        self._stating: dict[str, set[str]] = defaultdict(set)
        for claim in around.evidence.claims:
            for key in claim.identifiers:
                self._stating[key].add(claim.record_id)
        self._persons = {
            found[claim.record_id] for claim in around.evidence.claims for found in self._both if claim.record_id in found
        }

    def bears(self, member: str) -> bool:
        """Whether an identifier may say something of a home, or what it was seen with may."""
        seen = self._seen_with(member)
        if seen is None:
            return not self._is_crowded(member)
        return any(not self._is_silent(key) for key in (member, *seen) if self._is_shared(key))

    def _is_silent(self, key: str) -> bool:
        """Whether an identifier is one person's alone, or everybody's."""
        if self._is_crowded(key):
            return True
        seen, there = self._seen_with(key), self._around.get(key)
        stating = self._stating.get(key, set())
        if seen is None or there is None or there.carriers != len(stating):
            return False
        holders = {found[each] for each in (*stating, *seen) for found in self._both if each in found}
        return len(holders & self._persons) <= 1

    def _seen_with(self, key: str) -> set[str] | None:
        """All identifiers that one was seen with; None where that is not known."""
        there = self._around.get(key)
        if there is None or there.sightings is None:
            return None
        return {str(end) for each in there.sightings for end in (each.left, each.right) if end != key}

    def _is_crowded(self, key: str) -> bool:
        """Whether an identifier was seen with so many others that it says nothing, and did before anything was new."""
        there = self._around.get(key)
        return there is not None and there.neighbours > 2 * CROWD


def _sharing(household: Policy) -> Callable[[str], bool]:
    shared = household.home.shared if household.home is not None else {}
    return lambda key: namespace_of(key) in shared
