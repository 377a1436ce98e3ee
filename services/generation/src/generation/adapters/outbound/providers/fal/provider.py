"""Requests in fal's queue."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from generation.adapters.outbound.guarded_fetch import GuardedClient
from generation.adapters.outbound.providers.fal.addresses import MODEL, path_of, run_id_of, webhook_address
from generation.adapters.outbound.providers.fal.answers import ended, running
from generation.adapters.outbound.providers.fal.settings import Settings
from generation.adapters.outbound.providers.folder import Surroundings
from generation.adapters.outbound.providers.http_api import Answer, HttpApi
from generation.adapters.outbound.providers.refusals import NOT_ACCEPTED, bought_once, refusal
from generation.domain.identifiers import AttemptId, RunId
from generation.ports.media_provider import (
    Capabilities,
    PollSchedule,
    ProviderRefused,
    ProviderUnavailable,
    Run,
    RunReport,
    RunState,
)

# Longer than any job lives. Without it, files stay at addresses that anybody may open, for ever.
FILES_TTL_S = 86_400
LIFECYCLE = {"x-fal-object-lifecycle-preference": json.dumps({"expiration_duration_seconds": FILES_TTL_S})}
log = structlog.get_logger(__name__)


class FalProvider:
    """fal's queue has neither an idempotency key nor a look-up by a key of ours.

    A submit whose answer is lost may have been queued: it is not made again, the job fails, its user pays
    nothing and the request is our loss. So is one whose worker is killed between submit and commit: it is
    tried again, and bought twice. What fal's own runners lose, fal tries again by itself, at no cost.

    A model's name is fal's, with its endpoint: `fal-ai/flux/schnell`. Files are asked to be gone after a day,
    and nothing before. What a request cost is not in its answers.
    """

    def __init__(self, api: HttpApi, fetch: GuardedClient, *, webhook_url: str | None) -> None:
        self._api = api
        self._fetch = fetch
        self._webhook_url = webhook_url
        self.capabilities = Capabilities(cancel=True, progress=True, webhook=webhook_url is not None)
        # Whoever is told of the end needs to look less often.
        self.polling = PollSchedule(first_s=0.5, longest_s=30 if webhook_url else 10)

    async def submit(self, run: Run) -> RunId:
        if not MODEL.fullmatch(run.model):
            log.error("a model's name at fal is owner/app, and perhaps an endpoint", model=run.model)
            raise ProviderRefused(NOT_ACCEPTED, retryable=False)
        hook = self._webhook_url
        params = {"fal_webhook": webhook_address(hook, model=run.model)} if hook else None
        with bought_once():
            answer = await self._api.call(
                "POST", f"/{run.model}", body=run.input, params=params, headers=LIFECYCLE
            )
            if refused := refusal(answer):
                raise refused
            return run_id_of(answer.document(), model=run.model)

    async def find(self, key: AttemptId) -> RunId | None:
        return None

    async def check(self, run_id: RunId) -> RunReport:
        if (path := path_of(run_id)) is None:
            return RunReport(RunState.UNKNOWN)
        answer = await self._api.call("GET", f"{path}/status", params={"logs": "1"})
        if answer.status == 404 and "detail" in answer.told():
            return RunReport(RunState.UNKNOWN)
        status = answer.document()
        if going_on := running(status):
            return going_on
        return ended(status, await self._api.call("GET", path), self._fetch.output)

    async def cancel(self, run_id: RunId) -> None:
        if (path := path_of(run_id)) is not None:
            _sensible(await self._api.call("PUT", f"{path}/cancel"))

    async def forget(self, run_id: RunId) -> None:
        """Leave it be: what it made goes by itself within a day, and a key of the queue deletes nothing."""

    def is_paying(self, run_id: RunId) -> bool:
        return False


def _sensible(answer: Answer) -> None:
    """Let an answer pass that is about the request. Raises ProviderUnavailable for the others."""
    if answer.status == 429 or answer.status >= 500:
        raise ProviderUnavailable(f"status {answer.status}", retry_after_s=answer.retry_after_s)


@asynccontextmanager
async def make(settings: Settings, around: Surroundings) -> AsyncIterator[FalProvider]:
    """Open fal until the context ends."""
    headers = {"authorization": f"Key {settings.api_key.get_secret_value()}"}
    async with HttpApi(base_url=str(settings.base_url), headers=headers, timeout_s=settings.timeout_s) as api:
        yield FalProvider(api, around.fetch, webhook_url=around.webhook_url)
