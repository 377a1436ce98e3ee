"""What Stripe's failures mean in our words: they pass, are our set-up, or are the request's own."""

from collections.abc import Awaitable
from typing import TypeVar

import stripe
import structlog
from prometheus_client import Counter, Gauge

from billing.domain.errors import (
    BillingError,
    PaymentProcessorMisconfigured,
    PaymentProcessorRefused,
    PaymentProcessorUnavailable,
    UnknownToProcessor,
)

_FAILURES = Counter("billing_stripe_failures_total", "Calls that Stripe did not fulfil", ["kind"])
_REFUSES_US = Gauge(
    "billing_stripe_refuses_us", "1 while Stripe refuses our key or account, whatever is asked"
)

_CONFLICT, _TOO_MANY, _SERVER_ERROR = 409, 429, 500
_OUR_OWN_FAULT = (401, 403)

log = structlog.get_logger(__name__)
T = TypeVar("T")


async def answered(call: Awaitable[T]) -> T:
    """Await a call of the SDK; a failure is raised in our words, counted and logged."""
    try:
        answer = await call
    except stripe.StripeError as failure:
        meaning = meaning_of(failure)
        _note(failure, meaning)
        raise meaning from failure
    _REFUSES_US.set(0)
    return answer


def meaning_of(failure: stripe.StripeError) -> BillingError:
    """Return the failure in our words. Of the status and the code, never of the text: that may change."""
    status = failure.http_status
    if status in _OUR_OWN_FAULT:
        return PaymentProcessorMisconfigured("payments are not available: the payment processor refuses us")
    if status is None or status >= _SERVER_ERROR or status in (_CONFLICT, _TOO_MANY):
        return PaymentProcessorUnavailable("the payment processor did not answer; try again")
    if isinstance(failure, stripe.APIConnectionError | stripe.RateLimitError | stripe.APIError):
        # An answer that is not Stripe's: somebody in between spoke.
        return PaymentProcessorUnavailable("the payment processor did not answer; try again")
    if failure.code == "resource_missing":
        param = str(getattr(failure, "param", None) or "")
        return UnknownToProcessor(
            f"the payment processor does not know it: {failure.user_message}", param=param
        )
    if status == 404:
        return PaymentProcessorMisconfigured("payments are not available: that is not the processor's API")
    return PaymentProcessorRefused(f"the payment processor refused: {failure.user_message}")


def cannot_sell(why: BillingError | str) -> PaymentProcessorMisconfigured:
    """Alert the operators to what keeps us from selling; the buyer reads that it is none of their doing."""
    _FAILURES.labels(PaymentProcessorMisconfigured.reason).inc()
    log.error("the catalogue can't be sold as it is published", error=str(why))
    return PaymentProcessorMisconfigured(
        "this can't be sold right now: the operators were told", operators=str(why)
    )


def _note(failure: stripe.StripeError, meaning: BillingError) -> None:
    told = {"code": failure.code, "request_id": failure.request_id, "error": str(failure)}
    _FAILURES.labels(meaning.reason).inc()
    if isinstance(meaning, PaymentProcessorMisconfigured):
        _REFUSES_US.set(1)
        # Nobody but an operator can mend it, and until then nobody can pay.
        log.error("stripe refuses us", status=failure.http_status, **told)
    else:
        log.warning("stripe refused", status=failure.http_status, **told)
