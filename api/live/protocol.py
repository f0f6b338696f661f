"""Subscriptions over WebSocket, by the protocol graphql-transport-ws: keys, errors, and clients that do not read."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

from graphql import GraphQLError
from starlette.websockets import WebSocketDisconnect
from strawberry.asgi import ASGIWebSocketAdapter
from strawberry.http.exceptions import WebSocketDisconnected
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler, Operation
from strawberry.subscriptions.protocols.graphql_transport_ws.types import CompleteMessage, Message

from api.context import Context
from api.errors import INVALID_QUERY, ErrorCodes
from api.metrics import ApiMetrics

TOO_SLOW: Final = 4420
"""The code by which a connection is closed whose client does not read what it is sent."""
SEND_SECONDS: Final = 30.0
"""How long one message may wait for its client to read those before it."""


class TextAdapter(ASGIWebSocketAdapter):
    """Sends text: browsers take bytes for a file."""

    async def send_json(self, message: Mapping[str, object]) -> None:
        """Send a message.

        Raises:
            WebSocketDisconnected: the client has gone.
        """
        encoded = self.view.encode_json(message)
        try:
            await self.ws.send_text(encoded.decode() if isinstance(encoded, bytes) else encoded)
        except (WebSocketDisconnect, RuntimeError) as error:
            # The second where it was closed from here meanwhile.
            raise WebSocketDisconnected from error


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveTerms:
    """On what terms subscriptions are served."""

    errors: ErrorCodes
    metrics: ApiMetrics
    send_seconds: float


class LiveHandler(BaseGraphQLTransportWSHandler[Context, None]):
    """One connection. Each of its subscriptions has a context of its own."""

    terms: LiveTerms
    _slow = False

    async def run_operation(self, operation: Operation[Context, None]) -> None:
        """Run one subscription to its end; queries and mutations are refused."""
        try:
            results = await self.schema.subscribe(
                operation.query,
                variable_values=operation.variables,
                context_value=self.context.renewed(),
                operation_name=operation.operation_name,
            )
            coded = self._coded(results)
            async with aclosing(coded):
                await self._send_result_stream(operation, coded)
            await operation.send_operation_message(CompleteMessage(id=operation.id, type="complete"))
        except WebSocketDisconnected:
            return

    async def send_message(self, message: Message) -> None:
        """Send a message, or close the connection where the client does not read.

        Raises:
            WebSocketDisconnected: the client has gone, or is too slow.
        """
        if self._slow:
            raise WebSocketDisconnected
        try:
            async with asyncio.timeout(self.terms.send_seconds):
                await super().send_message(message)
        except TimeoutError:
            if not self._slow:
                self._slow = True
                self.terms.metrics.slow_subscriber()
                # It waits for the client to read, too, unless the connection is found dead.
                with contextlib.suppress(WebSocketDisconnect, RuntimeError):
                    await self.websocket.close(code=TOO_SLOW, reason="too slow: go on after the last cursor")
            raise WebSocketDisconnected from None

    async def _coded(self, results: Any) -> AsyncGenerator[Any, None]:
        async with aclosing(results):
            async for result in results:
                if result.errors:
                    result.errors = [self._one_coded(error) for error in result.errors]
                yield result

    def _one_coded(self, error: GraphQLError) -> GraphQLError:
        if isinstance(error.original_error, CannotGetOperationTypeError | InvalidOperationTypeError):
            return GraphQLError("one subscription is expected here", extensions={"code": INVALID_QUERY})
        return self.terms.errors.coded(error)
