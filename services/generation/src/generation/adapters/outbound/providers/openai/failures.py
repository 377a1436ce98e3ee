"""What the provider's refusals mean for a job."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import structlog
from openai import APIConnectionError, APIStatusError, APITimeoutError, OpenAIError

from generation.domain.generation import Failure
from generation.ports.media_provider import RunReport, RunState

REFUSED_CODES = frozenset({"moderation_blocked", "content_policy_violation", "content_filter"})
REFUSED = Failure("CONTENT_REFUSED", "the provider refused the content of the request")
# Our account at the provider: a matter for operators, never for the user.
ACCOUNT_STATUSES = frozenset({401, 402, 403})
ACCOUNT_CODES = frozenset(
    {
        *("insufficient_quota", "billing_hard_limit_reached", "billing_not_active"),
        *("invalid_api_key", "account_deactivated", "authentication_error", "permission_error"),
    }
)
BUSY_STATUSES = frozenset({408, 409, 425, 429})
BUSY_CODES = frozenset({"rate_limit_exceeded", "rate_limit_error", "requests", "tokens", "overloaded"})
KNOWN_CODES = REFUSED_CODES | ACCOUNT_CODES | BUSY_CODES
# What httpx calls a connection that was never made.
NEVER_SENT = frozenset({"ConnectError", "ConnectTimeout"})
# A longer pause than a day is no pause.
RETRY_AFTER_S_MAX = 86_400.0
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
            return _report(detail, retryable=never_sent)
        case AnswerBroken():
            log.warning("answer broke off", error=str(error))
            return _report("the provider's answer broke off", retryable=False)
        case APIStatusError():
            pause_s = retry_after_s(error.response.headers.get("retry-after"), now=datetime.now(UTC))
            words = frozenset({error.code or "", str(error.type or "")})
            return _refused(error.status_code, words, str(error), pause_s)
        case _:
            log.error("answer makes no sense", error=str(error))
            return _report("the provider did not accept the request", retryable=False)


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
    return _report(detail, retryable=False)


def retry_after_s(header: str | None, *, now: datetime) -> float | None:
    """Seconds to wait, of a Retry-After header with seconds or an HTTP date; None of anything else."""
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            at = parsedate_to_datetime(header)
        except (ValueError, OverflowError):
            return None
        seconds = (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds()
    return min(max(0.0, seconds), RETRY_AFTER_S_MAX) if math.isfinite(seconds) else None


def _refused(status: int, words: frozenset[str], message: str, pause_s: float | None) -> RunReport:
    """`words` are the error's code and type."""
    if words & REFUSED_CODES:
        return RunReport(RunState.FAILED, failure=REFUSED)
    if status in ACCOUNT_STATUSES or words & ACCOUNT_CODES:
        # Operators are told once, by whoever keeps the jobs from it (ProviderGate).
        log.warning("our account was turned away", error=message)
        detail = "the provider is not available at the moment"
        return _report(detail, retryable=True, retry_after_s=pause_s, account_trouble=True)
    if status in BUSY_STATUSES or status >= 500 or words & BUSY_CODES:
        log.warning("provider is busy", error=message)
        return _report("the provider is busy", retryable=True, retry_after_s=pause_s)
    log.error("provider did not accept a request", error=message)
    return _report("the provider did not accept the request", retryable=False)


def _report(
    detail: str, *, retryable: bool, retry_after_s: float | None = None, account_trouble: bool = False
) -> RunReport:
    return RunReport(
        RunState.FAILED,
        failure=Failure("PROVIDER_FAILED", detail),
        retryable=retryable,
        retry_after_s=retry_after_s,
        account_trouble=account_trouble,
    )
