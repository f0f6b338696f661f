"""Households around individuals that changed, concluded as they would be if everybody's were.

A change of one individual can alter where its neighbours are taken to live (the spelling of an address is backed by those who use
it), and so who lives with whom at every building that they state. *Concerned* are those whose household may be another now; they
are concluded anew, together with all who stand in one household with them. *Exact* are those of whom enough was read for that:
the concerned, and those with whom somebody of unknown address may be placed.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from graph.errors import KindredError
from graph.identity.homes.dwellings import dwellings_of
from graph.identity.homes.nearby import HomesNearby
from graph.identity.homes.reference import HomeReference
from graph.identity.homes.residents import CROWD, residents_of
from graph.identity.homes.street_book import StreetBook
from graph.identity.household import Around, Homes, crowds, read_homes
from graph.identity.policy import HomeEvidence, Policy, PolicyError
from graph.identity.surroundings import Centre, Decided
from graph.model.claim import Assertion, Claim, EvidenceSet, Sighting, namespace_of
from graph.model.home import HomeKeys, Spelling, StatedHome, home_keys, spelled
from graph.model.identifier import POSTAL_ADDRESS
from graph.model.identity import Purpose
from graph.model.ids import IdentityId
from graph.model.plan import Current
from graph.model.street import parse

MOST = 5_000
"""Individuals around a change beyond which it waits for the next resolution of everything."""


class TooWide(KindredError):  # noqa: N818 - states what was observed
    """More individuals are around a change than are read at once."""

    code = "too_wide"


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedHomes:
    """What was concluded of those concerned, and the households that they are in."""

    decided: Decided
    standing: Current
    first_seen: Mapping[str, datetime]


class HomeSurroundings:
    """Concludes the households around individuals that changed."""

    def __init__(self, nearby: HomesNearby, policy: Policy, reference: HomeReference, *, most: int = MOST) -> None:
        self._nearby = nearby
        self._policy = policy
        self._reference = reference
        self._most = most

    async def decide(self, centre: Centre) -> DecidedHomes:
        """The households of all whom the centre's change can concern.

        Raises:
            TooWide: more individuals are around it than are read at once.
            PolicyError: the policy does not say what makes a home.
        """
        if self._policy.home is None:
            raise PolicyError(f"policy {self._policy.id} has no [home]")
        return await _Survey(self._nearby, self._policy, self._policy.home, self._reference, centre, self._most).decide()


class _Survey:
    """What was read around one centre."""

    def __init__(
        self,
        nearby: HomesNearby,
        policy: Policy,
        home: HomeEvidence,
        reference: HomeReference,
        centre: Centre,
        most: int,
    ) -> None:
        self._nearby = nearby
        self._policy = policy
        self._home = home
        self._reference = reference
        self._centre = centre
        self._most = most
        self._changed = set(centre.individual_of.values()) | centre.ended
        self._book = StreetBook(reference.uncompared)
        self._covered: set[str] = set()
        self._covered_cities: set[str] = set()
        self._loaded: set[IdentityId] = set()
        self._settled: set[IdentityId] = set()
        """Individuals whose home is known."""
        self._claims: dict[IdentityId, list[Claim]] = defaultdict(list)
        """Of persons' records."""
        self._individual_of: dict[str, IdentityId] = {}
        self._members: dict[IdentityId, set[str]] = defaultdict(set)
        self._sightings: dict[str, list[Sighting]] = {}
        self._crowded: set[str] = set()
        """Identifiers that were seen with very many others."""
        self._silent: set[str] = set()
        """Identifiers that very many have."""
        self._held: dict[str, set[IdentityId]] = {}
        self._named: dict[str, set[IdentityId]] = {}
        self._assertions: dict[str, Assertion] = {}
        self._asked: set[IdentityId] = set()
        self._concerned: set[IdentityId] = set()
        self._exact: set[IdentityId] = set()
        self._former_names: set[str] = set()
        self._standing = Current(identities={}, identity_of={})

    async def decide(self) -> DecidedHomes:
        around = await self._buildings_around()
        await self._settle(self._book.stating(around))
        homes = self._homes()
        residents = {each for each in self._book.stating(around) if homes.get(each) in around}
        self._concerned = (self._changed & self._claims.keys()) | residents
        self._exact = set(self._concerned)
        while True:
            await self._close()
            found = self._conclude()
            parts = [part for part in found.parts if not self._concerned.isdisjoint(part)]
            together = {IdentityId(each) for part in parts for each in part}
            if together <= self._concerned:
                break
            self._concern(together)
        addresses = self._addresses(around | self._home_buildings(self._concerned))
        members = frozenset({*self._concerned, *self._changed, *self._standing.identity_of, *addresses})
        return DecidedHomes(
            decided=Decided(
                parts=tuple(parts),
                findings=tuple(each for each in crowds(found) if set(each.members) <= addresses),
                members=members,
                left_out=frozenset(),
            ),
            standing=self._standing,
            first_seen=found.first_seen,
        )

    async def _buildings_around(self) -> set[Spelling]:
        """All spellings of the buildings at which somebody may live now who did not before, or the other way round."""
        centre = self._centre
        await self._load(self._changed)
        former = await self._nearby.keys_of(sorted(centre.members))
        stated = [keys for claim in centre.claims if (keys := home_keys(claim)).spelling is not None or keys.namesakes]
        self._former_names = {keys.namesakes for keys in former if keys.namesakes}
        both = [keys for keys in (*former, *stated) if keys.spelling is not None]
        spellings = {keys.spelling for keys in both if keys.spelling is not None}
        cities = {keys.city for keys in both if keys.city is not None}
        await self._cover(spellings, cities)
        # With one more or less of an address's postal codes, those who state its city alone may live elsewhere.
        spellings |= {each for city in cities for each in self._book.in_city(city)}
        await self._cover(spellings)
        self._book.put_former(spellings)
        changed = self._book.buildings(spellings)
        stating = self._book.stating(changed)
        await self._load(stating)
        await self._cover(self._stated(stating))
        return changed | self._book.buildings(self._stated(stating))

    async def _close(self) -> None:
        """Read on until all who are concerned are exact."""
        while True:
            before = len(self._concerned), len(self._exact)
            await self._settle(self._exact)
            there = self._book.stating(self._home_buildings(self._exact))
            await self._settle(there)
            homes = self._homes()
            lived_in = {homes[each] for each in self._exact if each in homes}
            concerned_in = {homes[each] for each in self._concerned if each in homes}
            self._exact |= {each for each in there if homes.get(each) in lived_in}
            self._concern({each for each in there if homes.get(each) in concerned_in})
            await self._follow_identifiers()
            await self._follow_names()
            await self._follow_assertions()
            await self._follow_households()
            if (len(self._concerned), len(self._exact)) == before:
                return

    async def _follow_identifiers(self) -> None:
        """Those of unknown address are placed by identifiers that they have in common with others."""
        most = self._home.max_individuals_per_value
        margin = len(self._changed)
        shared = await self._shared(self._exact)
        former = await self._former_identifiers()
        await self._hold({key for keys in shared.values() for key in keys} | former, most=most + margin)
        for key in former.union(*(shared.get(each, ()) for each in self._changed)):
            holders = self._persons(self._held[key])
            # With the change it began, or ceased, to say something of all who have it.
            self._concern(holders if len(holders) > most - margin else self._unplaced(holders))
        for each in sorted(self._concerned & shared.keys()):
            holders = self._persons({other for key in shared[each] for other in self._held[key]})
            self._concern(self._unplaced(holders))
            if not self._is_placed(each):
                self._exact |= holders

    async def _former_identifiers(self) -> set[str]:
        """Identifiers that individuals may have in common no more."""
        taken = {key for pair in self._centre.unlinked for key in pair}
        nobodys = self._centre.members - self._centre.individual_of.keys()
        await self._sight(nobodys)
        taken |= nobodys | {end for key in nobodys for each in self._seen(key) for end in (each.left, each.right)}
        return {key for key in taken if self._is_shared(key)}

    async def _follow_names(self) -> None:
        """Or where the only namesakes of their area live."""
        mine = {
            each: {name for claim in self._claims[each] if (name := home_keys(claim).namesakes)}
            for each in sorted(self._concerned)
        }
        await self._name({name for names in mine.values() for name in names} | self._former_names)
        for name in self._former_names:
            self._concern(self._unplaced(self._named[name]))
        for each, names in mine.items():
            namesakes = {other for name in names for other in self._named[name]}
            self._concern(self._unplaced(namesakes))
            if not self._is_placed(each):
                self._exact |= namesakes

    async def _follow_assertions(self) -> None:
        """Stewards join and part homes."""
        new = sorted(self._exact - self._asked)
        self._asked |= set(new)
        members = {*new, *(member for each in new for member in self._members[each])}
        said = [*self._centre.assertions]
        if members:
            said += [each for each in await self._nearby.assertions(sorted(members)) if each.id not in self._centre.retracted]
        new_ones = [each for each in said if each.purpose is Purpose.HOUSEHOLD and each.id not in self._assertions]
        self._assertions.update({each.id: each for each in new_ones})
        ends = sorted({end for each in new_ones for end in (each.left, each.right)})
        known = {end: self._individual_of[end] for end in ends if end in self._individual_of}
        unknown = [end for end in ends if end not in known and end not in self._centre.members]
        if unknown:
            known |= await self._nearby.individuals_of(unknown)
        named = {known.get(end, IdentityId(end)) for end in ends}
        await self._load(named)
        self._concern(self._persons(named))

    async def _follow_households(self) -> None:
        """A household is concluded as a whole."""
        mine = sorted((self._concerned | self._changed) - self._standing.identity_of.keys())
        found = await self._nearby.memberships(mine, Purpose.HOUSEHOLD) if mine else self._standing
        new = sorted(set(found.identity_of.values()) - set(self._standing.identity_of.values()))
        if not new:
            return
        whole = await self._nearby.members_of(new)
        self._standing = Current(
            identities={**self._standing.identities, **whole.identities},
            identity_of={**self._standing.identity_of, **whole.identity_of},
        )
        fellows = {IdentityId(each) for each in whole.identity_of}
        await self._load(fellows)
        self._concern(self._persons(fellows))

    def _concern(self, individuals: Iterable[IdentityId]) -> None:
        found = set(individuals)
        self._concerned |= found
        self._exact |= found

    async def _load(self, individuals: Iterable[IdentityId]) -> None:
        """Read all that some individuals state."""
        new = set(individuals) - self._loaded
        self._loaded |= new
        if len(self._loaded) > self._most:
            raise TooWide(f"more than {self._most:,} individuals are around a change of {len(self._changed):,}")
        centre = self._centre
        if mine := new & self._changed:
            self._put_members({member: each for member, each in centre.individual_of.items() if each in mine})
            self._put_claims(claim for claim in centre.claims if centre.individual_of.get(claim.record_id) in mine)
        if others := sorted(new - self._changed):
            records = await self._nearby.records_of(others)
            self._put_members(records)
            self._put_members(await self._nearby.identifiers_of(others))
            if records:
                self._put_claims(await self._nearby.claims(sorted(records)))
        keys = [home_keys(claim) for each in new for claim in self._claims.get(each, ())]
        await self._cover_cities({each.city for each in keys if each.city is not None and each.lacks_code})

    def _put_members(self, individual_of: Mapping[str, IdentityId]) -> None:
        self._individual_of.update(individual_of)
        for member, identity in individual_of.items():
            self._members[identity].add(member)

    def _put_claims(self, claims: Iterable[Claim]) -> None:
        rows = []
        for claim in claims:
            identity = self._individual_of[claim.record_id]
            if claim.entity_type != "organization":
                self._claims[identity].append(claim)
                rows.append(StatedHome(record_id=claim.record_id, identity_id=identity, keys=home_keys(claim)))
        self._book.put(rows)

    async def _cover(self, spellings: Iterable[Spelling], cities: Iterable[Spelling] = ()) -> None:
        """Read all that is stated of the blocks of some spellings, and of addresses in some cities."""
        keys, texts = {each.key for each in spellings}, {each.text for each in cities}
        while new := keys - self._covered:
            rows = await self._ask(new, texts - self._covered_cities)
            there = [row for row in rows if row.keys.building in new]
            await self._cover_cities({row.keys.city for row in there if row.keys.city is not None})
            # Whose postal code is another's may be of a block that was not asked for.
            keys = {found.key for row in there if (found := self._book.spelling(row.keys)) is not None}
        if texts := texts - self._covered_cities:
            await self._ask(set(), texts)

    async def _cover_cities(self, cities: Iterable[Spelling]) -> None:
        await self._cover((), cities)

    async def _ask(self, buildings: Set[str], cities: Set[str]) -> list[StatedHome]:
        """Read all that is stated of some blocks, and of addresses in some cities, in one statement."""
        self._covered |= buildings
        self._covered_cities |= cities
        rows = self._others(await self._nearby.homes(buildings=sorted(buildings), cities=sorted(cities)))
        self._book.put(rows)
        return rows

    def _others(self, rows: Iterable[StatedHome]) -> list[StatedHome]:
        """Without the centre's records, of which other things are known."""
        return [row for row in rows if row.record_id not in self._centre.members]

    def _stated(self, individuals: Iterable[IdentityId]) -> set[Spelling]:
        """The spellings that some loaded individuals state."""
        keys = [home_keys(claim) for each in individuals for claim in self._claims.get(each, ())]
        return {found for each in keys if (found := self._book.spelling(each)) is not None}

    async def _settle(self, individuals: Iterable[IdentityId]) -> None:
        """Read what tells where some individuals live: all who state one of the buildings that they do."""
        new = set(individuals) - self._settled
        self._settled |= new
        if new:
            await self._load(new)
            keys = [home_keys(claim) for each in new for claim in self._claims.get(each, ())]
            spellings = {each.spelling for each in keys if each.spelling is not None}
            await self._cover(spellings, {each.city for each in keys if each.city is not None})
            await self._cover(self._stated(new))
            await self._load(self._book.stating(self._book.buildings(self._stated(new))))

    def _homes(self) -> dict[IdentityId, Spelling]:
        """A spelling of the building where each individual lives; right of those that are settled."""
        claims = tuple(claim for each in sorted(self._loaded) for claim in self._claims.get(each, ()))
        residents = residents_of(EvidenceSet(claims=claims), self._individual_of, is_shared=lambda _: False)
        dwellings = dwellings_of(residents, self._reference.moves, self._reference.uncompared, self._book.codes)[0]
        placed = np.flatnonzero(dwellings.building >= 0).tolist()
        return {
            IdentityId(residents.ids[number]): min(self._book.building(dwellings.spellings[dwellings.building[number]]))
            for number in placed
        }

    def _home_buildings(self, individuals: Iterable[IdentityId]) -> set[Spelling]:
        """All spellings of the buildings where some settled individuals live."""
        homes = self._homes()
        return self._book.buildings({homes[each] for each in individuals if each in homes})

    def _is_placed(self, individual: IdentityId) -> bool:
        return any(home_keys(claim).spelling is not None for claim in self._claims.get(individual, ()))

    def _unplaced(self, individuals: Iterable[IdentityId]) -> set[IdentityId]:
        return {each for each in self._persons(individuals) if not self._is_placed(each)}

    def _persons(self, individuals: Iterable[IdentityId]) -> set[IdentityId]:
        return {each for each in individuals if self._claims.get(each)}

    def _is_shared(self, key: str) -> bool:
        return namespace_of(key) in self._home.shared and not self._policy.blocked.holds(key)

    async def _shared(self, individuals: Set[IdentityId]) -> dict[IdentityId, set[str]]:
        """Identifiers that each individual may have in common with others of its home: stated, or seen with its own."""
        await self._sight({key for each in individuals for key in self._members[each]})
        found: dict[IdentityId, set[str]] = {}
        for individual in sorted(individuals):
            mine = self._members[individual]
            seen = {end for key in mine for each in self._seen(key) for end in (each.left, each.right) if end != key}
            stated = {key for claim in self._claims.get(individual, ()) for key in claim.identifiers}
            found[individual] = {key for key in stated | seen if self._is_shared(key)}
        await self._sight({key for keys in found.values() for key in keys})
        return {individual: keys - self._crowded for individual, keys in found.items()}

    def _seen(self, key: str) -> list[Sighting]:
        return [] if key in self._crowded else self._sightings[key]

    async def _sight(self, keys: Iterable[str]) -> None:
        """Read with what some identifiers were seen."""
        new = sorted(set(keys) - self._sightings.keys())
        if not new:
            return
        self._sightings |= {key: [] for key in new}
        for sighting in await self._nearby.seen_with(new, most=CROWD + 1):
            if (sighting.left, sighting.right) not in self._centre.unlinked:
                for end in {sighting.left, sighting.right}.intersection(new):
                    self._sightings[end].append(sighting)
        self._crowded |= {key for key in new if len(self._sightings[key]) > CROWD}

    async def _hold(self, keys: Set[str], *, most: int) -> None:
        """Read all individuals that have some identifiers; where these are more than so many, nothing."""
        new = sorted(keys - self._held.keys())
        if not new:
            return
        await self._sight(new)
        records: dict[str, dict[str, IdentityId]] = {key: {} for key in new}
        for key, record, identity in await self._nearby.holders(new, most=CROWD + 1 + len(self._centre.claims)):
            if record not in self._centre.members:
                records[key][record] = identity
        for claim in self._centre.claims:
            if claim.record_id in self._centre.individual_of and claim.entity_type != "organization":
                for key in records.keys() & set(claim.identifiers):
                    records[key][claim.record_id] = self._centre.individual_of[claim.record_id]
        await self._know({end for key in new for each in self._seen(key) for end in (each.left, each.right)})
        for key in new:
            stating = set(records[key].values())
            if key in self._crowded or len(records[key]) > CROWD or len(stating) > most:
                self._silent.add(key)
                self._held[key] = set()
                continue
            ends = {end for each in self._seen(key) for end in (each.left, each.right) if end != key}
            seen = {self._individual_of[end] for end in ends - self._crowded if end in self._individual_of}
            self._held[key] = stating | seen
            await self._load(self._held[key])

    async def _know(self, identifiers: Set[str]) -> None:
        """Read whose some identifiers are, and whether they were seen with very many."""
        await self._sight(identifiers)
        unknown = sorted(identifiers - self._individual_of.keys() - self._centre.members)
        if unknown:
            self._individual_of |= await self._nearby.individuals_of(unknown)
        of_centre = {key: self._centre.individual_of[key] for key in identifiers & self._centre.individual_of.keys()}
        self._individual_of |= of_centre

    async def _name(self, names: Set[str]) -> None:
        """Read all individuals that have some names in their areas."""
        new = sorted(names - self._named.keys())
        self._named |= {name: set() for name in new}
        asked = [name for name in new if name not in self._reference.common_names]
        if not asked:
            return
        for row in self._others(await self._nearby.namesakes(asked)):
            if row.keys.namesakes is not None:
                self._named[row.keys.namesakes].add(row.identity_id)
        for claim in self._centre.claims:
            name = home_keys(claim).namesakes
            if name in asked and claim.record_id in self._centre.individual_of:
                self._named[name].add(self._centre.individual_of[claim.record_id])
        await self._load({each for name in asked for each in self._named[name]})

    def _conclude(self) -> Homes:
        """The households of all of whom anything was read; right of those that are concerned."""
        claims = tuple(claim for each in sorted(self._loaded) for claim in self._claims.get(each, ()))
        sightings = {
            (each.left, each.right): each
            for found in self._sightings.values()
            for each in found
            if each.left not in self._crowded and each.right not in self._crowded
        }
        evidence = EvidenceSet(claims=claims, sightings=tuple(sightings.values()), assertions=tuple(self._assertions.values()))
        around = Around(silent=frozenset(self._crowded | self._silent), codes=self._book.codes)
        return read_homes(evidence, self._policy, self._individual_of, self._reference, around)

    def _addresses(self, spellings: Set[Spelling]) -> set[str]:
        """The identifiers of addresses in some buildings."""
        keys = {key for each in self._loaded for claim in self._claims.get(each, ()) for key in claim.identifiers}
        found: set[str] = set()
        for key in keys:
            if namespace_of(key) == POSTAL_ADDRESS:
                street, area, *_ = [*key.partition(":")[2].split("|"), ""]
                spelling = spelled(area, parse(street))
                if spelling in spellings or self._book.spelling(HomeKeys(spelling=spelling, city=spelling)) in spellings:
                    found.add(key)
        return found
