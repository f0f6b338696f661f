"""Health and metrics of a process that serves nothing else: ``/healthz``, ``/readyz`` and ``/metrics`` on a port of its own."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import uvicorn
from prometheus_client import REGISTRY
from starlette.applications import Starlette

from api.health import Check, health_routes
from graph.errors import KindredError
from runtime.server import listen
from runtime.settings import Settings
from runtime.stack import nats, neo4j
from runtime.stack.address import nats_address, neo4j_address
from runtime.stack.state import read_state


class StoreAwayError(KindredError):
    """A store does not answer."""

    code = "store_away"


def store_checks(settings: Settings, *, graph: bool = True) -> Mapping[str, Check]:
    """Checks that ask the stores anew, on connections of their own; ``graph`` is whether Neo4j is needed at all.

    A process that is ready could do its work now. One that is not still lives: it waits for its stores.
    """

    async def nats_answers() -> None:
        address = nats_address(settings, read_state(settings.home))
        _require("NATS", "it was never started" if address is None else await nats.probe(address))

    async def neo4j_answers() -> None:
        address = neo4j_address(settings, read_state(settings.home))
        _require("Neo4j", "it was never started" if address is None else await neo4j.probe(address))

    return {"nats": nats_answers} | ({"neo4j": neo4j_answers} if graph else {})


@asynccontextmanager
async def observing(settings: Settings, *, port: int | None, checks: Mapping[str, Check]) -> AsyncIterator[None]:
    """Serve health and metrics while the context is open; nothing where ``port`` is None.

    It runs on the loop of the work itself: where that is stuck, ``/healthz`` does not answer.

    Raises:
        runtime.stack.errors.PortTakenError: the port cannot be listened on.
    """
    if port is None:
        yield
        return
    app = Starlette(routes=health_routes(checks, registry=REGISTRY, refresh=()))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1))
    # The process has handlers of its own.
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    with listen(settings.model_copy(update={"port": port}), option="--metrics-port") as listener:
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield
        finally:
            server.should_exit = True
            await serving


def _require(store: str, answer: object) -> None:
    if isinstance(answer, str):
        raise StoreAwayError(f"{store}: {answer}")
