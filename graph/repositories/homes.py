"""Who states a building, a surname of an area or an identifier: what households are concluded from."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from graph.database import Runs
from graph.model.claim import Claim, Sighting
from graph.model.home import HomeKeys, Spelling, StatedHome, home_keys
from graph.model.ids import IdentifierKey, IdentityId, RecordId
from graph.repositories.neighbourhoods import NeighbourhoodRepository
from graph.repositories.paging import batches, instant
from graph.statements import home as statements
from graph.statements.identity import IdentityIdsParameters

BATCH_RECORDS = 10_000


class HomeRepository(NeighbourhoodRepository):
    """Reads what is around homes; each method costs one statement."""

    def __init__(self, database: Runs) -> None:
        super().__init__(database)
        self._homes = database

    async def keep(self, claims: Iterable[Claim]) -> None:
        """Keep by what the records of some claims are found again; nothing is written where that is kept already."""
        for rows in batches(_rows(claims), BATCH_RECORDS):
            await self._homes.run(statements.KEEP_KEYS, statements.KeepKeysParameters(rows=rows))

    async def homes(self, *, buildings: Collection[str], cities: Collection[str]) -> list[StatedHome]:
        """The records of individuals that state some buildings, by ``HomeKeys.building``, or addresses in their cities."""
        parameters = statements.AddressParameters(buildings=sorted(buildings), cities=sorted(cities))
        return [_stated(row) for row in await self._homes.run(statements.FIND_BY_ADDRESS, parameters)]

    async def namesakes(self, names: Sequence[str]) -> list[StatedHome]:
        """Records of individuals with some ``HomeKeys.namesakes``."""
        rows = await self._homes.run(statements.FIND_NAMESAKES, statements.NamesParameters(names=names))
        return [_stated(row) for row in rows]

    async def keys_of(self, records: Sequence[str]) -> list[HomeKeys]:
        """What some records stated when it was last concluded from."""
        rows = await self._homes.run(statements.READ_KEYS, statements.RecordIdsParameters(record_ids=records))
        return [_keys(row.spelling, row.city, row.namesakes) for row in rows]

    async def identifiers_of(self, individuals: Sequence[str]) -> dict[str, IdentityId]:
        """The identifiers of some individuals, each with its individual."""
        rows = await self._homes.run(statements.LIST_IDENTIFIERS, IdentityIdsParameters(identity_ids=individuals))
        return {row.key: IdentityId(row.identity_id) for row in rows}

    async def seen_with(self, keys: Sequence[str], *, most: int) -> list[Sighting]:
        """The sightings of some identifiers with any others; of each identifier no more than so many."""
        rows = await self._homes.run(statements.LIST_SIGHTINGS, statements.KeysParameters(keys=keys, most=most))
        return [
            Sighting(
                left=IdentifierKey(row.left_key),
                right=IdentifierKey(row.right_key),
                first_seen=instant(row.seconds, row.nanoseconds),
            )
            for row in rows
        ]

    async def holders(self, keys: Sequence[str], *, most: int) -> list[tuple[str, str, IdentityId]]:
        """Identifier, record and individual, where a person's record states it; of each identifier no more than so many."""
        rows = await self._homes.run(statements.LIST_HOLDERS, statements.KeysParameters(keys=keys, most=most))
        return [(row.key, row.record_id, IdentityId(row.identity_id)) for row in rows]


def _rows(claims: Iterable[Claim]) -> Iterator[dict[str, Any]]:
    for claim in claims:
        keys = home_keys(claim)
        yield {
            "record_id": claim.record_id,
            "building": keys.building,
            "spelling": None if keys.spelling is None else list(keys.spelling),
            "city": None if keys.city is None else keys.city.text,
            "namesakes": keys.namesakes,
        }


def _stated(row: statements.StatedHomeRow) -> StatedHome:
    return StatedHome(
        record_id=RecordId(row.record_id),
        identity_id=IdentityId(row.identity_id),
        keys=_keys(row.spelling, row.city, row.namesakes),
    )


def _keys(spelling: list[str] | None, city: str | None, namesakes: str | None) -> HomeKeys:
    if spelling is None:
        return HomeKeys(namesakes=namesakes)
    stated = Spelling(*spelling)
    # Number and name are those of the spelling.
    in_city = None if city is None else stated._replace(area=city.removesuffix(stated._replace(area="").text))
    return HomeKeys(spelling=stated, city=in_city, namesakes=namesakes)
