"""Headers of stored messages, as far as nats-py can be given them.

Whoever may publish chooses headers. A status among them, as in ``NATS/1.0 408`` or ``Status: 408``, nats-py takes for word from
the server itself: a pull drops the message, which comes again for ever and is never settled. Others, as those that are no text,
make it fail while it reads the connection. Both are taken off before it reads them; the body stays as it is.
"""

from functools import partial
from typing import Any, Final

from nats.aio.client import Client

STORED: Final = b"$JS.ACK."
"""How the reply subject of a message that a consumer delivers begins; what the server itself has to say comes without."""
VERSION: Final = b"NATS/1.0"
LINE_END: Final = b"\r\n"
STATUS_NAMES: Final = frozenset({b"status", b"description"})


def guard(connection: Client) -> None:
    """Let a connection read stored messages whatever their headers are."""
    connection._process_msg = partial(_read, connection._process_msg)  # type: ignore[method-assign]  # noqa: SLF001


def harmless(head: bytes) -> bytes:
    """A message's header block without what nats-py does not read as a header; ``NATS/1.0`` alone where nothing is left."""
    lines = [line for line in head.split(LINE_END)[1:] if _is_header(line)]
    return LINE_END.join([VERSION, *lines, b"", b""])


async def _read(read: Any, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes | None) -> None:
    stored = headers is not None and bytes(reply).startswith(STORED)
    await read(sid, subject, reply, data, harmless(headers) if headers is not None and stored else headers)


def _is_header(line: bytes) -> bool:
    name, colon, value = line.partition(b":")
    if not (colon and name.isascii() and value.isascii() and name.decode().isprintable() and value.decode().isprintable()):
        return False
    return bool(name) and b" " not in name and name.lower() not in STATUS_NAMES
