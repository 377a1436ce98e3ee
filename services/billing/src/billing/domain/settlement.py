"""What becomes of a checkout once the payment processor says how it stands. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime

from billing.domain.check_schedule import next_check
from billing.domain.checkout import Checkout, CheckoutStatus, PaymentStatus, Purchase
from billing.domain.identifiers import (
    CheckoutId,
    PackId,
    PageId,
    PaymentId,
    ProcessorSubscriptionId,
    PurchaseId,
    SubscriptionId,
)

_NOTHING_DUE = (PaymentStatus.PAID, PaymentStatus.NO_PAYMENT_REQUIRED)


@dataclass(frozen=True, kw_only=True)
class ProcessorCheckout:
    """A checkout as the payment processor sees it now. `payment_id` is set once there is a payment object."""

    page_id: PageId
    status: CheckoutStatus
    payment_status: PaymentStatus
    payment_id: PaymentId | None
    # How many packs: the buyer may change it on the page.
    quantity: int
    amount_minor: int
    currency: str
    # Our checkout's id, which the processor keeps for us.
    reference: CheckoutId | None
    url: str | None = None
    expires_at: datetime | None = None
    # Before taxes and discounts; None: what it asks for in all.
    subtotal_minor: int | None = None
    # Of a plan's page that was sent off.
    subscription_id: ProcessorSubscriptionId | None = None

    @property
    def is_paid(self) -> bool:
        """Whether the credits are owed: the page was sent off, and no money is missing."""
        return self.status is CheckoutStatus.COMPLETE and self.payment_status in _NOTHING_DUE


def settle(
    checkout: Checkout, seen: ProcessorCheckout, *, purchase_id: PurchaseId, now: datetime
) -> tuple[Checkout, Purchase | None]:
    """Return the checkout as it stands now, and the purchase if this is the moment that it is paid.

    Order does not matter: a page that has its purchase never changes again, one that is not paid is never a
    purchase, and one that expired, or was followed by another, and was paid all the same is a purchase: the
    money arrived.
    """
    is_current = checkout.page_id in (None, seen.page_id)
    if seen.is_paid and checkout.pack_id is not None and not (is_current and checkout.purchase_id):
        bought = _purchase(checkout, checkout.pack_id, seen, purchase_id, now)
        return _paid(checkout, seen, purchase_id), bought
    if checkout.is_bought or not is_current:
        return checkout, None
    is_open = seen.status is CheckoutStatus.OPEN
    known = replace(
        checkout,
        page_id=seen.page_id,
        url=seen.url if is_open else None,
        status=seen.status,
        payment_status=seen.payment_status,
        expires_at=seen.expires_at or checkout.expires_at,
    )
    return replace(known, next_check_at=next_check(known, now)), None


def settle_plan(
    checkout: Checkout,
    *,
    page_id: PageId | None,
    payment_status: PaymentStatus,
    subscription_id: SubscriptionId,
) -> Checkout:
    """Return the checkout of a plan that has begun; one that another page of it began stays as it is.

    Without a page, of one that was found by its plan, the page stays the one that is known.
    """
    if checkout.is_bought:
        return checkout
    return replace(
        checkout,
        page_id=page_id or checkout.page_id,
        url=None,
        status=CheckoutStatus.COMPLETE,
        payment_status=payment_status,
        subscription_id=subscription_id,
        next_check_at=None,
    )


def _paid(checkout: Checkout, seen: ProcessorCheckout, purchase_id: PurchaseId) -> Checkout:
    if checkout.purchase_id:
        # Two of its pages were paid: two purchases, and the checkout names the first.
        return checkout
    return replace(
        checkout,
        page_id=seen.page_id,
        url=None,
        status=CheckoutStatus.COMPLETE,
        payment_status=seen.payment_status,
        purchase_id=purchase_id,
        next_check_at=None,
    )


def _purchase(
    checkout: Checkout, pack_id: PackId, seen: ProcessorCheckout, purchase_id: PurchaseId, now: datetime
) -> Purchase:
    return Purchase(
        purchase_id=purchase_id,
        user_id=checkout.user_id,
        checkout_id=checkout.checkout_id,
        pack_id=pack_id,
        pack_title=checkout.pack_title,
        credits=checkout.credits * seen.quantity,
        amount_minor=seen.amount_minor,
        currency=seen.currency,
        # With nothing to pay there is no payment: the page stands for it.
        payment_id=seen.payment_id or PaymentId(seen.page_id),
        created_at=now,
    )
