"""A client of the gateway, as an integrator would write it: HTTP, a token, idempotency keys, SSE."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
from httpx_sse import EventSource

Json = dict[str, Any]

TIMEOUT_S = 30.0
# While a service is being restarted the gateway answers 503 or 504: the same request is sent again.
RETRIED = frozenset({502, 503, 504})
RETRIES_MAX = 60
BETWEEN_RETRIES_S = 0.5


class RefusedError(RuntimeError):
    """An answer that is not a success; carries the problem+json."""

    def __init__(self, status: int, problem: Json) -> None:
        super().__init__(f"{status} {problem.get('reason', '')}: {problem.get('detail', '')}")
        self.status = status
        self.problem = problem


class Client:
    """Calls the public API with one user's token; what got no answer is sent again, so many times."""

    def __init__(self, url: str, *, retries_max: int = RETRIES_MAX) -> None:
        self._retries_max = retries_max
        self.http = httpx.AsyncClient(base_url=url, timeout=TIMEOUT_S)

    async def close(self) -> None:
        """Close the connections."""
        await self.http.aclose()

    async def sign_up(self, email: str, password: str) -> Json:
        """Open an account and keep its token."""
        answer = await self.post("/v1/auth/signup", email=email, password=password, full_name="Ada Demo")
        self.http.headers["Authorization"] = f"Bearer {answer['access_token']}"
        user: Json = answer["user"]
        return user

    async def get(self, path: str, **query: Any) -> Json:
        """GET one JSON object. Raises RefusedError."""
        return await self._send("GET", path, params=query)

    async def post(self, path: str, **body: Any) -> Json:
        """POST one JSON object, with an idempotency key that makes sending it again safe."""
        return await self._send("POST", path, json=body, headers={"Idempotency-Key": str(uuid4())})

    async def all_of(self, path: str) -> list[Json]:
        """Return every item of a list, page by page."""
        items: list[Json] = []
        cursor: str | None = None
        while True:
            page = await self.get(path, limit=100, **({"cursor": cursor} if cursor else {}))
            items += page["data"]
            cursor = page["next_cursor"]
            if cursor is None:
                return items

    async def events(self) -> AsyncIterator[tuple[str, Json]]:
        """Yield live events for ever; a broken stream is resumed where it broke."""
        last_id = ""
        while True:
            headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last_id} if last_id else {})
            try:
                async with self.http.stream("GET", "/v1/events", headers=headers, timeout=None) as answer:
                    answer.raise_for_status()
                    async for event in EventSource(answer).aiter_sse():
                        last_id = event.id or last_id
                        if event.data:
                            yield event.event, json.loads(event.data)
            except (httpx.TransportError, httpx.HTTPStatusError):
                await asyncio.sleep(BETWEEN_RETRIES_S)

    async def _send(self, method: str, path: str, **options: Any) -> Json:
        for _ in range(self._retries_max):
            try:
                answer = await self.http.request(method, path, **options)
            except httpx.TransportError:
                await asyncio.sleep(BETWEEN_RETRIES_S)
                continue
            if answer.status_code not in RETRIED:
                break
            await asyncio.sleep(BETWEEN_RETRIES_S)
        else:
            raise TimeoutError(f"{method} {path}: no answer after {self._retries_max} tries")
        content: Json = answer.json() if answer.content else {}
        if answer.is_error:
            raise RefusedError(answer.status_code, content)
        return content
