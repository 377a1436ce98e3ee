"""Which purchase a payment's money went back of."""

import structlog

from billing.domain.checkout import Purchase
from billing.domain.errors import PurchaseNotKnownYet
from billing.domain.identifiers import CheckoutId, PaymentId
from billing.ports.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)


async def lock_purchase(
    work: UnitOfWork, payment_id: PaymentId | None, *, reference: CheckoutId | None
) -> Purchase | None:
    """Return the payment's purchase, locked; None when the payment is not ours.

    Raises PurchaseNotKnownYet when it was made by a checkout of ours that is not settled: webhooks come in
    any order, and money that went back is never forgotten.
    """
    purchase = await work.purchase_of_payment(payment_id) if payment_id else None
    if purchase is not None:
        return purchase
    if reference and await work.checkout(reference) is not None:
        raise PurchaseNotKnownYet(f"payment {payment_id} of checkout {reference} is not a purchase yet")
    log.info("money of a payment that is none of ours went back", payment_id=payment_id)
    return None
