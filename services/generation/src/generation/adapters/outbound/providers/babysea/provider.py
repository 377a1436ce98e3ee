"""Generations at BabySea."""

import hashlib
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

import structlog

from generation.adapters.outbound.guarded_fetch import GuardedClient
from generation.adapters.outbound.providers.babysea.answers import (
    cost_usd_micros,
    estimate_params,
    report_on,
    told_in,
)
from generation.adapters.outbound.providers.babysea.refused import error_in, pause_s, submit_refusal
from generation.adapters.outbound.providers.babysea.settings import Settings
from generation.adapters.outbound.providers.folder import Surroundings
from generation.adapters.outbound.providers.http_api import Answer, HttpApi, run_id_in
from generation.adapters.outbound.providers.refusals import NOT_ACCEPTED
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

# What a model is called here: the endpoint that it is made at, and BabySea's own name.
MODEL = re.compile(r"(?:image|video)/([a-z0-9][a-z0-9._-]{0,60}(?:/[a-z0-9][a-z0-9._-]{0,100}){1,2})")
KEY = re.compile(r"[A-Za-z0-9_.:-]{1,255}")
log = structlog.get_logger(__name__)


class BabySeaProvider:
    """One generation a job: BabySea keeps our key for a day, which is longer than any job lives.

    A model's name is the endpoint and the model: `image/bfl/flux-schnell`, `video/google/veo-2`. There is
    no finding a generation by our key; the key sent again answers with the first one. What a generation
    cost is BabySea's own estimate for what it made, at the price of a credit that settings name; without
    one, no cost is declared.

    Webhooks are sent to whatever endpoint the account has, which nobody here can see: generations are looked
    at as often as if there were none.
    """

    polling = PollSchedule(first_s=1, longest_s=10)

    def __init__(
        self, api: HttpApi, fetch: GuardedClient, *, credit_usd: Decimal | None, tells: bool
    ) -> None:
        self.capabilities = Capabilities(
            webhook=tells, cancel=True, idempotency_key=True, cost=credit_usd is not None
        )
        self._api = api
        self._fetch = fetch
        self._credit_usd = credit_usd

    async def submit(self, run: Run) -> RunId:
        if not MODEL.fullmatch(run.model):
            log.error("a model's name at babysea is image/... or video/...", model=run.model)
            raise ProviderRefused(NOT_ACCEPTED, retryable=False)
        answer = await self._api.call(
            "POST",
            f"/v1/generate/{run.model}",
            body=run.input,
            headers={"idempotency-key": idempotency_key(run.key)},
        )
        if refused := submit_refusal(answer):
            raise refused
        return run_id_in(told_in(answer), "generation_id")

    async def find(self, key: AttemptId) -> RunId | None:
        return None

    async def check(self, run_id: RunId) -> RunReport:
        answer = await self._api.call("GET", f"/v1/content/{run_id}")
        if answer.status == 404 and error_in(answer) is not None:
            return RunReport(RunState.UNKNOWN)
        _sensible(answer)
        generation = told_in(answer)
        report = report_on(generation, self._fetch.output)
        if report.state is RunState.SUCCEEDED and self._credit_usd is not None:
            return replace(report, cost_usd_micros=await self._cost(generation, self._credit_usd))
        return report

    async def cancel(self, run_id: RunId) -> None:
        _sensible(await self._api.call("POST", f"/v1/content/generation/cancel/{run_id}"))

    async def forget(self, run_id: RunId) -> None:
        _sensible(await self._api.call("DELETE", f"/v1/content/{run_id}"))

    def is_paying(self, run_id: RunId) -> bool:
        return False

    async def _cost(self, generation: Mapping[str, Any], credit_usd: Decimal) -> int | None:
        """Return what it cost; None when BabySea does not say now, as nothing waits for that."""
        model = str(generation.get("model_identifier"))
        if not MODEL.fullmatch(f"image/{model}"):
            return None
        try:
            answer = await self._api.call("GET", f"/v1/estimate/{model}", params=estimate_params(generation))
            return cost_usd_micros(told_in(answer), credit_usd=credit_usd)
        except ProviderUnavailable as away:
            log.warning("a generation's cost is not known", error=str(away))
            return None


def idempotency_key(key: AttemptId) -> str:
    """Return our key in the letters that BabySea takes, the same each time."""
    return key if KEY.fullmatch(key) else hashlib.sha256(key.encode()).hexdigest()


def _sensible(answer: Answer) -> None:
    """Let an answer pass that is about the generation. Raises ProviderUnavailable for the others."""
    if answer.status == 429 or answer.status >= 500:
        raise ProviderUnavailable(f"status {answer.status}", retry_after_s=pause_s(answer))


@asynccontextmanager
async def make(settings: Settings, around: Surroundings) -> AsyncIterator[BabySeaProvider]:
    """Open BabySea until the context ends."""
    headers = {"authorization": f"Bearer {settings.api_key.get_secret_value()}"}
    async with HttpApi(base_url=settings.address, headers=headers, timeout_s=settings.timeout_s) as api:
        tells = around.webhook_url is not None
        yield BabySeaProvider(api, around.fetch, credit_usd=settings.credit_usd, tells=tells)
