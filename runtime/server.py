"""The HTTP server, composed: the collector, and the API beside it."""

import asyncio
import contextlib
import socket
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog
import uvicorn
from neo4j.exceptions import DatabaseError, DriverError, TransientError
from prometheus_client import REGISTRY
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from api.app import GRAPHQL_PATH, create_app
from api.auth import ApiKey, Authenticator
from api.graphql import MAX_BODY_BYTES
from api.health import Check, Refresh
from api.live.hub import LiveHub
from api.lookup import normaliser
from api.metrics import ApiMetrics
from gnn.model_store import ModelStore
from graph.database import Database
from graph.errors import KindredError
from graph.identity.stewardship import Tell
from graph.memory import search_for_cycles_seldom
from graph.migrations import applied_migrations, plan, read_migrations
from ingest.change_following import follow_changes
from ingest.changes import ChangeNotes, Note
from ingest.collector import collector_routes
from ingest.publisher import EventPublisher, open_nats
from ingest.stream_metrics import StreamMetrics
from ingest.streams import EVENTS_STREAM
from runtime.ending import end
from runtime.proposing import proposer_apart
from runtime.resolving import telling
from runtime.settings import Settings
from runtime.signals import stop_on_signal
from runtime.stack.errors import PortTakenError
from runtime.wiring import Platform, api_keys, open_platform, retention, roles_of

log = structlog.get_logger(__name__)

COLLECT_SECONDS = 8.0
"""How long a request waits for JetStream before its sender is told to come again."""
NATS_CHECK_SECONDS = 1
OUTAGES = (DriverError, TransientError, DatabaseError)
"""What the driver raises when Neo4j does not answer, or cannot now; the last when it failed itself, as on a full disk."""


class SchemaOutdatedError(KindredError):
    """Migrations of this release are not applied."""

    code = "schema_outdated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """Where the server listens, told once it does."""

    url: str
    graphql_url: str
    environment: str
    api_keys: Mapping[str, str] = field(repr=False)
    write_keys: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """What the server does over its connection to NATS."""

    routes: Sequence[BaseRoute]
    """The collector's."""
    nats_answers: Check
    refresh: Refresh
    """Reads the metrics of the streams."""
    hub: LiveHub
    """Woken by what others tell."""
    tell: Tell
    """Tells others what stewards' actions changed."""


@asynccontextmanager
async def events(platform: Platform) -> AsyncIterator[Events]:
    """What the server does over its connection to NATS, while the context is open.

    Raises:
        ingest.publisher.EventsUnavailable: NATS did not answer.
    """
    async with open_nats(platform.nats_url, retention=retention(platform.settings)) as connection:
        publisher = EventPublisher(connection, patience_seconds=COLLECT_SECONDS)

        async def answers() -> None:
            # The stream itself: a server may answer while the stream has no leader, and then nothing is accepted.
            await connection.jetstream(timeout=NATS_CHECK_SECONDS).stream_info(EVENTS_STREAM)

        streams = StreamMetrics(connection.jetstream(timeout=NATS_CHECK_SECONDS), REGISTRY)
        routes = collector_routes(
            publisher, platform.write_keys, region=platform.settings.default_region, origins=platform.settings.collector_origins
        )
        hub = LiveHub()

        def wake(note: Note) -> None:
            if note.everybody:
                hub.wake_all()
            hub.wake(note.topics)

        # One consumer for all subscribers of this process.
        following = asyncio.create_task(follow_changes(connection.jetstream(), tell=wake))
        try:
            yield Events(
                routes=routes, nats_answers=answers, refresh=streams.refresh, hub=hub, tell=telling(ChangeNotes(connection))
            )
        finally:
            await end(following)
            REGISTRY.unregister(streams)


def compose_app(platform: Platform, events: Events) -> Starlette:
    """The API over an open platform, with the collector beside it."""
    settings, database = platform.settings, platform.database
    keys = api_keys(settings)
    if not keys:
        log.warning("api.no_keys", hint="set KINDRED_API_KEYS: until then every question is refused")

    async def migrated() -> None:
        await require_migrations(database)

    return create_app(
        database=database,
        authenticator=Authenticator(ApiKey(name=name, key=key, roles=roles_of(settings, name)) for name, key in keys.items()),
        normalise=normaliser(region=settings.default_region),
        clock=lambda: datetime.now(UTC),
        new_id=lambda: uuid.uuid4().hex,
        propose=proposer_apart(platform.address.neo4j),
        metrics=ApiMetrics(REGISTRY),
        checks={"neo4j": database.verify, "migrations": migrated, "nats": events.nats_answers},
        outages=OUTAGES,
        environment=settings.environment,
        allowed_origins=settings.allowed_origins,
        extra_routes=events.routes,
        refresh=[events.refresh],
        hub=events.hub,
        tell=events.tell,
        models=ModelStore(folder=settings.models_folder),
        suppressed_products=settings.suppressed_products,
        request_seconds=settings.request_timeout_seconds,
    )


async def require_migrations(database: Database) -> None:
    """Pass where the database has every migration of this release.

    Raises:
        SchemaOutdatedError: it lacks some.
        graph.migrations.MigrationError: it has others.
    """
    missing = plan(read_migrations(), await applied_migrations(database))
    if missing:
        raise SchemaOutdatedError(f"{len(missing)} migrations are not applied")


async def run_server(settings: Settings, *, announce: Callable[[Serving], None]) -> None:
    """Serve until stopped by a signal; ``announce`` is told where, once the server listens.

    Raises:
        PortTakenError: the address cannot be listened on.
        ingest.publisher.EventsUnavailable: NATS did not answer.
        neo4j.exceptions.DriverError: Neo4j could not be reached.
    """
    search_for_cycles_seldom()
    async with open_platform(settings) as platform, events(platform) as over_nats:
        app = compose_app(platform, over_nats)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=10,
            ws_max_size=MAX_BODY_BYTES,
        )
        with listen(settings) as listener:
            host, port = listener.getsockname()[:2]
            url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
            announce(
                Serving(
                    url=url,
                    graphql_url=url + GRAPHQL_PATH,
                    environment=settings.environment,
                    api_keys=api_keys(settings),
                    write_keys=platform.write_keys,
                )
            )
            await _serve(uvicorn.Server(config), listener, stopping=stop_on_signal())


async def _serve(server: uvicorn.Server, listener: socket.socket, *, stopping: asyncio.Event) -> None:
    # By its own handlers uvicorn ends the process with the signal, before connections are closed and spans are sent.
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]

    async def stop() -> None:
        await stopping.wait()
        server.should_exit = True

    telling = asyncio.create_task(stop())
    try:
        await server.serve(sockets=[listener])
    finally:
        telling.cancel()


def listen(settings: Settings, *, option: str = "--port or KINDRED_PORT") -> socket.socket:
    """A socket that listens on the address of the settings; connections accepted from it by asyncio send without delay.

    ``option`` is by what another port would be chosen.

    Raises:
        PortTakenError: the address cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listener = socket.create_server((settings.host, settings.port), family=family, backlog=2048)
    except OSError as error:
        message = f"{settings.host} port {settings.port} cannot be listened on: {error.strerror or error}"
        raise PortTakenError(f"{message}. Choose another with {option}.") from error
    # asyncio sends without delay only on sockets that name their protocol, as those accepted from this one then do. With delay,
    # an answer of two segments waits 40 ms for the client's acknowledgement of the first.
    return socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, fileno=listener.detach())
