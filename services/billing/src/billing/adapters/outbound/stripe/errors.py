"""What Stripe's failures mean in our words: they pass, are our set-up, or are the request's own."""

from collections.abc import Awaitable, Mapping
from typing import TypeVar

import stripe
import structlog
from prometheus_client import Counter, Gauge
from stripe.oauth_error import OAuthError

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

_NOT_FOUND, _CONFLICT, _TOO_MANY, _SERVER_ERROR = 404, 409, 429, 500
_OUR_OWN_FAULT = (401, 403)

# What each class of the SDK means where status and code say no more.
MEANINGS: Mapping[type[stripe.StripeError], type[BillingError]] = {
    **dict.fromkeys(
        (
            # Also what is new to us: it is asked again, and counted.
            stripe.StripeError,
            stripe.APIConnectionError,
            # Also an answer that is not Stripe's: somebody in between spoke.
            stripe.APIError,
            stripe.RateLimitError,
            stripe.QuotaExceededError,
            stripe.TemporarySessionExpiredError,
        ),
        PaymentProcessorUnavailable,
    ),
    **dict.fromkeys(
        (
            stripe.AuthenticationError,
            stripe.PermissionError,
            stripe.BlockedByStripeError,
            stripe.CapabilityNotEnabledError,
            stripe.ControlledByAlternateResourceError,
            stripe.FeatureNotEnabledError,
            stripe.FinancialAccountNotOpenError,
            OAuthError,
        ),
        PaymentProcessorMisconfigured,
    ),
    **dict.fromkeys(
        (
            stripe.InvalidRequestError,
            stripe.IdempotencyError,
            stripe.CardError,
            stripe.SignatureVerificationError,
            stripe.AlreadyCanceledError,
            stripe.CannotProceedError,
            stripe.FxQuoteNeedsRefreshError,
            stripe.InsufficientFundsError,
            stripe.InvalidPaymentMethodError,
            stripe.InvalidPayoutMethodError,
            stripe.InvalidVaultedCredentialError,
            stripe.NotCancelableError,
            stripe.RecipientNotNotifiableError,
            stripe.VerificationAttemptFailedError,
            stripe.VerificationExpiredError,
            stripe.VerificationNotInitiatedError,
        ),
        PaymentProcessorRefused,
    ),
}
_SAID: Mapping[type[BillingError], str] = {
    PaymentProcessorUnavailable: "the payment processor did not answer; try again",
    PaymentProcessorMisconfigured: "payments are not available right now: the operators were told",
}

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
    """Return the failure in our words. Of class, status and code, never of the text: that may change."""
    kind = _kind_of(failure)
    if kind is UnknownToProcessor:
        param = str(getattr(failure, "param", None) or "")
        return kind(f"the payment processor does not know it: {failure.user_message}", param=param)
    if kind is PaymentProcessorRefused:
        return kind(f"the payment processor refused: {failure.user_message}")
    return kind(_SAID[kind])


def _kind_of(failure: stripe.StripeError) -> type[BillingError]:
    status = failure.http_status
    if status in _OUR_OWN_FAULT:
        return PaymentProcessorMisconfigured
    if status is not None and (status >= _SERVER_ERROR or status in (_CONFLICT, _TOO_MANY)):
        return PaymentProcessorUnavailable
    if failure.code == "resource_missing":
        return UnknownToProcessor
    if status == _NOT_FOUND and isinstance(failure, stripe.InvalidRequestError):
        # No such address: that is not the processor's API.
        return PaymentProcessorMisconfigured
    return next(MEANINGS[kind] for kind in type(failure).__mro__ if kind in MEANINGS)


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
        if isinstance(meaning, PaymentProcessorRefused):
            # An answer about what was asked: we ourselves are not refused.
            _REFUSES_US.set(0)
        log.warning("stripe refused", status=failure.http_status, **told)
