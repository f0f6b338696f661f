"""What is read of the graph to conclude the households around individuals that changed."""

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

from graph.model.claim import Assertion, Claim, Sighting
from graph.model.home import HomeKeys, StatedHome
from graph.model.identity import Purpose
from graph.model.ids import IdentityId
from graph.model.plan import Current


class HomesNearby(Protocol):
    """Reads what is around homes; see ``graph.repositories``. Of records and individuals as they stand."""

    async def claims(self, members: Sequence[str]) -> list[Claim]:
        """The claims of some records."""

    async def records_of(self, individuals: Sequence[str]) -> dict[str, IdentityId]:
        """The records of some individuals, each with its individual."""

    async def identifiers_of(self, individuals: Sequence[str]) -> dict[str, IdentityId]:
        """The identifiers of some individuals, each with its individual."""

    async def individuals_of(self, members: Sequence[str]) -> dict[str, IdentityId]:
        """The individuals of some records and identifiers."""

    async def homes(self, *, buildings: Collection[str], cities: Collection[str]) -> list[StatedHome]:
        """The records of individuals that state some buildings, by ``HomeKeys.building``, or addresses in their cities."""

    async def namesakes(self, names: Sequence[str]) -> list[StatedHome]:
        """Records of individuals with some ``HomeKeys.namesakes``."""

    async def keys_of(self, records: Sequence[str]) -> list[HomeKeys]:
        """What some records stated when it was last concluded from, whether or not they are of an individual."""

    async def seen_with(self, keys: Sequence[str], *, most: int) -> list[Sighting]:
        """The sightings of some identifiers with any others; of each identifier no more than so many."""

    async def holders(self, keys: Sequence[str], *, most: int) -> list[tuple[str, str, IdentityId]]:
        """Identifier, record and individual, where a person's record states it; of each identifier no more than so many."""

    async def assertions(self, members: Sequence[str]) -> list[Assertion]:
        """The assertions about some members that are in force."""

    async def memberships(self, members: Sequence[str], purpose: Purpose) -> Current:
        """The identities of some members."""

    async def members_of(self, identity_ids: Iterable[str]) -> Current:
        """All members of some identities; those of a household are individuals."""
