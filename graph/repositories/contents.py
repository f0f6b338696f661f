"""Reading everything that is in a database, to hash it and to find where two databases differ.

Items come in whatever order the server has them, and none is held. The database should be at rest meanwhile: what is written
during the walk is seen or not.
"""

from collections.abc import AsyncGenerator, Collection, Iterable, Mapping
from contextlib import aclosing
from typing import Any, Final

import orjson

from graph.database import Database
from graph.model.contents import Contents, Counting, Difference, Item, Kind, Section, differences
from graph.model.identity import Purpose
from graph.statements import contents as statements
from graph.statements.statement import NoParameters

RETRACTION: Final = frozenset({"retracted_at", "retracted_by", "retracted_reason"})
LEFT_OUT: Final[Mapping[str, frozenset[str]]] = {
    # When an event was accepted is no part of what it says; of a repetition the first counts, whichever that was. The body is
    # told by `body_sha256`, which leaves out what changes when a sender tries again.
    "Touchpoint": frozenset({"recorded_at", "written_at", "body"}),
    "RecordVersion": frozenset({"recorded_at", "body"}),
    # Kept by resolutions, for resolutions.
    "Record": frozenset({"home_building", "home_spelling", "home_city", "home_namesakes"}),
    # What a model learnt.
    "Product": frozenset({"embedding_a", "embedding_b"}),
    # An act of a steward, and so counted among these.
    "STATES": RETRACTION,
    "SEEN_WITH": RETRACTION,
    # Drawn at random.
    "ASSERTED_SAME": frozenset({"id"}),
    "ASSERTED_DIFFERENT": frozenset({"id"}),
    # Told by `sha256`.
    "PolicyVersion": frozenset({"document"}),
}
"""Label or type to the properties that are no content."""
BUCKETS_LOOKED_INTO: Final = 4
"""Of a kind that differs so many buckets are read again for examples: of a kind of ten million, 160,000 items at once."""


class ContentsRepository:
    """What is in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, sections: Iterable[Section] = tuple(Section)) -> Contents:
        """The content hash of some sections.

        Raises:
            neo4j.exceptions.Neo4jError, neo4j.exceptions.DriverError: the database could not be read to its end.
        """
        counting = Counting()
        for section in sections:
            async with aclosing(self._items(section)) as items:
                async for item in items:
                    counting.add(item)
        return counting.contents()

    async def items(self, buckets: Mapping[Kind, Collection[int]]) -> dict[Kind, list[Item]]:
        """The items of some buckets, held; raises as ``read`` does."""
        found: dict[Kind, list[Item]] = {kind: [] for kind in buckets}
        for section in {kind.section for kind in buckets}:
            async with aclosing(self._items(section)) as items:
                async for item in items:
                    if item.kind in buckets and item.bucket in buckets[item.kind]:
                        found[item.kind].append(item)
        return found

    async def _items(self, section: Section) -> AsyncGenerator[Item]:
        walk = {Section.EVIDENCE: self._evidence, Section.CONCLUSIONS: self._conclusions, Section.ACTS: self._acts}[section]
        async with aclosing(walk()) as items:
            async for item in items:
                yield item

    async def _evidence(self) -> AsyncGenerator[Item]:
        async for node in self._database.stream(statements.READ_NODES, NoParameters()):
            kind = Kind(Section.EVIDENCE, node.label)
            yield Item(kind=kind, key=node.key, parts=_parts(node.label, node.properties))
        async for link in self._database.stream(statements.READ_RELATIONSHIPS, NoParameters()):
            yield Item(
                kind=Kind(Section.EVIDENCE, link.type),
                key=f"{link.start} -> {link.end_label} {link.end}",
                parts=_parts(link.type, link.properties),
            )

    async def _conclusions(self) -> AsyncGenerator[Item]:
        for purpose in (Purpose.INDIVIDUAL, Purpose.OPERATIONAL):
            parameters = statements.PurposeParameters(purpose=purpose)
            async for group in self._database.stream(statements.READ_GROUPS, parameters):
                yield _group(purpose, sorted(group.members))
        async for home in self._database.stream(statements.READ_HOMES, NoParameters()):
            residents = sorted(sorted(members) for members in home.residents)
            yield _group(Purpose.HOUSEHOLD, residents)

    async def _acts(self) -> AsyncGenerator[Item]:
        async for act in self._database.stream(statements.READ_ASSERTIONS, NoParameters()):
            yield Item(
                kind=Kind(Section.ACTS, act.type),
                key=f"{act.start} -> {act.end}",
                parts=_parts(act.type, act.properties),
            )
        async for act in self._database.stream(statements.READ_RETRACTIONS, NoParameters()):
            said = {name: value for name, value in act.properties.items() if name in RETRACTION}
            kind = Kind(Section.ACTS, f"{act.type} retracted")
            yield Item(kind=kind, key=f"{act.start} -> {act.end}", parts=_parts(kind.name, said))
        async for policy in self._database.stream(statements.READ_POLICIES, NoParameters()):
            yield Item(kind=Kind(Section.ACTS, "PolicyVersion"), key=policy.key, parts=_parts("PolicyVersion", policy.properties))


async def find_differences(
    left: ContentsRepository, right: ContentsRepository, found: Mapping[Kind, tuple[int, ...]]
) -> list[Difference]:
    """Keys of which two databases do not hold the same, from the first buckets of each kind that differs.

    ``found`` are the kinds and their buckets that differ, as ``Contents.differing`` gives them.
    """
    buckets = {kind: frozenset(numbers[:BUCKETS_LOOKED_INTO]) for kind, numbers in found.items()}
    ours, theirs = await left.items(buckets), await right.items(buckets)
    return [difference for kind in sorted(buckets) for difference in differences(ours[kind], theirs[kind])]


def _parts(of: str, properties: Mapping[str, Any]) -> dict[str, bytes]:
    """What is said of an item; a property that is null, or a list without items, is one that is absent."""
    left_out = LEFT_OUT.get(of, frozenset())
    return {
        name: orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        for name, value in properties.items()
        if value is not None and value != [] and name not in left_out
    }


def _group(purpose: Purpose, members: list[str] | list[list[str]]) -> Item:
    """An identity by its members: its key is the first of them, which is in no other identity of the purpose."""
    first = members[0] if isinstance(members[0], str) else next(iter(members[0]), "nobody")
    return Item(kind=Kind(Section.CONCLUSIONS, purpose.value), key=first, parts={"members": orjson.dumps(members)})
