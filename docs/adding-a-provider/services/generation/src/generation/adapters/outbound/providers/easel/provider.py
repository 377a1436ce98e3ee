"""Runs at Easel."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from generation.adapters.outbound.guarded_fetch import GuardedClient
from generation.adapters.outbound.providers.easel.answers import refusal, report_on, run_id_of
from generation.adapters.outbound.providers.easel.settings import Settings
from generation.adapters.outbound.providers.folder import Surroundings
from generation.domain.identifiers import AttemptId, RunId
from generation.ports.media_provider import (
    Capabilities,
    PollSchedule,
    ProviderUnavailable,
    Run,
    RunReport,
    RunState,
)


class EaselProvider:
    """One submit a job: Easel keeps our key for a day, and finds runs by it."""

    capabilities = Capabilities(cancel=True, idempotency_key=True, look_up=True, progress=True, cost=True)
    polling = PollSchedule(first_s=0.5, longest_s=10)

    def __init__(self, client: httpx.AsyncClient, fetch: GuardedClient) -> None:
        self._client = client
        self._fetch = fetch

    async def submit(self, run: Run) -> RunId:
        asked = {"model": run.model, "input": dict(run.input)}
        answer = await self._call("POST", "/v1/runs", json=asked, headers={"idempotency-key": run.key})
        if refused := refusal(answer):
            raise refused
        return run_id_of(_document(answer))

    async def find(self, key: AttemptId) -> RunId | None:
        found = _document(await self._call("GET", "/v1/runs", params={"key": key})).get("runs")
        return run_id_of(found[0]) if isinstance(found, list) and found else None

    async def check(self, run_id: RunId) -> RunReport:
        answer = await self._call("GET", f"/v1/runs/{run_id}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return RunReport(RunState.UNKNOWN)
        return report_on(_document(answer), self._fetch.output)

    async def cancel(self, run_id: RunId) -> None:
        await self._call("POST", f"/v1/runs/{run_id}/cancel")

    async def forget(self, run_id: RunId) -> None:
        await self._call("DELETE", f"/v1/runs/{run_id}")

    def is_paying(self, run_id: RunId) -> bool:
        return False

    async def _call(self, method: str, path: str, **more: Any) -> httpx.Response:
        try:
            return await self._client.request(method, path, **more)
        except httpx.HTTPError as error:
            raise ProviderUnavailable(type(error).__name__) from error


def _document(answer: httpx.Response) -> dict[str, Any]:
    """Return what a good answer says. Raises ProviderUnavailable for any other: it tells nothing of a run."""
    try:
        told = answer.json() if answer.is_success else None
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        pause = answer.headers.get("retry-after", "")
        raise ProviderUnavailable(
            f"status {answer.status_code}", retry_after_s=float(pause) if pause.isdigit() else None
        )
    return told


@asynccontextmanager
async def make(settings: Settings, around: Surroundings) -> AsyncIterator[EaselProvider]:
    """Open Easel until the context ends. httpx tries nothing again by itself."""
    headers = {"authorization": f"Bearer {settings.api_key.get_secret_value()}"}
    base_url, timeout_s = str(settings.base_url), settings.timeout_s
    async with httpx.AsyncClient(
        base_url=base_url, headers=headers, timeout=timeout_s, trust_env=False
    ) as client:
        yield EaselProvider(client, around.fetch)
