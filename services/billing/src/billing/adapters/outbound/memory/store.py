"""What a database would hold."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime

from billing.domain.allocation import Allocation
from billing.domain.auto_top_up import AutoTopUp, TopUp, TopUpState
from billing.domain.checkout import Checkout, Purchase
from billing.domain.departure import Departure
from billing.domain.dispute import Dispute
from billing.domain.events import Fact
from billing.domain.identifiers import (
    CheckoutId,
    CustomerId,
    DisputeId,
    EventId,
    PromotionCode,
    PurchaseId,
    ReferralCode,
    RefundOrderId,
    SubscriptionId,
    UserId,
)
from billing.domain.listing import Scan
from billing.domain.processor_price import ProcessorPrice
from billing.domain.promotion import Promotion, Redemption
from billing.domain.purchase_standing import PurchaseStanding
from billing.domain.referral import Referral
from billing.domain.refund import Refund
from billing.domain.refund_order import RefundOrder
from billing.domain.subscription import Subscription
from billing.domain.webhook_event import StoredWebhook


@dataclass(frozen=True, kw_only=True)
class MemoryWebhook(StoredWebhook):
    """A stored webhook and whose it is for now."""

    token: str | None = None


@dataclass
class MemoryBilling:
    """Committed state, and the facts that were published with it."""

    customers: dict[UserId, CustomerId] = field(default_factory=dict)
    checkouts: dict[CheckoutId, Checkout] = field(default_factory=dict)
    purchases: dict[PurchaseId, Purchase] = field(default_factory=dict)
    refunds: dict[PurchaseId, Sequence[Refund]] = field(default_factory=dict)
    refund_orders: dict[RefundOrderId, RefundOrder] = field(default_factory=dict)
    disputes: dict[DisputeId, Dispute] = field(default_factory=dict)
    webhooks: dict[EventId, MemoryWebhook] = field(default_factory=dict)
    subscriptions: dict[SubscriptionId, Subscription] = field(default_factory=dict)
    revisions: dict[UserId, int] = field(default_factory=dict)
    opened: dict[UserId, tuple[str, ...]] = field(default_factory=dict)
    allocations: dict[tuple[SubscriptionId, datetime], Allocation] = field(default_factory=dict)
    promotions: dict[PromotionCode, Promotion] = field(default_factory=dict)
    redemptions: dict[tuple[UserId, PromotionCode], Redemption] = field(default_factory=dict)
    referral_codes: dict[UserId, ReferralCode] = field(default_factory=dict)
    referrals: dict[UserId, Referral] = field(default_factory=dict)
    auto_top_ups: dict[UserId, AutoTopUp] = field(default_factory=dict)
    top_ups: dict[CheckoutId, TopUp] = field(default_factory=dict)
    scans: dict[str, Scan] = field(default_factory=dict)
    prices: dict[str, tuple[ProcessorPrice, datetime]] = field(default_factory=dict)
    departures: dict[UserId, Departure] = field(default_factory=dict)
    departure_claims: dict[UserId, datetime] = field(default_factory=dict)
    # When each erasure was finished.
    erasures: dict[UserId, datetime | None] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)

    def snapshot(self) -> "MemoryBilling":
        """Return a copy that changes apart from this one; the rows themselves never change."""
        return MemoryBilling(**{name: copy(rows) for name, rows in vars(self).items()})

    def counted_top_ups(self, user_id: UserId, since: datetime) -> int:
        """Return how many of a user's top-ups that began since a moment are paid or open."""
        return sum(
            known.created_at >= since and known.state is not TopUpState.REFUSED
            for known in self.top_ups.values()
            if known.user_id == user_id
        )

    def standing(self, purchase: Purchase) -> PurchaseStanding:
        """Return a purchase with its disputes."""
        disputes = (
            dispute for dispute in self.disputes.values() if dispute.purchase_id == purchase.purchase_id
        )
        by_id = sorted(disputes, key=lambda dispute: dispute.dispute_id)
        return PurchaseStanding(purchase=purchase, disputes=tuple(by_id))
