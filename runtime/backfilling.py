"""Backfill, composed: files into an empty graph by Neo4j's offline import, into one that is in use in batches; then resolved."""

import asyncio
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Final

import orjson
from filelock import FileLock, Timeout

from graph.bulk.store_files import ImportFile, PartsReader, StoreFiles
from graph.database import Database, open_database
from graph.errors import KindredError
from graph.identity.conclusion import ORDER
from graph.identity.progress import Progress
from graph.identity.resolver import ResolutionReport
from graph.repositories.evidence import EvidenceRepository
from graph.repositories.replays import ReplayRepository
from graph.statements.server import COUNT_NODES
from graph.statements.statement import NoParameters
from ingest.backfilling import Backfiller, ChunkNote, digest_of
from ingest.bookmarks import Counts
from ingest.chunks import Reading
from ingest.publisher import EventPublisher, open_nats
from runtime.resolving import resolve_and_measure
from runtime.settings import Settings
from runtime.stack.address import stack_address
from runtime.stack.bulk_import import INCOMING, ImportLimits, import_files, take_place
from runtime.stack.resources import machine_memory_mb, require_disk
from runtime.stack.stack import Stack
from runtime.wiring import retention

FOLDER: Final = "backfill"
BOOKKEEPING: Final = frozenset({"Migration", "MigrationLock", "Lease", "Reference", "Replay", "HealthDay", "EmbeddingSlot"})
"""Labels of nodes that an installation may have without any evidence."""
PATIENCE_SECONDS: Final = 300.0
"""How long one dead letter is tried to be published through a restarting NATS."""
_STATE: Final = "state.json"
_FILES: Final = "files.json"


class BackfillBusy(KindredError):  # noqa: N818 - states what was observed, as the others do
    """Another backfill of this home runs."""

    code = "backfill_busy"


class _NotEmpty(Exception):  # noqa: N818 - told to this module alone
    """Somebody wrote to the graph before it was stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfilled:
    """What a backfill came to."""

    counts: Counts
    """Of rows; ``duplicates`` are events that came before, in these files or in the graph."""
    conflicts: int
    """Events of a message id that an earlier one has, among the dead letters."""
    way: str
    """``import`` (offline), ``batches``, or ``nothing``: these files were backfilled before."""
    seconds: dict[str, float] = field(default_factory=dict)
    """By phase."""
    reports: list[ResolutionReport] = field(default_factory=list)


class Backfill:
    """One backfill of files into the graph of an installation.

    Args:
        settings: the installation.
        stack: its embedded stores, without services.
        files: the files, in the order in which their events count.
        reading: how they are read.
        memory_mb: what sorting, and the import's tables, may take at most each; None for an eighth of the machine.
        processes: how many processes understand rows.
        progress: told of the phases.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        stack: Stack,
        files: Sequence[Path],
        reading: Reading,
        progress: Progress,
        memory_mb: int | None = None,
        processes: int = 2,
    ) -> None:
        self._settings = settings
        self._stack = stack
        self._files = files
        self._progress = progress
        self._memory_mb = memory_mb or max(512, machine_memory_mb() // 8)
        self._processes = processes
        self._reading = reading
        self._digest = digest_of(files, reading)
        self._folder = settings.home / FOLDER / self._digest
        self._seconds: dict[str, float] = {}

    async def run(self, *, resolve: bool = True) -> Backfilled:
        """Write what the files say, unless it is written, and resolve all purposes.

        Raises:
            BackfillBusy: another backfill of this home runs.
            FileError, MappingError, EventsUnavailable, GraphUnavailable, BulkError, StackError: what was observed; run it again
                to go on.
        """
        home = self._settings.home
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        (home / FOLDER).mkdir(exist_ok=True)
        try:
            with FileLock(home / FOLDER / "lock").acquire(timeout=0):
                await self._stack.up()
                done = await self._write()
                return await self._resolved(done) if resolve else done
        except Timeout as error:
            raise BackfillBusy(f"another backfill of {home} runs") from error

    async def _write(self) -> Backfilled:
        async with self._database() as database:
            if await ReplayRepository(database).position(self._whole):
                return self._kept()
            empty = self._settings.neo4j_uri is None and await _is_empty(database)
        address = stack_address(self._settings)
        async with open_nats(address.nats_url, retention=retention(self._settings)) as connection:
            backfiller = Backfiller(
                self._reading,
                folder=self._folder,
                publisher=EventPublisher(connection, patience_seconds=PATIENCE_SECONDS),
                now=lambda: datetime.now(UTC),
                processes=self._processes,
            )
            if empty:
                try:
                    done = await self._import(backfiller)
                except _NotEmpty:
                    done = await self._in_batches(backfiller)
            else:
                done = await self._in_batches(backfiller)
        self._keep_state(done)
        self._clear()
        return done

    def _clear(self) -> None:
        """Delete what a backfill that is done needs no more."""
        for each in self._folder.iterdir():
            if each.name != _STATE:
                shutil.rmtree(each) if each.is_dir() else each.unlink()

    async def _import(self, backfiller: Backfiller) -> Backfilled:
        with self._phase("read rows", None) as advance:
            notes = await backfiller.write_parts(self._files, progress=lambda note: advance(note.counts.rows))
        counts = _total(notes)
        stored = self._known_files()
        if stored is None:
            with self._phase("sort and write files", None):
                stored = await self._make_files(backfiller)
        settings = self._settings
        require_disk(settings.home, minimum_free_mb=settings.minimum_free_mb)
        with ExitStack() as phases:
            async with self._stack.without_neo4j(self._require_empty) as server:
                incoming = server.files.data / "databases" / INCOMING
                if not (self._folder / "imported").exists() or not incoming.exists():
                    with self._phase("import", sum(file.rows for file in stored.files)):
                        await import_files(
                            server,
                            stored.files,
                            multiline=any(note.multiline for note in notes),
                            limits=ImportLimits(
                                heap_mb=max(1024, self._memory_mb // 3), off_heap_mb=self._memory_mb, threads=self._processes
                            ),
                        )
                    (self._folder / "imported").touch()
                take_place(server, settings.neo4j_database)
                phases.enter_context(self._phase("start and index", None))
        return Backfilled(
            counts=_with_repeated(counts, stored.repeated, stored.conflicts),
            conflicts=stored.conflicts,
            way="import",
            seconds=self._seconds,
        )

    async def _make_files(self, backfiller: Backfiller) -> StoreFiles:
        folder = self._folder / "files"
        shutil.rmtree(folder, ignore_errors=True)
        work = self._folder / "work"

        def make() -> tuple[StoreFiles, PartsReader]:
            reader = PartsReader(backfiller.parts, work=work, memory_mb=self._memory_mb, threads=self._processes)
            return reader.write(folder, replay=self._whole), reader

        stored, reader = await asyncio.to_thread(make)
        try:
            await backfiller.park_conflicts(reader.conflicts())
        finally:
            reader.close()
            shutil.rmtree(work, ignore_errors=True)
        _write_whole(self._folder / _FILES, {**asdict(stored), "folder": str(folder)})
        return stored

    def _known_files(self) -> StoreFiles | None:
        try:
            kept = orjson.loads((self._folder / _FILES).read_bytes())
        except (OSError, orjson.JSONDecodeError):
            return None
        files = tuple(
            ImportFile(**{**file, "header": Path(file["header"]), "data": Path(file["data"])}) for file in kept["files"]
        )
        return StoreFiles(files=files, events=kept["events"], repeated=kept["repeated"], conflicts=kept["conflicts"])

    async def _in_batches(self, backfiller: Backfiller) -> Backfilled:
        async with self._database() as database:
            replays = ReplayRepository(database)
            with self._phase("read and write rows", None) as advance:
                notes = await backfiller.write_live(
                    self._files,
                    into=EvidenceRepository(database),
                    replays=replays,
                    name=f"backfill {self._digest}",
                    progress=lambda note: advance(note.counts.rows),
                )
            counts = _total(notes)
            await replays.keep(self._whole, max(counts.published, 1))
        repeated, conflicts = sum(note.already_there for note in notes), sum(note.conflicts for note in notes)
        return Backfilled(
            counts=_with_repeated(counts, repeated, conflicts), conflicts=conflicts, way="batches", seconds=self._seconds
        )

    async def _resolved(self, done: Backfilled) -> Backfilled:
        began = monotonic()
        async with self._database() as database:
            reports = await resolve_and_measure(database, ORDER, progress=self._progress)
        self._seconds["resolve"] = monotonic() - began
        return Backfilled(
            counts=done.counts, conflicts=done.conflicts, way=done.way, seconds={**done.seconds, **self._seconds}, reports=reports
        )

    @property
    def _whole(self) -> str:
        """The name under which the graph says that it holds all of this backfill."""
        return f"backfill {self._digest}, whole"

    def _database(self) -> AbstractAsyncContextManager[Database]:
        return open_database(stack_address(self._settings).neo4j)

    async def _require_empty(self) -> None:
        async with self._database() as database:
            if not await _is_empty(database):
                raise _NotEmpty

    @contextmanager
    def _phase(self, name: str, size: int | None) -> Iterator[Callable[[int], None]]:
        began = monotonic()
        try:
            yield self._progress.stage(name, size)
        finally:
            self._seconds[name] = monotonic() - began

    def _keep_state(self, done: Backfilled) -> None:
        _write_whole(
            self._folder / _STATE,
            {"files": [str(file) for file in self._files], "counts": asdict(done.counts), "conflicts": done.conflicts},
        )

    def _kept(self) -> Backfilled:
        """What these files came to when they were backfilled."""
        try:
            kept = orjson.loads((self._folder / _STATE).read_bytes())
            return Backfilled(counts=Counts(**kept["counts"]), conflicts=int(kept["conflicts"]), way="nothing")
        except (OSError, orjson.JSONDecodeError, KeyError, TypeError):
            return Backfilled(counts=Counts(), conflicts=0, way="nothing")


async def _is_empty(database: Database) -> bool:
    found = await database.run(COUNT_NODES, NoParameters())
    return all(row.label in BOOKKEEPING for row in found)


def _total(notes: Sequence[ChunkNote]) -> Counts:
    summed = Counts()
    for note in notes:
        summed = summed.plus(note.counts)
    return summed


def _with_repeated(counts: Counts, repeated: int, conflicts: int) -> Counts:
    """Counts of rows, once it is known which events came before."""
    return Counts(
        rows=counts.rows,
        published=counts.published - repeated - conflicts,
        duplicates=repeated,
        parked=counts.parked + conflicts,
        left_out=counts.left_out,
        values_rejected=counts.values_rejected,
    )


def _write_whole(path: Path, values: dict[str, object]) -> None:
    """A file that is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_bytes(orjson.dumps(values, default=str))
    temporary.replace(path)
