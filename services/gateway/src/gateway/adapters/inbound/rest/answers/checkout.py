"""A hosted page where a person pays."""

from typing import Annotated, Self

from gateway.adapters.inbound.rest.answers.answer import (
    Answer,
    Moment,
    PackId,
    PlanId,
    PurchaseId,
    SubscriptionId,
    shown,
)
from gateway.domain import purchase as domain
from gateway.domain.subscription import BillingInterval


class Checkout(Answer):
    """A hosted page where a person pays for a pack or a plan."""

    id: Annotated[str, shown("chk_019324a1b2c37def8a9b0c1d2e3f4a63")]
    """The checkout's id."""
    url: Annotated[str | None, shown("https://checkout.example/pay/cs_123")]
    """Where to send the person; null once the page is no longer open."""
    status: domain.CheckoutStatus
    """Complete says that the page was sent off, and no more: `payment_status` says whether money came."""
    payment_status: domain.PaymentStatus
    """Processing may take days; failed is for good."""
    pack: PackId | None
    """Null of a plan's."""
    plan: PlanId | None
    """Null of a pack's."""
    interval: BillingInterval | None
    """For how long the plan is paid at once."""
    purchase_id: PurchaseId | None
    """Null until it is paid, and of a plan's."""
    subscription_id: SubscriptionId | None
    """What came of a plan's, once it began."""
    created_at: Moment
    expires_at: Moment | None
    """When the page closes by itself."""

    @classmethod
    def of(cls, checkout: domain.Checkout) -> Self:
        """Show a checkout."""
        return cls(
            id=checkout.checkout_id,
            url=checkout.url,
            status=checkout.status,
            payment_status=checkout.payment_status,
            pack=checkout.pack_id,
            plan=checkout.plan_id,
            interval=checkout.interval,
            subscription_id=checkout.subscription_id,
            purchase_id=checkout.purchase_id,
            created_at=checkout.created_at,
            expires_at=checkout.expires_at,
        )
