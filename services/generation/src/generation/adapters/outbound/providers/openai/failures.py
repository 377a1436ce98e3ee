"""What the provider's refusals mean for a job."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import structlog
from openai import APIConnectionError, APIStatusError, APITimeoutError, OpenAIError

from generation.adapters.outbound.providers.refusals import (
    ACCOUNT,
    ACCOUNT_STATUSES,
    BUSY,
    BUSY_STATUSES,
    CONTENT_REFUSED,
    NOT_ACCEPTED,
)
from generation.adapters.outbound.providers.retry_after import retry_after_s
from generation.domain.generation import Failure
from generation.ports.media_provider import RunReport, RunState

REFUSED_CODES = frozenset({"moderation_blocked", "content_policy_violation", "content_filter"})
ACCOUNT_CODES = frozenset(
    {
        *("insufficient_quota", "billing_hard_limit_reached", "billing_not_active"),
        *("invalid_api_key", "account_deactivated", "authentication_error", "permission_error"),
    }
)
BUSY_CODES = frozenset({"rate_limit_exceeded", "rate_limit_error", "requests", "tokens", "overloaded"})
KNOWN_CODES = REFUSED_CODES | ACCOUNT_CODES | BUSY_CODES
# What httpx calls a connection that was never made.
NEVER_SENT = frozenset({"ConnectError", "ConnectTimeout"})
log = structlog.get_logger(__name__)


class AnswerBroken(OpenAIError):
    """The answer began and did not end: the connection broke, or it was larger than any answer may be."""


def failed(error: OpenAIError) -> RunReport:
    """Return a failed run. The provider's own words go to the log; the user reads ours."""
    match error:
        case APIConnectionError():
            # A call that went out may have been carried out and billed: it is not made again.
            never_sent = type(error.__cause__).__name__ in NEVER_SENT
            late = isinstance(error, APITimeoutError)
            detail = "the provider did not answer in time" if late else "the provider can't be reached"
            return _report(detail, retryable=never_sent, unanswered=not never_sent)
        case AnswerBroken():
            log.warning("answer broke off", error=str(error))
            return _report("the provider's answer broke off", retryable=False, unanswered=True)
        case APIStatusError():
            pause_s = retry_after_s(error.response.headers.get("retry-after"), now=datetime.now(UTC))
            words = frozenset({error.code or "", str(error.type or "")})
            return _refused(error.status_code, words, str(error), pause_s)
        case _:
            log.error("answer makes no sense", error=str(error))
            return _report(NOT_ACCEPTED.detail, retryable=False, unanswered=True)


def failed_body(error: object) -> RunReport:
    """Return a failed run whose answer said 200 and carried this `error`: of the kind that it names.

    One that names none may have been billed, and is an answer of no use: it is bought once more at most.
    """
    told: Mapping[str, Any] = error if isinstance(error, Mapping) else {"message": error}
    code, kind = told.get("code"), told.get("type")
    words, message = frozenset({str(code), str(kind)}), str(told.get("message"))[:500]
    if isinstance(code, int) and 400 <= code < 600:
        return _refused(code, words, message, None)
    if kind == "invalid_request_error" or words & KNOWN_CODES:
        return _refused(400, words, message, None)
    log.error("paid answer is an error", error=message)
    failure = Failure("OUTPUT_UNUSABLE", "the provider answered with an error")
    return RunReport(RunState.FAILED, failure=failure, retryable=True)


def unreadable(detail: str) -> RunReport:
    """Return the failure of a call that was carried out and answered nothing: it would again."""
    log.error("paid answer is of no use", error=detail)
    return _report(detail, retryable=False, unanswered=True)


def _refused(status: int, words: frozenset[str], message: str, pause_s: float | None) -> RunReport:
    """`words` are the error's code and type."""
    if words & REFUSED_CODES:
        return RunReport(RunState.FAILED, failure=CONTENT_REFUSED)
    if status in ACCOUNT_STATUSES or words & ACCOUNT_CODES:
        # Operators are told once, by whoever keeps the jobs from it (ProviderGate).
        log.warning("our account was turned away", error=message)
        return _report(ACCOUNT.detail, retryable=True, retry_after_s=pause_s, account_trouble=True)
    if status in BUSY_STATUSES or status >= 500 or words & BUSY_CODES:
        log.warning("provider is busy", error=message)
        return _report(BUSY.detail, retryable=True, retry_after_s=pause_s)
    log.error("provider did not accept a request", error=message)
    return _report(NOT_ACCEPTED.detail, retryable=False)


def _report(
    detail: str,
    *,
    retryable: bool,
    retry_after_s: float | None = None,
    account_trouble: bool = False,
    unanswered: bool = False,
) -> RunReport:
    return RunReport(
        RunState.FAILED,
        failure=Failure("PROVIDER_FAILED", detail),
        retryable=retryable,
        retry_after_s=retry_after_s,
        account_trouble=account_trouble,
        unanswered=unanswered,
    )
