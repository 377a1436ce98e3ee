"""What fal's statuses and results mean for a job.

https://fal.ai/docs/documentation/model-apis/inference/queue, .../errors and .../request-errors
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from generation.adapters.outbound.providers.http_api import Answer
from generation.adapters.outbound.providers.progress_bars import last_bar
from generation.adapters.outbound.providers.refusals import (
    BUSY_STATUSES,
    CONTENT_REFUSED,
    NOT_ACCEPTED,
    RUN_FAILED,
)
from generation.ports.media_provider import ProviderUnavailable, RunOutput, RunReport, RunState

IN_QUEUE = "IN_QUEUE"
RUNNING = frozenset({IN_QUEUE, "IN_PROGRESS"})
COMPLETED = "COMPLETED"
CANCELLED = "client_cancelled"
REFUSED = "content_policy_violation"
# What a model was told that it does not take.
INPUT_STATUSES = frozenset({400, 422})
GONE_STATUSES = frozenset({404, 410})
OUTPUTS_MAX = 64
ERRORS_READ_MAX = 20
DEPTH_MAX = 4


def running(status: Mapping[str, Any]) -> RunReport | None:
    """Return a run that goes on; None of one whose result is there. Raises ProviderUnavailable."""
    state = status.get("status")
    if state == COMPLETED:
        return None
    if not isinstance(state, str) or state not in RUNNING:
        raise ProviderUnavailable("the answer is no status")
    before = status.get("queue_position") if state == IN_QUEUE else None
    # Counted from nought: those before it.
    place = before + 1 if isinstance(before, int) and not isinstance(before, bool) and before >= 0 else None
    return RunReport(RunState.RUNNING, progress=_progress(status.get("logs")), queue_position=place)


def ended(status: Mapping[str, Any], result: Answer, fetched: Callable[[str], RunOutput]) -> RunReport:
    """Return how a run ended, by its last status and the answer of its result.

    A failed run's result is answered with an error's status: it is the run's only where its status says that
    it failed, or the answer what went wrong in fal's own words. Raises ProviderUnavailable for every other.
    """
    told = result.told()
    if 200 <= result.status < 300:
        return _made(result.document(), fetched)
    if result.status in BUSY_STATUSES or not (told and (status.get("error") or _is_verdict(result, told))):
        raise ProviderUnavailable(f"status {result.status}", retry_after_s=result.retry_after_s)
    if told.get("error_type") == CANCELLED:
        # Stopped by nobody that we know of, where we did not: another try may do better.
        return RunReport(RunState.CANCELLED, retryable=True)
    kinds = [error.get("type") for error in _errors(told)]
    if REFUSED in kinds:
        return RunReport(RunState.FAILED, failure=CONTENT_REFUSED)
    if result.status in INPUT_STATUSES and kinds:
        return RunReport(RunState.FAILED, failure=NOT_ACCEPTED)
    return RunReport(RunState.FAILED, failure=RUN_FAILED, retryable=True)


def addresses(output: object) -> tuple[str, ...]:
    """Return the files of a result: each is a table with an address, wherever its model puts it."""
    return tuple(islice(_urls(output, DEPTH_MAX), OUTPUTS_MAX))


def _made(result: Mapping[str, Any], fetched: Callable[[str], RunOutput]) -> RunReport:
    urls, flags = addresses(result), result.get("has_nsfw_concepts")
    if isinstance(flags, list) and len(flags) == len(urls):
        # Models with a safety checker answer with a black picture in place of each that it found.
        clean = tuple(url for url, flagged in zip(urls, flags, strict=True) if flagged is not True)
        if urls and not clean:
            return RunReport(RunState.FAILED, failure=CONTENT_REFUSED)
        urls = clean
    return RunReport(RunState.SUCCEEDED, progress=1.0, outputs=tuple(fetched(url) for url in urls))


def _is_verdict(result: Answer, told: Mapping[str, Any]) -> bool:
    if result.status in GONE_STATUSES:
        # It ended, and what it made is there no more.
        return "detail" in told
    return bool(_errors(told)) or isinstance(told.get("error_type"), str)


def _errors(told: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    detail = told.get("detail")
    listed = detail[:ERRORS_READ_MAX] if isinstance(detail, list) else []
    return [error for error in listed if isinstance(error, dict)]


def _urls(output: object, depth: int) -> Iterator[str]:
    if isinstance(output, dict):
        url = output.get("url")
        if isinstance(url, str):
            if url.startswith(("https://", "http://")):
                yield url
            return
    if depth and isinstance(output, list | dict):
        for part in output if isinstance(output, list) else output.values():
            yield from _urls(part, depth - 1)


def _progress(logs: object) -> float:
    lines = [log.get("message") for log in logs if isinstance(log, dict)] if isinstance(logs, list) else []
    return last_bar("\n".join(line for line in lines if isinstance(line, str)))
