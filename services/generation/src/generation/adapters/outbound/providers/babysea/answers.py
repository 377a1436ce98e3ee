"""What BabySea says of a generation, as a report on a run."""

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from generation.adapters.outbound.providers.failure_words import about_content, about_our_account
from generation.adapters.outbound.providers.http_api import Answer
from generation.adapters.outbound.providers.refusals import ACCOUNT, CONTENT_REFUSED, RUN_FAILED
from generation.ports.media_provider import ProviderUnavailable, RunOutput, RunReport, RunState

STATES = {
    "pending": RunState.RUNNING,
    "processing": RunState.RUNNING,
    "succeeded": RunState.SUCCEEDED,
    "failed": RunState.FAILED,
    "canceled": RunState.CANCELLED,
}
FILES_MAX = 64
# More than any generation costs: a larger number is none.
CREDITS_MAX = 1_000_000


def told_in(answer: Answer) -> Mapping[str, Any]:
    """Return `data` of a success. Raises ProviderUnavailable for anything else."""
    told = answer.document()
    found = told.get("data")
    if told.get("status") == "error" or not isinstance(found, dict):
        raise ProviderUnavailable("the answer is no success of BabySea's")
    return found


def report_on(generation: Mapping[str, Any], fetched: Callable[[str], RunOutput]) -> RunReport:
    """Return a generation as it stands. Raises ProviderUnavailable for what is none."""
    state = STATES.get(str(generation.get("generation_status")))
    if state is None:
        raise ProviderUnavailable("the answer is no generation")
    if state is RunState.FAILED:
        return _failed(generation)
    files = generation.get("generation_output_file") if state is RunState.SUCCEEDED else None
    urls = [url for url in files if isinstance(url, str)] if isinstance(files, list) else []
    return RunReport(
        state,
        outputs=tuple(fetched(url) for url in urls[:FILES_MAX]),
        # Stopped by nobody that we know of: another try may do better.
        retryable=state is RunState.CANCELLED,
    )


def _failed(generation: Mapping[str, Any]) -> RunReport:
    """Return why a generation failed: it has no type, so its words tell, and never its code."""
    said = generation.get("generation_error")
    if about_content(said):
        return RunReport(RunState.FAILED, failure=CONTENT_REFUSED)
    if about_our_account(said):
        return RunReport(RunState.FAILED, failure=ACCOUNT, retryable=True, account_trouble=True)
    return RunReport(RunState.FAILED, failure=RUN_FAILED, retryable=True)


def estimate_params(generation: Mapping[str, Any]) -> Mapping[str, str]:
    """Return what a generation's price depends on, as its estimate is asked for."""
    asked = {
        "count": generation.get("generation_output_number"),
        "duration": generation.get("generation_duration"),
        "resolution": generation.get("generation_resolution"),
        "audio": generation.get("generation_generate_audio"),
    }
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in asked.items()
        if value is not None
    }


def cost_usd_micros(estimate: Mapping[str, Any], *, credit_usd: Decimal) -> int | None:
    """Return what an estimate comes to in millionths of a dollar; None when it says nothing."""
    try:
        consumed = Decimal(str(estimate.get("cost_total_consumed")))
    except InvalidOperation:
        return None
    if not consumed.is_finite() or not 0 <= consumed <= CREDITS_MAX:
        return None
    return int((consumed * credit_usd * 1_000_000).to_integral_value())
