"""Headers that anybody may have written, as nats-py is given them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nats.aio.client import Client

from ingest.stored_headers import guard, harmless


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"NATS/1.0\r\nNats-Msg-Id: a:1\r\nb: \r\n\r\n", b"NATS/1.0\r\nNats-Msg-Id: a:1\r\nb: \r\n\r\n"),
        (b"NATS/1.0 408 Request Timeout\r\na: b\r\n\r\n", b"NATS/1.0\r\na: b\r\n\r\n"),
        (b"NATS/1.0 404\r\n\r\n", b"NATS/1.0\r\n\r\n"),
        (b"NATS/1.0\r\nStatus: 408\r\nstatus:100\r\nDescription: Idle Heartbeat\r\n\r\n", b"NATS/1.0\r\n\r\n"),
        (b"NATS/1.0\r\nno colon\r\n: x\r\na b: c\r\n\xff: c\r\nd: \xff\r\ne: \x00\r\nf: g\r\n\r\n", b"NATS/1.0\r\nf: g\r\n\r\n"),
        (b"", b"NATS/1.0\r\n\r\n"),
    ],
)
def test_what_is_no_plain_header_is_taken_off(head: bytes, expected: bytes) -> None:
    assert harmless(head) == expected


@given(
    st.sampled_from([b"NATS/1.0", b"NATS/1.0 4", b""]), st.lists(st.binary(max_size=20) | st.sampled_from([b"Status: 1", b"a:b"]))
)
async def test_nats_py_reads_what_is_left_as_headers_and_as_no_status(first: bytes, lines: list[bytes]) -> None:
    failed: list[Any] = []
    connection = Client()
    connection._error_cb = failed.append
    read = await connection._process_headers(harmless(b"\r\n".join([first, *lines, b"", b""])))
    assert "Status" not in (read or {})
    assert failed == []


async def test_only_stored_messages_are_touched() -> None:
    connection = Client()
    seen: list[Any] = []

    async def read(*given_: Any) -> None:
        seen.append(given_)

    connection._process_msg = read
    guard(connection)
    status = b"NATS/1.0 404\r\n\r\n"
    await connection._process_msg(1, b"inbox", b"", b"", status)
    await connection._process_msg(1, b"s", b"$JS.ACK.E.w.1.1.1.0.0", b"body", status)
    await connection._process_msg(1, b"s", b"$JS.ACK.E.w.1.1.1.0.0", b"body", None)
    assert [given_[4] for given_ in seen] == [status, b"NATS/1.0\r\n\r\n", None]
    assert seen[1][:4] == (1, b"s", b"$JS.ACK.E.w.1.1.1.0.0", b"body")
