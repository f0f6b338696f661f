"""The HTTP collector: Segment's intake API, so that an existing Segment library works by changing its host.

It answers only after JetStream has the events on file. What it refuses it names by code, and puts among the dead letters: a
Segment library does not send a refused event again.
"""

import asyncio
import base64
import hmac
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final

import orjson
import structlog
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ingest import metrics
from ingest.collector_body import BodyRefused, read_body, read_object
from ingest.fast_ingest import Outgoing
from ingest.normalise.event import EventRefused, to_evidence, understand
from ingest.publisher import EventPublisher, EventsUnavailable, EventTooLarge, utc_now
from ingest.streams import EVENTS_SUBJECT
from ingest.wire import EVENT_TYPES, MAX_EVENT_BYTES

log = structlog.get_logger(__name__)

MAX_BATCH_BYTES: Final = 4 * 1024 * 1024
MAX_BATCH_EVENTS: Final = 10_000
"""Events of 400 bytes, which few are below, make a batch of the greatest size with so many."""
RETRY_AFTER_SECONDS: Final = 5
NOTHING_SHARED: Final[Mapping[str, Any]] = {}
SHORT_PATHS: Final = {"i": "identify", "t": "track", "p": "page", "s": "screen", "g": "group", "a": "alias", "b": "batch"}
"""Paths that Segment's browser library posts to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """An event that JetStream has; ``warnings`` name the values in it that could not be understood."""

    message_id: str
    warnings: list[dict[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """An event that was put among the dead letters."""

    code: str
    message: str
    field: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """An event that can be published, and what its sender is told then."""

    message: Outgoing
    accepted: Accepted


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unfit:
    """What is no event, or none that can be understood."""

    body: bytes
    refused: Refused
    event_type: Any = None


def collector_routes(
    publisher: EventPublisher,
    keys: Mapping[str, str],
    *,
    region: str,
    now: Callable[[], datetime] = utc_now,
    new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
    origins: Sequence[str] = ("*",),
) -> list[BaseRoute]:
    """Routes below ``/v1``; ``keys`` maps a source's name to its write key, ``region`` is the one that workers assume, too.

    Browsers let pages of ``origins`` send; ``*`` is any.
    """
    collector = Collector(publisher=publisher, keys=keys, region=region, now=now, new_id=new_id)
    # Browsers post from the shop's own pages; none may read anything here.
    cors = Middleware(CORSMiddleware, allow_origins=list(origins), allow_methods=["POST"], allow_headers=["*"], max_age=86_400)
    paths = {name: name for name in (*EVENT_TYPES, "batch")} | SHORT_PATHS
    return [
        Route(
            f"/v1/{path}",
            collector.batch if name == "batch" else collector.event_of(name),
            methods=["POST", "OPTIONS"],
            middleware=[cors],
            name=f"collect-{path}",
        )
        for path, name in paths.items()
    ]


class Collector:
    """Handlers of the collector's routes."""

    def __init__(
        self,
        *,
        publisher: EventPublisher,
        keys: Mapping[str, str],
        region: str,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._publisher = publisher
        self._keys = {source: key.encode() for source, key in keys.items()}
        self._region = region
        self._now = now
        self._new_id = new_id

    def event_of(self, event_type: str) -> Callable[[Request], Any]:
        """The handler of one type's path."""

        async def handle(request: Request) -> Response:
            return await self._answered(request, lambda: self._event(request, event_type), subject=event_type)

        return handle

    async def batch(self, request: Request) -> Response:
        """The handler of ``/v1/batch``."""
        return await self._answered(request, lambda: self._batch(request), subject="batch")

    async def _answered(self, request: Request, handle: Callable[[], Any], *, subject: str) -> Response:
        try:
            response: Response = await handle()
            return response
        except BodyRefused as error:
            source = self._source(request, {})
            too_large = error.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            if source is None and not too_large:
                # Without a key in its header the body would have had to name one.
                return _unauthorised()
            if source is not None and error.received:
                await self._park(error.received, Refused(code=error.code, message=str(error)), source, subject)
            metrics.COLLECTED.labels(outcome="refused").inc()
            return _refusal(error.status, error.code, str(error))
        except EventsUnavailable as error:
            log.warning("collector.unavailable", reason=str(error))
            response = _refusal(
                HTTPStatus.SERVICE_UNAVAILABLE, error.code, "the event store did not acknowledge in time; send again"
            )
            response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
            return response

    async def _event(self, request: Request, event_type: str) -> Response:
        given = read_object(await read_body(request, max_bytes=MAX_EVENT_BYTES))
        source = self._source(request, given)
        if source is None:
            return _unauthorised()
        [result] = await self._take([given], event_type=event_type, source=source)
        if isinstance(result, Refused):
            return _refusal(HTTPStatus.BAD_REQUEST, result.code, result.message, field=result.field)
        answer: dict[str, Any] = {"success": True, "messageId": result.message_id}
        if result.warnings:
            answer["warnings"] = result.warnings
        return _json(answer)

    async def _batch(self, request: Request) -> Response:
        given = read_object(await read_body(request, max_bytes=MAX_BATCH_BYTES))
        source = self._source(request, given)
        if source is None:
            return _unauthorised()
        events = given.get("batch")
        if not isinstance(events, list):
            refused = Refused(code="batch_missing", message="the body has no list 'batch'", field="batch")
            await self._refuse(_without_key(given), refused, source)
            return _refusal(HTTPStatus.BAD_REQUEST, refused.code, refused.message, field=refused.field)
        if len(events) > MAX_BATCH_EVENTS:
            message = f"the batch has {len(events)} events, at most {MAX_BATCH_EVENTS} are taken"
            await self._refuse(_without_key(given), Refused(code="batch_too_long", message=message, field="batch"), source)
            return _refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "batch_too_long", message, field="batch")
        shared: dict[str, Any] = {name: given[name] for name in ("context", "sentAt") if name in given}
        results = await self._take(events, event_type=None, source=source, shared=shared)
        refusals = [
            {"index": index, "code": result.code, "message": result.message, "field": result.field}
            for index, result in enumerate(results)
            if isinstance(result, Refused)
        ]
        answer: dict[str, Any] = {"accepted": len(results) - len(refusals), "refused": refusals}
        if warnings := [
            {"index": index, **warning}
            for index, result in enumerate(results)
            if isinstance(result, Accepted)
            for warning in result.warnings
        ]:
            answer["warnings"] = warnings
        if refusals and len(refusals) == len(results):
            return _refusal(
                HTTPStatus.BAD_REQUEST, "all_refused", f"all {len(refusals)} events of the batch were refused", **answer
            )
        return _json({"success": True, **answer})

    async def _take(
        self, given: Sequence[Any], *, event_type: str | None, source: str, shared: Mapping[str, Any] = NOTHING_SHARED
    ) -> list[Accepted | Refused]:
        """Publish events, and park those that are none.

        Raises:
            EventsUnavailable: JetStream did not acknowledge all of them.
        """
        understood = [self._understand(each, event_type=event_type, source=source, shared=shared) for each in given]
        ready = [each for each in understood if isinstance(each, _Ready)]
        await self._publisher.publish_all(each.message for each in ready)
        metrics.COLLECTED.labels(outcome="accepted").inc(len(ready))
        unfit = (each for each in understood if isinstance(each, _Unfit))
        await asyncio.gather(*(self._refuse(each.body, each.refused, source, each.event_type) for each in unfit))
        return [each.refused if isinstance(each, _Unfit) else each.accepted for each in understood]

    def _understand(self, given: Any, *, event_type: str | None, source: str, shared: Mapping[str, Any]) -> "_Ready | _Unfit":
        """What an event becomes, and why it does not."""
        if not isinstance(given, dict):
            refused = Refused(code="not_an_object", message="the event is not a JSON object")
            return _Unfit(body=orjson.dumps(given), refused=refused)
        event = {name: value for name, value in given.items() if name != "writeKey"}
        event["source"] = source
        if event_type is not None:
            event["type"] = event_type
        if event.get("messageId") in (None, ""):
            event["messageId"] = self._new_id()
        context, own_context = shared.get("context"), event.get("context", {})
        if isinstance(context, dict) and isinstance(own_context, dict):
            event["context"] = context | own_context
        if "sentAt" in shared:
            event.setdefault("sentAt", shared["sentAt"])
        # By the two, and the sender's own time, a sender's wrong clock is found and put right.
        now = self._now()
        event["receivedAt"] = now.isoformat()
        body = orjson.dumps(event)
        try:
            parsed = understand(event, body=body)
            # The worker will do the same: what it would refuse or leave out, the sender hears now.
            evidence = to_evidence(parsed, recorded_at=now, region=self._region)
            message = self._publisher.message(parsed, body=body, sha256=evidence.body_sha256)
        except EventRefused as error:
            refused = Refused(code=error.code, message=str(error), field=error.field)
        except EventTooLarge as error:
            refused = Refused(code=error.code, message=str(error))
        except Exception as error:
            # One event must not fail the others of its batch, whatever it made a library do.
            log.exception("event.not_normalised", source=source)
            refused = Refused(code="not_normalised", message=f"normalising the event failed with {type(error).__name__}")
        else:
            warnings = [{"field": value.field, "reason": value.reason} for value in evidence.rejected]
            return _Ready(message=message, accepted=Accepted(message_id=parsed.message_id, warnings=warnings))
        return _Unfit(body=body, refused=refused, event_type=event.get("type"))

    async def _refuse(self, body: bytes, refused: Refused, source: str, event_type: Any = None) -> Refused:
        metrics.COLLECTED.labels(outcome="refused").inc()
        await self._park(body, refused, source, event_type if event_type in EVENT_TYPES else "unknown")
        return refused

    async def _park(self, body: bytes, refused: Refused, source: str, event_type: str) -> None:
        origin = f"collector:{source}"
        await self._publisher.park(
            body,
            code=refused.code,
            reason=refused.message,
            field=refused.field,
            origin=origin,
            subject=f"{EVENTS_SUBJECT}.{event_type}",
        )
        metrics.DEAD_LETTERS.labels(code=refused.code, origin="collector").inc()

    def _source(self, request: Request, given: Mapping[str, Any]) -> str | None:
        """The source whose write key came with the request: as the user of basic auth, else as the body's ``writeKey``."""
        key = _basic_user(request.headers.get("authorization"))
        if key is None:
            in_body = given.get("writeKey")
            key = in_body if isinstance(in_body, str) else None
        if not key:
            return None
        found = None
        # Every key is compared, each in constant time: the time taken tells nothing about them.
        for source, known in self._keys.items():
            if hmac.compare_digest(known, key.encode("utf-8", "surrogatepass")):
                found = source
        return found


def _without_key(given: Mapping[str, Any]) -> bytes:
    return orjson.dumps({name: value for name, value in given.items() if name != "writeKey"})


def _basic_user(header: str | None) -> str | None:
    scheme, _, credentials = (header or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(credentials, validate=True).decode().partition(":")[0]
    except ValueError:
        # Not base64, or of bytes that are no text: a header holds any.
        return ""


def _json(value: Mapping[str, Any], status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(orjson.dumps(value), status_code=status, media_type="application/json")


def _refusal(status: HTTPStatus, code: str, message: str, field: str | None = None, **more: Any) -> Response:
    error = {"code": code, "message": message} | ({"field": field} if field else {})
    # Segment's libraries read code and message at the top.
    return _json({"success": False, "error": error, "code": code, "message": message, **more}, status)


def _unauthorised() -> Response:
    response = _refusal(HTTPStatus.UNAUTHORIZED, "write_key_unknown", "no source has this write key")
    response.headers["WWW-Authenticate"] = 'Basic realm="kindred"'
    return response
