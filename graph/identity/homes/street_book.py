"""Which individuals state which buildings, of those blocks of addresses that were looked up."""

from collections import defaultdict
from collections.abc import Iterable

from graph.identity.homes.spellings import same_building
from graph.model.home import HomeKeys, Spelling, StatedHome
from graph.model.ids import IdentityId

Building = frozenset[Spelling]
"""All spellings of one building that anybody states."""


class StreetBook:
    """What individuals state of buildings; answers are right of blocks of which everything was put in."""

    def __init__(self, uncompared: frozenset[str]) -> None:
        self._uncompared = uncompared
        self._rows: dict[str, StatedHome] = {}
        self._in_city: dict[Spelling, set[Spelling]] = defaultdict(set)
        """For an address in its city, its spellings with postal codes."""
        self._also: set[Spelling] = set()
        self._index: tuple[dict[Spelling, set[IdentityId]], dict[Spelling, Building]] | None = None

    def put(self, rows: Iterable[StatedHome]) -> None:
        """Note what records state; what is noted of a record already stays."""
        for row in rows:
            keys = row.keys
            if row.record_id not in self._rows and keys.spelling is not None:
                self._rows[row.record_id] = row
                if keys.city is not None and not keys.lacks_code:
                    self._in_city[keys.city].add(keys.spelling)
                self._index = None

    def put_former(self, spellings: Iterable[Spelling]) -> None:
        """Note spellings that nobody may state any more: what they held together counts as one building."""
        self._also |= set(spellings)
        self._index = None

    def in_city(self, address: Spelling) -> set[Spelling]:
        """The spellings that an address in a city is stated by."""
        return {address, *self._in_city.get(address, ())}

    @property
    def codes(self) -> dict[Spelling, set[str]]:
        """For addresses in their cities the postal codes that are stated."""
        return {address: {each.area for each in spellings} for address, spellings in self._in_city.items()}

    def spelling(self, keys: HomeKeys) -> Spelling | None:
        """The spelling that counts: with the postal code that all others state, where it is lacking."""
        if keys.lacks_code and keys.city is not None:
            known = self._in_city.get(keys.city, ())
            if len(known) == 1:
                return next(iter(known))
        return keys.spelling

    def building(self, spelling: Spelling) -> Building:
        """All spellings of the building."""
        return self._indexed()[1].get(spelling, frozenset((spelling,)))

    def buildings(self, spellings: Iterable[Spelling]) -> set[Spelling]:
        """All spellings of some buildings."""
        return {each for spelling in spellings for each in self.building(spelling)}

    def stating(self, spellings: Iterable[Spelling]) -> set[IdentityId]:
        """The individuals that state some spellings."""
        individuals = self._indexed()[0]
        return {identity for spelling in spellings for identity in individuals.get(spelling, ())}

    def _indexed(self) -> tuple[dict[Spelling, set[IdentityId]], dict[Spelling, Building]]:
        if self._index is None:
            individuals: dict[Spelling, set[IdentityId]] = defaultdict(set)
            for row in self._rows.values():
                spelling = self.spelling(row.keys)
                if spelling is not None:
                    individuals[spelling].add(row.identity_id)
            known = sorted({*individuals, *self._also})
            members: dict[int, set[Spelling]] = defaultdict(set)
            for spelling, number in zip(known, same_building(known, self._uncompared)[0].tolist(), strict=True):
                members[number].add(spelling)
            self._index = dict(individuals), {each: frozenset(group) for group in members.values() for each in group}
        return self._index
