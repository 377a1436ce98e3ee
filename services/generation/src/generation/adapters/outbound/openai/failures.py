"""What the provider's refusals mean for a job."""

import logging

from openai import APIConnectionError, APIStatusError, APITimeoutError, OpenAIError

from generation.domain.generation import Failure
from generation.ports.media_provider import RunReport, RunState

REFUSED_CODES = frozenset({"moderation_blocked", "content_policy_violation", "content_filter"})
# Our account at the provider: a matter for operators, never for the user.
ACCOUNT_STATUSES = frozenset({401, 402, 403})
# What httpx calls a connection that was never made.
NEVER_SENT = frozenset({"ConnectError", "ConnectTimeout"})
log = logging.getLogger(__name__)


def failed(error: OpenAIError) -> RunReport:
    """A failed run. The provider's own words go to the log; the user reads ours."""
    match error:
        case APIConnectionError():
            # A call that went out may have been carried out and billed: it is not made again.
            never_sent = type(error.__cause__).__name__ in NEVER_SENT
            late = isinstance(error, APITimeoutError)
            detail = "the provider did not answer in time" if late else "the provider can't be reached"
            return _report(detail, retryable=never_sent)
        case APIStatusError() if error.code in REFUSED_CODES:
            failure = Failure("CONTENT_REFUSED", "the provider refused the content of the request")
            return RunReport(RunState.FAILED, failure=failure)
        case APIStatusError() if error.status_code in ACCOUNT_STATUSES or error.code == "insufficient_quota":
            log.error("our account at the provider needs attention: %s", error)
            return _report("the provider is not available at the moment", retryable=True)
        case APIStatusError() if error.status_code == 429 or error.status_code >= 500:
            log.warning("the provider is busy: %s", error)
            return _report("the provider is busy", retryable=True)
        case _:
            log.error("the provider did not accept a request: %s", error)
            return _report("the provider did not accept the request", retryable=False)


def _report(detail: str, *, retryable: bool) -> RunReport:
    return RunReport(RunState.FAILED, failure=Failure("PROVIDER_FAILED", detail), retryable=retryable)
