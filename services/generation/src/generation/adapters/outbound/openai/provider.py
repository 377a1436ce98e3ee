"""Images and chat through the official SDK.

The API answers in the call itself and knows no idempotency key, so a call runs as a task of this
process: a run that its process did not survive is unknown, and whether it was billed can't be asked.
"""

import asyncio
import logging
from dataclasses import dataclass, field

from openai import AsyncOpenAI, OpenAIError

from generation.adapters.outbound.guarded_fetch import GuardedClient
from generation.adapters.outbound.openai.chat import write_text
from generation.adapters.outbound.openai.failures import failed
from generation.adapters.outbound.openai.images import draw_images
from generation.domain.identifiers import AttemptId, RunId
from generation.ports.media_provider import Run, RunReport, RunState

TIMEOUT_S = 150.0
# Ended runs are kept so that a delivery can be tried again, up to this many.
RUNS_KEPT_MAX = 64
log = logging.getLogger(__name__)


@dataclass
class Call:
    """One run: how far it is, and how it ended."""

    run: Run
    progress: float = 0.0
    report: RunReport | None = None
    task: asyncio.Task[None] | None = field(default=None, repr=False)


class OpenAIProvider:
    """`base_url` and `api_key` say who answers; the SDK's own retries are off."""

    def __init__(self, *, base_url: str, api_key: str, fetch: GuardedClient) -> None:
        self._client = AsyncOpenAI(base_url=base_url, api_key=api_key, max_retries=0, timeout=TIMEOUT_S)
        self._fetch = fetch
        self._calls: dict[RunId, Call] = {}

    async def submit(self, run: Run) -> RunId:
        run_id = RunId(f"openai:{run.key}")
        if run_id not in self._calls:
            self._forget_oldest()
            call = self._calls[run_id] = Call(run)
            call.task = asyncio.create_task(self._run(call))
        return run_id

    async def find(self, key: AttemptId) -> RunId | None:
        run_id = RunId(f"openai:{key}")
        return run_id if run_id in self._calls else None

    async def check(self, run_id: RunId) -> RunReport:
        call = self._calls.get(run_id)
        if call is None:
            return RunReport(RunState.UNKNOWN)
        return call.report or RunReport(RunState.RUNNING, call.progress)

    async def cancel(self, run_id: RunId) -> None:
        call = self._calls.get(run_id)
        if call and call.task and call.report is None:
            call.report = RunReport(RunState.CANCELLED)
            call.task.cancel()

    async def close(self) -> None:
        """Ends the calls and closes the connections."""
        for call in self._calls.values():
            if call.task:
                call.task.cancel()
        await self._client.close()

    async def _run(self, call: Call) -> None:
        def advance(progress: float) -> None:
            call.progress = progress

        try:
            if "max_tokens" in call.run.input:
                call.report = await write_text(self._client, call.run, advance)
            else:
                call.report = await draw_images(self._client, call.run, self._fetch)
        except OpenAIError as error:
            call.report = failed(error)
        except Exception:
            # An answer that makes no sense is the provider's failure, not ours to crash on.
            log.exception("the answer to %s could not be read", call.run.key)
            call.report = failed(OpenAIError("unreadable answer"))

    def _forget_oldest(self) -> None:
        ended = [run_id for run_id, call in self._calls.items() if call.report]
        for run_id in ended[: max(0, len(ended) - RUNS_KEPT_MAX + 1)]:
            del self._calls[run_id]
