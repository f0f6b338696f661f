"""The demonstration as a client of the HTTP server, like any other: waits for it, asks it over GraphQL."""

import asyncio
import http.client
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runtime.demo.answer import Answer
from runtime.demo.errors import DemoError

QUERY = (Path(__file__).parent / "profile.graphql").read_text(encoding="utf-8")
REQUEST_TIMEOUT_SECONDS = 20.0
POLL_SECONDS = 0.2


class HttpClient:
    """Talks to one server, with an API key."""

    def __init__(self, base_url: str, *, api_key: str) -> None:
        self.base_url = base_url.rstrip("/")
        self._api_key = api_key

    async def until_ready(self, *, timeout_seconds: float) -> None:
        """Wait until the server says that it can serve.

        Raises:
            DemoError: it did not within the time; with what was observed last.
        """
        observed = "nothing was tried"
        try:
            async with asyncio.timeout(timeout_seconds):
                while True:
                    try:
                        await asyncio.to_thread(self._get, "/readyz")
                    except (OSError, http.client.HTTPException) as error:
                        observed = str(error)
                    else:
                        return
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError as error:
            raise DemoError(
                f"the HTTP server at {self.base_url} was not ready within {timeout_seconds:g} seconds: {observed}",
                code="server_not_ready",
            ) from error

    async def profile(self, *, email: str) -> Answer:
        """The profile of whoever has an e-mail address.

        Raises:
            DemoError: the server refused the question, or answered something else than a profile.
        """
        variables = {"identifier": {"namespace": "email", "value": email}}
        return Answer.of(await asyncio.to_thread(self._post, "/graphql", {"query": QUERY, "variables": variables}))

    def page(self, *, email: str) -> str:
        """Address of GraphiQL with the question and the key in it, so that opening it is enough."""
        variables = json.dumps({"identifier": {"namespace": "email", "value": email}})
        headers = json.dumps({"Authorization": f"Bearer {self._api_key}"})
        # GraphiQL takes the spaces of its address for what they are only as %20.
        asked = urllib.parse.urlencode({"q": QUERY, "variables": variables, "headers": headers}, quote_via=urllib.parse.quote)
        return f"{self.base_url}/graphql?{asked}"

    def _get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.base_url + path, timeout=REQUEST_TIMEOUT_SECONDS) as response:  # noqa: S310 - http only
            body: bytes = response.read()
            return body

    def _post(self, path: str, body: Mapping[str, Any]) -> bytes:
        request = urllib.request.Request(  # noqa: S310 - the address is ours
            self.base_url + path,
            data=json.dumps(body).encode(),
            headers={
                "Content-Type": "application/json",
                "Accept": "application/json",
                "Authorization": f"Bearer {self._api_key}",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=REQUEST_TIMEOUT_SECONDS) as response:  # noqa: S310 - http only
                answer: bytes = response.read()
                return answer
        except urllib.error.HTTPError as error:
            raise DemoError(
                f"{self.base_url}{path} answered {error.code}: {error.read()[:500].decode(errors='replace')}"
            ) from error
        except OSError as error:
            raise DemoError(f"{self.base_url}{path} did not answer: {error}") from error
