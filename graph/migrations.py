"""Brings a database's schema to the state that ``cypher/migrations`` describes.

Files are named ``V0001__what_it_does.cypher``, hold one statement each, and are never changed once released: what was applied
is on record with the sha256 of its text. Numbers may have gaps; a file with a lower number that turns up later is applied all the
same. A migration that changes data must be one that can be run twice: its record follows it in a transaction of its own.
"""

import asyncio
import hashlib
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from neo4j.exceptions import ClientError

from graph.database import Database
from graph.errors import KindredError
from graph.statements.migrations import (
    AWAIT_INDEXES,
    CREATE_LOCK_CONSTRAINT,
    CREATE_VERSION_CONSTRAINT,
    LIST_APPLIED,
    RECORD_APPLIED,
    RELEASE_LOCK,
    TAKE_LOCK,
    AppliedRow,
    AwaitIndexes,
    RecordApplied,
    ReleaseLock,
    TakeLock,
)
from graph.statements.statement import CYPHER_ROOT, NoParameters, NoRow, Statement

MIGRATIONS = CYPHER_ROOT / "migrations"
LOCK_HOLD_SECONDS = 300
LOCK_POLL_SECONDS = 0.2
INDEX_TIMEOUT_SECONDS = 300

ALREADY_THERE = "Neo.ClientError.Schema.EquivalentSchemaRuleAlreadyExists"

_FILE_NAME = re.compile(r"V(?P<version>\d{4})__(?P<name>[a-z0-9_]+)\.cypher")


class MigrationError(KindredError):
    """The migrations in the files and those on record do not agree."""

    code = "migration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One migration file."""

    version: int
    name: str
    path: Path
    checksum: str

    @property
    def statement(self) -> Statement[NoParameters, NoRow]:
        """The file's statement: a schema command, which cannot share a transaction with the record of it."""
        return Statement(
            name=self.path.resolve().with_suffix("").as_posix(), parameters=NoParameters, row=NoRow, auto_commit=True
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedMigration:
    """One migration that is on record."""

    version: int
    name: str
    checksum: str
    applied_at: datetime


def read_migrations(folder: Path = MIGRATIONS) -> list[Migration]:
    """The migration files in order of their number.

    Raises:
        MigrationError: a file's name has no number, or two files share one.
    """
    migrations: dict[int, Migration] = {}
    for path in sorted(folder.glob("*.cypher")):
        match = _FILE_NAME.fullmatch(path.name)
        if match is None:
            raise MigrationError(f"{path.name} is not named like V0001__what_it_does.cypher", code="migration_name")
        version = int(match["version"])
        if version in migrations:
            raise MigrationError(
                f"{migrations[version].path.name} and {path.name} share the number {version}", code="migration_number"
            )
        checksum = hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()
        migrations[version] = Migration(version=version, name=match["name"], path=path, checksum=checksum)
    return [migrations[version] for version in sorted(migrations)]


def plan(files: Sequence[Migration], applied: Sequence[AppliedMigration]) -> list[Migration]:
    """The migrations that are still to be applied, in order.

    Raises:
        MigrationError: a migration on record has no file, or its file has another checksum.
    """
    by_version = {migration.version: migration for migration in files}
    for record in applied:
        migration = by_version.get(record.version)
        if migration is None:
            raise MigrationError(
                f"migration {record.version} ({record.name}) is on record with checksum {record.checksum} but has no file; "
                "this database was made by another release",
                code="migration_missing",
            )
        if migration.checksum != record.checksum:
            raise MigrationError(
                f"migration {record.version} ({record.name}) is on record with checksum {record.checksum}, "
                f"{migration.path.name} has {migration.checksum}. Put the file back as it was; a change is a new migration.",
                code="migration_changed",
            )
    done = {record.version for record in applied}
    return [migration for migration in files if migration.version not in done]


async def applied_migrations(database: Database) -> list[AppliedMigration]:
    """The migrations on record, in order of their number."""
    return [_applied(row) for row in await database.run(LIST_APPLIED, NoParameters())]


async def migrate(
    database: Database, *, folder: Path = MIGRATIONS, lock_timeout_seconds: float = LOCK_HOLD_SECONDS
) -> list[AppliedMigration]:
    """Apply what is missing and return it. Two that run at once apply each migration once.

    Raises:
        MigrationError: files and records do not agree, or another runner held the lock for too long.
    """
    files = read_migrations(folder)
    if not plan(files, await applied_migrations(database)):
        return []
    await database.run(CREATE_LOCK_CONSTRAINT, NoParameters())
    await database.run(CREATE_VERSION_CONSTRAINT, NoParameters())
    owner = uuid.uuid4().hex
    await _take_lock(database, owner=owner, timeout_seconds=lock_timeout_seconds)
    try:
        # Read again: another runner may have applied them while this one waited.
        missing = plan(files, await applied_migrations(database))
        applied = [await _apply(database, migration, owner=owner) for migration in missing]
        await database.run(AWAIT_INDEXES, AwaitIndexes(timeout_seconds=INDEX_TIMEOUT_SECONDS))
    finally:
        await database.run(RELEASE_LOCK, ReleaseLock(owner=owner))
    return applied


async def _apply(database: Database, migration: Migration, *, owner: str) -> AppliedMigration:
    await database.run(TAKE_LOCK, TakeLock(owner=owner, hold_seconds=LOCK_HOLD_SECONDS))
    try:
        await database.run(migration.statement, NoParameters())
    except ClientError as error:
        # A runner that was killed between the command and its record leaves exactly what this command would create.
        if error.code != ALREADY_THERE:
            raise
    record = RecordApplied(
        version=migration.version,
        name=migration.name,
        checksum=migration.checksum,
        applied_at=datetime.now(UTC),
    )
    await database.run(RECORD_APPLIED, record)
    return AppliedMigration(version=record.version, name=record.name, checksum=record.checksum, applied_at=record.applied_at)


async def _take_lock(database: Database, *, owner: str, timeout_seconds: float) -> None:
    deadline = asyncio.get_running_loop().time() + timeout_seconds
    while True:
        [row] = await database.run(TAKE_LOCK, TakeLock(owner=owner, hold_seconds=LOCK_HOLD_SECONDS))
        if row.free:
            return
        if asyncio.get_running_loop().time() > deadline:
            raise MigrationError(
                f"another runner has held the lock on migrations for {timeout_seconds:g} seconds", code="migration_locked"
            )
        await asyncio.sleep(LOCK_POLL_SECONDS)


def _applied(row: AppliedRow) -> AppliedMigration:
    return AppliedMigration(version=row.version, name=row.name, checksum=row.checksum, applied_at=row.applied_at)
