"""Runs at Easel."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from generation.adapters.outbound.guarded_fetch import GuardedClient
from generation.adapters.outbound.providers.easel.answers import content_refusal, report_on
from generation.adapters.outbound.providers.easel.settings import Settings
from generation.adapters.outbound.providers.folder import Surroundings
from generation.adapters.outbound.providers.http_api import HttpApi, run_id_in
from generation.adapters.outbound.providers.refusals import refusal
from generation.domain.identifiers import AttemptId, RunId
from generation.ports.media_provider import Capabilities, PollSchedule, Run, RunReport, RunState


class EaselProvider:
    """One submit a job: Easel keeps our key for a day, and finds runs by it."""

    capabilities = Capabilities(cancel=True, idempotency_key=True, look_up=True, progress=True, cost=True)
    polling = PollSchedule(first_s=0.5, longest_s=10)

    def __init__(self, api: HttpApi, fetch: GuardedClient) -> None:
        self._api = api
        self._fetch = fetch

    async def submit(self, run: Run) -> RunId:
        asked = {"model": run.model, "input": dict(run.input)}
        answer = await self._api.call("POST", "/v1/runs", body=asked, headers={"idempotency-key": run.key})
        if refused := content_refusal(answer) or refusal(answer):
            raise refused
        return run_id_in(answer.document(), "id")

    async def find(self, key: AttemptId) -> RunId | None:
        found = (await self._api.call("GET", "/v1/runs", params={"key": key})).document().get("runs")
        return run_id_in(found[0], "id") if isinstance(found, list) and found else None

    async def check(self, run_id: RunId) -> RunReport:
        answer = await self._api.call("GET", f"/v1/runs/{run_id}")
        if answer.status == 404:
            return RunReport(RunState.UNKNOWN)
        return report_on(answer.document(), self._fetch.output)

    async def cancel(self, run_id: RunId) -> None:
        await self._api.call("POST", f"/v1/runs/{run_id}/cancel")

    async def forget(self, run_id: RunId) -> None:
        await self._api.call("DELETE", f"/v1/runs/{run_id}")

    def is_paying(self, run_id: RunId) -> bool:
        return False


@asynccontextmanager
async def make(settings: Settings, around: Surroundings) -> AsyncIterator[EaselProvider]:
    """Open Easel until the context ends."""
    headers = {"authorization": f"Bearer {settings.api_key.get_secret_value()}"}
    async with HttpApi(base_url=str(settings.base_url), headers=headers, timeout_s=settings.timeout_s) as api:
        yield EaselProvider(api, around.fetch)
