"""The one seam to Neo4j: typed statements in, typed rows out."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Protocol, TypeVar

from neo4j import AsyncDriver, AsyncGraphDatabase, AsyncManagedTransaction, AsyncResult, Record, unit_of_work
from neo4j.exceptions import DriverError, Neo4jError
from neo4j.graph import Entity, Path
from neo4j.time import Date as Neo4jDate
from neo4j.time import DateTime as Neo4jDateTime

from graph.statements.statement import NoRow, Statement
from graph.tracing import Span, SpanKind, span

P = TypeVar("P")
R = TypeVar("R")
T = TypeVar("T")

_NEO4J = {"db.system.name": "neo4j"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Neo4jAddress:
    """Where a Neo4j server is and how to log in."""

    uri: str
    user: str
    password: str = field(repr=False)
    database: str = "neo4j"


class Runs(Protocol):
    """What runs statements: a database, each by itself, or a transaction, one after the other."""

    async def run(self, statement: Statement[P, R], parameters: P) -> list[R]:
        """Run one statement and return its rows."""

    def stream(self, statement: Statement[P, R], parameters: P) -> AsyncIterator[R]:
        """Run one read statement and yield its rows as they arrive."""


class Transaction:
    """A transaction in which several statements see and keep one state."""

    def __init__(self, tx: AsyncManagedTransaction, *, database: "Database") -> None:
        self._tx = tx
        self._database = database
        self._turn = asyncio.Lock()

    async def run(self, statement: Statement[P, R], parameters: P) -> list[R]:
        """Run one statement, after those begun before, and return its rows."""
        async with self._turn:
            self._database.statements_run += 1
            with _traced(statement):
                result = await self._tx.run(statement.sent, statement.values(parameters))
                if statement.row is NoRow:
                    await result.consume()
                    return []
                return await _rows(statement, result)

    async def stream(self, statement: Statement[P, R], parameters: P) -> AsyncIterator[R]:
        """Run one read statement and yield its rows."""
        for row in await self.run(statement, parameters):
            yield row


class Database:
    """Runs statements on one Neo4j database.

    Transient failures (deadlocks, a restarting leader) are retried by the driver's managed transactions for up to
    ``retry_seconds``. ``statements_run`` counts statements sent, for tests of constant cost.
    """

    def __init__(self, driver: AsyncDriver, *, name: str) -> None:
        self._driver = driver
        self._name = name
        self.statements_run = 0

    async def run(self, statement: Statement[P, R], parameters: P) -> list[R]:
        """Run one statement in a transaction of its own and return its rows.

        Raises:
            neo4j.exceptions.Neo4jError: the server refused the statement.
            neo4j.exceptions.DriverError: the server could not be reached.
        """
        if statement.auto_commit:
            return await self._run_auto_commit(statement, parameters)
        if statement.access == "read":
            # One exchange with the server, where a managed transaction takes three; that one is for when this one fails.
            try:
                return await self._run_auto_commit(statement, parameters)
            except (DriverError, Neo4jError) as error:
                if not error.is_retryable():
                    raise

        async def work(tx: Transaction) -> list[R]:
            return await tx.run(statement, parameters)

        return await (self.read(work) if statement.access == "read" else self.write(work))

    async def stream(self, statement: Statement[P, R], parameters: P) -> AsyncIterator[R]:
        """Run one read statement and yield its rows as they arrive, without holding them all. Not retried."""
        self.statements_run += 1
        async with self._driver.session(database=self._name, default_access_mode="READ", fetch_size=10_000) as session:
            result = await session.run(statement.text, statement.values(parameters))
            async for record in result:
                yield _row(statement, record)

    async def read(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run ``work`` in one read transaction; it may be run again after a transient failure."""
        with span("neo4j read", kind=SpanKind.CLIENT, attributes=_NEO4J):
            async with self._driver.session(database=self._name) as session:
                return await session.execute_read(lambda tx: work(Transaction(tx, database=self)))

    async def write(self, work: Callable[[Transaction], Awaitable[T]], *, within_seconds: float | None = None) -> T:
        """Run ``work`` in one write transaction; it may be run again after a transient failure.

        One that takes longer than ``within_seconds`` is ended by the server, and nothing of it is written.
        """

        @unit_of_work(timeout=within_seconds)
        async def transaction(tx: AsyncManagedTransaction) -> T:
            return await work(Transaction(tx, database=self))

        # Ends with the commit.
        with span("neo4j write", kind=SpanKind.CLIENT, attributes=_NEO4J):
            async with self._driver.session(database=self._name) as session:
                return await session.execute_write(transaction)

    async def verify(self) -> None:
        """Raise the driver's error unless the server answers."""
        await self._driver.verify_connectivity()

    async def _run_auto_commit(self, statement: Statement[P, R], parameters: P) -> list[R]:
        self.statements_run += 1
        access_mode = "READ" if statement.access == "read" else "WRITE"
        with _traced(statement):
            async with self._driver.session(database=self._name, default_access_mode=access_mode) as session:
                result = await session.run(statement.sent, statement.values(parameters))
                return await _rows(statement, result)


@asynccontextmanager
async def open_database(address: Neo4jAddress, *, retry_seconds: float = 30.0) -> AsyncIterator[Database]:
    """Connect to a Neo4j database and close the connection at the end.

    Raises:
        neo4j.exceptions.DriverError: the server could not be reached.
        neo4j.exceptions.AuthError: the server refused the login.
    """
    driver = AsyncGraphDatabase.driver(
        address.uri,
        auth=(address.user, address.password),
        max_transaction_retry_time=retry_seconds,
        # Writers of the same hot nodes deadlock now and then: the loser need not wait the driver's whole second.
        initial_retry_delay=0.05,
        notifications_min_severity="OFF",
        user_agent="kindred",
    )
    async with driver:
        await driver.verify_connectivity()
        yield Database(driver, name=address.database)


def _traced(statement: Statement[P, R]) -> AbstractContextManager[Span]:
    """A span of one statement, by its name: its parameters are people's."""
    return span(statement.name, kind=SpanKind.CLIENT, attributes=_NEO4J)


async def _rows(statement: Statement[P, R], result: AsyncResult) -> list[R]:
    if not statement.gathers:
        return [_row(statement, record) async for record in result]
    [[rows]] = [record async for record in result]
    if not statement.plain:
        rows = _native(rows)
    return [statement.row(**dict(zip(statement.columns, row, strict=True))) for row in rows]


def _row(statement: Statement[P, R], record: Record) -> R:
    values = dict(record.items())  # type: ignore[no-untyped-call]
    return statement.row(**(values if statement.plain else {name: _native(value) for name, value in values.items()}))


# Looked up by exact type: of what a journey holds, most are these.
_AS_THEY_ARE = frozenset({type(None), str, int, float, bool})


def _native(value: Any) -> Any:
    """Neo4j's values as Python's own: temporal types converted, lists and maps walked through, nodes as maps."""
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if kind is list:
        return [_native(item) for item in value]
    if kind is dict:
        return {name: _native(item) for name, item in value.items()}
    if kind is Neo4jDateTime:
        native: datetime = value.to_native()
        return native.astimezone(UTC) if native.tzinfo else native
    if kind is Neo4jDate:
        day: date = value.to_native()
        return day
    if isinstance(value, Entity | Path):
        return _native(Record({"value": value}).data()["value"])  # type: ignore[no-untyped-call]
    return value
