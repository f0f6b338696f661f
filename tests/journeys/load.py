"""Load through the collector, as a sender sees it."""

import asyncio

import httpx

BATCH = 20


class Load:
    """Sends batches to the collector until it is told to stop; ``accepted`` are the ids that it said it has."""

    def __init__(self, url: str, *, write_key: str) -> None:
        self.accepted: set[str] = set()
        self.not_answered = 0
        self._url = url
        self._key = write_key
        self._sent = 0

    async def run(self, *, stopping: asyncio.Event) -> None:
        async with httpx.AsyncClient(base_url=self._url, auth=(self._key, ""), timeout=15) as client:
            while not stopping.is_set():
                batch = [self._event() for _ in range(BATCH)]
                try:
                    answer = await client.post("/v1/batch", json={"batch": batch})
                except httpx.TransportError:
                    # Told nothing, a sender sends again; here it need not, for nothing was promised.
                    self.not_answered += 1
                    await asyncio.sleep(0.1)
                    continue
                assert answer.status_code in (200, 503), answer.text
                await asyncio.sleep(0.05)
                if answer.status_code == 200:
                    self.accepted |= {str(event["messageId"]) for event in batch}

    async def more(self, count: int) -> None:
        """Wait until so many more are accepted."""
        least = len(self.accepted) + count
        async with asyncio.timeout(60):
            while len(self.accepted) < least:
                await asyncio.sleep(0.02)

    def _event(self) -> dict[str, object]:
        self._sent += 1
        person = self._sent // 10  # new people all the time, each with a few cookies
        event = {"type": "track", "event": "Product Viewed", "messageId": f"event-{self._sent}", "userId": f"user-{person}"}
        return event | {"anonymousId": f"cookie-{person}-{self._sent % 3}", "timestamp": "2026-02-03T04:05:06Z"}
