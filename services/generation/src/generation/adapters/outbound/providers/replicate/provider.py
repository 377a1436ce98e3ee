"""Predictions at Replicate."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from generation.adapters.outbound.guarded_fetch import GuardedClient
from generation.adapters.outbound.providers.folder import Surroundings
from generation.adapters.outbound.providers.http_api import HttpApi, run_id_in
from generation.adapters.outbound.providers.refusals import bought_once, refusal
from generation.adapters.outbound.providers.replicate.answers import report_on
from generation.adapters.outbound.providers.replicate.settings import Settings
from generation.domain.identifiers import AttemptId, RunId
from generation.ports.media_provider import Capabilities, PollSchedule, Run, RunReport, RunState

# An official model is run by its name, any other by its version.
OFFICIAL = re.compile(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+")


class ReplicateProvider:
    """Replicate has neither an idempotency key nor a look-up by a key of ours.

    A submit whose answer is lost may have been bought: it is not made again, the job fails, its user pays
    nothing and the prediction is our loss. So is one whose worker is killed between submit and commit: it
    is tried again, and bought twice. Files are gone an hour after their prediction's end.
    """

    def __init__(self, api: HttpApi, fetch: GuardedClient, *, webhook_url: str | None) -> None:
        self._api = api
        self._fetch = fetch
        self._hook = {"webhook": webhook_url, "webhook_events_filter": ["completed"]} if webhook_url else {}
        self.capabilities = Capabilities(cancel=True, progress=True, webhook=webhook_url is not None)
        # Whoever is told of the end needs to look less often.
        self.polling = PollSchedule(first_s=0.5, longest_s=30 if webhook_url else 10)

    async def submit(self, run: Run) -> RunId:
        path, asked = _asked(run)
        with bought_once():
            answer = await self._api.call("POST", path, body={**asked, **self._hook})
            if refused := refusal(answer):
                raise refused
            return run_id_in(answer.document(), "id")

    async def find(self, key: AttemptId) -> RunId | None:
        return None

    async def check(self, run_id: RunId) -> RunReport:
        answer = await self._api.call("GET", f"/v1/predictions/{run_id}")
        if answer.status == 404 and "detail" in answer.told():
            return RunReport(RunState.UNKNOWN)
        return report_on(answer.document(), self._fetch.output)

    async def cancel(self, run_id: RunId) -> None:
        await self._api.call("POST", f"/v1/predictions/{run_id}/cancel")

    async def forget(self, run_id: RunId) -> None:
        """Replicate deletes what it keeps within the hour, and nothing before."""

    def is_paying(self, run_id: RunId) -> bool:
        return False


def _asked(run: Run) -> tuple[str, Mapping[str, Any]]:
    """Return where to submit a run, and what."""
    if OFFICIAL.fullmatch(run.model):
        return f"/v1/models/{run.model}/predictions", {"input": dict(run.input)}
    return "/v1/predictions", {"version": run.model, "input": dict(run.input)}


@asynccontextmanager
async def make(settings: Settings, around: Surroundings) -> AsyncIterator[ReplicateProvider]:
    """Open Replicate until the context ends."""
    headers = {"authorization": f"Bearer {settings.api_key.get_secret_value()}"}
    async with HttpApi(base_url=str(settings.base_url), headers=headers, timeout_s=settings.timeout_s) as api:
        yield ReplicateProvider(api, around.fetch, webhook_url=around.webhook_url)
