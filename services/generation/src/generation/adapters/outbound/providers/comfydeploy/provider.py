"""Runs of deployed workflows."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from generation.adapters.outbound.guarded_fetch import GuardedClient
from generation.adapters.outbound.providers.comfydeploy.answers import report_on
from generation.adapters.outbound.providers.comfydeploy.settings import Settings
from generation.adapters.outbound.providers.comfydeploy.webhook import WebhookAddress, webhook_address
from generation.adapters.outbound.providers.folder import Surroundings
from generation.adapters.outbound.providers.http_api import Answer, HttpApi, run_id_in
from generation.adapters.outbound.providers.refusals import bought_once, refusal
from generation.domain.identifiers import AttemptId, RunId
from generation.ports.media_provider import (
    Capabilities,
    PollSchedule,
    ProviderUnavailable,
    Run,
    RunReport,
    RunState,
)

# What its framework says of a path that there is not, in place of a run.
NO_SUCH_PATH = {"detail": "Not Found"}


class ComfyDeployProvider:
    """There is neither an idempotency key nor a look-up by a key of ours: a run is known by the answer alone.

    A submit whose answer is lost may be running, on a machine that we are billed for: it is not made again,
    the job fails, its user pays nothing, and what that machine costs is ours. So is what a worker submits
    that is killed before it has written down the run: its job is tried again, and made twice. A submit that
    never left, or that was answered with an error of theirs, is tried again.

    A model's name is the id of its deployment. Outputs are kept there for as long as the account has them
    kept: nothing of this API deletes one.
    """

    def __init__(self, api: HttpApi, fetch: GuardedClient, *, address: WebhookAddress | None) -> None:
        self._api = api
        self._fetch = fetch
        self._address = address
        self.capabilities = Capabilities(cancel=True, progress=True, webhook=address is not None)
        # Whoever is told of the end needs to look less often.
        self.polling = PollSchedule(first_s=1, longest_s=30 if address else 10)

    async def submit(self, run: Run) -> RunId:
        asked: dict[str, Any] = {"deployment_id": run.model, "inputs": dict(run.input)}
        if self._address is not None:
            asked["webhook"] = self._address.of(run.key)
        with bought_once():
            answer = await self._api.call("POST", "/api/run/deployment/queue", body=asked)
            if refused := refusal(answer):
                raise refused
            return run_id_in(answer.document(), "run_id")

    async def find(self, key: AttemptId) -> RunId | None:
        return None

    async def check(self, run_id: RunId) -> RunReport:
        answer = await self._api.call("GET", "/api/run", params={"run_id": run_id})
        if answer.status == 404 and _says_why(answer):
            return RunReport(RunState.UNKNOWN)
        return report_on(answer.document(), self._fetch.output)

    async def cancel(self, run_id: RunId) -> None:
        answer = await self._api.call("POST", "/api/run/cancel", body={"run_id": run_id})
        if answer.status == 429 or answer.status >= 500:
            raise ProviderUnavailable(f"status {answer.status}", retry_after_s=answer.retry_after_s)

    async def forget(self, run_id: RunId) -> None:
        """Nothing of a run can be deleted by this API."""

    def is_paying(self, run_id: RunId) -> bool:
        return False


def _says_why(answer: Answer) -> bool:
    """Whether a 404 is about the run: a page, or a path that there is not, knows nothing of it."""
    told = answer.told()
    return bool({"error", "detail"} & told.keys()) and told != NO_SUCH_PATH


@asynccontextmanager
async def make(settings: Settings, around: Surroundings) -> AsyncIterator[ComfyDeployProvider]:
    """Open the deployments until the context ends."""
    headers = {"authorization": f"Bearer {settings.api_key.get_secret_value()}"}
    async with HttpApi(base_url=str(settings.base_url), headers=headers, timeout_s=settings.timeout_s) as api:
        address = webhook_address(around.webhook_url, settings.token_secret)
        yield ComfyDeployProvider(api, around.fetch, address=address)
