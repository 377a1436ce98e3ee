"""One person's stream of events: how each of their jobs ended, and when its charge was in the balance."""

import asyncio
import json
import time
from collections import defaultdict, deque
from typing import Any

import httpx
from httpx_sse import EventSource

TERMINAL = frozenset({"succeeded", "failed", "cancelled", "rejected"})


class Person:
    """A user with one stream, whose callers wait for their jobs."""

    def __init__(self, url: str, token: str) -> None:
        self.http = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=None),
        )
        self._ends: defaultdict[str, asyncio.Future[float]] = defaultdict(_future)
        # What must have left the balance before a job is paid for, and who waits for it, in order.
        self._unpaid: deque[tuple[int, asyncio.Future[float]]] = deque()
        self._total = self._left = self._due = 0
        self._paid: dict[str, asyncio.Future[float]] = {}
        self._open = asyncio.Event()

    async def arrive(self) -> None:
        """Note the balance before the first job."""
        balance = (await self.http.get("/v1/balance")).raise_for_status().json()
        self._total = self._left = balance["available"] + balance["held"]

    async def until_listening(self) -> None:
        """Wait until the stream is open."""
        async with asyncio.timeout(30):
            await self._open.wait()

    async def ended(self, job: str) -> float:
        """Return when a job's end was told."""
        return await asyncio.shield(self._ends[job])

    async def paid(self, job: str) -> float:
        """Return when a job's charge was told to be in the balance. The job must have ended."""
        del self._ends[job]
        return await self._paid.pop(job)

    async def listen(self) -> None:
        """Hear what happens until cancelled. Raises where a job ended in any way but well."""
        headers = {"Accept": "text/event-stream"}
        async with self.http.stream("GET", "/v1/events", headers=headers, timeout=None) as answer:
            answer.raise_for_status()
            self._open.set()
            async for event in EventSource(answer).aiter_sse():
                if event.data:
                    self._hear(event.event, json.loads(event.data), time.perf_counter())
        raise ConnectionError("the stream of events ended")

    def _hear(self, name: str, told: dict[str, Any], now: float) -> None:
        if name == "balance.updated":
            self._left = told["available"] + told["held"]
            self._settle(now)
        elif name == "generation.updated" and told["status"] in TERMINAL:
            if told["status"] != "succeeded":
                raise RuntimeError(f"a job ended as {told['status']}: {told}")
            self._due += told["credits"]["charged"]
            paid = self._paid[told["id"]] = _future()
            self._unpaid.append((self._due, paid))
            self._ends[told["id"]].set_result(now)
            self._settle(now)

    def _settle(self, now: float) -> None:
        while self._unpaid and self._total - self._left >= self._unpaid[0][0]:
            self._unpaid.popleft()[1].set_result(now)


def _future() -> asyncio.Future[float]:
    return asyncio.get_running_loop().create_future()
