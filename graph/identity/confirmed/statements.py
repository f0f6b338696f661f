"""What records state, as columns, from which operational identities are concluded. Records are in the order of their ids."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from graph.identity.comparison import Outcome, compare_given_names
from graph.identity.confirmed.frequencies import FieldFrequencies, Frequencies
from graph.identity.homes.arrays import Flags, Index, keyed, runs, several, unkeyed, within
from graph.model.claim import Claim, namespace_of
from graph.model.ids import IdentityId

MAX_TOGETHER = 24
"""Records of one individual, or with one value, up to which each is compared with each."""
WINDOW = 3
"""Beyond that, each is compared with so many that follow it in the order of what they state."""


@dataclass(frozen=True, slots=True)
class Values:
    """One field: for each record the number of its value, -1 where it is silent."""

    code: Index
    values: list[str]
    counts: Index
    """For each value how many of all records state it."""
    stated: int
    """How many of all records state the field."""


@dataclass(frozen=True, slots=True)
class Statements:
    """What the records of known individuals state."""

    claims: list[Claim]
    individual: Index
    given: Values
    """Given name; of an organisation its whole name."""
    family: Values
    middle: Values
    suffix: Values
    gender: Values
    born: Values
    """Birth dates, ISO 8601."""
    address: Values
    """Street and area."""
    entity: Values
    stated: Index
    """Rows (record, identifier), distinct and sorted: identifiers that count as evidence."""
    identifiers: list[str]
    holders: Index
    """For each identifier, how many individuals state it."""
    population: int
    """How many records there are, of which these may be some."""

    def __len__(self) -> int:
        return len(self.claims)

    @property
    def frequencies(self) -> Frequencies:
        """What is known of all records."""
        weighed = {"given": self.given, "family": self.family, "middle": self.middle, "born": self.born, "address": self.address}
        return Frequencies(
            records=self.population,
            fields={
                name: FieldFrequencies(stated=field.stated, several=several(field.values, field.counts))
                for name, field in weighed.items()
            },
        )

    def without(self, identifiers: Flags) -> "Statements":
        """The same, but for some identifiers."""
        return replace(self, stated=self.stated[~identifiers[self.stated[:, 1]]])

    def differ(self, one: Index, other: Index) -> Flags:
        """Whether given names, by number, are of two people."""
        names = self.given.values
        outcomes = [compare_given_names(names[a], names[b]) for a, b in zip(one.tolist(), other.tolist(), strict=True)]
        return np.array([outcome is Outcome.DIFFERS for outcome in outcomes], dtype=np.bool_)


def statements_of(
    claims: Iterable[Claim],
    individual_of: Mapping[str, IdentityId],
    *,
    counts: Callable[[str], bool],
    frequencies: Frequencies | None = None,
) -> Statements:
    """Columns of the claims whose records have an individual.

    Args:
        claims: the claims; where ``frequencies`` are given, those of some records, else those of all.
        individual_of: record to its individual.
        counts: which identifiers are evidence.
        frequencies: what is known of all records; None to count them.
    """
    mine = sorted(
        ((claim.record_id, identity_id, claim) for claim in claims if (identity_id := individual_of.get(claim.record_id))),
        key=lambda item: item[0],
    )
    ordered = [claim for _, _, claim in mine]
    individual = np.unique(np.array([identity_id for _, identity_id, _ in mine], dtype=object), return_inverse=True)[1]
    stated, identifiers = _stated(ordered, counts)

    def known(field: str) -> FieldFrequencies | None:
        return None if frequencies is None else frequencies.of(field)

    held = np.unique(keyed(stated[:, 1], individual[stated[:, 0]])) >> 32
    return Statements(
        claims=ordered,
        individual=individual.astype(np.int64),
        given=_values([c.name.full if c.entity_type == "organization" else c.name.given for c in ordered], known("given")),
        family=_values([c.name.family for c in ordered], known("family")),
        middle=_values([c.name.middle for c in ordered], known("middle")),
        suffix=_values([c.name.suffix for c in ordered]),
        gender=_values([c.gender for c in ordered]),
        born=_values([c.birth_date.isoformat() if c.birth_date else None for c in ordered], known("born")),
        address=_values([_address(c) for c in ordered], known("address")),
        entity=_values([c.entity_type for c in ordered]),
        stated=stated,
        identifiers=identifiers,
        holders=np.bincount(held, minlength=len(identifiers)),
        population=len(ordered) if frequencies is None else frequencies.records,
    )


def _address(claim: Claim) -> str | None:
    area = claim.address.postal_code or claim.address.city
    return f"{claim.address.street}|{area}" if claim.address.street and area else None


def _values(stated: Sequence[str | None], known: FieldFrequencies | None = None) -> Values:
    """A field's column; ``known`` is what all records state of it, where these are not all."""
    values = sorted({value for value in stated if value})
    number_of: dict[str | None, int] = {value: number for number, value in enumerate(values)}
    code = np.fromiter((number_of.get(value, -1) for value in stated), dtype=np.int64, count=len(stated))
    here = np.bincount(code[code >= 0], minlength=len(values))
    if known is None:
        return Values(code=code, values=values, counts=here, stated=int(here.sum()))
    return Values(code=code, values=values, counts=known.counts(values), stated=known.stated)


def _stated(claims: Sequence[Claim], counts: Callable[[str], bool]) -> tuple[Index, list[str]]:
    wanted: dict[str, bool] = {}
    rows: list[tuple[int, str]] = []
    for record, claim in enumerate(claims):
        for key in claim.identifiers:
            is_wanted = wanted.get(key)
            if is_wanted is None:
                is_wanted = wanted[key] = counts(key)
            if is_wanted:
                rows.append((record, key))
    identifiers = sorted(key for key, is_wanted in wanted.items() if is_wanted)
    number_of = {key: number for number, key in enumerate(identifiers)}
    stated = np.array([(record, number_of[key]) for record, key in rows], dtype=np.int64).reshape(-1, 2)
    return np.stack(unkeyed(np.unique(keyed(stated[:, 0], stated[:, 1]))), axis=1), identifiers


def candidates(statements: Statements, also: Iterable[tuple[int, int]]) -> tuple[Index, Index]:
    """Pairs of records of one individual to be compared: all of a small one, of a larger one those that agree in something.

    Linear in the number of records, whatever the size of the individuals. ``also`` holds further pairs of records.
    """
    individual, given, family, born = statements.individual, statements.given.code, statements.family.code, statements.born.code
    sizes = np.bincount(individual, minlength=1)
    large = sizes[individual] > MAX_TOGETHER if len(individual) else np.zeros(0, dtype=np.bool_)
    found = [within(individual, MAX_TOGETHER)]
    for one, other in ((given, born), (family, born), (given, family), (born, statements.address.code)):
        known = large & (one >= 0) & (other >= 0)
        found.append(_near(statements, np.flatnonzero(known), individual, one, other))
    record, identifier = statements.stated[:, 0], statements.stated[:, 1]
    rows = large[record] if len(record) else np.zeros(0, dtype=np.bool_)
    by_identifier = np.zeros(len(individual), dtype=np.int64)
    found.append(_near(statements, record[rows], individual, by_identifier, None, identifier[rows]))
    more = np.array(list(also), dtype=np.int64).reshape(-1, 2)
    left = np.concatenate([*(pair[0] for pair in found), more[:, 0]])
    right = np.concatenate([*(pair[1] for pair in found), more[:, 1]])
    kept: Flags = (left != right) & (individual[left] == individual[right])
    return unkeyed(np.unique(keyed(np.minimum(left, right), np.maximum(left, right))[kept]))


def _near(
    statements: Statements, records: Index, individual: Index, one: Index, other: Index | None, third: Index | None = None
) -> tuple[Index, Index]:
    """Pairs among records that agree in individual and values: each with each, or in crowds with those next to it in order."""
    values = [individual[records], one[records]]
    values.append(other[records] if other is not None else np.zeros(len(records), dtype=np.int64))
    values.append(third if third is not None else np.zeros(len(records), dtype=np.int64))
    names = [statements.born.code[records], statements.family.code[records], statements.given.code[records]]
    order = np.lexsort([records, *names, *values[::-1]])
    ordered = [value[order] for value in values]
    bounds = runs(*ordered)
    group = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    left, right = within(group, MAX_TOGETHER)
    lefts, rights = [left], [right]
    crowded = np.diff(bounds)[group] > MAX_TOGETHER if len(group) else np.zeros(0, dtype=np.bool_)
    for step in range(1, WINDOW + 1):
        place = np.flatnonzero(crowded[:-step] & (group[:-step] == group[step:])) if len(group) > step else group[:0]
        lefts.append(place)
        rights.append(place + step)
    places = records[order]
    return places[np.concatenate(lefts)], places[np.concatenate(rights)]


def namespaces(statements: Statements) -> list[str]:
    """The namespace of each identifier."""
    return [namespace_of(key) for key in statements.identifiers]
