"""What a run of a deployment means for a job.

Two vocabularies are about: Pixio's, and that of ComfyDeploy, which is behind it.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from generation.adapters.outbound.providers.failure_words import about_content, about_our_account
from generation.adapters.outbound.providers.refusals import ACCOUNT, CONTENT_REFUSED, RUN_FAILED
from generation.ports.media_provider import ProviderUnavailable, RunOutput, RunReport, RunState

RUNNING = ("pending", "processing", "not-started", "queued", "started", "running", "uploading")
STATES = {
    **dict.fromkeys(RUNNING, RunState.RUNNING),
    "success": RunState.SUCCEEDED,
    "completed": RunState.SUCCEEDED,
    "failed": RunState.FAILED,
    # Longer than its machine lets a run go on.
    "timeout": RunState.FAILED,
    "cancelled": RunState.CANCELLED,
}
OUTPUTS_MAX = 64


def report_on(run: Mapping[str, Any], fetched: Callable[[str], RunOutput]) -> RunReport:
    """Return a run as it stands. Raises ProviderUnavailable for what is none."""
    state = STATES.get(str(run.get("status")))
    if state is None:
        raise ProviderUnavailable("the answer is no run")
    if state is RunState.FAILED:
        return _failed(run)
    urls = addresses(run.get("outputs")) if state is RunState.SUCCEEDED else ()
    return RunReport(
        state,
        progress=_progress(run),
        queue_position=_place(run.get("queue_position")),
        outputs=tuple(fetched(url) for url in urls),
        # Stopped by nobody that we know of: another try may do better.
        retryable=state is RunState.CANCELLED,
    )


def addresses(outputs: object) -> tuple[str, ...]:
    """Return the files of every output, each once, in their order: its own, its images, its other files.

    A node that shows a picture and saves it names the same file twice.
    """
    found = dict.fromkeys(url for output in _tables(outputs) for url in _of_output(output))
    return tuple(found)[:OUTPUTS_MAX]


def _of_output(output: Mapping[str, Any]) -> Iterator[str]:
    kept = output.get("data")
    lists = kept.values() if isinstance(kept, dict) else ()
    for file in (output, *(file for files in lists for file in _tables(files))):
        url = file.get("url")
        if isinstance(url, str) and url.startswith(("https://", "http://")):
            yield url


def _tables(value: object) -> list[Mapping[str, Any]]:
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


def _failed(run: Mapping[str, Any]) -> RunReport:
    """Return why a run failed, as far as its words tell."""
    said = run.get("error")
    if about_content(said):
        return RunReport(RunState.FAILED, failure=CONTENT_REFUSED)
    if about_our_account(said):
        return RunReport(RunState.FAILED, failure=ACCOUNT, retryable=True, account_trouble=True)
    return RunReport(RunState.FAILED, failure=RUN_FAILED, retryable=True)


def _progress(run: Mapping[str, Any]) -> float:
    """Return how far it is: a share of one, or of a hundred; nothing while others are before it."""
    progress, place = run.get("progress"), _place(run.get("queue_position"))
    if isinstance(progress, bool) or not isinstance(progress, int | float) or not math.isfinite(progress):
        return 0.0
    if place is not None:
        return 0.0
    return min(1.0, max(0.0, progress / 100 if progress > 1 else progress))


def _place(told: object) -> int | None:
    """Return its place among those that wait; None once it does not, or of nonsense."""
    return told if isinstance(told, int) and not isinstance(told, bool) and told > 0 else None
