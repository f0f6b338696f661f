"""Backfill: files of history, understood by several processes, into parts on disk or straight into a graph.

Bad rows go to the dead letters. A chunk is done once its rows are in a part (or the graph), its bad rows are parked, and its note
is written; a backfill that was killed goes on with the first chunk that is not.
"""

import asyncio
import hashlib
import multiprocessing
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import Final, TypeVar

import orjson
import pyarrow.parquet as pq

from graph.bulk.parts import has_line_ends, tables_of
from graph.bulk.store_files import Conflict as StoredConflict
from graph.model.evidence import Evidence
from graph.repositories.evidence import AlreadyThere, Conflict, EvidenceRefused, EvidenceRepository
from graph.repositories.paging import batches
from graph.repositories.replays import ReplayRepository
from ingest.bookmarks import Counts, counts_of, fingerprint_of
from ingest.chunks import CHUNK_ROWS, Chunk, Reading, Understood
from ingest.files import FileError
from ingest.importer import RefusedRow, check_file, park_row
from ingest.publisher import EventPublisher
from ingest.streams import EVENTS_SUBJECT

T = TypeVar("T")

BATCH: Final = 500
WRITERS: Final = 2
ORIGIN: Final = "backfill"
FORMAT: Final = 1
"""Raised when parts are made otherwise: those of another format are not gone on with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkNote:
    """What is kept of a chunk that is done."""

    counts: Counts
    file: str
    multiline: bool = False
    """Whether a text of it spans lines."""
    already_there: int = 0
    conflicts: int = 0

    def to_json(self) -> bytes:
        """As it is kept."""
        return orjson.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: bytes) -> "ChunkNote":
        """As it was kept."""
        values = orjson.loads(text)
        return cls(**{**values, "counts": counts_of(values["counts"])})


def digest_of(files: Sequence[Path], reading: Reading) -> str:
    """What tells one backfill from another: the files as they are, and how they are read.

    Raises:
        FileError: a file cannot be read.
        MappingError: the mapping does not fit a file.
    """
    known = []
    for number, file in enumerate(files):
        check_file(file, reading.mapping_of(number))
        try:
            known.append([str(file.resolve()), fingerprint_of(file)])
        except OSError as error:
            raise FileError(f"{file} cannot be read: {error.strerror}") from error
    mappings = [None if mapping is None else mapping.digest for mapping in reading.mappings]
    said = [FORMAT, CHUNK_ROWS, known, mappings, reading.source, reading.region]
    return hashlib.sha256(orjson.dumps(said)).hexdigest()[:32]


class Backfiller:
    """Reads files for one backfill, whose notes and parts are in ``folder``.

    Args:
        reading: how rows are read.
        folder: of this backfill alone.
        publisher: of dead letters.
        now: the clock.
        processes: how many understand rows.
    """

    def __init__(
        self, reading: Reading, *, folder: Path, publisher: EventPublisher, now: Callable[[], datetime], processes: int = 2
    ) -> None:
        self._reading = reading
        self._folder = folder
        self._publisher = publisher
        self._now = now
        self._processes = processes

    @property
    def parts(self) -> Path:
        """Folder of the parts."""
        return self._folder / "parts"

    async def write_parts(self, files: Sequence[Path], *, progress: Callable[[ChunkNote], None]) -> list[ChunkNote]:
        """Understand all rows and keep what they say in parts; returns the notes of all chunks.

        Raises:
            FileError: a file cannot be read.
            EventsUnavailable: JetStream did not acknowledge a dead letter; run it again to go on.
        """
        self.parts.mkdir(parents=True, exist_ok=True)
        notes: list[ChunkNote] = []
        missing = self._missing(self._reading.chunks(files), self.parts, notes, progress)
        async for chunk, (counts, parked, multiline) in self._mapped(_write_part, missing, str(self.parts)):
            await self._park(parked, chunk)
            note = ChunkNote(counts=counts, file=chunk.file.name, multiline=multiline)
            _keep(self.parts, chunk, note)
            notes.append(note)
            progress(note)
        return notes

    async def park_conflicts(self, conflicts: Iterable[StoredConflict]) -> None:
        """Park events whose message id an earlier one has, as a worker does.

        Raises:
            EventsUnavailable: JetStream did not acknowledge a dead letter.
        """
        for part in batches(conflicts, BATCH):
            await asyncio.gather(
                *(self._park_conflict(each.id, each.body, each.known_sha256, each.given_sha256) for each in part)
            )

    async def write_live(
        self,
        files: Sequence[Path],
        *,
        into: EvidenceRepository,
        replays: ReplayRepository,
        name: str,
        progress: Callable[[ChunkNote], None],
    ) -> list[ChunkNote]:
        """Understand all rows and write what they say into a graph that is in use; returns the notes of all chunks.

        The graph keeps under ``name`` how far it has come.

        Raises:
            FileError: a file cannot be read.
            GraphUnavailable, EventsUnavailable: a store could not be reached; run it again to go on.
        """
        notes: list[ChunkNote] = []
        written = self._folder / "written"
        after = await replays.position(name)
        chunks = self._missing(self._reading.chunks(files), written, notes, progress, before=after)
        # In order: of two events with one message id the first counts.
        async for chunk, understood in self._mapped(_understand, chunks, "", in_order=True):
            await self._park(understood.parked, chunk)
            note = await self._write(understood, chunk, into)
            _keep(written, chunk, note)
            await replays.keep(name, chunk.first_number + len(chunk))
            notes.append(note)
            progress(note)
        return notes

    def _missing(
        self,
        chunks: Iterable[Chunk],
        folder: Path,
        notes: list[ChunkNote],
        progress: Callable[[ChunkNote], None],
        *,
        before: int | None = None,
    ) -> Iterable[Chunk]:
        """Chunks that are not done; the notes of the others go into ``notes``.

        ``before``: whatever was noted, chunks from this number on are not done.
        """
        for chunk in chunks:
            path = _note(folder, chunk)
            if path.exists() and (before is None or chunk.first_number < before):
                note = ChunkNote.from_json(path.read_bytes())
                notes.append(note)
                progress(note)
            else:
                yield chunk

    async def _mapped(
        self,
        work: Callable[[Reading, Chunk, datetime, str], T],
        chunks: Iterable[Chunk],
        argument: str,
        *,
        in_order: bool = False,
    ) -> AsyncIterator[tuple[Chunk, T]]:
        """What ``work`` makes of chunks in other processes, a few at once; as they are done, or in order."""
        loop = asyncio.get_running_loop()
        source: Iterator[Chunk] = iter(chunks)
        begin = await asyncio.to_thread(lambda: list(islice(source, 2)))
        if len(begin) < 2:
            # Of one chunk the processes would take longer to start than it takes.
            for only in begin:
                yield only, await asyncio.to_thread(work, self._reading, only, self._now(), argument)
            return
        source = chain(begin, source)
        waiting: dict[asyncio.Future[T], Chunk] = {}
        # A new interpreter: this one has threads, which a fork would not take along.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(self._processes, mp_context=context, initializer=_end_with_parent) as pool:
            try:
                more = True
                while more or waiting:
                    while more and len(waiting) < 2 * self._processes:
                        chunk = await asyncio.to_thread(_next_of, source)
                        if chunk is None:
                            more = False
                        else:
                            waiting[loop.run_in_executor(pool, work, self._reading, chunk, self._now(), argument)] = chunk
                    if not waiting:
                        break
                    first = next(iter(waiting))
                    done = {first} if in_order else (await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED))[0]
                    for future in done:
                        result = await future
                        yield waiting.pop(future), result
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    async def _write(self, understood: Understood, chunk: Chunk, into: EvidenceRepository) -> ChunkNote:
        first: dict[str, Evidence] = {}
        again: list[Evidence] = []
        for _, event in understood.events:
            if event.id in first:
                again.append(event)
            else:
                first[event.id] = event
        found: list[tuple[Evidence, object]] = []
        # Repetitions within the chunk come after all the others, so that the first of them counts.
        for events in (list(first.values()), again):
            parts = iter(list(batches(events, BATCH)))

            async def write(parts: Iterable[list[Evidence]] = parts) -> None:
                for part in parts:
                    found.extend(await self._outcomes(part, into))

            await asyncio.gather(*(write() for _ in range(WRITERS)))
        conflicts = [(event, outcome) for event, outcome in found if isinstance(outcome, Conflict)]
        refused = [(event, outcome) for event, outcome in found if isinstance(outcome, EvidenceRefused)]
        for event, conflict in conflicts:
            await self._park_conflict(event.id, event.body, conflict.known_sha256, conflict.given_sha256)
        for event, error in refused:
            await self._park_event(event.id, event.body, code=error.code, reason=str(error), field=None)
        already = sum(isinstance(outcome, AlreadyThere) for _, outcome in found)
        return ChunkNote(counts=understood.counts, file=chunk.file.name, already_there=already, conflicts=len(conflicts))

    async def _outcomes(self, batch: list[Evidence], into: EvidenceRepository) -> list[tuple[Evidence, object]]:
        """Outcomes of what the database takes; a batch that it refuses is halved until what is refused stands alone."""
        try:
            return list(zip(batch, (await into.write(batch)).outcomes, strict=True))
        except EvidenceRefused as error:
            if len(batch) == 1:
                return [(batch[0], error)]
            middle = len(batch) // 2
            return [*await self._outcomes(batch[:middle], into), *await self._outcomes(batch[middle:], into)]

    async def _park(self, parked: Sequence[RefusedRow], chunk: Chunk) -> None:
        for part in batches(parked, BATCH):
            await asyncio.gather(
                *(park_row(self._publisher, row, file_name=chunk.file.name, source=self._reading.source) for row in part)
            )

    async def _park_conflict(self, message_id: str, body: str, known_sha256: str, given_sha256: str) -> None:
        reason = (
            f"the graph has another event of this message id, with digest {known_sha256[:16]}; this one's is {given_sha256[:16]}"
        )
        await self._park_event(message_id, body, code="message_id_conflict", reason=reason, field="messageId")

    async def _park_event(self, message_id: str, body: str, *, code: str, reason: str, field: str | None) -> None:
        once = hashlib.sha256(f"{message_id}\0{body}".encode()).hexdigest()[:32]
        await self._publisher.park(
            body.encode(),
            code=code,
            reason=reason,
            field=field,
            origin=ORIGIN,
            subject=f"{EVENTS_SUBJECT}.{orjson.loads(body)['type']}",
            once=f"{ORIGIN}:{once}",
        )


def _next_of(chunks: Iterator[Chunk]) -> Chunk | None:
    return next(chunks, None)


def _note(folder: Path, chunk: Chunk) -> Path:
    return folder / f"{chunk.name}.json"


def _keep(folder: Path, chunk: Chunk, note: ChunkNote) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = _note(folder, chunk)
    temporary = path.with_suffix(".tmp")
    temporary.write_bytes(note.to_json())
    temporary.replace(path)


def _end_with_parent() -> None:
    """Let this process end when the one that started it was killed, which does not tell those that it started."""

    def watch() -> None:
        parent = multiprocessing.parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _understand(reading: Reading, chunk: Chunk, now: datetime, _: str) -> Understood:
    return reading.understand(chunk, now=now)


def _write_part(reading: Reading, chunk: Chunk, now: datetime, folder: str) -> tuple[Counts, list[RefusedRow], bool]:
    """Understand a chunk and write its tables; what was begun before is written over."""
    understood = reading.understand(chunk, now=now)
    tables = tables_of(understood.events)
    for name, table in tables.items():
        path = Path(folder) / f"{chunk.name}.{name}.parquet"
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        pq.write_table(table, temporary, compression="lz4")
        temporary.replace(path)
    return understood.counts, understood.parked, has_line_ends(tables)
