"""Residents: what is known of each individual that speaks of a home, as columns.

Individuals are numbered in the order of their first records, so nothing that follows depends on the order of the evidence, nor on
ids, which another installation would make otherwise.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from graph.identity.homes.arrays import Floats, Index, keyed, runs, unkeyed
from graph.model.claim import Claim, EvidenceSet, Sighting, namespace_of
from graph.model.home import area_of, home_keys
from graph.model.identifier import POSTAL_ADDRESS
from graph.model.ids import IdentityId

UNKNOWN_SEX = -1
CROWD = 500
"""Records that state an identifier, or identifiers seen with one, beyond which it says nothing of a home."""
MAX_NAMESAKES = 50
"""Records of one surname in one area beyond which the name says nothing of a home."""
_ADDRESS = f"{POSTAL_ADDRESS}:"
_SEXES = {"f": 0, "m": 1}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Place:
    """A distinct address as stated; ``area`` is the postal code, or the city where there is none."""

    street: str
    postal_code: str
    city: str
    key: str
    """The identifier of the address, empty where it has none."""

    @property
    def area(self) -> str:
        """What the street lies in."""
        return self.postal_code or self.city


@dataclass(frozen=True, slots=True)
class Residents:
    """Individuals with at least one record of a person. Times are seconds since 1970, UTC."""

    ids: list[str]
    first_seen: list[datetime]
    born: Floats
    """Year of birth with its fraction, the one that most records state; NaN where unknown."""
    sex: NDArray[np.int8]
    """0 female, 1 male, -1 unknown or other."""
    surname_of: Index
    """Rows (individual, surname), distinct and sorted."""
    surnames: list[str]
    stated: Index
    """Rows (individual, place), one for each record that states a street."""
    stated_at: Floats
    places: list[Place]
    named_at: Index
    """Rows (individual, surname, area), sorted: for each of its surnames the area that a record stated with it last. A name
    that very many records of an area have is left out."""
    areas: list[str]
    common_names: frozenset[str]
    """``HomeKeys.namesakes`` of those names."""
    shared: Index
    """Rows (individual, identifier), distinct and sorted: identifiers that people of one home have in common."""
    shared_span: Floats
    """For each row of ``shared``, first and last time at which the individual's records stated it."""
    identifiers: list[str]
    now: float
    """Time of the newest claim; ages are counted at it."""

    def __len__(self) -> int:
        return len(self.ids)


def residents_of(
    evidence: EvidenceSet,
    individual_of: Mapping[str, IdentityId],
    *,
    is_shared: Callable[[str], bool],
    common_names: frozenset[str] | None = None,
) -> Residents:
    """Columns of the individuals' claims; organisations have no home.

    Args:
        evidence: what records claim, and which identifiers were seen together.
        individual_of: record to its individual; records without one are left out.
        is_shared: whether people of one home may have an identifier in common: by its namespace, and not blocked.
        common_names: names with their areas that very many records state; None to count them.
    """
    mine = [
        (identity_id, claim)
        for claim in evidence.claims
        if claim.entity_type != "organization" and (identity_id := individual_of.get(claim.record_id)) is not None
    ]
    mine.sort(key=lambda item: item[1].record_id)
    ids = list(dict.fromkeys(identity_id for identity_id, _ in mine))
    number_of = {identity_id: number for number, identity_id in enumerate(ids)}
    mine.sort(key=lambda item: number_of[item[0]])
    people = np.fromiter((number_of[identity_id] for identity_id, _ in mine), dtype=np.int64, count=len(mine))
    ordered = [claim for _, claim in mine]
    at = np.fromiter((_seconds(claim.at) for claim in ordered), dtype=np.float64, count=len(ordered))
    since = np.fromiter((_seconds(claim.first_seen) for claim in ordered), dtype=np.float64, count=len(ordered))
    surname_of, surnames = _surnames(people, ordered)
    stated, stated_at, places = _places(people, ordered, at)
    stated_names = [home_keys(claim).namesakes for claim in ordered]
    if common_names is None:
        common_names = frozenset(name for name, number in Counter(filter(None, stated_names)).items() if number > MAX_NAMESAKES)
    named_at, areas = _named_at(people, ordered, at, surnames, [name in common_names for name in stated_names])
    crowded = _crowded(evidence.sightings)
    seen = _seen(evidence.sightings, individual_of, number_of, crowded, is_shared)
    shared, span, identifiers = _shared(people, ordered, since, at, lambda key: key not in crowded and is_shared(key), seen)
    first_seen: list[datetime] = [datetime.max.replace(tzinfo=UTC)] * len(ids)
    for person, claim in zip(people.tolist(), ordered, strict=True):
        first_seen[person] = min(first_seen[person], claim.first_seen)
    return Residents(
        ids=list(ids),
        first_seen=first_seen,
        born=_most_stated(people, [_year(claim) for claim in ordered], len(ids)),
        sex=_sexes(people, ordered, len(ids)),
        surname_of=surname_of,
        surnames=surnames,
        stated=stated,
        stated_at=stated_at,
        places=places,
        named_at=named_at,
        areas=areas,
        common_names=common_names,
        shared=shared,
        shared_span=span,
        identifiers=identifiers,
        now=float(at.max()) if len(at) else 0.0,
    )


def _seconds(moment: datetime) -> float:
    return (moment - _EPOCH).total_seconds()


def _year(claim: Claim) -> float:
    born = claim.birth_date
    return np.nan if born is None else born.year + (born.month - 1) / 12 + (born.day - 1) / 366


def _most_stated(people: Index, values: list[float], count: int) -> Floats:
    """Each individual's value that most of its records state, of several such the smallest; NaN where none does."""
    stated = np.array(values, dtype=np.float64)
    known = ~np.isnan(stated)
    rows, counts = np.unique(np.stack([people[known].astype(np.float64), stated[known]], axis=1), axis=0, return_counts=True)
    chosen = np.full(count, np.nan)
    order = np.lexsort((-rows[:, 1], counts, rows[:, 0]))
    chosen[rows[order, 0].astype(np.int64)] = rows[order, 1]
    return chosen


def _sexes(people: Index, claims: list[Claim], count: int) -> NDArray[np.int8]:
    values = [_SEXES.get(claim.gender or "", np.nan) for claim in claims]
    chosen = _most_stated(people, [float(value) for value in values], count)
    return np.where(np.isnan(chosen), UNKNOWN_SEX, chosen).astype(np.int8)


def _surnames(people: Index, claims: list[Claim]) -> tuple[Index, list[str]]:
    stated = [(person, claim.name.family) for person, claim in zip(people.tolist(), claims, strict=True) if claim.name.family]
    surnames = sorted({name for _, name in stated})
    number_of = {name: number for number, name in enumerate(surnames)}
    rows = np.array([(person, number_of[name]) for person, name in stated], dtype=np.int64).reshape(-1, 2)
    return np.stack(unkeyed(np.unique(keyed(rows[:, 0], rows[:, 1]))), axis=1), surnames


def _places(people: Index, claims: list[Claim], at: Floats) -> tuple[Index, Floats, list[Place]]:
    stated: list[tuple[int, tuple[str, str, str]]] = []
    times: list[float] = []
    key_of: dict[tuple[str, str, str], str] = {}
    for person, claim, moment in zip(people.tolist(), claims, at.tolist(), strict=True):
        address = claim.address
        if address.street and (address.postal_code or address.city):
            place = (address.street, address.postal_code or "", address.city or "")
            stated.append((person, place))
            times.append(moment)
            if place not in key_of:
                own = f"{_ADDRESS}{address.street}|{area_of(address)}"
                key_of[place] = next((key for key in claim.identifiers if f"{key}|".startswith(f"{own}|")), "")
    places = sorted(key_of)
    number_of = {place: number for number, place in enumerate(places)}
    rows = np.array([(person, number_of[place]) for person, place in stated], dtype=np.int64).reshape(-1, 2)
    return rows, np.array(times, dtype=np.float64), [Place(*place, key_of[place]) for place in places]


def _named_at(people: Index, claims: list[Claim], at: Floats, surnames: list[str], common: list[bool]) -> tuple[Index, list[str]]:
    stated = [area_of(claim.address) for claim in claims]
    areas = sorted(set(stated) - {""})
    area_number = {area: number for number, area in enumerate(areas)}
    surname_number = {name: number for number, name in enumerate(surnames)}
    codes = np.fromiter((area_number.get(area, -1) for area in stated), dtype=np.int64, count=len(stated))
    names = np.fromiter((surname_number.get(claim.name.family or "", -1) for claim in claims), dtype=np.int64, count=len(claims))
    both = (codes >= 0) & (names >= 0) & ~np.array(common, dtype=np.bool_)
    key, codes = keyed(people[both], names[both]), codes[both]
    order = np.lexsort((codes, at[both], key))
    # The last of each individual and surname: the newest.
    last = order[runs(key[order])[1:] - 1] if len(order) else order
    return np.stack([*unkeyed(key[last]), codes[last]], axis=1).reshape(-1, 3), areas


def _crowded(sightings: Iterable[Sighting]) -> frozenset[str]:
    """Identifiers that were seen with very many others: a kiosk's."""
    times = Counter(key for sighting in sightings for key in (sighting.left, sighting.right))
    return frozenset(key for key, number in times.items() if number > CROWD)


def _seen(
    sightings: Iterable[Sighting],
    individual_of: Mapping[str, IdentityId],
    number_of: Mapping[IdentityId, int],
    crowded: frozenset[str],
    is_shared: Callable[[str], bool],
) -> list[tuple[int, str, float]]:
    """Individual, identifier and time, where the identifier (a device, say) was seen with one of the individual's."""
    found: list[tuple[int, str, float]] = []
    for sighting in sightings:
        if sighting.left in crowded or sighting.right in crowded:
            continue
        for key, other in ((sighting.left, sighting.right), (sighting.right, sighting.left)):
            identity_id = individual_of.get(other)
            person = None if identity_id is None else number_of.get(identity_id)
            if person is not None and is_shared(key):
                found.append((person, key, _seconds(sighting.first_seen)))
    return found


def _shared(
    people: Index,
    claims: list[Claim],
    since: Floats,
    at: Floats,
    is_shared: Callable[[str], bool],
    seen: list[tuple[int, str, float]],
) -> tuple[Index, Floats, list[str]]:
    wanted = {
        key: False for key, number in Counter(key for claim in claims for key in claim.identifiers).items() if number > CROWD
    }
    stated: list[tuple[int, str, int]] = [(person, key, row) for row, (person, key, _) in enumerate(seen)]
    for row, (person, claim) in enumerate(zip(people.tolist(), claims, strict=True), start=len(seen)):
        for key in claim.identifiers:
            is_wanted = wanted.get(key)
            if is_wanted is None:
                is_wanted = wanted[key] = is_shared(key)
            if is_wanted:
                stated.append((person, key, row))
    identifiers = sorted({key for _, key, _ in stated})
    number_of = {key: number for number, key in enumerate(identifiers)}
    if not stated:
        return np.empty((0, 2), dtype=np.int64), np.empty((0, 2)), identifiers
    pairs = np.array([(person, number_of[key]) for person, key, _ in stated], dtype=np.int64)
    times = np.array([row for _, _, row in stated], dtype=np.int64)
    moments = np.array([moment for _, _, moment in seen], dtype=np.float64)
    keys, place = np.unique(keyed(pairs[:, 0], pairs[:, 1]), return_inverse=True)
    rows = np.stack(unkeyed(keys), axis=1)
    span = np.stack([np.full(len(rows), np.inf), np.full(len(rows), -np.inf)], axis=1)
    np.minimum.at(span[:, 0], place, np.concatenate([moments, since])[times])
    np.maximum.at(span[:, 1], place, np.concatenate([moments, at])[times])
    return rows, span, identifiers


def namespaces_of(identifiers: list[str]) -> tuple[Index, list[str]]:
    """The namespaces of identifier keys: for each key the number of its namespace, and their names."""
    names = sorted({namespace_of(key) for key in identifiers})
    number_of = {name: number for number, name in enumerate(names)}
    return np.array([number_of[namespace_of(key)] for key in identifiers], dtype=np.int64), names
