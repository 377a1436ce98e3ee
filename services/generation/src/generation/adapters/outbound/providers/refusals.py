"""What the refusals of a provider's HTTP API mean for a job, in words that a user may read."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from generation.adapters.outbound.providers.http_api import Answer, InTrouble
from generation.domain.generation import Failure
from generation.ports.media_provider import ProviderRefused, ProviderUnavailable, ProviderUnreachable

# Our account at the provider: a matter for operators, never for the user.
ACCOUNT_STATUSES = frozenset({401, 402, 403})
BUSY_STATUSES = frozenset({408, 409, 425, 429})
REASON = "PROVIDER_FAILED"
CONTENT_REFUSED = Failure("CONTENT_REFUSED", "the provider refused the content of the request")
ACCOUNT = Failure(REASON, "the provider is not available at the moment")
BUSY = Failure(REASON, "the provider is busy")
NOT_ACCEPTED = Failure(REASON, "the provider did not accept the request")
UNANSWERED = Failure(REASON, "the provider did not say whether it took the request")
RUN_FAILED = Failure(REASON, "the provider failed")
log = structlog.get_logger(__name__)


def refusal(answer: Answer) -> ProviderRefused | None:
    """Return what a status of 4xx says of a submit; None of any other status.

    Whether the content was refused is not in the status: ask that first, where the provider says so. The
    provider's own words go nowhere: they may quote the prompt.
    """
    pause_s = answer.retry_after_s
    match answer.status:
        case status if status in ACCOUNT_STATUSES:
            # Operators are told once, by whoever keeps the jobs from it (ProviderGate).
            log.warning("our account was turned away", status=status)
            return ProviderRefused(ACCOUNT, retryable=True, retry_after_s=pause_s, account_trouble=True)
        case status if status in BUSY_STATUSES:
            log.warning("provider is busy", status=status)
            return ProviderRefused(BUSY, retryable=True, retry_after_s=pause_s)
        case status if 400 <= status < 500:
            log.error("provider did not accept a request", status=status)
            return ProviderRefused(NOT_ACCEPTED, retryable=False)
        case _:
            return None


@contextmanager
def bought_once() -> Iterator[None]:
    """Around a submit to whoever has neither an idempotency key nor a look-up.

    Nobody can find out what became of it. One that never left, or that was answered with the provider's own
    error, may be made again; any other may have been bought, and is refused for good: the user pays
    nothing, and what it cost is ours.
    """
    try:
        yield
    except ProviderUnreachable:
        raise
    except InTrouble as away:
        raise ProviderRefused(BUSY, retryable=True, retry_after_s=away.retry_after_s) from away
    except ProviderUnavailable as away:
        log.error("submit may have been bought", error=str(away))
        raise ProviderRefused(UNANSWERED, retryable=False, unanswered=True) from away
