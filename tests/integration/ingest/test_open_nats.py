"""Opening a connection waits for streams that are not ready yet, and for nothing else."""

import time

import nats.errors
import pytest
from nats.js import JetStreamContext
from nats.js.errors import ServiceUnavailableError

import ingest.publisher
from ingest.publisher import EventsUnavailable, open_nats
from ingest.streams import EVENTS_STREAM
from ingest.topology import Retention, ensure_topology


async def test_streams_that_are_ready_late_are_waited_for(nats_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # As a cluster answers that elects its leaders: not at all, and then that there is none.
    late: list[Exception] = [nats.errors.TimeoutError(), ServiceUnavailableError()]

    async def ensure(js: JetStreamContext, *, retention: Retention) -> None:
        if late:
            raise late.pop(0)
        await ensure_topology(js, retention=retention)

    monkeypatch.setattr(ingest.publisher, "ensure_topology", ensure)
    async with open_nats(nats_url, retention=Retention()) as connection:
        assert (await connection.jetstream().stream_info(EVENTS_STREAM)).config.name == EVENTS_STREAM
    assert not late


async def test_streams_that_the_server_refuses_are_not_waited_for(nats_url: str) -> None:
    began = time.monotonic()
    with pytest.raises(EventsUnavailable, match="replicas > 1 not supported"):
        async with open_nats(nats_url, retention=Retention(replicas=3), streams_seconds=60):
            pass
    assert time.monotonic() - began < 30, "it was asked once"


async def test_streams_that_never_get_ready_are_an_error_that_says_so(nats_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def ensure(js: JetStreamContext, *, retention: Retention) -> None:
        raise nats.errors.TimeoutError

    monkeypatch.setattr(ingest.publisher, "ensure_topology", ensure)
    with pytest.raises(EventsUnavailable, match="NATS did not answer: nats: timeout"):
        async with open_nats(nats_url, retention=Retention(), streams_seconds=0.3):
            pass
