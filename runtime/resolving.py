"""The resolver, composed: one resolution of everything, or one after another and in between what is touched, until stopped."""

import asyncio
import contextlib
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import nats.errors
import stamina
import structlog
from nats.js import JetStreamContext
from neo4j.exceptions import DriverError, Neo4jError

from graph.database import Database
from graph.errors import KindredError
from graph.identity.conclusion import ORDER
from graph.identity.live_matcher import LiveMatcher
from graph.identity.progress import Progress
from graph.identity.resolver import ResolutionReport, Resolver, open_resolver
from graph.identity.stewardship import Tell, open_stewardship, tell_nobody
from graph.identity.survey import Surveyor, open_surveyor
from graph.model.identity import Purpose
from graph.model.stewardship import Effect
from graph.repositories.announcements import AnnouncementRepository
from graph.repositories.evidence import GraphUnavailable
from graph.repositories.identities import ResolutionBusy
from ingest.announcing import Announcer
from ingest.changes import ChangeNotes
from ingest.live import Settle, TouchedHandler, follow_touched
from ingest.publisher import open_nats
from runtime.ending import end
from runtime.resolver_metrics import count_effect, count_scored
from runtime.settings import Settings
from runtime.wiring import open_platform, retention

log = structlog.get_logger(__name__)

PATIENCE_SECONDS = 1_800.0
"""How long a resolution waits for another one of the same purpose to end."""
STORE_POLL_SECONDS = 2.0
ANNOUNCE_SECONDS = 2.0
"""How often it is looked for what others decided, such as stewards."""
ANNOUNCE_REST_SECONDS = 0.2
"""Between two looks at least: what settlements decide one after the other is announced together."""
SERVER_FAILED = "Neo.DatabaseError.Transaction."
"""Errors of a server that cannot begin or commit any transaction, as on a full disk, whatever it is asked."""
REST_FACTOR = 4.0
"""A resolver rests this many times as long as its last resolution took: it never takes more than a fifth of one core's time."""


def make_resolver(database: Database, *, pupil: LiveMatcher | None = None) -> Resolver:
    """A resolver on this machine's clock; ``pupil`` learns what it scores records by."""
    return open_resolver(database, clock=lambda: datetime.now(UTC), new_id=lambda: uuid.uuid4().hex, pupil=pupil)


async def resolve_once(
    database: Database,
    purposes: Sequence[Purpose],
    *,
    progress: Progress,
    patience_seconds: float = PATIENCE_SECONDS,
    pupil: LiveMatcher | None = None,
) -> list[ResolutionReport]:
    """Resolve purposes, first waiting for whoever resolves them now.

    Raises:
        ResolutionBusy: somebody else resolved all through the patience.
    """
    resolver = make_resolver(database, pupil=pupil)
    async for attempt in stamina.retry_context(
        on=ResolutionBusy, attempts=None, timeout=patience_seconds, wait_initial=0.25, wait_max=1.0
    ):
        with attempt:
            return await resolver.resolve_all(purposes, progress=progress)
    raise AssertionError("unreachable")


def make_surveyor(database: Database) -> Surveyor:
    """A surveyor on this machine's clock."""
    return open_surveyor(database, clock=lambda: datetime.now(UTC))


async def resolve_and_measure(
    database: Database, purposes: Sequence[Purpose], *, progress: Progress, pupil: LiveMatcher | None = None
) -> list[ResolutionReport]:
    """Resolve purposes, then measure the health of those that changed since they were measured, whoever changed them.

    Raises:
        ResolutionBusy: somebody else resolved all through the patience.
    """
    reports = await resolve_once(database, purposes, progress=progress, pupil=pupil)
    try:
        await make_surveyor(database).measure_changed(ORDER, progress=progress)
    except (Neo4jError, DriverError) as error:
        # The identities are written: what they are like is measured next time.
        log.warning("health.not_measured", reason=str(error))
    return reports


async def resolve_repeatedly(
    settings: Settings,
    purposes: Sequence[Purpose],
    *,
    every_seconds: float,
    progress: Progress,
    stopping: asyncio.Event,
    report: Callable[[list[ResolutionReport]], None],
) -> None:
    """Settle what workers touch at once, and resolve everything at least ``every_seconds`` apart, until ``stopping`` is set.

    Stores that are away are waited for. A resolution of everything that is under way is given up when told to stop; the next one
    heals what it left.
    """
    line = _Line()
    following = asyncio.create_task(_follow(settings, line=line, stopping=stopping))
    try:
        await _resolve_repeatedly(
            settings, purposes, every_seconds=every_seconds, progress=progress, stopping=stopping, report=report, line=line
        )
    except BaseException:
        following.cancel()
        raise
    await following


async def _resolve_repeatedly(
    settings: Settings,
    purposes: Sequence[Purpose],
    *,
    every_seconds: float,
    progress: Progress,
    stopping: asyncio.Event,
    report: Callable[[list[ResolutionReport]], None],
    line: "_Line",
) -> None:
    while not stopping.is_set():
        began = time.monotonic()
        work = asyncio.ensure_future(_resolve_connected(settings, purposes, line.matcher, progress=progress))
        told = asyncio.ensure_future(stopping.wait())
        await asyncio.wait({work, told}, return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        if not work.done():
            work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await work
            log.info("resolver.stopped", during="resolution")
            return
        try:
            reports = work.result()
            report(reports)
            line.decided.set()
            if line.notes is not None and any(each.changed for each in reports):
                await line.notes.tell_everybody()
        except (ResolutionBusy, Neo4jError, DriverError, OSError) as error:
            log.warning("resolver.waiting", reason=str(error))
        rest_seconds = max(every_seconds, REST_FACTOR * (time.monotonic() - began))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), timeout=rest_seconds)
    log.info("resolver.stopped", during="rest")


class _Line:
    """What resolving everything and settling at once have in common: the matcher, and by what others are told of decisions."""

    def __init__(self) -> None:
        self.matcher = LiveMatcher(told=count_scored)
        self.notes: ChangeNotes | None = None
        """For those who follow somebody, once there is a connection."""
        self.decided = asyncio.Event()
        """For the announcer."""


async def _follow(settings: Settings, *, line: _Line, stopping: asyncio.Event) -> None:
    """Settle what workers touch until ``stopping`` is set; stores that are away are waited for."""
    while not stopping.is_set():
        try:
            async with (
                open_platform(settings) as platform,
                open_nats(platform.nats_url, retention=retention(settings)) as connection,
            ):
                log.info("resolver.following")
                line.notes = ChangeNotes(connection)
                announcing = asyncio.create_task(_announce(platform.database, connection.jetstream(), line=line))
                handler = TouchedHandler(settle=settling(platform.database, matcher=line.matcher, tell=_telling(line)))
                try:
                    await follow_touched(connection.jetstream(), handler=handler, stopping=stopping)
                finally:
                    await end(announcing)
        except (KindredError, DriverError, nats.errors.Error, OSError) as error:
            log.warning("resolver.waiting", reason=str(error) or type(error).__name__)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), timeout=STORE_POLL_SECONDS)


async def _announce(database: Database, js: JetStreamContext, *, line: _Line) -> None:
    """Announce what is decided, by whomever, until cancelled; stores that are away are waited for."""
    announcer = Announcer(AnnouncementRepository(database), js, now=lambda: datetime.now(UTC))
    while True:
        line.decided.clear()
        try:
            await announcer.announce()
        except (KindredError, Neo4jError, DriverError, nats.errors.Error, OSError) as error:
            log.info("announcer.waiting", reason=str(error) or type(error).__name__)
        await asyncio.sleep(ANNOUNCE_REST_SECONDS)
        with contextlib.suppress(TimeoutError):
            # Not by wait_for: what is cancelled in the moment in which it was told would go on.
            async with asyncio.timeout(ANNOUNCE_SECONDS):
                await line.decided.wait()


def _telling(line: _Line) -> Tell:
    async def tell(effect: Effect) -> None:
        line.decided.set()
        if line.notes is not None:
            await line.notes.tell(effect.topics)

    return tell


def telling(notes: ChangeNotes) -> Tell:
    """Tells those who follow somebody what an action or a settlement changed."""

    async def tell(effect: Effect) -> None:
        await notes.tell(effect.topics)

    return tell


def settling(database: Database, *, matcher: LiveMatcher | None = None, tell: Tell = tell_nobody) -> Settle:
    """Settles identities in a database, on this machine's clock; ``tell`` hears of what that changes.

    With ``matcher`` records that say something new are scored.
    """
    stewardship = open_stewardship(
        database, clock=lambda: datetime.now(UTC), new_id=lambda: uuid.uuid4().hex, matcher=matcher, tell=tell
    )

    async def settle(members: Sequence[str]) -> None:
        try:
            count_effect(await stewardship.settle(members))
        except (DriverError, Neo4jError) as error:
            if isinstance(error, Neo4jError) and not error.is_retryable() and not (error.code or "").startswith(SERVER_FAILED):
                raise
            raise GraphUnavailable(f"the database could not do it now: {type(error).__name__}") from error

    return settle


async def _resolve_connected(
    settings: Settings, purposes: Sequence[Purpose], matcher: LiveMatcher, *, progress: Progress
) -> list[ResolutionReport]:
    async with open_platform(settings) as platform:
        return await resolve_and_measure(platform.database, purposes, progress=progress, pupil=matcher)
