"""A process tells its health on a port of its own, and its errors say which option chose it."""

from pathlib import Path

import httpx
import pytest

from runtime.observing import observing, store_checks
from runtime.server import listen
from runtime.settings import load_settings
from runtime.stack.errors import PortTakenError


async def test_a_process_without_its_stores_lives_and_is_not_ready(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, port=0)
    with listen(settings) as chosen:
        port = chosen.getsockname()[1]
    async with observing(settings, port=port, checks=store_checks(settings)), httpx.AsyncClient() as client:
        url = f"http://127.0.0.1:{port}"
        assert (await client.get(f"{url}/healthz")).status_code == 200
        ready = await client.get(f"{url}/readyz")
        assert ready.status_code == 503
        assert ready.json()["checks"] == {"nats": "StoreAwayError", "neo4j": "StoreAwayError"}
        assert "kindred_batch_seconds" in (await client.get(f"{url}/metrics")).text
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/healthz")


async def test_a_port_that_is_taken_is_named_with_its_option(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, port=0)
    with listen(settings) as taken, pytest.raises(PortTakenError, match="Choose another with --metrics-port"):
        async with observing(settings, port=taken.getsockname()[1], checks={}):
            raise AssertionError("unreachable")
