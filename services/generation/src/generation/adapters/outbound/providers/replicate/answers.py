"""What Replicate's predictions mean for a job.

https://replicate.com/docs/reference/http and https://replicate.com/docs/topics/predictions/lifecycle
"""

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from generation.adapters.outbound.providers.progress_bars import last_bar
from generation.adapters.outbound.providers.refusals import CONTENT_REFUSED, RUN_FAILED
from generation.ports.media_provider import ProviderUnavailable, RunOutput, RunReport, RunState

STATES = {
    "starting": RunState.RUNNING,
    "processing": RunState.RUNNING,
    "succeeded": RunState.SUCCEEDED,
    "failed": RunState.FAILED,
    "canceled": RunState.CANCELLED,
    # Stopped before it ran.
    "aborted": RunState.CANCELLED,
}
# What models there say of content that they do not make; the code is Replicate's own.
REFUSED = re.compile(r"\(E005\)|\bNSFW\b|flagged as sensitive", re.IGNORECASE)
OUTPUTS_MAX = 64
DEPTH_MAX = 4


def report_on(prediction: Mapping[str, Any], fetched: Callable[[str], RunOutput]) -> RunReport:
    """Return a prediction as it stands. Raises ProviderUnavailable for what is none."""
    state = STATES.get(str(prediction.get("status")))
    if state is None:
        raise ProviderUnavailable("the answer is no prediction")
    error, logs = prediction.get("error"), prediction.get("logs")
    refused = state is RunState.FAILED and isinstance(error, str) and REFUSED.search(error) is not None
    return RunReport(
        state,
        progress=last_bar(logs) if isinstance(logs, str) else 0.0,
        outputs=tuple(fetched(url) for url in addresses(prediction.get("output"))),
        failure=CONTENT_REFUSED if refused else RUN_FAILED if state is RunState.FAILED else None,
        # Stopped by nobody that we know of: another try may do better.
        retryable=state in (RunState.FAILED, RunState.CANCELLED) and not refused,
    )


def addresses(output: object) -> tuple[str, ...]:
    """Return the files of an output: its model gives an address, or a list or a table of them."""
    return tuple(islice(_texts(output, DEPTH_MAX), OUTPUTS_MAX))


def _texts(output: object, depth: int) -> Iterator[str]:
    if isinstance(output, str):
        if output.startswith(("https://", "http://")):
            yield output
    elif depth and isinstance(output, list | dict):
        for part in output if isinstance(output, list) else output.values():
            yield from _texts(part, depth - 1)
