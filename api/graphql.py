"""The GraphQL endpoint: who may ask, how much, how long."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import orjson
from cross_web import AsyncHTTPRequestAdapter, HTTPException
from graphql import GraphQLError
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry import Schema
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.http import GraphQLRequestData
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types import ExecutionResult
from strawberry.types.unset import UnsetType

from api.auth import Authenticator, Caller
from api.context import Context
from api.errors import ErrorCodes
from api.live.protocol import SEND_SECONDS, LiveHandler, LiveTerms, TextAdapter
from api.metrics import ApiMetrics
from graph.tracing import span

MAX_BODY_BYTES = 100_000
MAX_SUBSCRIPTIONS = 50
"""Open at once on one connection."""
INIT_WAIT = timedelta(seconds=10)
"""How long a WebSocket may take to say whose it is."""
NOBODY = Caller(name="", roles=frozenset())

NewContext = Callable[[Caller], Context]
"""What the resolvers of one request get."""


class GraphQLEndpoint(GraphQL[Context, None]):
    """Strawberry's view with limits of time and size, keys and metrics.

    A request without a valid key is answered 401; one that is too large 413; one that takes
    too long ends with the error ``timeout``. Subscriptions come by WebSocket (``api.live.protocol``), and nothing else does.
    """

    websocket_adapter_class = TextAdapter

    def __init__(
        self,
        schema: Schema,
        *,
        errors: ErrorCodes,
        authenticator: Authenticator,
        new_context: NewContext,
        metrics: ApiMetrics,
        request_seconds: float,
        graphiql: bool,
        allowed_origins: Sequence[str] = (),
        send_seconds: float = SEND_SECONDS,
    ) -> None:
        super().__init__(
            schema,
            graphql_ide="graphiql" if graphiql else None,
            allow_queries_via_get=False,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
            connection_init_wait_timeout=INIT_WAIT,
            max_subscriptions_per_connection=MAX_SUBSCRIPTIONS,
            allowed_origins=allowed_origins,
        )
        # By a class of its own: the view makes a handler for each connection, and hands it nothing but itself.
        terms = LiveTerms(errors=errors, metrics=metrics, send_seconds=send_seconds)
        self.graphql_transport_ws_handler_class = type("Handler", (LiveHandler,), {"terms": terms})
        self._errors = errors
        self._authenticator = authenticator
        self._new_context = new_context
        self._metrics = metrics
        self._request_seconds = request_seconds
        self._graphiql = graphiql

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            # Who it is comes with its first message, for a browser can send no headers here.
            await super().__call__(scope, receive, send)
            return
        request = Request(scope)
        caller = self._authenticator.caller_of(request.headers.get("authorization"))
        if self._graphiql and request.method == "GET" and "text/html" in request.headers.get("accept", ""):
            # Also with a query in the address, which the page then shows: links to questions work.
            await HTMLResponse(self.graphql_ide_html)(scope, receive, send)
            return
        if caller is None:
            refused = _refusal(HTTPStatus.UNAUTHORIZED, "unauthenticated", "send a valid API key as Authorization: Bearer KEY")
            refused.headers["www-authenticate"] = "Bearer"
            await refused(scope, receive, send)
            return
        scope["state"]["identity"] = caller
        scope["state"]["caller"] = caller.name
        try:
            body = await _whole_body(receive) if request.method == "POST" else b""
        except _TooLargeError:
            message = f"the request has more than {MAX_BODY_BYTES} bytes"
            await _refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", message)(scope, receive, send)
            return
        await super().__call__(scope, _replayed(body), send)

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:  # noqa: ARG002
        """The request's own context; that of a WebSocket is nobody's until it has said whose it is."""
        return self._new_context(NOBODY if isinstance(request, WebSocket) else request.state.identity)

    async def on_ws_connect(self, context: Context) -> UnsetType | dict[str, object] | None:
        """Take the key from a WebSocket's first message.

        Raises:
            ConnectionRejectionError: it has no valid one; the connection is closed with 4403.
        """
        authorization = (context.connection_params or {}).get("authorization")
        caller = self._authenticator.caller_of(authorization if isinstance(authorization, str) else None)
        if caller is None:
            raise ConnectionRejectionError
        context.caller = caller
        return await super().on_ws_connect(context)

    async def execute_single(
        self,
        request: Request,
        request_adapter: AsyncHTTPRequestAdapter,
        sub_response: Response,
        context: Context,
        root_value: None,
        request_data: GraphQLRequestData,
    ) -> ExecutionResult:
        """Execute one operation in time, and count it."""
        started = time.perf_counter()
        result: ExecutionResult | None = None
        try:
            # Its name comes from the client, and so stays out of the trace; the statements below it tell what was asked.
            with span("graphql operation"):
                async with asyncio.timeout(self._request_seconds):
                    result = await super().execute_single(
                        request, request_adapter, sub_response, context, root_value, request_data
                    )
        except TimeoutError:
            message = f"the operation took longer than {self._request_seconds:g} seconds"
            result = ExecutionResult(data=None, errors=[GraphQLError(message, extensions={"code": "timeout"})])
        finally:
            name = request.state.operation = context.operation
            failed = result is None or bool(result.errors)
            self._metrics.operation(name=name, failed=failed, seconds=time.perf_counter() - started)
        if result.errors:
            result.errors = [self._errors.coded(error) for error in result.errors]
        return result

    def parse_json(self, data: str | bytes) -> Any:
        """The request from JSON: an object, or a list of them.

        Raises:
            HTTPException: 400, it is neither.
        """
        value = super().parse_json(data)
        if not isinstance(value, dict | list):
            raise HTTPException(400, "The request is no JSON object")
        return value

    def encode_json(self, data: object) -> bytes:
        """The answer as JSON, by orjson."""
        return orjson.dumps(data)

    def decode_json(self, data: str | bytes) -> object:
        """The request from JSON, by orjson."""
        return orjson.loads(data)


class _TooLargeError(Exception):
    pass


async def _whole_body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(parts)
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MAX_BODY_BYTES:
            raise _TooLargeError
        if not message.get("more_body"):
            return b"".join(parts)


def _replayed(body: bytes) -> Callable[[], Awaitable[Message]]:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _refusal(status: HTTPStatus, code: str, message: str) -> JSONResponse:
    return JSONResponse({"errors": [{"message": message, "extensions": {"code": code}}]}, status_code=status)
