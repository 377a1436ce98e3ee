"""What BabySea's errors mean for a job: by their type and by whether they pass, never by a code alone.

The codes (BSE1004, ...) differ between versions of its documentation; `type` and `retryable` are what its
own clients go by.
"""

import time
from collections.abc import Mapping
from typing import Any

import structlog

from generation.adapters.outbound.providers.failure_words import about_content, about_our_account
from generation.adapters.outbound.providers.http_api import Answer
from generation.adapters.outbound.providers.refusals import (
    ACCOUNT,
    ACCOUNT_STATUSES,
    BUSY,
    CONTENT_REFUSED,
    NOT_ACCEPTED,
    RUN_FAILED,
    UNANSWERED,
    refusal,
)
from generation.adapters.outbound.providers.retry_after import RETRY_AFTER_S_MAX
from generation.ports.media_provider import ProviderRefused, ProviderUnavailable

log = structlog.get_logger(__name__)


def pause_s(answer: Answer) -> float | None:
    """Return how long to leave it alone: Retry-After, else until a window that is used up begins anew."""
    if answer.retry_after_s is not None:
        return answer.retry_after_s
    try:
        if int(answer.headers.get("x-ratelimit-remaining", "")) > 0:
            return None
        left_s = float(answer.headers.get("x-ratelimit-reset", "")) - time.time()
    except ValueError:
        return None
    return min(max(0.0, left_s), RETRY_AFTER_S_MAX) if left_s == left_s else None


def error_in(answer: Answer) -> Mapping[str, Any] | None:
    """Return the error of BabySea's envelope; None where the answer has none."""
    told = answer.told()
    error = told.get("error")
    return error if told.get("status") == "error" and isinstance(error, dict) else None


def submit_refusal(answer: Answer) -> ProviderRefused | None:
    """Return what an error says of a submit; None when it was taken, and when nobody can know.

    Raises ProviderUnavailable while the same key is still being worked on, and for what may be well when the
    key is sent again (5xx, 408): that is free, and another key would buy twice.
    """
    error = error_in(answer)
    if error is None:
        if answer.status in (408, 409):
            raise ProviderUnavailable(f"status {answer.status}", retry_after_s=pause_s(answer))
        return refusal(answer)
    return _meaning(error, answer)


def _meaning(error: Mapping[str, Any], answer: Answer) -> ProviderRefused | None:
    status, kind, wait_s = answer.status, error.get("type"), pause_s(answer)
    retryable = error.get("retryable")
    if not isinstance(retryable, bool):
        # As its own clients read an error that does not say.
        retryable = status == 429 or status >= 500
    log.warning("babysea answered an error", status=status, type=str(kind)[:64], retryable=retryable)
    if about_content(kind) or _all_mind_the_content(error.get("provider_errors")):
        return ProviderRefused(CONTENT_REFUSED, retryable=False)
    if status in ACCOUNT_STATUSES or about_our_account(kind):
        return ProviderRefused(ACCOUNT, retryable=True, retry_after_s=wait_s, account_trouble=True)
    if status == 409 and not retryable:
        # Our key came before with other words: what was bought then can't be found any more.
        return ProviderRefused(UNANSWERED, retryable=False)
    if status == 409 or status == 408 or (status >= 500 and retryable):
        raise ProviderUnavailable(f"status {status}", retry_after_s=wait_s)
    if status >= 500:
        # All of its own providers failed, for good: the same key would be told the same again.
        return ProviderRefused(RUN_FAILED, retryable=True, retry_after_s=wait_s)
    if retryable:
        return ProviderRefused(BUSY, retryable=True, retry_after_s=wait_s)
    return ProviderRefused(NOT_ACCEPTED, retryable=False)


def _all_mind_the_content(errors: object) -> bool:
    """Whether each provider behind it refused for what was asked."""
    told = [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    return bool(told) and all(about_content(error.get("type")) for error in told)
