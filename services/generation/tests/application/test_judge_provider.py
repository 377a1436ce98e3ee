"""What the end of a run says of our account, and of the provider with that model."""

from typing import Any

import pytest
from generation.application.finish_attempt import UNUSABLE
from generation.application.follow_run import NOT_SET_UP, OVERDUE, SILENT, UNREACHABLE, UNREADABLE
from generation.application.judge_provider import account_is_well, provider_is_well
from generation.application.start_generation import WITHDRAWN
from generation.domain.generation import Failure
from generation.ports.media_provider import RunReport, RunState

BUSY = Failure("PROVIDER_FAILED", "busy")
REFUSED = Failure("CONTENT_REFUSED", "no")
NOT_ACCEPTED = Failure("PROVIDER_FAILED", "the provider did not accept the request")


def failed(failure: Failure, **said: Any) -> RunReport:
    """A run that failed."""
    return RunReport(RunState.FAILED, failure=failure, **said)


SAID = {
    "made": (RunReport(RunState.SUCCEEDED), True, True),
    "made, and of no use": (failed(UNUSABLE, retryable=True), True, False),
    "failed, try again": (failed(BUSY, retryable=True), None, False),
    "turned away until then": (failed(BUSY, retryable=True, retry_after_s=9), None, None),
    "in trouble, come at once": (failed(BUSY, retryable=True, retry_after_s=0), None, False),
    "our account": (failed(BUSY, retryable=True, account_trouble=True), False, None),
    "its content": (failed(REFUSED), True, None),
    "its input": (failed(NOT_ACCEPTED), True, None),
    "not answered, maybe bought": (failed(BUSY, unanswered=True), None, False),
    "silent": (failed(SILENT, unanswered=True), None, False),
    "nobody there": (failed(UNREACHABLE, retryable=True, retry_after_s=0), None, False),
    "too late": (failed(OVERDUE), None, False),
    "stopped by its user": (RunReport(RunState.CANCELLED), None, None),
    "stopped by nobody we know": (RunReport(RunState.CANCELLED, retryable=True), None, False),
    "lost": (RunReport(RunState.UNKNOWN), None, None),
    "still running": (RunReport(RunState.RUNNING), None, None),
    "our own pictures": (failed(UNREADABLE, retryable=True), None, None),
    "not set up here": (failed(NOT_SET_UP, retryable=True), None, None),
    "not on offer any more": (failed(WITHDRAWN), None, None),
}


@pytest.mark.exhaustive
@pytest.mark.parametrize(("report", "account", "provider"), SAID.values(), ids=SAID)
def test_each_end_speaks_for_what_it_is_about(
    report: RunReport, account: bool | None, provider: bool | None
) -> None:
    """Yes, no, or nothing: what is a job's own, or ours, is never held against a provider."""
    assert (account_is_well(report), provider_is_well(report)) == (account, provider)
