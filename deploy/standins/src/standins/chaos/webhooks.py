"""Sends webhooks as a provider does, and as it does on a bad day."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from standins.chaos.troubles import Chaos, Delivery

KEPT_MAX = 1_000
IN_FLIGHT_MAX = 64


@dataclass(frozen=True)
class Webhook:
    """What to tell whom; `headers` are made for each attempt, since they are signed with its time."""

    url: str
    body: bytes
    headers: Callable[[bytes], Mapping[str, str]]
    about: str


class Postman:
    """Sends in the background, several at once; gives up after its retries, as the provider does."""

    def __init__(self, chaos: Chaos, *, retry_delays_s: Sequence[float], timeout_s: float) -> None:
        self._chaos = chaos
        self._retry_delays_s = retry_delays_s
        self._client = httpx.AsyncClient(timeout=timeout_s, trust_env=False, follow_redirects=False)
        self._room = asyncio.Semaphore(IN_FLIGHT_MAX)
        self._sending: set[asyncio.Task[None]] = set()
        self._held: list[Webhook] = []
        self.log: deque[dict[str, Any]] = deque(maxlen=KEPT_MAX)

    def send(self, webhook: Webhook) -> None:
        """Send it, once or otherwise, as the order in force says."""
        held, self._held = self._held, []
        match self._chaos.of_webhook():
            case Delivery.DROPPED:
                self.log.appendleft({"about": webhook.about, "status": None, "how": Delivery.DROPPED})
            case Delivery.DOUBLED:
                self._start(webhook)
                self._start(webhook)
            case Delivery.LATE:
                self._start(webhook, after_s=self._chaos.late_s)
            case Delivery.SWAPPED:
                self._held.append(webhook)
            case Delivery.FORGED:
                self._start(Webhook(webhook.url, webhook.body + b" ", _signing(webhook), webhook.about))
            case _:
                self._start(webhook)
        for earlier in held:
            self._start(earlier, after_s=0.05)

    async def close(self) -> None:
        """Drop what is on its way."""
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)
        await self._client.aclose()

    def _start(self, webhook: Webhook, *, after_s: float = 0.0) -> None:
        task = asyncio.create_task(self._deliver(webhook, after_s))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _deliver(self, webhook: Webhook, after_s: float) -> None:
        await asyncio.sleep(after_s)
        for pause_s in (*self._retry_delays_s, None):
            async with self._room:
                status = await self._attempt(webhook)
            self.log.appendleft({"about": webhook.about, "status": status, "how": "sent"})
            if pause_s is None or (status is not None and 200 <= status < 300):
                return
            await asyncio.sleep(pause_s)

    async def _attempt(self, webhook: Webhook) -> int | None:
        headers = {"content-type": "application/json", **webhook.headers(webhook.body)}
        try:
            return (await self._client.post(webhook.url, content=webhook.body, headers=headers)).status_code
        except (httpx.HTTPError, httpx.InvalidURL):
            return None


def _signing(webhook: Webhook) -> Callable[[bytes], Mapping[str, str]]:
    """Sign what was to be sent, not what is."""
    return lambda _body: webhook.headers(webhook.body)
