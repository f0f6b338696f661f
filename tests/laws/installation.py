"""An installation that laws are tried on: a real Neo4j that is emptied between examples, one event loop, a clock that ticks."""

import random
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from graph.database import Database
from graph.identity.conclusion import ORDER
from graph.identity.progress import NoProgress
from graph.identity.reference import Reference, References
from graph.identity.resolver import open_resolver
from graph.identity.stewardship import Act, open_stewardship
from graph.model.claim import EvidenceSet
from graph.model.evidence import Evidence
from graph.model.identity import Purpose
from graph.model.ids import IdentityId
from graph.repositories.claims import ClaimRepository
from graph.repositories.evidence import EvidenceRepository
from graph.repositories.identities import IdentityRepository
from graph.repositories.matches import MatchRepository
from graph.repositories.references import ReferenceRepository
from tests.laws.conclusions import Partition, homes, partition
from tests.laws.evidence import START

T = TypeVar("T")
EMPTY = "MATCH (n) WHERE NOT n:Migration DETACH DELETE n"
NODES = "MATCH (n) WHERE NOT n:Migration RETURN labels(n) AS labels, properties(n) AS properties"
RELATIONSHIPS = "MATCH (a)-[r]->(b) RETURN properties(a) AS a, type(r) AS type, properties(r) AS properties, properties(b) AS b"


class Installation:
    """Every method waits for what it does: examples are tried one after the other."""

    def __init__(self, database: Database, run: Callable[[Coroutine[Any, Any, Any]], Any]) -> None:
        self._database = database
        self._run = run
        self.empty()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something on the loop that the database belongs to."""
        result: T = self._run(work)
        return result

    def empty(self) -> "Installation":
        """Forget everything but the schema."""
        self.now = START + timedelta(days=200)
        # Ids that sort in no order that means anything, as in life.
        chance = random.Random(0)
        self._new_id = lambda: f"{chance.getrandbits(64):016x}"
        self.resolver = open_resolver(self._database, clock=self.clock, new_id=self._new_id)
        self.stewardship = open_stewardship(self._database, clock=self.clock, new_id=self._new_id)
        self.run(self._database._driver.execute_query(EMPTY))
        return self

    @property
    def database(self) -> Database:
        return self._database

    def clock(self) -> datetime:
        """A second later each time it is read."""
        self.now += timedelta(seconds=1)
        return self.now

    def deliver(self, events: Sequence[Evidence], *, recorded_at: datetime | None = None) -> None:
        """Write events in one batch; given a time they are recorded then."""
        given = events if recorded_at is None else [replace(event, recorded_at=recorded_at) for event in events]
        self.run(EvidenceRepository(self._database).write(given))

    def resolve(self) -> None:
        """Bring all purposes in line with the evidence."""
        self.run(self.resolver.resolve_all(ORDER, progress=NoProgress()))

    def settle(self, members: Iterable[str]) -> None:
        """Bring a neighbourhood in line with the evidence, without scoring records again."""
        self.run(self.stewardship.settle(members))

    def evidence(self) -> EvidenceSet:
        """All that counts now, but scores; sorted, so that equal evidence is equal."""
        found = self.run(ClaimRepository(self._database).everything())
        sightings = sorted(found.sightings, key=lambda sighting: (sighting.left, sighting.right))
        return replace(found, sightings=tuple(sightings), identifiers=tuple(sorted(found.identifiers)))

    def with_standing_scores(self) -> EvidenceSet:
        """All that counts now, with the scores of the last time that records were scored."""
        return replace(self.evidence(), matches=self.run(MatchRepository(self._database).matches()))

    def reference(self) -> Reference:
        """What the last resolution learnt of everybody."""
        return self.run(References().in_force(ReferenceRepository(self._database)))

    def memberships(self) -> dict[Purpose, dict[str, IdentityId]]:
        """Member to identity for each purpose."""
        identities = IdentityRepository(self._database)
        return {purpose: dict(self.run(identities.memberships(purpose))) for purpose in Purpose}

    def partitions(self) -> dict[Purpose, Partition]:
        """The groups of each purpose as they stand; households by their individuals' members."""
        found = self.memberships()
        residents: dict[str, list[str]] = {}
        for individual, home in found[Purpose.HOUSEHOLD].items():
            residents.setdefault(home, []).append(individual)
        return {
            Purpose.INDIVIDUAL: partition(found[Purpose.INDIVIDUAL]),
            Purpose.HOUSEHOLD: homes(residents.values(), found[Purpose.INDIVIDUAL]),
            Purpose.OPERATIONAL: partition(found[Purpose.OPERATIONAL]),
        }

    def fingerprint(self) -> list[str]:
        """Everything that is in the graph but when it was written, sorted."""
        nodes = self.run(self._database._driver.execute_query(NODES)).records
        relationships = self.run(self._database._driver.execute_query(RELATIONSHIPS)).records
        return sorted(repr(_plain(row.data())) for row in (*nodes, *relationships))

    def act(self, *, reason: str = "called both") -> Act:
        """What a steward does at once."""
        return Act(by="ann", reason=reason, preview=False)


def _plain(value: Any) -> Any:
    """A value in which the order of maps and of labels says nothing."""
    if isinstance(value, dict):
        return sorted((name, _plain(item)) for name, item in value.items() if name != "written_at")
    if isinstance(value, list):
        return sorted((_plain(item) for item in value), key=repr)
    return str(value)
