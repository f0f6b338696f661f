"""The socket that the HTTP server listens on."""

import asyncio
import socket
from pathlib import Path

import pytest

from runtime.server import listen
from runtime.settings import load_settings
from runtime.stack.errors import PortTakenError


async def test_answers_leave_without_waiting_for_acknowledgements(tmp_path: Path) -> None:
    accepted: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def connected(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.set_result(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    with listen(load_settings(home=tmp_path, port=0)) as listener:
        async with await asyncio.start_server(connected, sock=listener):
            _, writer = await asyncio.open_connection(*listener.getsockname()[:2])
            assert await accepted != 0
            writer.close()


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with listen(load_settings(home=tmp_path, port=0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(PortTakenError, match=f"port {port} cannot be listened on"):
            listen(load_settings(home=tmp_path, port=port))
