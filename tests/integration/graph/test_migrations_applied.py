"""Migrations on a real server: once each, by however many runners, and never over a changed file."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from neo4j import AsyncGraphDatabase

from graph.database import Database
from graph.migrations import MIGRATIONS, MigrationError, applied_migrations, migrate
from runtime.stack.address import StackAddress

FIRST = 9001


@pytest.fixture
async def folder(tmp_path: Path, stack: StackAddress, database: Database) -> AsyncIterator[Path]:
    """The release's migrations and three more, which are forgotten at the end."""
    copy = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, copy)
    await migrate(database)
    for number in range(3):
        write(copy, number, f"CREATE CONSTRAINT test_{number} FOR (n:Test{number}) REQUIRE n.id IS UNIQUE")
    yield copy
    async with AsyncGraphDatabase.driver(stack.neo4j.uri, auth=(stack.neo4j.user, stack.neo4j.password)) as driver:
        await driver.execute_query("MATCH (m:Migration) WHERE m.version >= $first DELETE m", first=FIRST)
        for number in range(3):
            await driver.execute_query(f"DROP CONSTRAINT test_{number} IF EXISTS")


def write(folder: Path, number: int, text: str) -> Path:
    path = folder / f"V{FIRST + number}__test_{number}.cypher"
    path.write_text(f"// For a test.\n// access: write\n{text}\n", encoding="utf-8")
    return path


async def test_each_is_applied_once(database: Database, folder: Path) -> None:
    before = await applied_migrations(database)
    applied = await migrate(database, folder=folder)
    assert [migration.version for migration in applied] == [FIRST, FIRST + 1, FIRST + 2]
    assert await applied_migrations(database) == [*before, *applied]
    assert await migrate(database, folder=folder) == []
    assert await applied_migrations(database) == [*before, *applied]


async def test_runners_at_once_share_the_work(database: Database, folder: Path) -> None:
    results = await asyncio.gather(*(migrate(database, folder=folder) for _ in range(6)))
    assert sorted(migration.version for result in results for migration in result) == [FIRST, FIRST + 1, FIRST + 2]
    assert len([record for record in await applied_migrations(database) if record.version >= FIRST]) == 3


async def test_changed_file_is_refused_and_nothing_is_applied(database: Database, folder: Path) -> None:
    await migrate(database, folder=folder)
    records = await applied_migrations(database)
    write(folder, 1, "CREATE CONSTRAINT test_1 FOR (n:Other) REQUIRE n.id IS UNIQUE")
    write(folder, 3, "CREATE CONSTRAINT test_3 FOR (n:Test3) REQUIRE n.id IS UNIQUE")
    with pytest.raises(MigrationError, match=rf"migration {FIRST + 1} \(test_1\) is on record with checksum"):
        await migrate(database, folder=folder)
    assert await applied_migrations(database) == records


async def test_file_that_is_gone_is_refused(database: Database, folder: Path) -> None:
    await migrate(database, folder=folder)
    (folder / f"V{FIRST}__test_0.cypher").unlink()
    with pytest.raises(MigrationError, match=f"migration {FIRST} .* has no file"):
        await migrate(database, folder=folder)


async def test_runner_that_died_before_its_record_is_continued(database: Database, folder: Path, stack: StackAddress) -> None:
    await migrate(database, folder=folder)
    async with AsyncGraphDatabase.driver(stack.neo4j.uri, auth=(stack.neo4j.user, stack.neo4j.password)) as driver:
        await driver.execute_query("MATCH (m:Migration {version: $version}) DELETE m", version=FIRST + 1)
    assert [migration.version for migration in await migrate(database, folder=folder)] == [FIRST + 1]


async def test_lock_that_is_held_is_waited_for(database: Database, folder: Path, stack: StackAddress) -> None:
    async with AsyncGraphDatabase.driver(stack.neo4j.uri, auth=(stack.neo4j.user, stack.neo4j.password)) as driver:
        await driver.execute_query(
            "MERGE (lock:MigrationLock {name: 'migrations'}) "
            "SET lock.owner = 'somebody', lock.until = datetime() + duration({seconds: 60})"
        )
        with pytest.raises(MigrationError, match=r"another runner has held the lock on migrations for 0\.5 seconds"):
            await migrate(database, folder=folder, lock_timeout_seconds=0.5)
        # One that died is waited for no longer than it said.
        await driver.execute_query("MATCH (lock:MigrationLock) SET lock.until = datetime() - duration({seconds: 1})")
    assert len(await migrate(database, folder=folder, lock_timeout_seconds=0.5)) == 3
