"""Whether the process lives, and whether it can serve."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

log = structlog.get_logger(__name__)

CHECK_SECONDS = 2.0

Check = Callable[[], Awaitable[None]]
"""Raises where what it checks is not as it has to be."""


Refresh = Callable[[], Awaitable[None]]
"""Reads what metrics tell."""


def health_routes(checks: Mapping[str, Check], *, registry: CollectorRegistry, refresh: Sequence[Refresh]) -> list[BaseRoute]:
    """``/healthz``, ``/readyz`` and ``/metrics``; each of ``refresh`` is awaited before a scrape and must not fail."""

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(_: Request) -> Response:
        names = list(checks)
        states = await asyncio.gather(*(_state(name, checks[name]) for name in names))
        ready = all(state == "ok" for state in states)
        body = {"status": "ok" if ready else "unavailable", "checks": dict(zip(names, states, strict=True))}
        return JSONResponse(body, status_code=200 if ready else 503)

    async def metrics(_: Request) -> Response:
        await asyncio.gather(*(read() for read in refresh))
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]


async def _state(name: str, check: Check) -> str:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check()
    except Exception as error:  # noqa: BLE001 - whatever is wrong, the answer is that it is not ready
        # The kind of error is enough for whoever asks; its text, which may name hosts, is for the log.
        log.warning("api.not_ready", check=name, error=str(error), kind=type(error).__name__)
        return "no answer in time" if isinstance(error, TimeoutError) else type(error).__name__
    return "ok"
