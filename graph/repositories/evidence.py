"""Writing evidence: idempotent by message id, one transaction per batch, the same graph whatever the order of arrival."""

from collections.abc import Sequence
from dataclasses import dataclass

from neo4j.exceptions import ConstraintError, DriverError, Neo4jError

from graph.database import Database, Transaction
from graph.errors import KindredError
from graph.model.evidence import Evidence, RecordVersion, Touchpoint
from graph.model.ids import MessageId
from graph.repositories import evidence_rows as rows
from graph.statements import evidence as statements


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The event is in the graph, by this call."""

    id: MessageId


@dataclass(frozen=True, slots=True, kw_only=True)
class AlreadyThere:
    """The graph had the event; nothing was changed."""

    id: MessageId


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """The graph has another event of that id; nothing was changed."""

    id: MessageId
    known_sha256: str
    given_sha256: str


Outcome = Written | AlreadyThere | Conflict


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenBatch:
    """What became of a batch of events."""

    outcomes: tuple[Outcome, ...]
    """One for each event, in order."""
    touched: frozenset[str]
    """Record ids and identifier keys about which something new is known now, or may be: whose identities may be others.

    Of events that were there already all members are among them, for whoever wrote these may have died before he told anybody.
    """
    newcomers: frozenset[str]
    """Those of them that are identifiers by themselves, such as a visitor's first cookie: they concern nobody else."""


class GraphUnavailable(KindredError):  # noqa: N818 - states what was observed, as the others do
    """The database could not be reached or could not do it now; the same batch may be written later."""

    code = "graph_unavailable"


class EvidenceRefused(KindredError):  # noqa: N818
    """The database refuses a value of the batch and always will; nothing of the batch was written."""

    code = "evidence_refused"


# What the server says of a value. Everything else it may say (no login, no such database, a statement it does not know, out of
# memory) is no fault of the evidence, which must then wait.
VALUE_ERRORS = frozenset(
    {
        "Neo.ClientError.Statement.ArgumentError",
        "Neo.ClientError.Statement.TypeError",
        "Neo.ClientError.Statement.ParameterTypeError",
        "Neo.ClientError.Statement.PropertyTypeError",
    }
)
CONSTRAINT_ATTEMPTS = 20
WRITE_SECONDS = 60.0
"""The server ends a transaction that takes longer: whoever follows what is written (``graph.repositories.live``) relies on it."""
KEY_BYTES = 4_000
"""Neo4j fails on an indexed value of more than about 8,000 bytes, with an error that it also gives for its own troubles."""


def require_short_keys(evidence: Evidence) -> None:
    """Refuse an event that names something by a key which no index takes.

    Raises:
        EvidenceRefused: it does.
    """
    key = rows.longest_key(evidence)
    if len(key.encode(errors="replace")) > KEY_BYTES:
        raise EvidenceRefused(f"{key[:40]!r}... has more than the {KEY_BYTES} bytes that an index takes")


class EvidenceRepository:
    """Evidence in the graph."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def write(self, batch: Sequence[Evidence]) -> WrittenBatch:
        """Write a batch in one transaction.

        Raises:
            GraphUnavailable: nothing is known to be written; write the batch again later.
            EvidenceRefused: nothing was written; some event of the batch cannot be.
        """
        if not batch:
            return WrittenBatch(outcomes=(), touched=frozenset(), newcomers=frozenset())
        for evidence in batch:
            require_short_keys(evidence)
        first: dict[MessageId, Evidence] = {}
        for evidence in batch:
            first.setdefault(evidence.id, evidence)
        ids = sorted(first)
        known, touched, newcomers = await self._write_missing(ids, first)
        again = {member for id_ in known for member in _members(first[id_])}
        outcomes: list[Outcome] = []
        for evidence in batch:
            sha256 = known.get(evidence.id)
            if sha256 is None:
                sha256 = known[evidence.id] = evidence.body_sha256
                outcomes.append(Written(id=evidence.id))
            elif sha256 == evidence.body_sha256:
                outcomes.append(AlreadyThere(id=evidence.id))
            else:
                outcomes.append(Conflict(id=evidence.id, known_sha256=sha256, given_sha256=evidence.body_sha256))
        return WrittenBatch(outcomes=tuple(outcomes), touched=frozenset(touched | again), newcomers=frozenset(newcomers - again))

    async def _write_missing(
        self, ids: Sequence[MessageId], events: dict[MessageId, Evidence]
    ) -> tuple[dict[MessageId, str], set[str], set[str]]:
        """Write the events that the graph does not have.

        Returns the digests of those that it had, what the others touch, and those of these that are newcomers.
        """

        async def work(tx: Transaction) -> tuple[dict[MessageId, str], set[str], set[str]]:
            found = await tx.run(statements.FIND_WRITTEN, statements.MessageIds(ids=ids))
            known = {MessageId(row.id): row.body_sha256 for row in found}
            missing = [events[id_] for id_ in ids if id_ not in known]
            touched, newcomers = await _write_touchpoints(tx, [event for event in missing if isinstance(event, Touchpoint)])
            touched |= await _write_record_versions(tx, [event for event in missing if isinstance(event, RecordVersion)])
            return known, touched, newcomers

        for attempt in range(1, CONSTRAINT_ATTEMPTS + 1):
            try:
                return await self._database.write(work, within_seconds=WRITE_SECONDS)
            except ConstraintError as error:
                # Another worker wrote one of the events since we looked: look again. Each time somebody got further.
                if attempt == CONSTRAINT_ATTEMPTS:
                    raise GraphUnavailable(f"other writers were first, {attempt} times: {error.message}") from error
            except Neo4jError as error:
                if error.code in VALUE_ERRORS:
                    raise EvidenceRefused(f"the database refused a value: {error.message}") from error
                raise GraphUnavailable(f"the database could not write: {error.code}") from error
            except (DriverError, OSError) as error:
                raise GraphUnavailable(f"the database could not be reached: {type(error).__name__}") from error
            except (ValueError, TypeError, OverflowError) as error:
                raise EvidenceRefused(f"a value cannot be sent to the database: {error}") from error
        raise AssertionError("unreachable")


async def _write_touchpoints(tx: Transaction, touchpoints: Sequence[Touchpoint]) -> tuple[set[str], set[str]]:
    if not touchpoints:
        return set(), set()
    touched = {row.key for row in await tx.run(statements.WRITE_TOUCHPOINTS, rows.new_touchpoints(touchpoints))}
    pairs = rows.pairs(touchpoints)
    newcomers = touched - {key for pair in pairs for key in (pair["left_key"], pair["right_key"])}
    if pairs:
        for row in await tx.run(statements.LINK_SEEN_WITH, statements.Pairs(pairs=pairs)):
            touched |= {row.left_key, row.right_key}
    if products := rows.products(touchpoints):
        await tx.run(statements.WRITE_PRODUCTS, statements.Products(products=products))
        await tx.run(statements.LINK_PRODUCTS, statements.Lines(lines=rows.lines(touchpoints)))
    if subjects := rows.subjects(touchpoints):
        await tx.run(statements.LINK_SUBJECTS, statements.Subjects(subjects=subjects))
    return touched, newcomers


async def _write_record_versions(tx: Transaction, versions: Sequence[RecordVersion]) -> set[str]:
    if not versions:
        return set()
    await tx.run(statements.WRITE_RECORD_VERSIONS, rows.new_record_versions(versions))
    if claims := rows.claims(versions):
        await tx.run(statements.LINK_RECORD_IDENTIFIERS, statements.Claims(claims=claims))
    return {version.record_id for version in versions}


def _members(evidence: Evidence) -> set[str]:
    """What an event is evidence about."""
    if isinstance(evidence, RecordVersion):
        return {evidence.record_id}
    return {identifier.key for identifier in evidence.identifiers}
