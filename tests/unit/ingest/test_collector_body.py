"""Bodies are read within bounds, whatever they unfold to; header values cannot break out of their header."""

import gzip
from http import HTTPStatus
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from ingest.collector_body import BodyRefused, read_body, read_object
from ingest.streams import header_text, header_value


def request(*chunks: bytes, encoding: str | None = None) -> Request:
    """A request whose body comes in these chunks."""
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    messages.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    headers = [(b"content-encoding", encoding.encode())] if encoding else []
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


async def test_chunks_are_joined_up_to_the_bound() -> None:
    assert await read_body(request(b"abc", b"", b"de"), max_bytes=5) == b"abcde"
    with pytest.raises(BodyRefused) as caught:
        await read_body(request(b"abc", b"def"), max_bytes=5)
    assert (caught.value.code, caught.value.status) == ("body_too_large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


async def test_gzip_is_bounded_by_what_it_unfolds_to() -> None:
    assert await read_body(request(gzip.compress(b"a" * 100), encoding="GZIP"), max_bytes=100) == b"a" * 100
    with pytest.raises(BodyRefused, match="longer than 99 bytes"):
        await read_body(request(gzip.compress(b"a" * 100), encoding="gzip"), max_bytes=99)


@pytest.mark.parametrize("body", [b"not gzip", gzip.compress(b"a" * 100)[:-4], b""])
async def test_what_is_not_whole_gzip_is_refused(body: bytes) -> None:
    with pytest.raises(BodyRefused) as caught:
        await read_body(request(body, encoding="gzip"), max_bytes=1_000)
    assert caught.value.code == "malformed_gzip"


@pytest.mark.parametrize(("body", "code"), [(b"{", "malformed_json"), (b"", "malformed_json"), (b"[]", "not_an_object")])
def test_what_is_no_object_is_refused_with_its_bytes(body: bytes, code: str) -> None:
    with pytest.raises(BodyRefused) as caught:
        read_object(body)
    assert (caught.value.code, caught.value.received) == (code, body)


@given(st.text(max_size=200))
def test_a_header_value_is_visible_ascii_and_comes_back(text: str) -> None:
    value = header_value(text)
    assert all(" " <= character <= "~" for character in value)
    assert header_text(value) == text.strip(" ")


def test_a_line_break_does_not_become_a_header() -> None:
    assert header_value("m1\r\nNats-Rollup: all") == "m1%0D%0ANats-Rollup: all"
    assert header_text("m1%0D%0ANats-Rollup: all") == "m1\r\nNats-Rollup: all"
