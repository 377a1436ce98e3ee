"""What refunds make of a purchase. Pure."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from billing.domain.checkout import Purchase
from billing.domain.events import PaymentRefunded
from billing.domain.proportion import credits_of
from billing.domain.refund import Refund, RefundStatus


def count_refunds(
    purchase: Purchase, refunds: Iterable[Refund], *, now: datetime
) -> tuple[Purchase, list[PaymentRefunded]]:
    """Return the purchase with what is refunded of it now, and the facts that tell the change.

    Within a series the total only grows. When it falls, because a refund failed after it had succeeded, a
    new series tells what is left before the last one is reversed: for a moment too much is taken back,
    never too little.
    """
    succeeded = sum(refund.amount_minor for refund in refunds if refund.status is RefundStatus.SUCCEEDED)
    total = min(succeeded, purchase.amount_minor)
    if total == purchase.refunded_minor:
        return purchase, []
    counted = replace(purchase, refunded_minor=total, refunded_credits=credits_of(purchase, total))
    if total > purchase.refunded_minor:
        return counted, [PaymentRefunded(purchase=counted, is_reversed=False, occurred_at=now)]
    counted = replace(counted, refund_series=purchase.refund_series + 1)
    facts = [PaymentRefunded(purchase=purchase, is_reversed=True, occurred_at=now)]
    if total:
        facts.insert(0, PaymentRefunded(purchase=counted, is_reversed=False, occurred_at=now))
    return counted, facts
