"""What Easel's answers mean for a job."""

from collections.abc import Callable, Mapping
from typing import Any

from generation.adapters.outbound.providers.http_api import Answer
from generation.adapters.outbound.providers.refusals import CONTENT_REFUSED, RUN_FAILED
from generation.ports.media_provider import (
    ProviderRefused,
    ProviderUnavailable,
    RunOutput,
    RunReport,
    RunState,
)

STATES = {
    "queued": RunState.RUNNING,
    "running": RunState.RUNNING,
    "succeeded": RunState.SUCCEEDED,
    "failed": RunState.FAILED,
    "cancelled": RunState.CANCELLED,
}


def content_refusal(answer: Answer) -> ProviderRefused | None:
    """Easel answers 422 where it minds the content; None of anything else."""
    return ProviderRefused(CONTENT_REFUSED, retryable=False) if answer.status == 422 else None


def report_on(run: Mapping[str, Any], fetched: Callable[[str], RunOutput]) -> RunReport:
    """Return a run as it stands. Raises ProviderUnavailable for what is no run."""
    state = STATES.get(str(run.get("status")))
    files, progress, cost = run.get("files"), run.get("progress"), run.get("cost_usd_micros")
    if state is None or not isinstance(files, list):
        raise ProviderUnavailable("the answer is no run")
    return RunReport(
        state,
        progress=min(1.0, max(0.0, progress)) if isinstance(progress, int | float) else 0.0,
        outputs=tuple(fetched(url) for url in files if isinstance(url, str)),
        failure=RUN_FAILED if state is RunState.FAILED else None,
        retryable=state is RunState.FAILED,
        cost_usd_micros=cost if isinstance(cost, int) else None,
    )
