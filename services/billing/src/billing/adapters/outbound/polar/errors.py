"""What Polar's failures mean in our words: they pass, are our set-up, or are the request's own."""

from collections.abc import Awaitable
from typing import TypeVar

import structlog
from polar import PolarClientError, PolarError
from polar.v2026_10.errors import HTTPValidationError, RefundedAlready, ResourceNotFound
from prometheus_client import Counter, Gauge

from billing.domain.errors import (
    BillingError,
    PaymentProcessorMisconfigured,
    PaymentProcessorRefused,
    PaymentProcessorUnavailable,
    UnknownToProcessor,
)

_FAILURES = Counter("billing_polar_failures_total", "Calls that Polar did not fulfil", ["kind"])
_REFUSES_US = Gauge(
    "billing_polar_refuses_us", "1 while Polar refuses our token or organization, whatever is asked"
)

_OUR_OWN_FAULT = (401, 403)
_NOT_FOUND = 404
# Not now: too slow, locked by another request, too many.
_PASSING = (408, 409, 425, 429)

log = structlog.get_logger(__name__)
T = TypeVar("T")


async def answered(call: Awaitable[T]) -> T:
    """Await a call of the SDK; a failure is raised in our words, counted and logged.

    The SDK raises ValueError for an answer that is no JSON: somebody in between spoke.
    """
    try:
        answer = await call
    except (PolarError, ValueError) as failure:
        meaning = meaning_of(failure)
        _note(failure, meaning)
        raise meaning from failure
    _REFUSES_US.set(0)
    return answer


def meaning_of(failure: PolarError | ValueError) -> BillingError:
    """Return the failure in our words. Of class and status, never of the text: that may change.

    A refusal's detail `fields` names what was refused, with commas.
    """
    if not isinstance(failure, PolarClientError) or failure.status_code in _PASSING:
        # Also an answer that the SDK can't read: it is asked again, and counted.
        return PaymentProcessorUnavailable("the payment processor did not answer; try again")
    if isinstance(failure, ResourceNotFound):
        return UnknownToProcessor("the payment processor does not know it")
    if isinstance(failure, RefundedAlready):
        return PaymentProcessorRefused(
            "the payment processor refused: all of it went back already", fields=""
        )
    if failure.status_code in (*_OUR_OWN_FAULT, _NOT_FOUND):
        # No such address: that is not the processor's API.
        return PaymentProcessorMisconfigured(
            "payments are not available right now: the operators were told", operators=str(failure)
        )
    problems = failure.error.detail or [] if isinstance(failure, HTTPValidationError) else []
    fields = ",".join(str(part) for problem in problems for part in problem.loc if part != "body")
    # Its texts may repeat what was asked, an address among it.
    return PaymentProcessorRefused("the payment processor refused this request", fields=fields)


def cannot_sell(why: BillingError | str) -> PaymentProcessorMisconfigured:
    """Alert the operators to what keeps us from selling; the buyer reads that it is none of their doing."""
    told = f"{why} ({why.details.get('fields')})" if isinstance(why, PaymentProcessorRefused) else str(why)
    _FAILURES.labels(PaymentProcessorMisconfigured.reason).inc()
    log.error("the catalogue can't be sold as it is published", error=told)
    return PaymentProcessorMisconfigured(
        "this can't be sold right now: the operators were told", operators=told
    )


def _note(failure: PolarError | ValueError, meaning: BillingError) -> None:
    status = failure.status_code if isinstance(failure, PolarClientError) else None
    told = {"status": status, "kind": type(failure).__name__, "fields": meaning.details.get("fields")}
    _FAILURES.labels(meaning.reason).inc()
    if isinstance(meaning, PaymentProcessorMisconfigured):
        _REFUSES_US.set(1)
        # Nobody but an operator can mend it, and until then nobody can pay.
        log.error("polar refuses us", **told)
        return
    if isinstance(meaning, PaymentProcessorRefused):
        # An answer about what was asked: we ourselves are not refused.
        _REFUSES_US.set(0)
    log.warning("polar refused", **told)
