"""Errors that a client can act on, as ``errors[].extensions.code``; what it cannot act on is hidden behind an error id."""

import secrets
from collections.abc import Mapping
from typing import Any

import structlog
from graphql import GraphQLError

from graph.errors import KindredError

log = structlog.get_logger(__name__)

INTERNAL = "internal_error"
UNAVAILABLE = "unavailable"
INVALID_QUERY = "invalid_query"


class InvalidArgument(KindredError):  # noqa: N818 - states what was observed, as the others do
    """An argument's value cannot be used."""

    code = "invalid_argument"


class ErrorCodes:
    """Gives every error of a result a stable code, and hides what was not meant for clients.

    Errors that Kindred raises keep their message and code. Those of the query itself (syntax, unknown field, limits) are
    ``invalid_query`` unless they bring a code. ``outages`` are ``unavailable``. All others become ``internal_error`` with an id
    that is also in the log; only with ``reveal`` does their message reach the client.

    It works on results rather than as an extension of the schema: those see neither syntax errors nor faults of other extensions.
    """

    def __init__(self, *, outages: tuple[type[Exception], ...], reveal: bool) -> None:
        self._outages = outages
        self._reveal = reveal

    def coded(self, error: GraphQLError) -> GraphQLError:
        """The error as clients get it."""
        original = error.original_error
        if original is None or isinstance(original, GraphQLError):
            return _with(error, message=error.message, extensions={"code": INVALID_QUERY} | (error.extensions or {}))
        if isinstance(original, KindredError):
            return _with(error, message=str(original), extensions={"code": original.code})
        error_id = secrets.token_hex(8)
        outage = isinstance(original, self._outages)
        log.error("graphql.failed", error_id=error_id, outage=outage, path=error.path, exc_info=original)
        if outage:
            message, code = "the graph does not answer, try again later", UNAVAILABLE
        else:
            message, code = "something went wrong here", INTERNAL
        if self._reveal:
            message = f"{message}: {type(original).__name__}: {original}"
        return _with(error, message=message, extensions={"code": code, "errorId": error_id})


def _with(error: GraphQLError, *, message: str, extensions: Mapping[str, Any]) -> GraphQLError:
    return GraphQLError(
        message, nodes=error.nodes, source=error.source, positions=error.positions, path=error.path, extensions=dict(extensions)
    )
