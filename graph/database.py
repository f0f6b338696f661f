"""The one seam to Neo4j: typed statements in, typed rows out."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from neo4j import AsyncDriver, AsyncGraphDatabase, AsyncManagedTransaction
from neo4j.time import Date as Neo4jDate
from neo4j.time import DateTime as Neo4jDateTime

from graph.statements.statement import NoRow, Statement

P = TypeVar("P")
R = TypeVar("R")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Neo4jAddress:
    """Where a Neo4j server is and how to log in."""

    uri: str
    user: str
    password: str = field(repr=False)
    database: str = "neo4j"


class Transaction:
    """A transaction in which several statements see and keep one state."""

    def __init__(self, tx: AsyncManagedTransaction, *, database: "Database") -> None:
        self._tx = tx
        self._database = database

    async def run(self, statement: Statement[P, R], parameters: P) -> list[R]:
        """Run one statement and return its rows."""
        self._database.statements_run += 1
        result = await self._tx.run(statement.text, statement.values(parameters))
        if statement.row is NoRow:
            await result.consume()
            return []
        return [_row(statement.row, record.data()) async for record in result]


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

        async def work(tx: Transaction) -> list[R]:
            return await tx.run(statement, parameters)

        return await (self.read(work) if statement.access == "read" else self.write(work))

    async def stream(self, statement: Statement[P, R], parameters: P) -> AsyncIterator[R]:
        """Run one read statement and yield its rows as they arrive, without holding them all. Not retried."""
        self.statements_run += 1
        async with self._driver.session(database=self._name, default_access_mode="READ", fetch_size=10_000) as session:
            result = await session.run(statement.text, statement.values(parameters))
            async for record in result:
                yield _row(statement.row, record.data())

    async def read(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run ``work`` in one read transaction; it may be run again after a transient failure."""
        async with self._driver.session(database=self._name) as session:
            return await session.execute_read(lambda tx: work(Transaction(tx, database=self)))

    async def write(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run ``work`` in one write transaction; it may be run again after a transient failure."""
        async with self._driver.session(database=self._name) as session:
            return await session.execute_write(lambda tx: work(Transaction(tx, database=self)))

    async def verify(self) -> None:
        """Raise the driver's error unless the server answers."""
        await self._driver.verify_connectivity()

    async def _run_auto_commit(self, statement: Statement[P, R], parameters: P) -> list[R]:
        self.statements_run += 1
        async with self._driver.session(database=self._name) as session:
            result = await session.run(statement.text, statement.values(parameters))
            return [_row(statement.row, record.data()) async for record in result]


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


def _row(row: type[R], values: dict[str, Any]) -> R:
    return row(**{name: _native(value) for name, value in values.items()})


def _native(value: Any) -> Any:
    """Neo4j's temporal types as Python's own, lists and maps walked through."""
    if isinstance(value, Neo4jDateTime):
        native: datetime = value.to_native()
        return native.astimezone(UTC) if native.tzinfo else native
    if isinstance(value, Neo4jDate):
        day: date = value.to_native()
        return day
    if isinstance(value, list):
        return [_native(item) for item in value]
    if isinstance(value, dict):
        return {name: _native(item) for name, item in value.items()}
    return value
