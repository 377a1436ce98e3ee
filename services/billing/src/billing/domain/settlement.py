"""What becomes of a checkout once the payment processor says how it stands. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime

from billing.domain.checkout import Checkout, CheckoutStatus, Purchase


@dataclass(frozen=True, kw_only=True)
class ProcessorCheckout:
    """A checkout as the payment processor sees it now. `payment_id` is set once there is a payment object."""

    session_id: str
    status: CheckoutStatus
    is_paid: bool
    payment_id: str | None
    amount_minor: int
    currency: str
    # Our checkout's id, which the processor keeps for us.
    reference: str | None
    url: str = ""
    expires_at: datetime | None = None


def settle(
    checkout: Checkout, seen: ProcessorCheckout, *, purchase_id: str, now: datetime
) -> tuple[Checkout, Purchase | None]:
    """Return the checkout as it stands now, and the purchase if this is the moment that it is paid.

    Order does not matter: a checkout that has its purchase never changes again, one that is not paid is
    never a purchase, and one that expired and was paid all the same is a purchase: the money arrived.
    """
    if checkout.purchase_id is not None:
        return checkout, None
    known = replace(checkout, session_id=seen.session_id)
    if not (seen.is_paid and seen.payment_id):
        url = seen.url if seen.status is CheckoutStatus.OPEN else ""
        return replace(known, status=seen.status, url=url), None
    purchase = Purchase(
        purchase_id=purchase_id,
        user_id=checkout.user_id,
        checkout_id=checkout.checkout_id,
        pack_id=checkout.pack_id,
        pack_title=checkout.pack_title,
        credits=checkout.credits,
        amount_minor=seen.amount_minor,
        currency=seen.currency,
        payment_id=seen.payment_id,
        created_at=now,
    )
    paid = replace(known, status=CheckoutStatus.COMPLETE, url="", purchase_id=purchase_id)
    return paid, purchase
