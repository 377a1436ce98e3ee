"""Calls of a provider's HTTP API: bounded, under a deadline, and never made twice."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import httpx

from generation.adapters.outbound.providers.retry_after import retry_after_s
from generation.domain.identifiers import RunId
from generation.ports.media_provider import ProviderUnavailable, ProviderUnreachable

CONNECT_TIMEOUT_S = 5.0
CONNECTIONS_MAX = 64
# Answers name files; a picture within one is larger than any of them.
ANSWER_BYTES_MAX = 2_000_000
# Run ids become parts of addresses: nothing in them may mean anything there.
RUN_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")

# A name, its bytes, its type.
File = tuple[str, bytes, str]


class NeverSent(ProviderUnreachable):
    """No connection was made."""


class InTrouble(ProviderUnavailable):
    """The provider answered, with an error of its own (5xx)."""


@dataclass(frozen=True)
class Answer:
    """What came back, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def retry_after_s(self) -> float | None:
        """How long the provider asks to be left alone, where it says so."""
        return retry_after_s(self.headers.get("retry-after"), now=datetime.now(UTC))

    def told(self) -> dict[str, Any]:
        """Return the object in the body, whatever the status; an empty one where there is none."""
        try:
            told = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return told if isinstance(told, dict) else {}

    def document(self) -> dict[str, Any]:
        """Return what a good answer says; any other tells nothing of a run. Raises ProviderUnavailable."""
        told = self.told() if 200 <= self.status < 300 else {}
        if not told:
            trouble = InTrouble if self.status >= 500 else ProviderUnavailable
            raise trouble(f"status {self.status}", retry_after_s=self.retry_after_s)
        return told


class HttpApi(AbstractAsyncContextManager["HttpApi"]):
    """One provider's API at `base_url`; `headers`, with our key among them, go with every call.

    It follows no redirect, reads no proxy from the environment, and sends our key nowhere else.
    """

    def __init__(self, *, base_url: str, headers: Mapping[str, str], timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._client = httpx.AsyncClient(
            base_url=base_url,
            # What unfolds while it is read would have no size until then.
            headers={"accept": "application/json", "accept-encoding": "identity", **headers},
            timeout=httpx.Timeout(timeout_s, connect=min(CONNECT_TIMEOUT_S, timeout_s)),
            limits=httpx.Limits(max_connections=CONNECTIONS_MAX),
            follow_redirects=False,
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def call(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        files: Mapping[str, File] | None = None,
    ) -> Answer:
        """Return the answer, of whatever status; `path` may be an address that the provider gave us.

        With `files` a form is sent in place of a JSON `body`.

        Raises NeverSent when no connection was made, and ProviderUnavailable when it broke, took more than
        `timeout_s`, grew too large, or `path` is somewhere else.
        """
        try:
            request = self._client.build_request(
                method, path, json=body, params=params, headers=headers, data=form, files=files
            )
            if _origin(request.url) != _origin(self._client.base_url):
                raise ProviderUnavailable("the provider points somewhere else")
            async with asyncio.timeout(self._timeout_s):
                return await self._answer(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NeverSent(type(error).__name__) from error
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise ProviderUnavailable(type(error).__name__) from error

    @asynccontextmanager
    async def streamed(self, path: str, params: Mapping[str, str]) -> AsyncIterator[httpx.Response]:
        """Open the answer to a GET for whoever reads it in pieces. Raises what httpx raises."""
        async with self._client.stream("GET", path, params=params) as response:
            yield response

    async def _answer(self, request: httpx.Request) -> Answer:
        response = await self._client.send(request, stream=True)
        try:
            body = bytearray()
            async for piece in response.aiter_raw():
                body += piece
                if len(body) > ANSWER_BYTES_MAX:
                    raise ProviderUnavailable("the answer is larger than any answer")
            return Answer(response.status_code, response.headers, bytes(body))
        finally:
            await response.aclose()


def run_id_in(told: Mapping[str, Any], name: str) -> RunId:
    """Return the id that a provider gave a run. Raises ProviderUnavailable when there is none to be read."""
    run_id = told.get(name)
    if not isinstance(run_id, str) or not RUN_ID.fullmatch(run_id):
        raise ProviderUnavailable("the answer names no run")
    return RunId(run_id)


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
