"""What Easel's answers mean for a job."""

from collections.abc import Callable, Mapping
from typing import Any

import httpx

from generation.domain.generation import Failure
from generation.domain.identifiers import RunId
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
CONTENT = Failure("CONTENT_REFUSED", "the provider refused the content of the request")
BUSY = Failure("PROVIDER_FAILED", "the provider is busy")
# Our account there: a matter for operators, never for the user.
ACCOUNT = Failure("PROVIDER_FAILED", "the provider is not available at the moment")
NOT_ACCEPTED = Failure("PROVIDER_FAILED", "the provider did not accept the request")
FAILED = Failure("PROVIDER_FAILED", "the provider failed")


def refusal(answer: httpx.Response) -> ProviderRefused | None:
    """Return what turned a submit away; None when it was accepted, or when nobody can say (5xx)."""
    status = answer.status_code
    if status in (401, 402, 403):
        return ProviderRefused(ACCOUNT, retryable=True, account_trouble=True)
    if status == httpx.codes.TOO_MANY_REQUESTS:
        pause = answer.headers.get("retry-after", "")
        return ProviderRefused(BUSY, retryable=True, retry_after_s=float(pause) if pause.isdigit() else None)
    if status == httpx.codes.UNPROCESSABLE_ENTITY:
        return ProviderRefused(CONTENT, retryable=False)
    if answer.is_client_error:
        return ProviderRefused(NOT_ACCEPTED, retryable=False)
    return None


def run_id_of(run: object) -> RunId:
    """Return the id that Easel gave a run. Raises ProviderUnavailable when there is none to be read."""
    run_id = run.get("id") if isinstance(run, dict) else None
    if not isinstance(run_id, str) or not run_id.isascii() or not run_id.replace("_", "").isalnum():
        raise ProviderUnavailable("the answer names no run")
    return RunId(run_id)


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
        failure=FAILED if state is RunState.FAILED else None,
        retryable=state is RunState.FAILED,
        cost_usd_micros=cost if isinstance(cost, int) else None,
    )
