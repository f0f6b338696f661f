"""Questions about identities, asked now or as of a moment, through what the API asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from graph.model.identity import Purpose
from graph.model.ids import IdentifierKey
from graph.repositories.neighbourhoods import NeighbourhoodRepository
from graph.repositories.profiles import ProfileRepository
from tests.laws.conclusions import Partition, homes, partition
from tests.laws.installation import Installation

ALL = 1_000
IDS = "MATCH (i:Identity) RETURN i.id AS id, i.purpose AS purpose ORDER BY id"


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody knows to ask about at some moment."""

    ids: dict[Purpose, list[str]]
    """Every identity that there has ever been."""
    keys: Sequence[str]


def what_to_ask(installation: Installation, keys: Sequence[str]) -> Asked:
    """About all identities, those that are no more included, and about some identifiers."""
    rows = installation.run(installation.database._driver.execute_query(IDS)).records
    ids: dict[Purpose, list[str]] = {purpose: [] for purpose in Purpose}
    for row in rows:
        ids[Purpose(row["purpose"])].append(row["id"])
    return Asked(ids, keys)


def answers(installation: Installation, asked: Asked, *, as_of: datetime | None) -> dict[str, Any]:
    """What is answered."""

    async def ask() -> dict[str, Any]:
        profiles, nearby = ProfileRepository(installation.database), NeighbourhoodRepository(installation.database)
        every = sorted(identity for ids in asked.ids.values() for identity in ids)
        people, dwellings = asked.ids[Purpose.INDIVIDUAL], asked.ids[Purpose.HOUSEHOLD]
        found: dict[str, Any] = {
            "identities": await profiles.identities(every, as_of=as_of),
            "members": await profiles.members(every, first=ALL, after=None, as_of=as_of),
            "evidence": await profiles.evidence(every, first=ALL, after=None, as_of=as_of),
            "records": await profiles.records(every, first=ALL, after=None, as_of=as_of),
            "decisions": await profiles.decisions(every, first=ALL, after=None, as_of=as_of),
            "attributes": await profiles.attributes(every, as_of=as_of),
            "households": await profiles.households(people, as_of=as_of),
            "individuals": await profiles.individuals(dwellings, first=ALL, after=None, as_of=as_of),
        }
        for purpose in Purpose:
            found[f"held back {purpose}"] = await nearby.held_back(asked.keys, purpose, as_of=as_of)
            for key in asked.keys:
                found[f"{purpose} of {key}"] = await profiles.find(IdentifierKey(key), purpose=purpose, as_of=as_of)
        return found

    return installation.run(ask())


def partitions_as_of(installation: Installation, moment: datetime) -> dict[Purpose, Partition]:
    """The groups of each purpose as they stood; households by their individuals' members."""
    profiles, ids = ProfileRepository(installation.database), what_to_ask(installation, ()).ids
    people = [*ids[Purpose.INDIVIDUAL], *ids[Purpose.OPERATIONAL]]
    members = installation.run(profiles.members(people, first=ALL, after=None, as_of=moment))
    at_home = installation.run(profiles.individuals(ids[Purpose.HOUSEHOLD], first=ALL, after=None, as_of=moment))
    member_of = {
        purpose: {member.key: identity for identity in ids[purpose] for member in members[identity].items}
        for purpose in (Purpose.INDIVIDUAL, Purpose.OPERATIONAL)
    }
    residents = [[person.id for person in page.items] for page in at_home.values() if page.items]
    return {
        Purpose.INDIVIDUAL: partition(member_of[Purpose.INDIVIDUAL]),
        Purpose.HOUSEHOLD: homes(residents, member_of[Purpose.INDIVIDUAL]),
        Purpose.OPERATIONAL: partition(member_of[Purpose.OPERATIONAL]),
    }
