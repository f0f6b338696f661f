"""Reading a request's body within bounds, whatever the sender claims of its size."""

import zlib
from http import HTTPStatus
from typing import Any, Final

import orjson
from starlette.requests import Request

from graph.errors import KindredError
from ingest.normalise.event import nests_deeper

MAX_DEPTH: Final = 200
"""What nests deeper could be read and not be written again; no event may nest nearly as deep."""
GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS
"""zlib's way to say: with a gzip header."""


class BodyRefused(KindredError):  # noqa: N818 - states what was observed, as the others do
    """The request's body cannot be taken; ``status`` is the answer's. ``received`` is what was read of it."""

    def __init__(self, message: str, *, code: str, status: HTTPStatus, received: bytes = b"") -> None:
        super().__init__(message, code=code)
        self.status = status
        self.received = received


async def read_body(request: Request, *, max_bytes: int) -> bytes:
    """The body, decompressed if it came as gzip; neither form may be longer than ``max_bytes``.

    Raises:
        BodyRefused: ``body_too_large`` (413), ``unsupported_encoding`` (415) or ``malformed_gzip`` (400).
    """
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > max_bytes:
            raise _too_large(max_bytes)
    body = bytes(received)
    match request.headers.get("content-encoding", "identity").strip().lower():
        case "identity" | "":
            return body
        case "gzip":
            return _decompressed(body, max_bytes=max_bytes)
        case encoding:
            raise BodyRefused(
                f"the body's encoding is {encoding!r}; gzip and identity are understood",
                code="unsupported_encoding",
                status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            )


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object that ``body`` is.

    Raises:
        BodyRefused: ``malformed_json``, ``not_an_object`` or ``too_deep`` (400).
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BodyRefused(
            f"the body is not JSON: {error}", code="malformed_json", status=HTTPStatus.BAD_REQUEST, received=body
        ) from error
    if not isinstance(value, dict):
        raise BodyRefused(
            "the body is JSON but not an object", code="not_an_object", status=HTTPStatus.BAD_REQUEST, received=body
        )
    if nests_deeper(value, MAX_DEPTH, body=body):
        message = f"the body nests deeper than {MAX_DEPTH} levels"
        raise BodyRefused(message, code="too_deep", status=HTTPStatus.BAD_REQUEST, received=body)
    return value


def _decompressed(body: bytes, *, max_bytes: int) -> bytes:
    stream = zlib.decompressobj(wbits=GZIP_WINDOW)
    try:
        # Never more than one byte over the limit: a small body may unfold to gigabytes.
        plain = stream.decompress(body, max_bytes + 1)
    except zlib.error as error:
        raise BodyRefused(
            f"the body is not gzip: {error}", code="malformed_gzip", status=HTTPStatus.BAD_REQUEST, received=body
        ) from error
    if len(plain) > max_bytes:
        raise _too_large(max_bytes)
    if not stream.eof:
        raise BodyRefused(
            "the body's gzip ends before its end", code="malformed_gzip", status=HTTPStatus.BAD_REQUEST, received=body
        )
    return plain


def _too_large(max_bytes: int) -> BodyRefused:
    return BodyRefused(
        f"the body is longer than {max_bytes} bytes", code="body_too_large", status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    )
