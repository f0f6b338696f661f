"""What speaks for individuals being one home, as links to be explained."""

import numpy as np

from graph.identity.homes.model import bits
from graph.identity.homes.pairs import AGREES
from graph.identity.household import Homes
from graph.identity.reading import ASSERTED_WEIGHT, Link
from graph.model.claim import namespace_of
from graph.model.explanation import StepKind


def links_of(homes: Homes) -> list[Link]:
    """The evidence between pairs of individuals, for explanations; the weight of each in bits."""
    links = [*_address_links(homes), *_pointed_links(homes), *_shared_links(homes)]
    for (left, right), assertion in sorted(homes.stewards.assertions.items()):
        if assertion.same:
            links.append(_link(homes, left, right, ASSERTED_WEIGHT, "asserted_same", (assertion.id,), kind=StepKind.ASSERTED))
    return links


def _address_links(homes: Homes) -> list[Link]:
    links = []
    for pair in range(len(homes.pairs)):
        left, right = int(homes.pairs.left[pair]), int(homes.pairs.right[pair])
        kinds = [f"address:{homes.dwellings.names[homes.dwellings.building[left]]}"]
        if homes.pairs.surname[pair] == AGREES:
            kinds.append("surname")
        if homes.scores.ages[pair] > 0:
            kinds.append("ages")
        links.append(_link(homes, left, right, float(homes.scores.total[pair]), None, (*kinds, *_common(homes, left, right))))
    return links


def _pointed_links(homes: Homes) -> list[Link]:
    rows = zip(
        homes.pointers.left.tolist(),
        homes.pointers.right.tolist(),
        homes.pointers.weight.tolist(),
        homes.pointers.kind.tolist(),
        strict=True,
    )
    return [
        _link(homes, left, right, weight, None, ("area", "surname"))
        for left, right, weight, kind in rows
        if kind == len(homes.model.namespaces)
    ]


def _shared_links(homes: Homes) -> list[Link]:
    common, building = homes.sharing, homes.dwellings.building
    rows = (building[common.left] < 0) | (building[common.right] < 0)
    weight = bits(homes.model.reliable)[common.namespace[rows], common.surname[rows]]
    return [
        _link(homes, left, right, value, None, _common(homes, left, right))
        for left, right, value in zip(common.left[rows].tolist(), common.right[rows].tolist(), weight.tolist(), strict=True)
    ]


def _common(homes: Homes, left: int, right: int) -> tuple[str, ...]:
    """Identifiers that two individuals have in common."""
    first = np.searchsorted(homes.sharing.left, left), np.searchsorted(homes.sharing.left, left, side="right")
    rows = np.arange(*first)[homes.sharing.right[slice(*first)] == right]
    return tuple(homes.residents.identifiers[number] for number in homes.sharing.identifier[rows].tolist())


def _link(
    homes: Homes,
    left: int,
    right: int,
    weight: float,
    rule: str | None,
    via: tuple[str, ...],
    kind: StepKind = StepKind.RULE,
) -> Link:
    ids = homes.residents.ids
    low, high = (left, right) if ids[left] < ids[right] else (right, left)
    return Link(
        left=ids[low],
        right=ids[high],
        weight=weight,
        rule=rule or "+".join(dict.fromkeys(namespace_of(name) for name in via)),
        kind=kind,
        via=via,
        first_seen=max(homes.residents.first_seen[low], homes.residents.first_seen[high]),
    )
