"""A shopper in a real browser: an anonymous visit by Segment's library, then signing in, and the page shows the whole history.

Stores, worker, resolver and server are processes of their own; the page is on another origin than they are, as a shop's is.
"""

import asyncio
import functools
import json
import random
import shutil
import subprocess
import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Page, async_playwright

from runtime.settings import Settings
from runtime.stack.services import default_services
from runtime.stack.stack import Stack
from runtime.wiring import api_keys, write_keys

FOLDER = Path(__file__).parent / "browser"
CHROMIUM = "/usr/bin/chromium"
USER, EMAIL = "user-7", "grace@kindred.example.com"
BOUGHT = 12
"""Orders that the customer is known to have made before."""
SECONDS = 120
HISTORY = """
query ($email: String!) {
  profile(identifier: {namespace: "email", value: $email}) { ... on Profile { journey { totalCount } } }
}
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Address and folder of the page, built from its sources and the locked packages."""
    assert (FOLDER / "node_modules").is_dir(), f"install the page's packages: npm ci --prefix {FOLDER}"
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(FOLDER / "page.html", folder / "index.html")
    esbuild = FOLDER / "node_modules" / ".bin" / "esbuild"
    build = [esbuild, "page.js", "--bundle", "--format=iife", f"--outfile={folder / 'page.js'}", "--log-level=warning"]
    subprocess.run(build, cwd=FOLDER, check=True, timeout=120)
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", folder
    finally:
        server.shutdown()
        server.server_close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        pass


@pytest.fixture
def installation(settings: Settings, site: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """It runs, and lets the page's origin ask."""
    monkeypatch.setenv("KINDRED_ALLOWED_ORIGINS", json.dumps([site[0]]))
    # A first question may find a machine busy with everything else that just began.
    monkeypatch.setenv("KINDRED_REQUEST_TIMEOUT_SECONDS", str(SECONDS))
    services = default_services(settings)
    stack = Stack(settings, services=services, say=lambda _: None, on_jars=lambda _: None, chance=random.Random(3))
    try:
        asyncio.run(stack.up())
        yield settings
    finally:
        asyncio.run(stack.down())


async def test_the_page_shows_the_merged_history_without_reloading(installation: Settings, site: tuple[str, Path]) -> None:
    url, _ = site
    host = f"127.0.0.1:{installation.port}"
    write_key, api_key = write_keys(installation)["default"], api_keys(installation)["development"]
    history = [f"order-{number}-{uuid.uuid4().hex[:8]}" for number in range(BOUGHT)]
    async with httpx.AsyncClient(base_url=f"http://{host}", timeout=SECONDS) as shop:
        await buy(shop, write_key, history)
        await settled(shop, api_key)
    cookie = f"cookie-{uuid.uuid4()}"
    given = {
        "host": f"{host}/v1", "graphql": f"ws://{host}/graphql", "writeKey": write_key, "apiKey": api_key,
        "cookie": cookie, "user": USER, "email": EMAIL,
    }  # fmt: skip
    errors: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            page = await browser.new_page()
            page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
            page.on("pageerror", lambda error: errors.append(str(error)))
            await page.add_init_script(f"window.shop = {json.dumps(given)}")
            await page.goto(url)
            loaded = await page.evaluate("performance.timeOrigin")
            for number in range(3):
                await page.evaluate(f"window.browse('Page {number}')")
            await shown(page, 3, errors)
            assert {each["type"] for each in await told(page)} == {"PAGE_VIEW"}

            await page.click("#sign-in")
            # Three pages, signing in, and the orders of whom the visitor turned out to be.
            everything = 3 + 1 + BOUGHT
            await shown(page, everything, errors)
            seen = await told(page)
            ids = [each["id"] for each in seen]
            assert len(ids) == len(set(ids)) == everything
            assert set(history) <= set(ids)
            assert await page.evaluate("performance.timeOrigin") == loaded, "the page was loaded again"
            lines = await page.locator("#journey li").count()
            until = max(each["afterClickMs"] for each in seen if each["id"] in history)
            took = f"from the click on signing in to the whole history on the page: {until:.0f} ms"
            print(took)  # noqa: T201 - for whoever reads the log
            assert lines == everything, took
            # Late doubles would come now.
            await asyncio.sleep(3)
            assert len(await told(page)) == everything, took
            assert errors == [], (errors, took)
        finally:
            await browser.close()


async def buy(shop: httpx.AsyncClient, write_key: str, order_ids: list[str]) -> None:
    """The customer's history, as a till and a CRM send it."""
    start = datetime.now(UTC) - timedelta(days=90)
    events = [{"type": "identify", "userId": USER, "traits": {"email": EMAIL, "firstName": "Grace", "lastName": "Hopper"}}]
    events += [
        {
            "type": "track", "event": "Order Completed", "userId": USER, "messageId": order_id,
            "timestamp": (start + timedelta(days=number)).isoformat(),
            "properties": {"order_id": order_id, "total": 20 + number, "products": [{"product_id": f"sku-{number}"}]},
        }
        for number, order_id in enumerate(order_ids)
    ]  # fmt: skip
    (await shop.post("/v1/batch", json={"batch": events}, auth=(write_key, ""))).raise_for_status()


async def settled(shop: httpx.AsyncClient, api_key: str) -> None:
    """Wait until the customer is one with their history."""
    asked = {"query": HISTORY, "variables": {"email": EMAIL}}
    async with asyncio.timeout(SECONDS):
        while True:
            answer = (await shop.post("/graphql", json=asked, headers={"Authorization": f"Bearer {api_key}"})).json()
            assert "errors" not in answer, answer
            if answer["data"]["profile"].get("journey", {}).get("totalCount") == BOUGHT:
                return
            await asyncio.sleep(0.2)


async def shown(page: Page, count: int, errors: list[str]) -> None:
    """Wait until the page shows so many touchpoints."""
    try:
        await page.wait_for_function(f"window.told.length >= {count}", timeout=SECONDS * 1_000)
    except Exception as error:
        state = await page.text_content("#state")
        raise AssertionError(f"{len(await told(page))} of {count} shown; state {state!r}, errors {errors}") from error


async def told(page: Page) -> list[dict[str, object]]:
    """What the subscription told the page."""
    found: list[dict[str, object]] = await page.evaluate("window.told")
    return found
